/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "common/file.h"

enum { OPTIONS_MAX = 4095 };

int cof_rootfs_options(const cof_rootfs *r, size_t lowest, size_t n, cof_buf *ret, cof_err *err)
{
	int e = cof_buf_add_str(ret, "userxattr,lowerdir=", err);
	for (size_t i = n; e == 0 && i-- > lowest;)
		e = cof_buf_printf(ret, err, "%zu%s", i, i > lowest ? ":" : "");
	if (e == 0)
		e = cof_buf_printf(ret, err, ",upperdir=%s/upper,workdir=%s/work", r->work, r->work);
	if (e == 0 && ret->len > OPTIONS_MAX)
		return cof_err_set(err, COF_E_INTERNAL, "mount-failed", "too many layers for one mount");
	return e;
}

static int make_folders(const cof_rootfs *r, cof_err *err)
{
	static const char *const below[] = {"upper", "work"};
	int e = cof_mkdirs(r->mount, 0755, err);
	for (size_t i = 0; e == 0 && i < COF_COUNT(below); i++) {
		COF_AUTO_FREE char *path = NULL;
		e = cof_path(&path, err, "%s/%s", r->work, below[i]);
		if (e == 0)
			e = cof_mkdirs(path, 0755, err);
	}
	return e;
}

/* The root's own owner and mode come from the topmost layer, as the image means them. */
static int copy_root_attributes(const cof_rootfs *r, const cof_pull_result *layers, cof_err *err)
{
	struct stat st;
	COF_AUTO_FREE char *top = NULL;
	COF_AUTO_FREE char *upper = NULL;
	int e = cof_path(&top, err, "%s/%zu", layers->folder, layers->n_layers - 1);
	if (e == 0)
		e = cof_path(&upper, err, "%s/upper", r->work);
	if (e < 0)
		return e;
	if (stat(top, &st) < 0 || chown(upper, st.st_uid, st.st_gid) < 0 || chmod(upper, st.st_mode & 07777) < 0)
		return cof_err_sys(err, "mount-failed", "the root's attributes");
	return 0;
}

int cof_rootfs_mount(const cof_rootfs *r, const cof_pull_result *layers, cof_err *err)
{
	COF_AUTO(cof_buf) options = {0};
	int e = make_folders(r, err);
	if (e == 0)
		e = copy_root_attributes(r, layers, err);
	if (e == 0)
		e = cof_rootfs_options(r, layers->lowest, layers->n_layers, &options, err);
	if (e < 0)
		return e;
	COF_AUTO_FD int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (here < 0 || chdir(layers->folder) < 0)
		return cof_err_sys(err, "mount-failed", "the layers' folder");
	if (mount("overlay", r->mount, "overlay", MS_NODEV, cof_buf_str(&options)) < 0)
		e = cof_err_sys(err, "mount-failed", "overlay");
	if (fchdir(here) < 0 && e == 0)
		e = cof_err_sys(err, "mount-failed", "the way back");
	return e;
}

void cof_rootfs_remove(const cof_rootfs *r)
{
	(void)umount2(r->mount, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)!cof_rm_tree(r->mount, NULL);
	(void)!cof_rm_tree(r->work, NULL);
}

static int write_file(const cof_rootfs *r, const char *name, cof_span text, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int e = cof_path(&path, err, "%s/files/%s", r->work, name);
	return e < 0 ? e : cof_file_write(path, text, 0644, err);
}

int cof_rootfs_files(const cof_rootfs *r, const cof_hosts *hosts, const char *hostname, cof_span dns, cof_err *err)
{
	COF_AUTO_FREE char *folder = NULL;
	COF_AUTO(cof_buf) table = {0};
	COF_AUTO(cof_buf) name = {0};
	int e = cof_path(&folder, err, "%s/files", r->work);
	if (e == 0)
		e = cof_mkdirs(folder, 0755, err);
	if (e == 0)
		e = cof_hosts_file(hosts, hostname, &table, err);
	if (e == 0)
		e = cof_buf_printf(&name, err, "%s\n", hostname);
	if (e == 0)
		e = write_file(r, "hosts", cof_buf_span(&table), err);
	if (e == 0)
		e = write_file(r, "hostname", cof_buf_span(&name), err);
	return e < 0 ? e : write_file(r, "resolv.conf", dns, err);
}
