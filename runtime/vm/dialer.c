/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/dialer.h"

#include <sys/socket.h>

enum { AGAIN_MS = 100 };

struct cof_dialer {
	struct event_base *base;
	cof_dialer_opts o;
	int fd;		     /* connecting */
	struct event *on_fd; /* it is connected, or it failed */
	struct event *again;
};

void cof_dialer_free(cof_dialer *d)
{
	if (d->on_fd != NULL)
		event_free(d->on_fd);
	if (d->again != NULL)
		event_free(d->again);
	cof_fd_close(&d->fd);
	free(d);
}

/* The last thing that happens to a dialer: done may free it. */
static void give_up(cof_dialer *d, const cof_err *why)
{
	d->o.done(d->o.arg, -1, why);
}

static void wait_a_moment(cof_dialer *d, int ms)
{
	const struct timeval tv = {.tv_usec = ms * 1000};
	cof_err err = {0};
	if (event_add(d->again, &tv) == 0)
		return;
	(void)!cof_err_oom(&err);
	give_up(d, &err);
}

static void drop_socket(cof_dialer *d)
{
	event_free(d->on_fd);
	d->on_fd = NULL;
}

static void on_outcome(evutil_socket_t fd, short what, void *arg)
{
	cof_dialer *d = arg;
	int failure = 0;
	socklen_t len = sizeof failure;
	(void)what;
	drop_socket(d);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) == 0 && failure == 0) {
		d->o.done(d->o.arg, cof_steal_fd(&d->fd), NULL);
		return;
	}
	cof_fd_close(&d->fd);
	wait_a_moment(d, AGAIN_MS);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	cof_dialer *d = arg;
	cof_err err = {0};
	(void)fd;
	(void)what;
	d->fd = d->o.dial(d->o.dial_arg, &err);
	if (d->fd < 0 && err.cls == COF_E_UNAVAILABLE) {
		wait_a_moment(d, AGAIN_MS);
		return;
	}
	if (d->fd < 0) {
		give_up(d, &err);
		return;
	}
	d->on_fd = event_new(d->base, d->fd, EV_WRITE, on_outcome, d);
	if (d->on_fd == NULL || event_add(d->on_fd, NULL) < 0) {
		(void)!cof_err_oom(&err);
		give_up(d, &err);
	}
}

int cof_dialer_new(cof_dialer **ret, struct event_base *base, const cof_dialer_opts *opts, cof_err *err)
{
	static const struct timeval at_once = {0};
	COF_AUTO_PTR(cof_dialer) d = calloc(1, sizeof *d);
	if (d == NULL)
		return cof_err_oom(err);
	d->base = base;
	d->o = *opts;
	d->fd = -EBADF;
	d->again = event_new(base, -1, 0, on_again, d);
	if (d->again == NULL || event_add(d->again, &at_once) < 0)
		return cof_err_oom(err);
	*ret = cof_steal(&d);
	return 0;
}
