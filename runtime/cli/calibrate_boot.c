/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/calibrate_boot.h"

#include <poll.h>
#include <signal.h>

#include "common/chan.h"
#include "common/clock.h"
#include "common/hex.h"
#include "common/proc.h"
#include "common/rd.h"
#include "common/secret.h"
#include "common/wr.h"
#include "runtime/vm/argv.h"
#include "runtime/vm/swtpm.h"

enum {
	TPM_FD = 3,
	CONSOLE_FD = 4,
	MODE_DIR = 040755,
	MODE_FILE = 0100755,
	STOP_MS = 2000,
	LOOK_MS = 200,
	LINE_MAX_HEX = 128
};

static const char mark_start[] = "@coffer-log";
static const char mark_end[] = "@coffer-end";

/* Linked in by ld -b binary: see room.mk. */
extern const uint8_t _binary_calibrate_init_start[];
extern const uint8_t _binary_calibrate_init_end[];

/* --- the initramfs --- */

static void pad4(cof_wr *w, const cof_buf *b)
{
	cof_wr_zeros(w, (4 - b->len % 4) % 4);
}

/* spec: Linux Documentation/driver-api/early-userspace/buffer-format.rst, "newc" */
static int put_entry(cof_buf *b, const char *name, unsigned mode, cof_span data, cof_err *err)
{
	int rc = cof_buf_printf(b, err, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1u, mode, 0u,
				0u, 1u, 0u, data.len, 0u, 0u, 0u, 0u, strlen(name) + 1, 0u);
	cof_wr w = cof_wr_to(b);
	if (rc < 0)
		return rc;
	cof_wr_bytes(&w, cof_span_of(name, strlen(name) + 1));
	pad4(&w, b);
	cof_wr_bytes(&w, data);
	pad4(&w, b);
	return cof_wr_done(&w, err);
}

int cof_calibration_initrd(cof_buf *ret, cof_err *err)
{
	size_t len = (size_t)((uintptr_t)_binary_calibrate_init_end - (uintptr_t)_binary_calibrate_init_start);
	COF_AUTO(cof_buf) b = {0};
	int rc = put_entry(&b, "dev", MODE_DIR, (cof_span){0}, err);
	if (rc == 0)
		rc = put_entry(&b, "sys", MODE_DIR, (cof_span){0}, err);
	if (rc == 0)
		rc = put_entry(&b, "init", MODE_FILE, cof_span_of(_binary_calibrate_init_start, len), err);
	if (rc == 0)
		rc = put_entry(&b, "TRAILER!!!", 0, (cof_span){0}, err);
	if (rc < 0)
		return rc;
	*ret = b;
	b = (cof_buf){0};
	return 0;
}

/* --- the serial line --- */

/* The next line without its end; false when the text ends before it does. */
static bool next_line(cof_rd *r, cof_span *ret)
{
	const uint8_t *end = r->left == 0 ? NULL : memchr(r->at, '\n', r->left);
	if (end == NULL)
		return false;
	cof_span line = cof_rd_bytes(r, (size_t)(end - r->at));
	cof_rd_skip(r, 1);
	while (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	*ret = line;
	return true;
}

static int add_hex(cof_buf *to, cof_span line, cof_err *err)
{
	char text[LINE_MAX_HEX + 1];
	uint8_t bytes[LINE_MAX_HEX / 2];
	if (line.len % 2 != 0 || line.len > LINE_MAX_HEX)
		return cof_err_set(err, COF_E_IO, "calibration-no-log", "the guest's log is garbled");
	memcpy(text, line.data, line.len);
	text[line.len] = '\0';
	int rc = cof_unhex(text, bytes, line.len / 2, err);
	return rc < 0 ? cof_err_set(err, COF_E_IO, "calibration-no-log", "the guest's log is garbled")
		      : cof_buf_add(to, bytes, line.len / 2, err);
}

int cof_calibration_parse(cof_span console, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) log = {0};
	cof_rd r = cof_rd_of(console);
	cof_span line;
	bool inside = false;
	while (next_line(&r, &line)) {
		if (!inside) {
			inside = cof_ct_equal(line, cof_span_str(mark_start));
			continue;
		}
		if (cof_ct_equal(line, cof_span_str(mark_end)) && log.len > 0) {
			*ret = log;
			log = (cof_buf){0};
			return 0;
		}
		int rc = add_hex(&log, line, err);
		if (rc < 0)
			return rc;
	}
	return cof_err_set(err, COF_E_IO, "calibration-no-log", "the guest printed no event log");
}

