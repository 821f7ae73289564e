/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/link.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "common/file.h"

enum { BACKLOG_MAX = 32 << 20 };

struct cof_link {
	struct bufferevent *bev;
	cof_link_opts opts;
	bool *freed; /* set while frames are being handed out: the handler may free the link */
};

static void closed(cof_link *l, enum cof_class cls, const char *reason, const char *text)
{
	cof_err why = {0};
	bufferevent_disable(l->bev, EV_READ | EV_WRITE);
	if (cof_err_set(&why, cls, reason, "%s", text) < 0)
		l->opts.closed(l->opts.arg, &why);
}

/* 1: handed a frame out, 0: needs more bytes, -1: broken. */
static int take_frame(cof_link *l, struct evbuffer *in)
{
	uint8_t head[COF_KB_HEAD_LEN];
	if (evbuffer_copyout(in, head, sizeof head) < (ev_ssize_t)sizeof head)
		return 0;
	cof_kb_head h;
	if (cof_kb_head_parse(cof_span_of(head, sizeof head), &h, NULL) < 0)
		return -1;
	if (evbuffer_get_length(in) < sizeof head + h.len)
		return 0;
	COF_AUTO(cof_buf) body = {0};
	if (cof_buf_reserve(&body, h.len + 1, NULL) < 0)
		return -1;
	(void)evbuffer_drain(in, sizeof head); /* was measured above */
	(void)evbuffer_remove(in, body.data, h.len);
	body.len = h.len;
	l->opts.frame(l->opts.arg, h.id, (enum cof_kb_type)h.type, cof_buf_span(&body));
	cof_buf_wipe(&body);
	return 1;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	cof_link *l = arg;
	bool freed = false;
	l->freed = &freed;
	int rc = 1;
	while (rc > 0 && !freed)
		rc = freed ? 0 : take_frame(l, bufferevent_get_input(bev));
	if (freed)
		return;
	l->freed = NULL;
	if (rc < 0)
		closed(l, COF_E_MALFORMED, "frame-malformed", "the peer sent a broken frame");
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		closed(arg, COF_E_UNAVAILABLE, "peer-closed", "the peer process ended");
}

int cof_link_new(cof_link **ret, struct event_base *base, int fd, const cof_link_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_link) l = calloc(1, sizeof *l);
	if (l == NULL)
		return cof_err_oom(err);
	if (evutil_make_socket_nonblocking(fd) < 0)
		return cof_err_sys(err, "link-failed", "non-blocking");
	l->opts = *opts;
	l->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (l->bev == NULL)
		return cof_err_oom(err);
	bufferevent_setcb(l->bev, on_read, NULL, on_event, l);
	/* One frame and the beginning of the next; more stays in the socket. */
	bufferevent_setwatermark(l->bev, EV_READ, COF_KB_HEAD_LEN, COF_KB_FRAME_MAX + 2 * COF_KB_HEAD_LEN);
	if (bufferevent_enable(l->bev, EV_READ | EV_WRITE) < 0)
		return cof_err_set(err, COF_E_INTERNAL, "link-failed", "event loop");
	*ret = cof_steal(&l);
	return 0;
}

void cof_link_free(cof_link *l)
{
	if (l == NULL)
		return;
	if (l->freed != NULL)
		*l->freed = true;
	if (l->bev != NULL)
		bufferevent_free(l->bev);
	free(l);
}

int cof_link_send_raw(cof_link *l, cof_span frame, cof_err *err)
{
	if (evbuffer_get_length(bufferevent_get_output(l->bev)) > BACKLOG_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "peer-stuck", "the peer process does not read");
	return bufferevent_write(l->bev, frame.data, frame.len) == 0 ? 0 : cof_err_oom(err);
}

int cof_link_send(cof_link *l, enum cof_kb_type type, uint32_t id, const void *msg, cof_err *err)
{
	COF_AUTO(cof_buf) frame = {0};
	int rc = cof_kb_encode(type, id, msg, &frame, err);
	if (rc == 0)
		rc = cof_link_send_raw(l, cof_buf_span(&frame), err);
	cof_buf_wipe(&frame);
	return rc;
}

int cof_link_read(int fd, cof_kb_head *ret_head, cof_buf *ret_body, cof_err *err)
{
	uint8_t raw[COF_KB_HEAD_LEN];
	cof_kb_head h;
	int rc = cof_fd_read_exact(fd, raw, sizeof raw, err);
	if (rc < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "peer-closed", "the parent process ended");
	rc = cof_kb_head_parse(cof_span_of(raw, sizeof raw), &h, err);
	if (rc == 0)
		rc = cof_buf_reserve(ret_body, h.len, err);
	if (rc == 0)
		rc = cof_fd_read_exact(fd, ret_body->data + ret_body->len, h.len, err);
	if (rc < 0)
		return rc;
	ret_body->len += h.len;
	*ret_head = h;
	return 0;
}

int cof_link_write(int fd, enum cof_kb_type type, uint32_t id, const void *msg, cof_err *err)
{
	COF_AUTO(cof_buf) frame = {0};
	int rc = cof_kb_encode(type, id, msg, &frame, err);
	if (rc == 0)
		rc = cof_fd_write_all(fd, cof_buf_span(&frame), err);
	cof_buf_wipe(&frame);
	return rc;
}
