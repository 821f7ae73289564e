/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rootfs.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "agent/process.h"
#include "common/file.h"
#include "tests/unit/test.h"

static char dir[] = "/tmp/coffer-rootfs-XXXXXX";

/* A tmpfs of its own in a mount namespace of its own: overlay's upper folder wants one. */
static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return mount("t", dir, "tmpfs", 0, "");
}

static int teardown(void **state)
{
	(void)state;
	(void)umount2(dir, MNT_DETACH);
	return rmdir(dir);
}

static void put(const char *name, const char *text)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_FREE char *folder = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	folder = strdup(path);
	*strrchr(folder, '/') = '\0';
	assert_ok(cof_mkdirs(folder, 0755, &err));
	assert_ok(cof_file_write(path, cof_span_str(text), 0644, &err));
}

static void assert_reads(const char *name, const char *want)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	if (want == NULL) {
		assert_int_equal(access(path, F_OK), -1);
		return;
	}
	assert_ok(cof_file_read(path, 4096, &text, &err));
	assert_string_equal(cof_buf_str(&text), want);
}

static void rootfs_options(void **state)
{
	const cof_rootfs r = {.work = "/w", .mount = "/m"};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) above = {0};
	COF_AUTO(cof_buf) many = {0};
	(void)state;
	assert_ok(cof_rootfs_options(&r, 0, 3, &text, &err));
	assert_string_equal(cof_buf_str(&text), "userxattr,lowerdir=2:1:0,upperdir=/w/upper,workdir=/w/work");
	assert_ok(cof_rootfs_options(&r, 2, 3, &above, &err));
	assert_string_equal(cof_buf_str(&above), "userxattr,lowerdir=2,upperdir=/w/upper,workdir=/w/work");
	assert_fails(cof_rootfs_options(&r, 0, 2000, &many, &err), "mount-failed");
}

static void rootfs_layers_and_removal(void **state)
{
	char work[64], target[64], layers[64];
	(void)state;
	(void)snprintf(work, sizeof work, "%s/w", dir);
	(void)snprintf(target, sizeof target, "%s/m", dir);
	(void)snprintf(layers, sizeof layers, "%s/l", dir);
	const cof_rootfs r = {.work = work, .mount = target};
	put("l/0/file", "bottom");
	put("l/0/only", "bottom");
	put("l/1/file", "top");
	cof_pull_result res = {.folder = layers, .n_layers = 2};
	assert_ok(cof_rootfs_mount(&r, &res, &err));
	assert_reads("m/file", "top");
	assert_reads("m/only", "bottom");
	put("m/written", "by the workload");
	assert_reads("l/1/written", NULL); /* layers stay as they were checked */
	cof_rootfs_remove(&r);
	assert_reads("m/file", NULL);
	assert_reads("w/upper/written", NULL);
	/* An opaque root hides what lies below it. */
	res.lowest = 1;
	assert_ok(cof_rootfs_mount(&r, &res, &err));
	assert_reads("m/only", NULL);
	cof_rootfs_remove(&r);
	cof_rootfs_remove(&r); /* nothing there is fine */
}

static void rootfs_files(void **state)
{
	char work[64];
	cof_hosts none = {0};
	(void)state;
	(void)snprintf(work, sizeof work, "%s/w2", dir);
	const cof_rootfs r = {.work = work, .mount = "/nonexistent"};
	assert_ok(cof_rootfs_files(&r, &none, "name1", cof_span_str("nameserver 10.0.2.3\n"), &err));
	assert_reads("w2/files/hostname", "name1\n");
	assert_reads("w2/files/resolv.conf", "nameserver 10.0.2.3\n");
	assert_reads("w2/files/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tname1\n");
}

/* --- process.c's reading of /proc --- */

static void process_hears(void **state)
{
	static const char text[] = "Name:\tx\nSigQ:\t0/1\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000000002\n"
				   "SigCgt:\t0000000000004000\n";
	(void)state;
	for (int s = 1; s <= 64; s++)
		assert_int_equal(cof_process_hears(cof_span_str(text), s), s == 1 || s == 2 || s == 15);
	assert_false(cof_process_hears(cof_span_str(""), 15));
	assert_true(cof_process_hears(cof_span_str(text), 0));
	assert_true(cof_process_hears(cof_span_str(text), 65));
	/* A name cannot pass for a line. */
	assert_false(cof_process_hears(cof_span_str("Name:\tSigCgt:\tffffffffffffffff\n"), 15));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rootfs_options),
		cmocka_unit_test(rootfs_layers_and_removal),
		cmocka_unit_test(rootfs_files),
		cmocka_unit_test(process_hears),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
