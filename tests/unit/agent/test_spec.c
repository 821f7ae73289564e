/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spec.h"

#include "agent/seccomp.h"
#include "common/json.h"
#include "tests/unit/test.h"

typedef struct bed {
	cof_imgrun run;
	cof_spec_in in;
} bed;

static void bed_init(bed *b)
{
	*b = (bed){.run = {.user = {.uid = 0, .home = "/root"}, .cwd = strdup("/wd")}};
	assert_ok(cof_words_add(&b->run.args, "/image", &err));
	assert_ok(cof_words_add(&b->run.env, "FROM=image", &err));
	b->in = (cof_spec_in){.id = "c1",
			      .rootfs = "/run/kata-containers/c1/rootfs",
			      .files = "/run/files",
			      .hostname = "",
			      .cgroup = "/coffer/c1",
			      .run = &b->run};
}

static void bed_release(bed *b)
{
	cof_imgrun_release(&b->run);
}

static json_t *build(const bed *b)
{
	COF_AUTO(cof_buf) text = {0};
	json_t *doc = NULL;
	assert_ok(cof_spec_build(&b->in, &text, &err));
	assert_ok(cof_json_parse(cof_buf_span(&text), &doc, &err));
	return doc;
}

static json_t *at(json_t *doc, const char *a, const char *b)
{
	json_t *v = json_object_get(json_object_get(doc, a), b);
	assert_non_null(v);
	return v;
}

static void t080_spec_holds_the_walls(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	COF_AUTO_PTR(json_t) doc = build(&b);
	assert_true(json_is_true(at(doc, "process", "noNewPrivileges")));
	assert_true(json_is_false(at(doc, "process", "terminal")));
	assert_int_equal(json_array_size(at(doc, "linux", "namespaces")), 5);
	assert_true(json_array_size(at(doc, "linux", "maskedPaths")) >= 10);
	assert_true(json_array_size(at(doc, "linux", "readonlyPaths")) >= 5);
	assert_null(json_object_get(doc, "hooks"));
	assert_null(json_object_get(doc, "annotations"));
	assert_null(json_object_get(json_object_get(doc, "linux"), "devices"));
	json_t *rules = json_object_get(at(doc, "linux", "resources"), "devices");
	assert_true(json_is_false(json_object_get(json_array_get(rules, 0), "allow")));
	json_t *caps = at(doc, "process", "capabilities");
	assert_int_equal(json_array_size(json_object_get(caps, "inheritable")), 0);
	assert_int_equal(json_array_size(json_object_get(caps, "ambient")), 0);
	/* /dev has a mount of its own, always. */
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(json_object_get(doc, "mounts"), 1), "destination")),
		"/dev");
	bed_release(&b);
}

static void t080_spec_capabilities(void **state)
{
	static const char *const never[] = {"CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_MKNOD",	"CAP_NET_RAW",
					    "CAP_NET_ADMIN", "CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_BPF",
					    "CAP_SYS_BOOT",  "CAP_SYSLOG"};
	bed b;
	(void)state;
	bed_init(&b);
	COF_AUTO_PTR(json_t) doc = build(&b);
	const json_t *bounding = json_object_get(at(doc, "process", "capabilities"), "bounding");
	for (size_t i = 0; i < json_array_size(bounding); i++)
		for (size_t k = 0; k < COF_COUNT(never); k++)
			assert_string_not_equal(json_string_value(json_array_get(bounding, i)), never[k]);
	b.run.user.uid = 1000;
	COF_AUTO_PTR(json_t) other = build(&b);
	assert_int_equal(json_array_size(json_object_get(at(other, "process", "capabilities"), "effective")), 0);
	bed_release(&b);
}

/* No node can be made, none is handed in, and none that is there already can be opened. */
static void t083_no_device_of_the_guest(void **state)
{
	static const char *const sets[] = {"bounding", "effective", "permitted", "inheritable", "ambient"};
	bed b;
	(void)state;
	bed_init(&b);
	COF_AUTO_PTR(json_t) doc = build(&b);
	assert_null(json_object_get(json_object_get(doc, "linux"), "devices"));
	const json_t *rules = json_object_get(at(doc, "linux", "resources"), "devices");
	assert_int_equal(json_array_size(rules), 1);
	const json_t *rule = json_array_get(rules, 0);
	assert_true(json_is_false(json_object_get(rule, "allow")));
	assert_string_equal(json_string_value(json_object_get(rule, "access")), "rwm");
	assert_null(json_object_get(rule, "type")); /* of every kind */
	for (size_t s = 0; s < COF_COUNT(sets); s++) {
		const json_t *set = json_object_get(at(doc, "process", "capabilities"), sets[s]);
		for (size_t i = 0; i < json_array_size(set); i++)
			assert_string_not_equal(json_string_value(json_array_get(set, i)), "CAP_MKNOD");
	}
	bed_release(&b);
}

