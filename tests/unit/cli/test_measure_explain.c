/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer measure` and its verbs on an image that the test makes: no guest image, no QEMU. */
#include <fcntl.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"
#include "runtime/cli/cli.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/sev/make_launch.h"

typedef struct bench {
	tmpdir dir;
	char firmware[160], kernel[160], out[160];
	rig r;
} bench;

static int set_up(void **state)
{
	static bench b;
	b = (bench){.dir = tmpdir_new()};
	rig_usual(&b.r);
	assert_ok(cof_file_write(tmpdir_path(&b.dir, "code.fd", b.firmware), cof_buf_span(&b.r.image), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&b.dir, "vmlinuz", b.kernel), cof_span_str("a kernel"), 0600, &err));
	(void)tmpdir_path(&b.dir, "out", b.out);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	bench *b = *state;
	rig_release(&b->r);
	tmpdir_release(&b->dir);
	return 0;
}

/* Runs the verb with stdout in a file; gives its exit code. */
static int measure(const bench *b, const char *const *words)
{
	char *argv[24] = {(char *)(uintptr_t) "measure"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	(void)fflush(stdout);
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	int fd = open(b->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
	int code = cof_cmd_measure(argc, argv);
	(void)fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	(void)close(saved);
	(void)close(fd);
	return code;
}

#define MEASURE(b, ...) measure(b, (const char *const[]){__VA_ARGS__, NULL})

static json_t *printed(const bench *b)
{
	json_t *j = NULL;
	assert_ok(cof_json_read_file(b->out, 1 << 20, &j, &err));
	return j;
}

static void assert_measured(const bench *b, const json_t *j, const char *tee)
{
	uint8_t want[COF_SNP_DIGEST_LEN];
	COF_AUTO_FREE char *hex = NULL;
	cof_sev_launch in = b->r.in;
	cof_sev_hashes h = b->r.hashes;
	in.hashes = &h;
	assert_ok(cof_sha256((cof_span){0}, h.initrd, &err));
	assert_ok(cof_snp_measure(&in, 2, want, &err));
	hex = cof_hex_dup(cof_span_of(want, sizeof want));
	assert_string_equal(json_string_value(json_object_get(j, "tee")), tee);
	assert_string_equal(json_string_value(json_object_get(j, "measurement")), hex);
}

static void snp_from_files(void **state)
{
	const bench *b = *state;
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", b->firmware, "--kernel", b->kernel, "--append",
				 "console=ttyS0", "--vcpus", "2", "--vcpu-sig", "0x00a00f11", "--json"),
			 COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(b);
	assert_measured(b, j, "snp");
	assert_int_equal(json_integer_value(json_object_get(j, "vcpus")), 2);
	assert_string_equal(json_string_value(json_object_get(j, "vmm")), "qemu@1");
	assert_true(json_is_true(json_object_get(j, "kernel_hashes")));
}

static void a_kernel_by_its_digest(void **state)
{
	const bench *b = *state;
	char text[80] = "sha256:";
	cof_hex(cof_span_of(b->r.hashes.kernel, COF_SHA256_LEN), text + 7);
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", b->firmware, "--kernel", text, "--append",
				 "console=ttyS0", "--vcpus", "2", "--vcpu-fms", "25,1,1", "--json"),
			 COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(b);
	assert_measured(b, j, "snp");
}

static void what_is_missing_or_contradicts_itself(void **state)
{
	const bench *b = *state;
	const char *f = b->firmware;
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", f), COF_EXIT_USAGE); /* which CPU? */
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", f, "--vcpu-type", "Athlon"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", f, "--vcpu-type", "EPYC", "--vcpu-sig", "1"),
			 COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", f, "--vcpu-fms", "25,1"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "snp", "--firmware", f, "--vcpu-fms", "25,1,1,1"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "sev", "--firmware", f, "--vmm", "qemu@99"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "sev", "--firmware", f, "--kernel", "sha256:00"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "sev", "--firmware", f, "--launch", f), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "sev", "--firmware", f, "--mrtd-order", "pages"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "sev", "--firmware", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "--tee", "tdx", "--firmware", f), COF_EXIT_NO);
	assert_int_equal(MEASURE(b, "--launch", f, "--tee", "snp"), COF_EXIT_NO);
}

/* Several at once: each has its own answer, and one good one is enough. */
static void several_tees(void **state)
{
	const bench *b = *state;
	assert_int_equal(MEASURE(b, "--tee", "sev,tdx,snp", "--firmware", b->firmware, "--kernel", b->kernel,
				 "--append", "console=ttyS0", "--vcpus", "2", "--vcpu-sig", "0x00a00f11", "--json"),
			 COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(b);
	assert_int_equal(json_array_size(j), 3);
	assert_true(json_is_false(json_object_get(json_array_get(j, 1), "ok")));
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 1), "reason")), "kernel-malformed");
	assert_measured(b, json_array_get(j, 2), "snp");
}

static void an_explanation(void **state)
{
	const bench *b = *state;
	char wanted[2 * COF_SNP_DIGEST_LEN + 1];
	uint8_t d[COF_SNP_DIGEST_LEN];
	cof_sev_launch in = b->r.in;
	in.hashes = NULL;
	in.guest_features = 0x21;
	assert_ok(cof_snp_measure(&in, 5, d, &err));
	cof_hex(cof_span_of(d, sizeof d), wanted);
	assert_int_equal(MEASURE(b, "explain", "--firmware", b->firmware, "--wanted", wanted, "--json"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(b);
	const json_t *changes = json_object_get(json_array_get(j, 0), "changes");
	assert_string_equal(json_string_value(json_object_get(changes, "vcpus")), "5");
	assert_string_equal(json_string_value(json_object_get(changes, "guest-features")), "0x21");
	memset(wanted, 'a', 96);
	assert_int_equal(MEASURE(b, "explain", "--firmware", b->firmware, "--wanted", wanted), COF_EXIT_NO);
	/* No digest of SEV is that long; no digest at all is that short. */
	assert_int_equal(MEASURE(b, "explain", "--tee", "sev", "--firmware", b->firmware, "--wanted", wanted),
			 COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "explain", "--firmware", b->firmware, "--wanted", "aa"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "explain", "--firmware", b->firmware), COF_EXIT_USAGE);
}

static void an_image_is_shown(void **state)
{
	const bench *b = *state;
	assert_int_equal(MEASURE(b, "inspect", b->firmware, "--json"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(b);
	const json_t *sev = json_object_get(j, "sev");
	assert_int_equal(json_array_size(json_object_get(sev, "sections")), b->r.meta.n);
	assert_true(json_is_true(json_object_get(sev, "can_hold_kernel_hashes")));
	assert_int_equal(MEASURE(b, "inspect", b->firmware), COF_EXIT_YES);
	assert_int_equal(MEASURE(b, "inspect", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(MEASURE(b, "inspect"), COF_EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(snp_from_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_kernel_by_its_digest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_missing_or_contradicts_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(several_tees, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_explanation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_image_is_shown, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
