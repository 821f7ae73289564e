/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/dialer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/unit/test.h"

/* A peer that fails in a chosen way for a while, and then is there. */
typedef struct bed {
	struct event_base *base;
	cof_dialer *d;
	int dials, fail_first;
	enum { REFUSED, UNAVAILABLE } how;
	cof_class fatal;
	int listener;
	int dones, fd;
	cof_err why;
	bool free_in_done;
} bed;

static int tcp_at(int fd, in_port_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect(fd, (const struct sockaddr *)&a, sizeof a);
}

/* A socket with a port of the loopback interface of its own; the port in network order. */
static int bound(in_port_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = a.sin_port;
	return fd;
}

static int dial(void *arg, cof_err *err)
{
	bed *b = arg;
	in_port_t port = 0;
	b->dials++;
	if (b->fatal != COF_OK)
		return cof_err_set(err, b->fatal, "socket-failed", "never");
	if (b->dials <= b->fail_first && b->how == UNAVAILABLE)
		return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "not yet");
	COF_AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	COF_AUTO_FD int nobody = b->dials <= b->fail_first ? bound(&port) : -EBADF;
	if (nobody < 0) {
		struct sockaddr_in a;
		socklen_t len = sizeof a;
		assert_int_equal(getsockname(b->listener, (struct sockaddr *)&a, &len), 0);
		port = a.sin_port;
	}
	if (tcp_at(fd, port) < 0 && errno != EINPROGRESS)
		return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "refused at once");
	return cof_steal_fd(&fd);
}

static void done(void *arg, int fd, const cof_err *why)
{
	bed *b = arg;
	b->dones++;
	b->fd = fd;
	if (why != NULL)
		b->why = *why;
	if (b->free_in_done)
		cof_dialer_free(cof_steal(&b->d));
	(void)event_base_loopbreak(b->base);
}

static void bed_init(bed *b)
{
	in_port_t port = 0;
	*b = (bed){.base = event_base_new(), .fd = -1, .free_in_done = b->free_in_done};
	b->listener = bound(&port);
	assert_int_equal(listen(b->listener, 4), 0);
}

static void bed_dial(bed *b, int ms)
{
	const cof_dialer_opts o = {.dial = dial, .dial_arg = b, .done = done, .arg = b};
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
	assert_ok(cof_dialer_new(&b->d, b->base, &o, &err));
	assert_int_equal(b->dials + b->dones, 0); /* from the loop only */
	(void)event_base_loopexit(b->base, &tv);
	(void)event_base_dispatch(b->base);
}

static void bed_release(bed *b)
{
	if (b->d != NULL)
		cof_dialer_free(b->d);
	cof_fd_close(&b->fd);
	cof_fd_close(&b->listener);
	event_base_free(b->base);
}

static void assert_connects_after(int fail_first, bool refused)
{
	bed b = {0};
	bed_init(&b);
	b.fail_first = fail_first;
	b.how = refused ? REFUSED : UNAVAILABLE;
	bed_dial(&b, 5000);
	assert_int_equal(b.dones, 1);
	assert_int_equal(b.dials, fail_first + 1);
	assert_true(b.fd >= 0);
	assert_int_equal(send(b.fd, "x", 1, MSG_NOSIGNAL), 1);
	bed_release(&b);
}

static void connects_once_somebody_listens(void **state)
{
	(void)state;
	assert_connects_after(0, true);
	assert_connects_after(3, true);
	assert_connects_after(3, false);
}

static void another_failure_is_the_end(void **state)
{
	bed b = {0};
	(void)state;
	bed_init(&b);
	b.fatal = COF_E_IO;
	bed_dial(&b, 5000);
	assert_int_equal(b.dones, 1);
	assert_int_equal(b.dials, 1);
	assert_true(b.fd < 0);
	assert_string_equal(b.why.reason, "socket-failed");
	bed_release(&b);
}

/* Not in a hurry: a guest that boots for a minute costs some hundred attempts. */
static void t094_attempts_are_paced(void **state)
{
	bed b = {0};
	(void)state;
	bed_init(&b);
	b.fail_first = 1 << 20;
	b.how = UNAVAILABLE;
	bed_dial(&b, 550);
	assert_int_equal(b.dones, 0);
	assert_true(b.dials >= 2 && b.dials <= 7);
	bed_release(&b); /* in mid-wait */
}

static void freeing_from_inside_done(void **state)
{
	bed b = {.free_in_done = true};
	(void)state;
	bed_init(&b);
	bed_dial(&b, 5000);
	assert_int_equal(b.dones, 1);
	assert_null(b.d);
	bed_release(&b);
	b.free_in_done = true;
	bed_init(&b);
	b.fatal = COF_E_INTERNAL;
	bed_dial(&b, 5000);
	assert_int_equal(b.dones, 1);
	assert_null(b.d);
	bed_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_once_somebody_listens),
		cmocka_unit_test(another_failure_is_the_end),
		cmocka_unit_test(t094_attempts_are_paced),
		cmocka_unit_test(freeing_from_inside_done),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
