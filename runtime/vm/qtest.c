/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/qtest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/rd.h"
#include "common/secret.h"

enum {
	FDS_MAX = 16,
	COMMAND_MAX = 128,
	SAID_MAX = 200,
	DIRECTORY_KEY = 0x19,
	DIRECTORY_ENTRY = 64,
	DIRECTORY_MAX = 512,
	STOP_MS = 500,
};

/* Guest memory that nothing else uses while the machine stands still. */
#define DMA_REQUEST 0x8000u
#define DMA_DATA 0x100000u
#define DMA_READ 2u
#define DMA_SELECT 8u

typedef struct session {
	int listener;
	int conn;
	int said; /* QEMU's stderr */
	cof_proc qemu;
	int64_t deadline;
	cof_buf line; /* the last answer */
} session;

static void session_release(session *s)
{
	cof_fd_close(&s->conn);
	cof_fd_close(&s->listener);
	cof_proc_stop(&s->qemu, SIGKILL, STOP_MS);
	cof_fd_close(&s->said);
	cof_buf_release(&s->line);
}
COF_DEFINE_AUTO(session, session_release)

void cof_qtest_acpi_release(cof_qtest_acpi *a)
{
	cof_buf_release(&a->table_loader);
	cof_buf_release(&a->rsdp);
	cof_buf_release(&a->tpm_log);
	cof_buf_release(&a->tables);
}

/* Adds what QEMU wrote on stderr, as far as it is there. */
static int failed(const session *s, const char *what, cof_err *err)
{
	char said[SAID_MAX + 1] = "";
	ssize_t n = s->said < 0 ? 0 : read(s->said, said, SAID_MAX);
	while (n > 0 && (said[n - 1] == '\n' || said[n - 1] == '\r'))
		n--;
	said[n > 0 ? n : 0] = '\0';
	return cof_err_set(err, COF_E_IO, "qtest-failed", "QEMU for the ACPI tables: %s%s%s", what,
			   said[0] != '\0' ? ": " : "", said);
}

static int wait_for(session *s, int fd, cof_err *err)
{
	for (;;) {
		int64_t left = s->deadline - cof_now_ms();
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->qemu.pidfd, .events = POLLIN}};
		int n = left > 0 ? poll(p, 2, (int)left) : 0;
		if (n == 0)
			return cof_err_set(err, COF_E_UNAVAILABLE, "qtest-timeout", "QEMU did not answer in time");
		if (n < 0 && errno != EINTR)
			return cof_err_sys(err, "qtest-failed", "poll");
		if (n > 0 && (p[0].revents & POLLIN) != 0)
			return 0;
		if (n > 0)
			return failed(s, "it ended", err);
	}
}

/* --- the process and its socket --- */

static int listen_at(session *s, const char *path, cof_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof a.sun_path)
		return cof_err_set(err, COF_E_USAGE, "path-too-long", "socket path %s", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (const struct sockaddr *)&a, sizeof a) < 0 ||
	    listen(s->listener, 1) < 0)
		return cof_err_sys(err, "qtest-failed", "socket %s", path);
	return 0;
}

static int spawn(session *s, const cof_qtest_opts *o, cof_err *err)
{
	cof_proc_fd fds[FDS_MAX];
	int said[2];
	if (o->n_fds >= FDS_MAX)
		return cof_err_set(err, COF_E_USAGE, "too-many-fds", "too many descriptors");
	if (pipe2(said, O_CLOEXEC | O_NONBLOCK) < 0)
		return cof_err_sys(err, "qtest-failed", "pipe");
	s->said = said[0];
	COF_AUTO_FD int theirs = said[1];
	for (size_t i = 0; i < o->n_fds; i++)
		fds[i] = o->fds[i];
	fds[o->n_fds] = (cof_proc_fd){.from = theirs, .to = STDERR_FILENO};
	const cof_proc_opts p = {.argv = o->argv, .fds = fds, .n_fds = o->n_fds + 1};
	return cof_proc_spawn(&p, &s->qemu, err);
}

