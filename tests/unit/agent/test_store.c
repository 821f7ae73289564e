/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

#include "common/file.h"
#include "tests/unit/test.h"

#define MIB ((uint64_t)1 << 20)

/* --- figures --- */

static void meminfo_is_read_by_name(void **state)
{
	static const char text[] =
		"MemTotal:         515672 kB\nMemFree:  1 kB\nMemAvailable:     403000 kB\nBuffers: 2 kB\n";
	uint64_t total = 0, available = 0;
	(void)state;
	assert_ok(cof_store_meminfo(text, &total, &available, &err));
	assert_int_equal(total, (uint64_t)515672 << 10);
	assert_int_equal(available, (uint64_t)403000 << 10);
}

static void meminfo_without_a_figure(void **state)
{
	static const char *const bad[] = {"",
					  "MemTotal: 1 kB\n",
					  "MemAvailable: 1 kB\n",
					  "MemTotal: x kB\nMemAvailable: 1 kB\n",
					  "xMemTotal: 1 kB\nMemAvailable: 1 kB\n",
					  "MemTotal 1 kB\nMemAvailable 1 kB\n"};
	uint64_t total = 0, available = 0;
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_store_meminfo(bad[i], &total, &available, &err), "meminfo-malformed");
}

/* Whatever is free, the reserve stays: bytes and the kernel's own part of each file together never touch it. */
static void t035_a_reserve_stays(void **state)
{
	static const uint64_t sizes[] = {128 * MIB, 512 * MIB, 2048 * MIB, 65536 * MIB};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		uint64_t reserve = sizes[i] / 8 > 64 * MIB ? sizes[i] / 8 : 64 * MIB;
		for (uint64_t available = 0; available <= sizes[i]; available += sizes[i] / 16) {
			cof_store_room room = cof_store_room_of(sizes[i], available, UINT64_MAX);
			uint64_t most = available > reserve ? available - reserve : 0;
			assert_true(room.bytes + room.files * 1024 <= most);
			assert_true(room.bytes >= most / 8 * 7);
		}
	}
	assert_int_equal(cof_store_room_of(512 * MIB, 64 * MIB, UINT64_MAX).bytes, 0);
	assert_int_equal(cof_store_room_of(512 * MIB, 512 * MIB, 8 * MIB).bytes, 7 * MIB);
}

/* --- the folder --- */

typedef struct bed {
	char dir[64], folder[128];
} bed;

/* In guest memory: a tmpfs of so many MiB in a mount namespace of our own. */
static void setup(bed *b, int mib)
{
	char options[32];
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/coffer-store-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	(void)snprintf(b->folder, sizeof b->folder, "%s/a/layers", b->dir);
	(void)snprintf(options, sizeof options, "size=%dm", mib);
	if (mib > 0 && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount("run", b->dir, "tmpfs", 0, options) < 0)) {
		print_message("nothing can be mounted here: skipped\n");
		(void)rmdir(b->dir);
		skip();
	}
}

static void teardown(bed *b)
{
	cof_store_remove(b->folder);
	(void)umount2(b->dir, MNT_DETACH);
	assert_ok(cof_rm_tree(b->dir, &err));
}

