/* SPDX-License-Identifier: Apache-2.0 */
/* The process that makes the scratch disk ready, and ends. */
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>

#include "agent/boot.h"
#include "agent/roles.h"
#include "agent/scratch_crypt.h"
#include "common/file.h"
#include "common/lockdown.h"
#include "common/proc.h"
#include "common/secret.h"

enum { FILES_MAX = 64, CLEAR = 1 << 20, MKFS_MS = 60 * 1000 };

static const char mkfs[] = "/usr/sbin/mke2fs";
static const char mapped[] = "/dev/mapper/" COF_SCRATCH_MAPPING;

/* What mke2fs changes in parts of a block it would have to read first, and what was never written on an authenticated
 * disk cannot be read. */
static int clear_begin(cof_err *err)
{
	COF_AUTO_FREE uint8_t *zeros = calloc(1, CLEAR);
	COF_AUTO_FD int fd = open(mapped, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (zeros == NULL)
		return cof_err_oom(err);
	if (fd < 0)
		return cof_err_sys(err, "scratch-failed", "%s", mapped);
	int r = cof_fd_write_all(fd, cof_span_of(zeros, CLEAR), err);
	if (r == 0 && fsync(fd) < 0)
		return cof_err_sys(err, "scratch-failed", "%s", mapped);
	return r;
}

/*
 * What a file system keeps against a loss of power is left out: no journal, no second superblock. Inode tables are not
 * written beforehand, and nothing is discarded, so that the host learns no more of what is in use than it sees written.
 */
static int make_file_system(cof_err *err)
{
	static const char features[] = "-O^has_journal,^resize_inode,sparse_super2";
	static const char extended[] = "-Elazy_itable_init=1,nodiscard,num_backup_sb=0,root_owner=0:0";
	static const char *const argv[] = {mkfs,  "-qF",    "-text4", "-b4096", "-I256", "-i8192",
					   "-m0", features, extended, mapped,	NULL};
	const cof_proc_fd fds[] = {{STDERR_FILENO, STDERR_FILENO}};
	cof_proc p = COF_PROC_NONE;
	int status = 0;
	int r = cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = COF_COUNT(fds)}, &p, err);
	if (r < 0)
		return r;
	r = cof_proc_wait(&p, MKFS_MS, &status, err);
	cof_proc_stop(&p, SIGKILL, 0);
	if (r == 0 && status != 0)
		return cof_err_set(err, COF_E_IO, "scratch-failed", "mke2fs ended with %d", status);
	return r;
}

static int mount_at(const char *folder, cof_err *err)
{
	int r = cof_mkdirs(folder, 0700, err);
	if (r < 0)
		return r;
	if (mount(mapped, folder, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME,
		  "nodiscard,nobarrier,noinit_itable,errors=remount-ro") < 0)
		return cof_err_sys(err, "scratch-failed", "mounting the scratch disk");
	return 0;
}

static int work(const cof_msg *m, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO_FREE char *device = NULL;
	COF_AUTO_FREE char *header = NULL;
	const char *disk = NULL, *folder = NULL;
	bool integrity = false;
	if (m->type != COF_SCRATCH_JOB)
		return cof_err_set(err, COF_E_USAGE, "scratch-failed", "not a job");
	int r = cof_json_parse(cof_buf_span(&m->body), &doc, err);
	if (r == 0)
		r = cof_json_str(doc, "disk", &disk, err);
	if (r == 0)
		r = cof_json_str(doc, "folder", &folder, err);
	if (r == 0)
		r = cof_json_bool(doc, "integrity", &integrity, err);
	if (r == 0)
		r = cof_path(&device, err, "/dev/%s", disk);
	if (r == 0)
		r = cof_path(&header, err, "%s.header", folder);
	if (r == 0)
		r = cof_boot_modules("/etc/coffer/modules.scratch", err);
	if (r == 0)
		r = cof_scratch_encrypt(device, header, integrity, err);
	if (r == 0)
		r = clear_begin(err);
	if (r == 0)
		r = make_file_system(err);
	return r < 0 ? r : mount_at(folder, err);
}

int cof_scratch_main(int chan_fd)
{
	cof_err err = {0};
	COF_AUTO(cof_msg) m = {0};
	cof_secret_process_init();
	(void)signal(SIGPIPE, SIG_IGN);
	int r = cof_chan_recv(chan_fd, &m, &err);
	if (r == 0)
		r = cof_lockdown_network(&err);
	if (r == 0)
		r = cof_lockdown_limits(FILES_MAX, &err);
	if (r == 0)
		r = work(&m, &err);
	if (r == 0)
		r = cof_chan_send(chan_fd, COF_ROLE_DONE, (cof_span){0}, NULL, 0, &err);
	else
		(void)!cof_chan_send_err(chan_fd, COF_ROLE_ERR, &err, NULL);
	return r < 0 ? 1 : 0;
}