static void t048_spec_seccomp_denies_what_reaches_the_host(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	COF_AUTO_FREE char *text = json_dumps(p, JSON_COMPACT);
	assert_non_null(text);
	static const char *const must[] = {
		"\"bpf\"",
		"\"io_uring_setup\"",
		"\"kexec_load\"",
		"\"finit_module\"",
		"\"userfaultfd\"",
		"\"mount\"",
		"\"index\":0,\"value\":40,\"op\":\"SCMP_CMP_EQ\"", /* AF_VSOCK */
		"\"index\":0,\"value\":38,\"op\":\"SCMP_CMP_EQ\"", /* AF_ALG */
		"\"architectures\":[\"SCMP_ARCH_X86_64\"]",
	};
	for (size_t i = 0; i < COF_COUNT(must); i++)
		if (strstr(text, must[i]) == NULL)
			fail_msg("no %s in the profile", must[i]);
}

static void spec_runs_what_it_is_told(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	COF_AUTO_PTR(json_t) notes = json_pack("{s:s}", "org.opencontainers.image.stopSignal", "SIGQUIT");
	b.in.annotations = notes;
	COF_AUTO_PTR(json_t) doc = build(&b);
	assert_string_equal(json_string_value(json_array_get(at(doc, "process", "args"), 0)), "/image");
	assert_string_equal(json_string_value(at(doc, "process", "cwd")), "/wd");
	assert_int_equal(json_array_size(at(doc, "process", "env")), 1);
	assert_true(json_equal(json_object_get(doc, "annotations"), notes));
	bed_release(&b);
}

static void t085_spec_limits(void **state)
{
	bed b;
	(void)state;
	bed_init(&b);
	COF_AUTO_PTR(json_t) none = build(&b);
	const json_t *r = at(none, "linux", "resources");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "pids"), "limit")), COF_SPEC_PIDS_MAX);
	assert_null(json_object_get(r, "memory"));
	b.in.pids = 10;
	b.in.memory = 1 << 20;
	COF_AUTO_PTR(json_t) low = build(&b);
	r = at(low, "linux", "resources");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "pids"), "limit")), 10);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "memory"), "limit")), 1 << 20);
	b.in.pids = INT64_MAX;
	COF_AUTO_PTR(json_t) high = build(&b);
	r = at(high, "linux", "resources");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(r, "pids"), "limit")), COF_SPEC_PIDS_MAX);
	bed_release(&b);
}

static void t081_exec_is_the_containers_process(void **state)
{
	bed b;
	char *argv[] = {(char *)(uintptr_t) "/bin/ok", (char *)(uintptr_t) "x"};
	json_t *p = NULL;
	(void)state;
	bed_init(&b);
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_spec_exec(&b.in, argv, 2, &text, &err));
	assert_ok(cof_json_parse(cof_buf_span(&text), &p, &err));
	assert_int_equal(json_array_size(json_object_get(p, "args")), 2);
	assert_string_equal(json_string_value(json_object_get(p, "cwd")), "/wd");
	assert_true(json_is_true(json_object_get(p, "noNewPrivileges")));
	json_decref(p);
	bed_release(&b);
}

static void spec_not_utf8(void **state)
{
	bed b;
	char *argv[] = {(char *)(uintptr_t) "\xff\xfe"};
	(void)state;
	bed_init(&b);
	COF_AUTO(cof_buf) text = {0};
	/* json has no words for it; whatever comes of it is valid JSON without it. */
	if (cof_spec_exec(&b.in, argv, 1, &text, NULL) == 0)
		assert_null(strstr(cof_buf_str(&text), "\xff"));
	b.in.id = "\xff";
	b.in.hostname = "\xff";
	assert_fails(cof_spec_build(&b.in, &text, &err), "spec-failed");
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t080_spec_holds_the_walls),
		cmocka_unit_test(t080_spec_capabilities),
		cmocka_unit_test(t083_no_device_of_the_guest),
		cmocka_unit_test(t048_spec_seccomp_denies_what_reaches_the_host),
		cmocka_unit_test(spec_runs_what_it_is_told),
		cmocka_unit_test(t085_spec_limits),
		cmocka_unit_test(t081_exec_is_the_containers_process),
		cmocka_unit_test(spec_not_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