static int start(session *s, const cof_qtest_opts *o, cof_err *err)
{
	int rc = listen_at(s, o->socket, err);
	if (rc < 0)
		return rc;
	rc = spawn(s, o, err);
	if (rc == 0)
		rc = wait_for(s, s->listener, err);
	if (rc == 0) {
		s->conn = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
		rc = s->conn < 0 ? cof_err_sys(err, "qtest-failed", "accept") : 0;
	}
	(void)unlink(o->socket);
	return rc;
}

/* --- the protocol: a line asks, a line answers "OK ..." --- */

/* Fills s->line with one line, without its end. */
static int read_line(session *s, cof_err *err)
{
	s->line.len = 0;
	for (;;) {
		uint8_t *end = s->line.len == 0 ? NULL : memchr(s->line.data, '\n', s->line.len);
		if (end != NULL) {
			s->line.len = (size_t)(end - s->line.data);
			*end = '\0';
			return 0;
		}
		int rc = cof_buf_reserve(&s->line, 64 << 10, err);
		if (rc == 0)
			rc = wait_for(s, s->conn, err);
		if (rc < 0)
			return rc;
		ssize_t n = recv(s->conn, s->line.data + s->line.len, 64 << 10, 0);
		if (n <= 0)
			return failed(s, "it closed the connection", err);
		s->line.len += (size_t)n;
	}
}

/* One answer belongs to each command and nothing is interleaved: interrupts are never asked to be reported. */
COF_PRINTF(3, 4) static int command(session *s, cof_err *err, const char *fmt, ...)
{
	char text[COMMAND_MAX];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		return cof_err_set(err, COF_E_INTERNAL, "qtest-failed", "command too long");
	if (send(s->conn, text, (size_t)n, MSG_NOSIGNAL) != n)
		return failed(s, "it closed the connection", err);
	int rc = read_line(s, err);
	if (rc == 0 && (s->line.len < 2 || strncmp((const char *)s->line.data, "OK", 2) != 0))
		return failed(s, "it refused a command", err);
	return rc;
}

typedef struct port_write {
	const char *width;
	unsigned port;
	uint32_t value;
} port_write;

/*
 * source: OVMF's platform initialisation: MMCONFIG at 0xe0000000 (bus 0, device 0, 0x60 and 0x64), the ACPI
 * power-management base 0x600 and its enable bit (bus 0, device 31, 0x40 and 0x44). QEMU makes the tables from them.
 */
static const port_write chipset[] = {
	{"outl", 0xcf8, 0x80000064}, {"outl", 0xcfc, 0x0},   {"outl", 0xcf8, 0x80000060}, {"outl", 0xcfc, 0xe0000001},
	{"outl", 0xcf8, 0x8000f840}, {"outl", 0xcfc, 0x600}, {"outl", 0xcf8, 0x8000f844}, {"outb", 0xcfc, 0x80},
};

static int set_chipset(session *s, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < COF_COUNT(chipset); i++)
		rc = command(s, err, "%s 0x%x 0x%x\n", chipset[i].width, chipset[i].port, chipset[i].value);
	return rc;
}

/* "OK 0x..." into bytes. */
static int take_hex(session *s, size_t len, cof_buf *ret, cof_err *err)
{
	static const char before[] = "OK 0x";
	size_t skip = sizeof before - 1;
	if (s->line.len != skip + 2 * len || strncmp((const char *)s->line.data, before, skip) != 0)
		return failed(s, "an answer of another length", err);
	int rc = cof_buf_reserve(ret, len, err);
	if (rc == 0)
		rc = cof_unhex((const char *)s->line.data + skip, ret->data + ret->len, len, err);
	if (rc == 0)
		ret->len += len;
	return rc;
}

static int read_memory(session *s, unsigned at, size_t len, cof_buf *ret, cof_err *err)
{
	int rc = command(s, err, "read 0x%x 0x%zx\n", at, len);
	return rc < 0 ? rc : take_hex(s, len, ret, err);
}

/* spec: QEMU docs/specs/fw_cfg: a DMA request is control (key and command), length, address, all big-endian; it is
 * started by writing its address to ports 0x514 and 0x518, and done when control reads as zero */