/* --- the boot --- */

/* The verb keeps these signals back, so that nothing is left behind: they end the boot from here. */
static bool interrupted(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 ||
					     sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1);
}

/* Reads until QEMU, which has the only other end, is gone. */
static int read_console(int fd, cof_buf *ret, cof_err *err)
{
	int64_t deadline = cof_now_ms() + COF_CALIBRATION_BOOT_MS;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - cof_now_ms();
		int n = left > 0 ? poll(&p, 1, LOOK_MS) : -1;
		if (interrupted())
			return cof_err_set(err, COF_E_UNAVAILABLE, "interrupted", "the boot was cut off");
		if (n == 0 || (n < 0 && left > 0 && errno == EINTR))
			continue;
		if (n < 0)
			return cof_err_set(err, COF_E_UNAVAILABLE, "calibration-timeout",
					   "the firmware and kernel did not come up in %d s",
					   COF_CALIBRATION_BOOT_MS / 1000);
		int rc = cof_buf_reserve(ret, 4096, err);
		if (rc < 0)
			return rc;
		ssize_t got = read(fd, ret->data + ret->len, 4096);
		if (got <= 0)
			return 0;
		ret->len += (size_t)got;
	}
}

static int spawn(const cof_argv_in *in, const cof_proc_fd *fds, size_t n_fds, cof_proc *ret, cof_err *err)
{
	COF_AUTO(cof_argv) argv = {0};
	int rc = cof_argv_build(in, &argv, err);
	const cof_proc_opts o = {.argv = (const char *const *)argv.v, .fds = fds, .n_fds = n_fds};
	return rc < 0 ? rc : cof_proc_spawn(&o, ret, err);
}

static int boot(const cof_argv_in *in, int tpm_fd, cof_buf *console, cof_err *err)
{
	int pair[2];
	cof_proc qemu = COF_PROC_NONE;
	int rc = cof_chan_pair(pair, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	const cof_proc_fd fds[] = {{tpm_fd, TPM_FD}, {theirs, CONSOLE_FD}};
	rc = spawn(in, fds, COF_COUNT(fds), &qemu, err);
	if (rc < 0)
		return rc;
	cof_fd_close(&theirs);
	rc = read_console(ours, console, err);
	cof_proc_stop(&qemu, SIGKILL, STOP_MS);
	return rc;
}

int cof_calibration_boot(const cof_manifest *m, const cof_profile *p, const char *qemu, const char *dir, cof_buf *ret,
			 cof_err *err)
{
	COF_AUTO(cof_swtpm) tpm = {.proc = COF_PROC_NONE, .ctrl_fd = -EBADF};
	COF_AUTO(cof_buf) console = cof_buf_capped(COF_CALIBRATION_CONSOLE_MAX);
	const cof_swtpm_opts opts = {.dir = dir, .bare = true};
	cof_argv_in in = {COF_ARGV_NO_FDS};
	in.qemu = qemu;
	in.guest = m;
	in.profile = p;
	in.accel = COF_ACCEL_TCG;
	in.tpm_fd = TPM_FD;
	in.console_fd = CONSOLE_FD;
	int rc = cof_swtpm_start(&opts, &tpm, err);
	if (rc == 0)
		rc = boot(&in, tpm.ctrl_fd, &console, err);
	return rc < 0 ? rc : cof_calibration_parse(cof_buf_span(&console), ret, err);
}
