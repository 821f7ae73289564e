/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/qmp.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/file.h"

enum { CHUNK = 4096, STATUS_MAX = 32, LINES_MAX = 4 * COF_QMP_EVENTS_MAX };

struct cof_qmp {
	int fd;
	int timeout_ms;
	uint64_t next_id;
	cof_buf in;	/* bytes of lines that are not taken yet */
	json_t *events; /* array of names */
};

void cof_qmp_free(cof_qmp *q)
{
	cof_fd_close(&q->fd);
	cof_buf_release(&q->in);
	json_decref(q->events);
	free(q);
}

static int malformed(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_MALFORMED, "qmp-malformed", "QEMU's monitor: %s", why);
}

/* --- lines --- */

/* 1: something to read (or the end), 0: nothing until the deadline. */
static int wait_input(const cof_qmp *q, int64_t until, cof_err *err)
{
	for (;;) {
		int64_t left = until - cof_now_ms();
		struct pollfd p = {.fd = q->fd, .events = POLLIN};
		int n = poll(&p, 1, left > 0 ? (int)left : 0);
		if (n >= 0)
			return n;
		if (errno != EINTR)
			return cof_err_sys(err, "qmp-closed", "poll");
	}
}

static int read_more(cof_qmp *q, cof_err *err)
{
	int r = cof_buf_reserve(&q->in, CHUNK, err);
	if (r < 0)
		return r;
	ssize_t n = recv(q->fd, q->in.data + q->in.len, CHUNK, MSG_DONTWAIT);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "qmp-closed", "QEMU closed its monitor");
	q->in.len += (size_t)n;
	return 0;
}

/* Cuts the first whole line off as JSON; *ret stays NULL when there is none. */
static int take_line(cof_qmp *q, json_t **ret, cof_err *err)
{
	uint8_t *end = q->in.len > 0 ? memchr(q->in.data, '\n', q->in.len) : NULL;
	cof_err inner = {0};
	if (end == NULL)
		return 0;
	size_t len = (size_t)(end - q->in.data);
	int r = cof_json_parse(cof_span_of(q->in.data, len), ret, &inner);
	memmove(q->in.data, end + 1, q->in.len - len - 1);
	q->in.len -= len + 1;
	if (r < 0)
		return malformed(err, inner.text);
	return json_is_object(*ret) ? 0 : malformed(err, "not an object");
}

static int next_line(cof_qmp *q, int64_t until, json_t **ret, cof_err *err)
{
	for (;;) {
		int r = take_line(q, ret, err);
		if (r < 0 || *ret != NULL)
			return r;
		if (q->in.len >= COF_QMP_LINE_MAX)
			return malformed(err, "a line without end");
		r = wait_input(q, until, err);
		if (r == 0)
			return cof_err_set(err, COF_E_UNAVAILABLE, "qmp-timeout", "no answer in %d ms", q->timeout_ms);
		if (r > 0)
			r = read_more(q, err);
		if (r < 0)
			return r;
	}
}

/* --- events --- */

/* Names only; the oldest stay, so that a flood cannot push out what came first. */
static int keep_event(cof_qmp *q, const json_t *line, bool *ret_is_event, cof_err *err)
{
	const char *name = NULL;
	int r = cof_json_opt_str(line, "event", &name, NULL);
	*ret_is_event = r == 0 && name != NULL;
	if (!*ret_is_event || json_array_size(q->events) >= COF_QMP_EVENTS_MAX || strlen(name) >= STATUS_MAX)
		return 0;
	return json_array_append_new(q->events, json_string(name)) == 0 ? 0 : cof_err_oom(err);
}

static bool seen(const cof_qmp *q, const char *event)
{
	json_t *name = NULL;
	size_t i = 0;
	json_array_foreach (q->events, i, name)
		if (strcmp(json_string_value(name), event) == 0)
			return true;
	return false;
}

bool cof_qmp_saw(cof_qmp *q, const char *event)
{
	int64_t now = cof_now_ms();
	for (int i = 0; i < LINES_MAX; i++) {
		COF_AUTO_PTR(json_t) line = NULL;
		bool is_event = false;
		if (next_line(q, now, &line, NULL) < 0 || keep_event(q, line, &is_event, NULL) < 0)
			break;
	}
	return seen(q, event);
}

