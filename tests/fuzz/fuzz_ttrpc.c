/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile peer's bytes on a connection: first byte chooses server or client, with or without hello; the rest arrives
 * in pieces. Calls are answered, or kept and answered after the connection is gone.
 */
#include <signal.h>
#include <sys/socket.h>

#include "common/file.h"
#include "common/ttrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 64 << 10, HELD_MAX = 8, PIECE = 97 };

typedef struct seen {
	cof_ttrpc_call *held[HELD_MAX];
	size_t n_held;
	int closed, replied;
} seen;

static void serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	seen *s = arg;
	if (strlen(service) + strlen(method) + payload.len > INPUT_MAX)
		abort();
	if (s->n_held < HELD_MAX && payload.len % 2 == 1)
		s->held[s->n_held++] = call;
	else
		cof_ttrpc_answer(call, COF_RPC_OK, NULL, payload);
}

static void closed(void *arg, const cof_err *why)
{
	seen *s = arg;
	if (++s->closed > 1 || why->reason[0] == '\0')
		abort();
}

static void reply(void *arg, int code, const char *message, cof_span payload)
{
	seen *s = arg;
	(void)code;
	if (message == NULL || payload.len > INPUT_MAX || ++s->replied > 1)
		abort();
}

static void feed(struct event_base *base, int fd, const uint8_t *data, size_t len)
{
	uint8_t drop[4096];
	for (size_t at = 0; at < len; at += PIECE) {
		size_t n = len - at < PIECE ? len - at : PIECE;
		if (cof_fd_write_all(fd, cof_span_of(data + at, n), NULL) < 0)
			break;
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
		while (recv(fd, drop, sizeof drop, MSG_DONTWAIT) > 0)
			;
	}
}

static void run(struct event_base *base, int fds[2], const uint8_t *data, size_t len)
{
	seen s = {0};
	const cof_ttrpc_opts opts = {.hello = (cof_hello)(data[0] % 3),
				     .frame_max = COF_TTRPC_SERIAL_CHUNK,
				     .serve = (data[0] & 0x10) != 0 ? NULL : serve,
				     .closed = closed,
				     .arg = &s};
	cof_ttrpc *c = NULL;
	if (cof_ttrpc_new(&c, base, fds[0], &opts, NULL) < 0)
		abort();
	bool called = cof_ttrpc_send(c, "s", "m", (cof_span){0}, 0, reply, &s, NULL) == 0;
	feed(base, fds[1], data + 1, len - 1);
	cof_ttrpc_free(c);
	if (called && s.replied != 1)
		abort();
	for (size_t i = 0; i < s.n_held; i++)
		cof_ttrpc_answer(s.held[i], COF_RPC_OK, NULL, (cof_span){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fds[2];
	if (len == 0 || len > INPUT_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return 0;
	struct event_base *base = event_base_new();
	if (base == NULL)
		abort();
	(void)signal(SIGPIPE, SIG_IGN);
	run(base, fds, data, len);
	(void)close(fds[1]);
	event_base_free(base);
	return 0;
}
