/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/probe.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/proc.h"
#include "runtime/vm/ring.h"
#include "runtime/vm/rundir.h"
#include "runtime/vm/swtpm.h"

enum { VERSION_MS = 10000, PROBE_MS = 8000, TPM_FD = 3, CONSOLE_FD = 4, SEEN_MAX = 64 << 10 };

#define PROGRAM "qemu-system-x86_64"
/* What a kernel prints first once it runs; the firmware and the kernel's own loader have done their work by then. */
#define KERNEL_SIGN "Linux version"
/* earlyprintk speaks before any driver; there is no init of that name, and the panic ends the machine. */
#define PROBE_CMDLINE "console=ttyS0 earlyprintk=serial,ttyS0,115200 panic=-1 rdinit=/none"

void cof_qemu_release(cof_qemu *q)
{
	free(q->path);
	free(q->version);
	*q = (cof_qemu){0};
}

/* --- which QEMU --- */

static int search_path(const char *name, char **ret, cof_err *err)
{
	const char *path = getenv("PATH");
	COF_AUTO_FREE char *list = strdup(path != NULL ? path : "/usr/bin:/bin");
	char *rest = NULL;
	if (list == NULL)
		return cof_err_oom(err);
	for (char *dir = strtok_r(list, ":", &rest); dir != NULL; dir = strtok_r(NULL, ":", &rest)) {
		COF_AUTO_FREE char *full = NULL;
		if (dir[0] != '/' || cof_path(&full, NULL, "%s/%s", dir, name) < 0 || access(full, X_OK) != 0)
			continue;
		*ret = cof_steal(&full);
		return 0;
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "qemu-absent", "%s is not installed", name);
}

static int ask_version(const char *path, cof_buf *out, cof_err *err)
{
	const char *const argv[] = {path, "--version", NULL};
	int pipes[2];
	int status = 0;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "pipe");
	COF_AUTO_FD int from = pipes[0];
	COF_AUTO_FD int to = pipes[1];
	const cof_proc_fd fds[] = {{to, STDOUT_FILENO}};
	cof_proc p = COF_PROC_NONE;
	int r = cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = 1, .new_session = true}, &p, err);
	if (r < 0)
		return r;
	cof_fd_close(&to);
	r = cof_proc_wait(&p, VERSION_MS, &status, err);
	cof_proc_stop(&p, SIGKILL, 0);
	return r < 0 ? r : cof_fd_read_all(from, 4096, out, err);
}

static int take_version(const char *text, char **ret, cof_err *err)
{
	static const char sign[] = "version ";
	const char *at = strstr(text, sign);
	size_t len = 0;
	if (at != NULL)
		for (at += strlen(sign); isdigit((unsigned char)at[len]) || at[len] == '.'; len++)
			;
	if (len == 0 || len > 32)
		return cof_err_set(err, COF_E_UNAVAILABLE, "qemu-absent", "this program does not say its version");
	*ret = strndup(at, len);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

int cof_probe_qemu(cof_qemu *ret, cof_err *err)
{
	COF_AUTO(cof_qemu) q = {0};
	COF_AUTO(cof_buf) out = {0};
	const char *chosen = getenv("COFFER_QEMU");
	int r = chosen != NULL ? cof_path(&q.path, err, "%s", chosen) : search_path(PROGRAM, &q.path, err);
	if (r == 0)
		r = ask_version(q.path, &out, err);
	if (r == 0)
		r = take_version(cof_buf_str(&out), &q.version, err);
	if (r < 0)
		return cof_err_wrap(err, "QEMU");
	*ret = q;
	q = (cof_qemu){0};
	return 0;
}

/* --- KVM: a guest that gets somewhere --- */

static bool kernel_speaks(const cof_ring *ring)
{
	COF_AUTO(cof_buf) text = {0};
	if (cof_ring_tail(ring, SEEN_MAX, &text, NULL) < 0)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == 0)
			text.data[i] = ' ';
	return strstr(cof_buf_str(&text), KERNEL_SIGN) != NULL;
}

/* True once the kernel speaks; false when QEMU ends or the time is over. */
static bool watch_console(int fd, int timeout_ms)
{
	COF_AUTO(cof_ring) ring = {0};
	int64_t until = cof_now_ms() + timeout_ms;
	if (cof_ring_new(&ring, SEEN_MAX, NULL) < 0)
		return false;
	for (;;) {
		int64_t left = until - cof_now_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bool more = cof_ring_drain(&ring, fd);
		if (kernel_speaks(&ring))
			return true;
		if (!more)
			return false;
	}
}

