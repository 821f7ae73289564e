/* SPDX-License-Identifier: Apache-2.0 */
/* Init's side of the scratch disk. Its process is this test in that role, and does what the disk's name says. */
#include "agent/scratch.h"

#include "agent/roles.h"
#include "tests/unit/agent/disks.h"
#include "tests/unit/agent/rig.h"

#define ENOUGH "262144\n" /* 128 MiB */

/* --- the other side --- */

static void answer(const char *disk, const cof_msg *job)
{
	cof_err why = {0};
	if (strcmp(disk, "good") == 0)
		(void)!cof_chan_send(COF_HELPER_CHAN, COF_ROLE_DONE, (cof_span){0}, NULL, 0, NULL);
	if (strcmp(disk, "echo") == 0)
		(void)!cof_err_set(&why, COF_E_IO, "scratch-failed", "%s", cof_buf_str(&job->body));
	if (strcmp(disk, "bare") == 0)
		(void)!cof_err_set(&why, COF_E_CRYPTO, "scratch-not-encrypted", "x");
	if (why.cls != COF_OK)
		(void)!cof_chan_send_err(COF_HELPER_CHAN, COF_ROLE_ERR, &why, NULL);
	if (strcmp(disk, "other") == 0)
		(void)!cof_chan_send(COF_HELPER_CHAN, COF_ROLE_MANIFEST, (cof_span){0}, NULL, 0, NULL);
	if (strcmp(disk, "half") == 0)
		(void)!write(COF_HELPER_CHAN, "\x66\0\0\0\x10", 5);
}

__attribute__((noreturn)) static void play(void)
{
	COF_AUTO(cof_msg) m = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *disk = "";
	if (cof_chan_recv(COF_HELPER_CHAN, &m, NULL) == 0 && m.type == COF_SCRATCH_JOB &&
	    cof_json_parse(cof_buf_span(&m.body), &doc, NULL) == 0 && cof_json_str(doc, "disk", &disk, NULL) == 0)
		answer(disk, &m);
	_exit(0);
}

/* --- this side --- */

static int open_disk(const char *name, bool integrity, cof_err *err)
{
	rig r;
	char text[16];
	rig_init(&r);
	cof_helper_opts o = rig_helper(&r);
	(void)snprintf(text, sizeof text, "%s", name);
	const cof_scratch_disk d = {.name = text, .bytes = 1 << 27};
	int before = rig_fds();
	int got = cof_scratch_open(&o, &d, integrity, "/run/x", err);
	assert_int_equal(rig_fds(), before);
	rig_release(&r);
	return got;
}

static void the_process_makes_it_ready(void **state)
{
	cof_err why = {0};
	(void)state;
	assert_ok(open_disk("good", true, &err));
	assert_true(open_disk("echo", true, &why) < 0);
	assert_non_null(strstr(why.text, "\"disk\":\"echo\""));
	assert_non_null(strstr(why.text, "\"integrity\":true"));
	assert_non_null(strstr(why.text, "\"folder\":\"/run/x\""));
	assert_true(open_disk("echo", false, &why) < 0);
	assert_non_null(strstr(why.text, "\"integrity\":false"));
}

static void t029_what_its_process_does_not_say_is_not_so(void **state)
{
	(void)state;
	assert_fails(open_disk("bare", true, &err), "scratch-not-encrypted");
	assert_fails(open_disk("end", true, &err), "scratch-died");
	assert_fails(open_disk("half", true, &err), "scratch-died");
	assert_fails(open_disk("other", true, &err), "peer-malformed");
}

static void t029_without_a_process_there_is_no_disk(void **state)
{
	rig r;
	char name[] = "vdb";
	(void)state;
	rig_init(&r);
	cof_helper_opts o = rig_helper(&r);
	o.exe = "/nonexistent";
	const cof_scratch_disk d = {.name = name};
	assert_fails(cof_scratch_open(&o, &d, true, "/run/x", &err), "exec-failed");
	rig_release(&r);
}