/* --- calls --- */

static int send_call(cof_qmp *q, const char *command, json_t *args, uint64_t id, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	call = json_pack("{s:s, s:O*, s:I}", "execute", command, "arguments", args, "id", (json_int_t)id);
	COF_AUTO(cof_buf) text = {0};
	if (call == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(call, &text, err);
	if (r == 0)
		r = cof_buf_add_str(&text, "\n", err);
	if (r < 0)
		return r;
	for (size_t at = 0; at < text.len;) {
		ssize_t n = send(q->fd, text.data + at, text.len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) /* a full socket: QEMU stopped reading long ago */
			return cof_err_sys(err, "qmp-closed", "writing to QEMU's monitor");
		at += (size_t)n;
	}
	return 0;
}

static int qemu_error(const json_t *line, cof_err *err)
{
	const json_t *e = json_object_get(line, "error");
	const char *desc = json_string_value(json_object_get(e, "desc"));
	return cof_err_set(err, COF_E_IO, "qmp-error", "QEMU: %.200s", desc != NULL ? desc : "no description");
}

static int take_answer(const json_t *line, uint64_t id, json_t **ret_value, cof_err *err)
{
	json_int_t got = 0;
	int r = cof_json_int(line, "id", 0, INT64_MAX, &got, NULL);
	if (r < 0 || (uint64_t)got != id)
		return malformed(err, "an answer to nothing that was asked");
	if (json_object_get(line, "error") != NULL)
		return qemu_error(line, err);
	json_t *value = json_object_get(line, "return");
	if (value == NULL)
		return malformed(err, "an answer without a result");
	if (ret_value != NULL)
		*ret_value = json_incref(value);
	return 0;
}

int cof_qmp_call(cof_qmp *q, const char *command, json_t *args, json_t **ret_value, cof_err *err)
{
	uint64_t id = q->next_id++;
	int64_t until = cof_now_ms() + q->timeout_ms;
	int r = send_call(q, command, args, id, err);
	while (r == 0) {
		COF_AUTO_PTR(json_t) line = NULL;
		bool is_event = false;
		r = next_line(q, until, &line, err);
		if (r == 0)
			r = keep_event(q, line, &is_event, err);
		if (r == 0 && !is_event)
			return take_answer(line, id, ret_value, err);
		if (r == 0 && cof_now_ms() > until)
			r = cof_err_set(err, COF_E_UNAVAILABLE, "qmp-timeout", "only events in %d ms", q->timeout_ms);
	}
	return r;
}

int cof_qmp_status(cof_qmp *q, char ret[STATUS_MAX], cof_err *err)
{
	COF_AUTO_PTR(json_t) value = NULL;
	const char *status = NULL;
	int r = cof_qmp_call(q, "query-status", NULL, &value, err);
	if (r < 0)
		return r;
	if (cof_json_str(value, "status", &status, NULL) < 0 || strlen(status) >= STATUS_MAX)
		return malformed(err, "a status that is none");
	memcpy(ret, status, strlen(status) + 1);
	return 0;
}

static int greet(cof_qmp *q, cof_err *err)
{
	COF_AUTO_PTR(json_t) line = NULL;
	int r = next_line(q, cof_now_ms() + q->timeout_ms, &line, err);
	if (r < 0)
		return r;
	if (!json_is_object(json_object_get(line, "QMP")))
		return malformed(err, "no greeting");
	return cof_qmp_call(q, "qmp_capabilities", NULL, NULL, err);
}

int cof_qmp_new(cof_qmp **ret, int fd, int timeout_ms, cof_err *err)
{
	COF_AUTO_PTR(cof_qmp) q = calloc(1, sizeof *q);
	if (q == NULL)
		return cof_err_oom(err);
	q->fd = -EBADF; /* the caller's until we succeed */
	q->timeout_ms = timeout_ms;
	q->next_id = 1;
	q->events = json_array();
	if (q->events == NULL)
		return cof_err_oom(err);
	q->fd = fd;
	int r = greet(q, err);
	if (r < 0) {
		q->fd = -EBADF;
		return r;
	}
	*ret = cof_steal(&q);
	return 0;
}