static bool boots(const cof_argv_in *in, int tpm, int console, int *theirs)
{
	COF_AUTO(cof_argv) argv = {0};
	cof_proc p = COF_PROC_NONE;
	const cof_proc_fd fds[] = {{tpm, TPM_FD}, {*theirs, CONSOLE_FD}};
	if (cof_argv_build(in, &argv, NULL) < 0)
		return false;
	const cof_proc_opts o = {
		.argv = (const char *const *)argv.v, .fds = fds, .n_fds = COF_COUNT(fds), .new_session = true};
	if (cof_proc_spawn(&o, &p, NULL) < 0)
		return false;
	cof_fd_close(theirs); /* so that QEMU's end is the stream's end */
	bool well = watch_console(console, PROBE_MS);
	cof_proc_stop(&p, SIGKILL, 0);
	return well;
}

/* Whatever keeps the probe from running says no: TCG always works. */
static bool try_kvm(const cof_qemu *q, const cof_manifest *m, const cof_profile *p, const char *base)
{
	COF_AUTO(cof_rundir) dir = COF_RUNDIR_NONE;
	COF_AUTO(cof_swtpm) tpm = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	cof_manifest guest = *m; /* borrows everything but the command line */
	static char cmdline[] = PROBE_CMDLINE;
	int pair[2];
	if (cof_rundir_new(base, &dir, NULL) < 0 ||
	    cof_swtpm_start(&(cof_swtpm_opts){.dir = dir.path, .bare = true}, &tpm, NULL) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	guest.cmdline = cmdline;
	cof_argv_in in = {.qemu = q->path, .guest = &guest, .profile = p, .accel = COF_ACCEL_KVM, COF_ARGV_NO_FDS};
	in.tpm_fd = TPM_FD;
	in.console_fd = CONSOLE_FD;
	return fcntl(ours, F_SETFL, O_NONBLOCK) == 0 && boots(&in, tpm.ctrl_fd, ours, &theirs);
}

/* --- the memory of it --- */

/* Another boot, QEMU, firmware, kernel or CPU model is another question. */
static int cache_path(const cof_qemu *q, const cof_manifest *m, const cof_profile *p, const char *dir, char **ret,
		      cof_err *err)
{
	COF_AUTO(cof_buf) key = {0};
	uint8_t digest[COF_SHA256_LEN];
	char hex[2 * COF_SHA256_LEN + 1];
	struct stat st = {0};
	if (stat(q->path, &st) < 0)
		return cof_err_sys(err, "qemu-absent", "%s", q->path);
	int r = cof_file_read("/proc/sys/kernel/random/boot_id", 128, &key, err);
	if (r == 0)
		r = cof_buf_printf(&key, err, "%s %s %lld %lld %s %s ", q->path, q->version, (long long)st.st_mtime,
				   (long long)st.st_size, p->cpu, p->machine);
	if (r == 0)
		r = cof_buf_add(&key, m->firmware.sha256, COF_SHA256_LEN, err);
	if (r == 0)
		r = cof_buf_add(&key, m->kernel.sha256, COF_SHA256_LEN, err);
	if (r == 0)
		r = cof_sha256(cof_buf_span(&key), digest, err);
	if (r < 0)
		return r;
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	return cof_path(ret, err, "%s/accel-%.16s", dir, hex);
}

static bool remembered(const char *path, cof_accel *ret)
{
	COF_AUTO(cof_buf) text = {0};
	if (cof_file_read(path, 16, &text, NULL) < 0)
		return false;
	*ret = strcmp(cof_buf_str(&text), "kvm") == 0 ? COF_ACCEL_KVM : COF_ACCEL_TCG;
	return true;
}

static int from_environment(cof_accel *ret, bool *ret_decided, cof_err *err)
{
	const char *e = getenv("COFFER_ACCEL");
	*ret_decided = e != NULL && e[0] != 0;
	if (!*ret_decided)
		return 0;
	for (cof_accel a = COF_ACCEL_TCG; a <= COF_ACCEL_KVM; a++) {
		if (strcmp(e, cof_accel_name(a)) != 0)
			continue;
		*ret = a;
		return 0;
	}
	return cof_err_set(err, COF_E_USAGE, "bad-accel", "COFFER_ACCEL is kvm or tcg");
}

int cof_probe_accel(const cof_qemu *q, const cof_manifest *m, const cof_profile *p, const char *cache_dir,
		    cof_accel *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	bool decided = false;
	int r = from_environment(ret, &decided, err);
	if (r < 0 || decided)
		return r;
	*ret = COF_ACCEL_TCG;
	COF_AUTO_FD int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return 0;
	r = cache_path(q, m, p, cache_dir, &path, err);
	if (r < 0 || remembered(path, ret))
		return r;
	*ret = try_kvm(q, m, p, cache_dir) ? COF_ACCEL_KVM : COF_ACCEL_TCG;
	(void)!cof_file_write(path, cof_span_str(cof_accel_name(*ret)), 0600, NULL);
	return 0;
}