static int open_folder(const bed *b)
{
	int fd = open(b->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void memory_gets_a_mount_of_its_own(void **state)
{
	bed b;
	struct statfs own, around;
	struct stat st;
	(void)state;
	setup(&b, 256);
	assert_ok(cof_store_make(b.folder, &err));
	assert_int_equal(statfs(b.folder, &own), 0);
	assert_int_equal(statfs(b.dir, &around), 0);
	assert_true(memcmp(&own.f_fsid, &around.f_fsid, sizeof own.f_fsid) != 0);
	assert_true(own.f_blocks < around.f_blocks && own.f_files < around.f_files);
	assert_int_equal(stat(b.folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	cof_store_remove(b.folder);
	assert_int_equal(access(b.folder, F_OK), -1);
	cof_store_remove(b.folder); /* of nothing is nothing */
	teardown(&b);
}

/* T-34: whiteouts and opaque folders need these two, and the real kernel under us has them. */
static void t034_memory_can_say_what_was_deleted(void **state)
{
	bed b;
	(void)state;
	setup(&b, 256);
	assert_ok(cof_store_make(b.folder, &err));
	COF_AUTO_FD int fd = open_folder(&b);
	assert_int_equal(mkdirat(fd, "dir", 0755), 0);
	COF_AUTO_FD int dir = openat(fd, "dir", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fsetxattr(dir, "user.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(mknodat(fd, "gone", S_IFCHR, 0), 0);
	teardown(&b);
}

/* T-35: the mount's size is the limit, for whoever writes, however fast. */
static void t035_no_byte_and_no_file_beyond_the_limit(void **state)
{
	static char block[1 << 20];
	bed b;
	struct statfs st;
	int written = 0;
	(void)state;
	setup(&b, 16);
	assert_ok(cof_store_make(b.folder, &err));
	COF_AUTO_FD int fd = open_folder(&b);
	COF_AUTO_FD int file = openat(fd, "bomb", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (written < 256 && write(file, block, sizeof block) == (ssize_t)sizeof block)
		written++;
	assert_int_equal(errno, ENOSPC);
	assert_true(written <= 14); /* MiB: seven eighths of 16 */
	assert_int_equal(fstatfs(fd, &st), 0);
	assert_true(st.f_files <= 2048 && st.f_files > 0);
	assert_fails(cof_store_full(fd, 5 * MIB, &err), "image-too-large");
	teardown(&b);
}

/* There is nothing left beside what the workload needs: refused before anything is fetched. */
static void t035_no_room_at_all(void **state)
{
	bed b;
	(void)state;
	setup(&b, 1);
	assert_fails(cof_store_make(b.folder, &err), "image-too-large");
	teardown(&b);
}

static void t035_a_need_is_admitted_or_not(void **state)
{
	bed b;
	struct statfs st;
	cof_err why = {0};
	(void)state;
	setup(&b, 32);
	assert_ok(cof_store_make(b.folder, &err));
	COF_AUTO_FD int fd = open_folder(&b);
	assert_int_equal(fstatfs(fd, &st), 0);
	uint64_t room = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
	assert_ok(cof_store_admit(fd, 0, &err));
	assert_ok(cof_store_admit(fd, room, &err));
	assert_fails(cof_store_admit(fd, room + 1, &err), "image-too-large");
	assert_true(cof_store_admit(fd, UINT64_MAX, &why) < 0);
	assert_non_null(strstr(why.text, "28.0 MiB")); /* seven eighths of 32 */
	teardown(&b);
}

/* A disk has its own size. */
static void elsewhere_it_is_a_folder(void **state)
{
	bed b;
	struct statfs own, around;
	(void)state;
	setup(&b, 0);
	assert_int_equal(statfs(b.dir, &around), 0);
	if (around.f_type == 0x01021994) { /* tmpfs */
		teardown(&b);
		skip();
	}
	assert_ok(cof_store_make(b.folder, &err));
	assert_int_equal(statfs(b.folder, &own), 0);
	assert_memory_equal(&own.f_fsid, &around.f_fsid, sizeof own.f_fsid);
	teardown(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meminfo_is_read_by_name),
		cmocka_unit_test(meminfo_without_a_figure),
		cmocka_unit_test(t035_a_reserve_stays),
		cmocka_unit_test(elsewhere_it_is_a_folder),
		cmocka_unit_test(memory_gets_a_mount_of_its_own),
		cmocka_unit_test(t034_memory_can_say_what_was_deleted),
		cmocka_unit_test(t035_no_byte_and_no_file_beyond_the_limit),
		cmocka_unit_test(t035_no_room_at_all),
		cmocka_unit_test(t035_a_need_is_admitted_or_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
