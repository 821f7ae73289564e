/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk.h"

#include <dirent.h>

#include "common/file.h"

enum { SERIAL_MAX = 64, SIZE_MAX_TEXT = 32, SECTOR = 512 };

static bool read_line(const char *sysfs, const char *disk, const char *name, size_t max, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	if (cof_path(&path, NULL, "%s/%s/%s", sysfs, disk, name) < 0 || cof_file_read(path, max, ret, NULL) < 0)
		return false;
	while (ret->len > 0 && ret->data[ret->len - 1] == '\n')
		ret->data[--ret->len] = '\0';
	return true;
}

static bool has_serial(const char *sysfs, const char *disk, const char *serial)
{
	COF_AUTO(cof_buf) text = {0};
	return read_line(sysfs, disk, "serial", SERIAL_MAX, &text) && strcmp(cof_buf_str(&text), serial) == 0;
}

size_t cof_disk_find(const char *sysfs, const char *serial, char **ret)
{
	size_t found = 0;
	DIR *d = opendir(sysfs);
	*ret = NULL;
	for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d))
		if (e->d_name[0] != '.' && has_serial(sysfs, e->d_name, serial) && found++ == 0)
			*ret = strdup(e->d_name);
	if (d != NULL)
		(void)closedir(d);
	return *ret == NULL ? 0 : found;
}

/* spec: Linux Documentation/ABI/stable/sysfs-block: in 512-byte sectors, whatever the disk's own are. */
int cof_disk_bytes(const char *sysfs, const char *disk, uint64_t *ret, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	char *end = NULL;
	if (!read_line(sysfs, disk, "size", SIZE_MAX_TEXT, &text))
		return cof_err_set(err, COF_E_IO, "disk-size", "%s has no size", disk);
	unsigned long long n = strtoull(cof_buf_str(&text), &end, 10);
	if (text.len == 0 || *end != '\0' || __builtin_mul_overflow((uint64_t)n, (uint64_t)SECTOR, ret))
		return cof_err_set(err, COF_E_IO, "disk-size", "%s has a size that is none", disk);
	return 0;
}
