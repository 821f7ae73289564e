/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/chan.h"
#include "common/file.h"

typedef struct pair {
	int a, b;
} pair;

static pair open_pair(void)
{
	int fds[2];
	assert_ok(cof_chan_pair(fds, &err));
	struct timeval t = {.tv_usec = 200000};
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
	return (pair){fds[0], fds[1]};
}

static void close_pair(pair *p)
{
	cof_fd_close(&p->a);
	cof_fd_close(&p->b);
}

static size_t open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void carries_messages_and_descriptors(void **state)
{
	(void)state;
	pair p = open_pair();
	int pipe_fds[2];
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	assert_ok(cof_chan_send(p.a, 7, cof_span_str("hello"), &pipe_fds[1], 1, &err));
	assert_ok(cof_chan_send(p.a, 8, (cof_span){0}, NULL, 0, &err));
	COF_AUTO(cof_msg) m = {0};
	assert_ok(cof_chan_recv(p.b, &m, &err));
	assert_int_equal(m.type, 7);
	assert_string_equal(cof_buf_str(&m.body), "hello");
	assert_int_equal(m.n_fds, 1);
	assert_true((fcntl(m.fds[0], F_GETFD) & FD_CLOEXEC) != 0);
	assert_ok(cof_fd_write_all(m.fds[0], cof_span_str("x"), &err));
	cof_msg_release(&m);
	assert_ok(cof_chan_recv(p.b, &m, &err));
	assert_int_equal(m.type, 8);
	assert_int_equal(m.body.len, 0);
	cof_fd_close(&pipe_fds[0]);
	cof_fd_close(&pipe_fds[1]);
	close_pair(&p);
}

static void names_a_closed_and_a_silent_peer(void **state)
{
	(void)state;
	pair p = open_pair();
	COF_AUTO(cof_msg) m = {0};
	assert_fails(cof_chan_recv(p.b, &m, &err), "peer-timeout");
	cof_fd_close(&p.a);
	assert_fails(cof_chan_recv(p.b, &m, &err), "peer-closed");
	assert_fails(cof_chan_send(p.b, 1, cof_span_str("x"), NULL, 0, &err), "peer-closed");
	close_pair(&p);
}

static void refuses_lying_lengths(void **state)
{
	(void)state;
	pair p = open_pair();
	COF_AUTO(cof_msg) m = {0};
	assert_ok(cof_fd_write_all(p.a, cof_span_of("\1\0\0\0\xff\xff\xff\xff", 8), &err));
	assert_fails(cof_chan_recv(p.b, &m, &err), "channel-too-large");
	close_pair(&p);
}

static void a_cut_message_is_no_message(void **state)
{
	(void)state;
	static const char whole[] = "\1\0\0\0\4\0\0\0abcd";
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		pair p = open_pair();
		COF_AUTO(cof_msg) m = {0};
		assert_ok(cof_fd_write_all(p.a, cof_span_of(whole, n), &err));
		cof_fd_close(&p.a);
		assert_fails(cof_chan_recv(p.b, &m, &err), "peer-closed");
		assert_null(m.body.data);
		close_pair(&p);
	}
}

/* A peer that sends a descriptor with every byte it can must not fill our table. */
static void closes_surplus_descriptors(void **state)
{
	(void)state;
	pair p = open_pair();
	size_t before = open_fds();
	for (int i = 0; i < 8; i++) {
		union {
			struct cmsghdr align;
			char bytes[CMSG_SPACE(4 * sizeof(int))];
		} control = {0};
		struct iovec iov = {(char[]){0}, 1};
		struct msghdr h = {.msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control.bytes,
				   .msg_controllen = sizeof control.bytes};
		struct cmsghdr *c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(4 * sizeof(int));
		int fds[4] = {p.a, p.a, p.a, p.a};
		memcpy(CMSG_DATA(c), fds, sizeof fds);
		assert_int_equal(sendmsg(p.a, &h, 0), 1);
	}
	cof_msg m = {0};
	assert_ok(cof_chan_recv(p.b, &m, &err));
	assert_int_equal(m.n_fds, COF_CHAN_FDS);
	cof_msg_release(&m);
	assert_int_equal(open_fds(), before);
	close_pair(&p);
}

static void carries_errors(void **state)
{
	(void)state;
	pair p = open_pair();
	cof_err sent = {0}, got = {0};
	assert_true(cof_err_set(&sent, COF_E_POLICY, "policy-denied", "image") < 0);
	assert_ok(cof_chan_send_err(p.a, 9, &sent, &err));
	COF_AUTO(cof_msg) m = {0};
	assert_ok(cof_chan_recv(p.b, &m, &err));
	cof_chan_parse_err(cof_buf_span(&m.body), &got);
	assert_int_equal(got.cls, COF_E_POLICY);
	assert_string_equal(got.reason, "policy-denied");
	assert_string_equal(got.text, "image");
	for (size_t n = 0; n < m.body.len; n++) {
		cof_chan_parse_err(cof_span_of(m.body.data, n), &got);
		assert_string_equal(got.reason, "peer-malformed");
	}
	close_pair(&p);
}

static void an_error_body_cannot_say_success(void **state)
{
	(void)state;
	cof_err got = {0};
	cof_chan_parse_err(cof_span_of("\0\0\1a\0\1b", 7), &got);
	assert_int_equal(got.cls, COF_E_INTERNAL);
	cof_chan_parse_err(cof_span_of("\x63\0\1a\0\1b", 7), &got);
	assert_int_equal(got.cls, COF_E_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_messages_and_descriptors),
		cmocka_unit_test(names_a_closed_and_a_silent_peer),
		cmocka_unit_test(refuses_lying_lengths),
		cmocka_unit_test(a_cut_message_is_no_message),
		cmocka_unit_test(closes_surplus_descriptors),
		cmocka_unit_test(carries_errors),
		cmocka_unit_test(an_error_body_cannot_say_success),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