/* --- which disk --- */

static void a_machine_may_have_none(void **state)
{
	char dir[] = DISKS_TEMPLATE;
	COF_AUTO(cof_scratch_disk) d = {0};
	(void)state;
	disks_new(dir);
	disks_add(dir, "vda", "coffer-initdata\n", ENOUGH);
	disks_add(dir, "vdb", "coffer-scratch-\n", ENOUGH);
	assert_ok(cof_scratch_find(dir, &d, &err));
	assert_null(d.name);
	assert_ok(cof_rm_tree(dir, &err));
}

static void either_serial_is_a_scratch_disk(void **state)
{
	static const char *const serials[] = {"coffer-scratch\n", "coffer-scratch-mac\n"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(serials); i++) {
		char dir[] = DISKS_TEMPLATE;
		COF_AUTO(cof_scratch_disk) d = {0};
		disks_new(dir);
		disks_add(dir, "vda", "coffer-initdata\n", ENOUGH);
		disks_add(dir, "vdb", serials[i], ENOUGH);
		assert_ok(cof_scratch_find(dir, &d, &err));
		assert_string_equal(d.name, "vdb");
		assert_int_equal(d.bytes, 128 << 20);
		assert_int_equal(d.asked, i);
		assert_ok(cof_rm_tree(dir, &err));
	}
}

static void t054_two_are_refused(void **state)
{
	static const char *const pairs[][2] = {{"coffer-scratch\n", "coffer-scratch\n"},
					       {"coffer-scratch\n", "coffer-scratch-mac\n"},
					       {"coffer-scratch-mac\n", "coffer-scratch-mac\n"}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(pairs); i++) {
		char dir[] = DISKS_TEMPLATE;
		COF_AUTO(cof_scratch_disk) d = {0};
		disks_new(dir);
		disks_add(dir, "vdb", pairs[i][0], ENOUGH);
		disks_add(dir, "vdc", pairs[i][1], ENOUGH);
		assert_fails(cof_scratch_find(dir, &d, &err), "scratch-ambiguous");
		assert_null(d.name);
		assert_ok(cof_rm_tree(dir, &err));
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *size, *reason;
	} bad[] = {{"0\n", "scratch-too-small"},
		   {"131071\n", "scratch-too-small"},
		   {"-1\n", "disk-size"},
		   {NULL, "disk-size"}};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		char dir[] = DISKS_TEMPLATE;
		COF_AUTO(cof_scratch_disk) d = {0};
		disks_new(dir);
		disks_add(dir, "vdb", "coffer-scratch\n", bad[i].size);
		assert_fails(cof_scratch_find(dir, &d, &err), bad[i].reason);
		assert_ok(cof_rm_tree(dir, &err));
	}
}

/* The host can ask for more than the owner, never for less. */
static void t031_the_owner_decides_what_a_disk_must_be(void **state)
{
	bool integrity = false;
	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		assert_ok(cof_scratch_allowed(COF_SCRATCH_INTEGRITY, asked != 0, &integrity, &err));
		assert_true(integrity);
		assert_ok(cof_scratch_allowed(COF_SCRATCH_ENCRYPTED, asked != 0, &integrity, &err));
		assert_int_equal(integrity, asked);
		assert_fails(cof_scratch_allowed(COF_SCRATCH_NO, asked != 0, &integrity, &err), "scratch-denied");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_process_makes_it_ready),
		cmocka_unit_test(t029_what_its_process_does_not_say_is_not_so),
		cmocka_unit_test(t029_without_a_process_there_is_no_disk),
		cmocka_unit_test(a_machine_may_have_none),
		cmocka_unit_test(either_serial_is_a_scratch_disk),
		cmocka_unit_test(t054_two_are_refused),
		cmocka_unit_test(sizes),
		cmocka_unit_test(t031_the_owner_decides_what_a_disk_must_be),
	};
	if (rig_role(argc, argv) != NULL)
		play();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
