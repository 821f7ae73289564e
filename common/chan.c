/* SPDX-License-Identifier: Apache-2.0 */
#include "common/chan.h"

#include <stdio.h>
#include <sys/socket.h>

#include "common/rd.h"
#include "common/wr.h"

enum { HEADER_LEN = 8 };

typedef union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * COF_CHAN_FDS)];
} fd_control;

void cof_msg_release(cof_msg *m)
{
	for (size_t i = 0; i < m->n_fds; i++)
		cof_fd_close(&m->fds[i]);
	cof_buf_wipe(&m->body);
	cof_buf_release(&m->body);
	*m = (cof_msg){0};
}

int cof_chan_pair(int ret[2], cof_err *err)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret) < 0)
		return cof_err_sys(err, "socketpair-failed", "a channel");
	return 0;
}

static int closed(cof_err *err)
{
	return cof_err_set(err, COF_E_UNAVAILABLE, "peer-closed", "the other process closed the channel");
}

static int failed(const char *what, cof_err *err)
{
	if (errno == EPIPE || errno == ECONNRESET)
		return closed(err);
	if (errno == EAGAIN)
		return cof_err_set(err, COF_E_UNAVAILABLE, "peer-timeout", "the other process did not answer in time");
	return cof_err_sys(err, "channel-failed", "%s", what);
}

static void attach_fds(struct msghdr *m, fd_control *control, const int *fds, size_t n_fds)
{
	memset(control, 0, sizeof *control);
	m->msg_control = control->bytes;
	m->msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
	memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
}

/* The header carries the descriptors, so they arrive with its first byte. */
static int send_header(int fd, const uint8_t header[HEADER_LEN], const int *fds, size_t n_fds, cof_err *err)
{
	fd_control control;
	uint8_t copy[HEADER_LEN];
	memcpy(copy, header, HEADER_LEN);
	struct iovec iov = {copy, HEADER_LEN};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	if (n_fds > 0)
		attach_fds(&m, &control, fds, n_fds);
	ssize_t n = 0;
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return failed("sending", err);
	return n == HEADER_LEN ? 0 : closed(err);
}

static int send_body(int fd, cof_span body, cof_err *err)
{
	while (body.len > 0) {
		ssize_t n = send(fd, body.data, body.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed("sending", err);
		body.data += n;
		body.len -= (size_t)n;
	}
	return 0;
}

int cof_chan_send(int fd, uint32_t type, cof_span body, const int *fds, size_t n_fds, cof_err *err)
{
	if (body.len > COF_CHAN_MAX || n_fds > COF_CHAN_FDS)
		return cof_err_set(err, COF_E_INTERNAL, "channel-too-large", "a message of %zu bytes", body.len);
	COF_AUTO(cof_buf) header = {0};
	cof_wr w = cof_wr_to(&header);
	cof_wr_u32le(&w, type);
	cof_wr_u32le(&w, (uint32_t)body.len);
	int r = cof_wr_done(&w, err);
	if (r == 0)
		r = send_header(fd, header.data, fds, n_fds, err);
	return r < 0 ? r : send_body(fd, body, err);
}

/* Keeps what fits and closes the rest: a peer must not be able to fill our descriptor table. */
static void take_fds(struct msghdr *m, cof_msg *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int got = -EBADF;
			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof got);
			if (msg->n_fds < COF_CHAN_FDS)
				msg->fds[msg->n_fds++] = got;
			else
				cof_fd_close(&got);
		}
	}
}

static int recv_header(int fd, cof_msg *msg, uint8_t header[HEADER_LEN], cof_err *err)
{
	size_t got = 0;
	while (got < HEADER_LEN) {
		fd_control control;
		struct iovec iov = {header + got, HEADER_LEN - got};
		struct msghdr m = {.msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control.bytes,
				   .msg_controllen = sizeof control.bytes};
		ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed("receiving", err);
		if (n == 0)
			return closed(err);
		take_fds(&m, msg);
		got += (size_t)n;
	}
	return 0;
}

static int recv_body(int fd, cof_buf *body, size_t len, cof_err *err)
{
	int r = cof_buf_reserve(body, len, err);
	while (r == 0 && body->len < len) {
		ssize_t n = recv(fd, body->data + body->len, len - body->len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed("receiving", err);
		if (n == 0)
			return closed(err);
		body->len += (size_t)n;
		body->data[body->len] = 0;
	}
	return r;
}

int cof_chan_recv(int fd, cof_msg *ret, cof_err *err)
{
	COF_AUTO(cof_msg) msg = {0};
	uint8_t header[HEADER_LEN];
	int r = recv_header(fd, &msg, header, err);
	if (r < 0)
		return r;
	cof_rd in = cof_rd_of(cof_span_of(header, sizeof header));
	msg.type = cof_rd_u32le(&in);
	size_t len = cof_rd_u32le(&in);
	if (len > COF_CHAN_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "channel-too-large", "a message of %zu bytes", len);
	r = recv_body(fd, &msg.body, len, err);
	if (r < 0)
		return r;
	*ret = msg;
	msg = (cof_msg){0};
	return 0;
}

int cof_chan_add_err(cof_buf *body, const cof_err *e, cof_err *err)
{
	cof_wr w = cof_wr_to(body);
	cof_wr_u8(&w, (uint8_t)e->cls);
	cof_wr_span_u16be(&w, cof_span_str(e->reason));
	cof_wr_span_u16be(&w, cof_span_str(e->text));
	return cof_wr_done(&w, err);
}

int cof_chan_send_err(int fd, uint32_t type, const cof_err *e, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	int r = cof_chan_add_err(&body, e, err);
	return r < 0 ? r : cof_chan_send(fd, type, cof_buf_span(&body), NULL, 0, err);
}

void cof_chan_parse_err(cof_span body, cof_err *out)
{
	cof_rd r = cof_rd_of(body);
	uint8_t cls = cof_rd_u8(&r);
	cof_span reason = cof_rd_span_u16be(&r);
	cof_span text = cof_rd_span_u16be(&r);
	COF_AUTO_FREE char *reason_str = cof_span_dup_str(reason);
	COF_AUTO_FREE char *text_str = cof_span_dup_str(text);
	if (!cof_rd_end(&r) || cls == COF_OK || cls > COF_E_INTERNAL || reason_str == NULL || text_str == NULL) {
		int ignored =
			cof_err_set(out, COF_E_INTERNAL, "peer-malformed", "the other process sent no error text");
		(void)ignored;
		return;
	}
	int ignored = cof_err_set(out, (cof_class)cls, reason_str, "%s", text_str);
	(void)ignored;
}