static int read_item(session *s, uint16_t key, size_t len, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) done = {0};
	if (len == 0)
		return 0;
	int rc = command(s, err, "write 0x%x 0x10 0x%04x%04x%08zx%016x\n", DMA_REQUEST, key, DMA_SELECT | DMA_READ, len,
			 DMA_DATA);
	if (rc == 0)
		rc = command(s, err, "outl 0x514 0x0\n");
	if (rc == 0)
		rc = command(s, err, "outl 0x518 0x%x\n", __builtin_bswap32(DMA_REQUEST));
	if (rc == 0)
		rc = read_memory(s, DMA_REQUEST, 4, &done, err);
	cof_rd r = cof_rd_of(cof_buf_span(&done));
	if (rc == 0 && cof_rd_u32be(&r) != 0)
		return failed(s, "a DMA transfer failed", err);
	return rc < 0 ? rc : read_memory(s, DMA_DATA, len, ret, err);
}

/* --- fw_cfg files --- */

static int read_directory(session *s, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) head = {0};
	int rc = read_item(s, DIRECTORY_KEY, 4, &head, err);
	cof_rd r = cof_rd_of(cof_buf_span(&head));
	uint32_t n = cof_rd_u32be(&r);
	if (rc == 0 && (n == 0 || n > DIRECTORY_MAX))
		return failed(s, "no fw_cfg directory", err);
	return rc < 0 ? rc : read_item(s, DIRECTORY_KEY, 4 + n * DIRECTORY_ENTRY, ret, err);
}

/* Entries: u32be size, u16be key, u16 reserved, 56 bytes of name. */
static bool find_file(cof_span directory, const char *name, uint16_t *ret_key, uint32_t *ret_len)
{
	size_t name_len = strlen(name) + 1;
	cof_rd r = cof_rd_of(directory);
	cof_rd_skip(&r, 4);
	while (r.left > 0 && cof_rd_ok(&r)) {
		cof_rd e = cof_rd_sub(&r, DIRECTORY_ENTRY);
		uint32_t len = cof_rd_u32be(&e);
		uint16_t key = cof_rd_u16be(&e);
		cof_rd_skip(&e, 2);
		if (!cof_ct_equal(cof_rd_bytes(&e, name_len), cof_span_of(name, name_len)))
			continue;
		*ret_key = key;
		*ret_len = len;
		return true;
	}
	return false;
}

static int read_file(session *s, cof_span directory, const char *name, cof_buf *ret, cof_err *err)
{
	uint16_t key = 0;
	uint32_t len = 0;
	if (!find_file(directory, name, &key, &len))
		return cof_err_set(err, COF_E_IO, "qtest-failed", "this machine has no %s", name);
	if (len > COF_QTEST_FILE_MAX)
		return cof_err_set(err, COF_E_IO, "qtest-failed", "%s has %u bytes", name, len);
	return read_item(s, key, len, ret, err);
}

static int read_files(session *s, cof_qtest_acpi *ret, cof_err *err)
{
	COF_AUTO(cof_buf) directory = {0};
	int rc = read_directory(s, &directory, err);
	cof_span d = cof_buf_span(&directory);
	uint16_t key = 0;
	uint32_t len = 0;
	ret->plain_kernel = rc == 0 && find_file(d, "etc/boot/kernel", &key, &len);
	if (rc == 0)
		rc = read_file(s, d, "etc/table-loader", &ret->table_loader, err);
	if (rc == 0)
		rc = read_file(s, d, "etc/acpi/rsdp", &ret->rsdp, err);
	if (rc == 0)
		rc = read_file(s, d, "etc/tpm/log", &ret->tpm_log, err);
	return rc < 0 ? rc : read_file(s, d, "etc/acpi/tables", &ret->tables, err);
}

int cof_qtest_read_acpi(const cof_qtest_opts *opts, cof_qtest_acpi *ret, cof_err *err)
{
	COF_AUTO(session) s = {.listener = -EBADF, .conn = -EBADF, .said = -EBADF, .qemu = COF_PROC_NONE};
	COF_AUTO(cof_qtest_acpi) a = {0};
	s.deadline = cof_now_ms() + (opts->timeout_ms > 0 ? opts->timeout_ms : COF_QTEST_TIMEOUT_MS);
	int rc = start(&s, opts, err);
	if (rc == 0)
		rc = set_chipset(&s, err);
	if (rc == 0)
		rc = read_files(&s, &a, err);
	if (rc < 0)
		return rc;
	*ret = a;
	a = (cof_qtest_acpi){0};
	return 0;
}
