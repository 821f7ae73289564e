/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/store.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "common/file.h"

enum {
	MEMINFO_MAX = 64 << 10,
	RESERVE_MIN = 64 << 20,
	RESERVE_PART = 8,	 /* of all memory */
	FILES_PART = 8,		 /* of the room, for what the kernel keeps of each file */
	BYTES_PER_FILE = 1 << 10 /* inode and name, about */
};

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

/* --- figures --- */

/* source: proc(5), /proc/meminfo: "MemTotal:         515672 kB" */
static int field(const char *text, const char *key, uint64_t *ret, cof_err *err)
{
	char *end = NULL;
	const char *at = strstr(text, key);
	unsigned long long kib = at == NULL ? 0 : strtoull(at + strlen(key), &end, 10);
	if (at == NULL || end == at + strlen(key) || strncmp(end, " kB\n", 4) != 0 || kib > UINT64_MAX >> 10)
		return cof_err_set(err, COF_E_MALFORMED, "meminfo-malformed", "the kernel's memory figures have no %s",
				   key + 1);
	*ret = (uint64_t)kib << 10;
	return 0;
}

int cof_store_meminfo(const char *text, uint64_t *ret_total, uint64_t *ret_available, cof_err *err)
{
	COF_AUTO_FREE char *lines = NULL;
	if (asprintf(&lines, "\n%s", text) < 0)
		return cof_err_oom(err);
	int r = field(lines, "\nMemTotal:", ret_total, err);
	return r < 0 ? r : field(lines, "\nMemAvailable:", ret_available, err);
}

cof_store_room cof_store_room_of(uint64_t total, uint64_t available, uint64_t most)
{
	uint64_t reserve = total / RESERVE_PART > RESERVE_MIN ? total / RESERVE_PART : RESERVE_MIN;
	uint64_t room = available > reserve ? available - reserve : 0;
	room = room < most ? room : most;
	uint64_t for_files = room / FILES_PART;
	return (cof_store_room){.bytes = room - for_files, .files = for_files / BYTES_PER_FILE};
}

static int free_bytes(const struct statfs *st, uint64_t *ret, cof_err *err)
{
	if (__builtin_mul_overflow((uint64_t)st->f_bavail, (uint64_t)st->f_bsize, ret))
		return cof_err_set(err, COF_E_INTERNAL, "unpack-io", "the store's size");
	return 0;
}

/* --- the folder --- */

static int memory_room(const struct statfs *st, cof_store_room *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	uint64_t total = 0, available = 0, around = 0;
	int r = cof_file_read("/proc/meminfo", MEMINFO_MAX, &text, err);
	if (r == 0)
		r = cof_store_meminfo(cof_buf_str(&text), &total, &available, err);
	if (r == 0)
		r = free_bytes(st, &around, err);
	if (r < 0)
		return r;
	*ret = cof_store_room_of(total, available, around);
	if (ret->bytes >> 20 == 0)
		return cof_err_set(err, COF_E_IO, "image-too-large",
				   "no room for an image: of %.1f MiB of guest memory %.1f MiB are free, which the "
				   "workload needs",
				   mib(total), mib(available));
	return 0;
}

static int mount_memory(const char *folder, const struct statfs *st, cof_err *err)
{
	char options[96];
	cof_store_room room;
	int r = memory_room(st, &room, err);
	if (r < 0)
		return r;
	(void)snprintf(options, sizeof options, "mode=0700,size=%llu,nr_inodes=%llu", (unsigned long long)room.bytes,
		       (unsigned long long)room.files);
	/* Flags as /run has them; what the workload sees is decided by the mount of its root. */
	if (mount("layers", folder, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return cof_err_sys(err, "mount-failed", "a tmpfs for the layers");
	return 0;
}

int cof_store_make(const char *folder, cof_err *err)
{
	struct statfs st;
	int r = cof_mkdirs(folder, 0700, err);
	if (r < 0)
		return r;
	if (statfs(folder, &st) < 0)
		return cof_err_sys(err, "unpack-io", "the layers' folder");
	return st.f_type == TMPFS_MAGIC ? mount_memory(folder, &st, err) : 0;
}

void cof_store_remove(const char *folder)
{
	(void)umount2(folder, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)!cof_rm_tree(folder, NULL);
}

/* --- limits --- */

int cof_store_admit(int folder_fd, uint64_t need, cof_err *err)
{
	struct statfs st;
	uint64_t room = 0;
	if (fstatfs(folder_fd, &st) < 0)
		return cof_err_sys(err, "unpack-io", "the layers' folder");
	int r = free_bytes(&st, &room, err);
	if (r == 0 && need > room)
		return cof_err_set(err, COF_E_IO, "image-too-large",
				   "the layers are %.1f MiB as they are stored, and the guest has room for %.1f MiB",
				   mib(need), mib(room));
	return r;
}

int cof_store_full(int folder_fd, uint64_t need, cof_err *err)
{
	struct statfs st;
	uint64_t size = 0;
	if (fstatfs(folder_fd, &st) == 0)
		size = (uint64_t)st.f_blocks * (uint64_t)st.f_bsize;
	return cof_err_set(err, COF_E_IO, "image-too-large",
			   "the layers, %.1f MiB as they are stored, fill the %.1f MiB that the guest has for them",
			   mib(need), mib(size));
}
