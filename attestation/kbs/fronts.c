/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/fronts.h"

#include <fcntl.h>
#include <signal.h>

#include "attestation/kbs/front.h"
#include "attestation/kbs/link.h"
#include "common/chan.h"
#include "common/log.h"
#include "common/proc.h"

enum {
	KILL_GRACE_MS = 500,
	EAGER_RESTARTS = 5, /* without a pause, refilled one per PAUSE_S */
	PAUSE_S = 1,
};

typedef struct slot {
	cof_fronts *pool;
	uint32_t index;
	uint32_t life;
	bool ready;
	cof_proc proc;
	cof_link *link;
} slot;

struct cof_fronts {
	cof_fronts_opts opts;
	slot slots[COF_FRONTS_MAX];
	struct event *again; /* refills the eagerness and starts what is missing */
	unsigned eager;
	bool announced;
	bool draining;
	bool over;
};

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body);
static void on_closed(void *arg, const cof_err *why);

static int spawn(slot *s, int *ret_fd, cof_err *err)
{
	const cof_fronts_opts *o = &s->pool->opts;
	int pair[2];
	int rc = cof_chan_pair(pair, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	COF_AUTO_FD int cert = open(o->cert, O_RDONLY | O_CLOEXEC);
	if (cert < 0)
		return cof_err_sys(err, "bad-tls-cert", "%s", o->cert);
	COF_AUTO_FD int key = open(o->key, O_RDONLY | O_CLOEXEC);
	if (key < 0)
		return cof_err_sys(err, "bad-tls-key", "%s", o->key);
	const char *const argv[] = {o->exe, "--role", "front", NULL};
	const cof_proc_fd fds[] = {{2, 2},
				   {theirs, COF_FRONT_FD_LINK},
				   {o->listen_fd, COF_FRONT_FD_LISTEN},
				   {cert, COF_FRONT_FD_CERT},
				   {key, COF_FRONT_FD_KEY}};
	rc = cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = COF_COUNT(fds)}, &s->proc, err);
	if (rc == 0)
		*ret_fd = cof_steal_fd(&ours);
	return rc;
}

static int start(slot *s, cof_err *err)
{
	COF_AUTO_FD int fd = -EBADF;
	int rc = spawn(s, &fd, err);
	if (rc < 0)
		return rc;
	const cof_link_opts opts = {on_frame, on_closed, s};
	s->life++;
	s->ready = false;
	rc = cof_link_new(&s->link, s->pool->opts.base, fd, &opts, err);
	if (rc == 0)
		(void)cof_steal_fd(&fd); /* the link's now */
	else
		cof_proc_stop(&s->proc, SIGKILL, KILL_GRACE_MS);
	return rc;
}

static void stop(slot *s)
{
	cof_link_free(s->link);
	s->link = NULL;
	s->ready = false;
	cof_proc_stop(&s->proc, SIGKILL, KILL_GRACE_MS);
	s->proc = COF_PROC_NONE;
}

static void pause_then_again(cof_fronts *f)
{
	const struct timeval t = {PAUSE_S, 0};
	if (!evtimer_pending(f->again, NULL) && evtimer_add(f->again, &t) < 0)
		cof_log(COF_LOG_ERROR, "fronts", "timer-failed", NULL);
}

static void start_missing(cof_fronts *f)
{
	cof_err err = {0};
	for (unsigned i = 0; i < f->opts.n && !f->draining; i++) {
		slot *s = &f->slots[i];
		if (s->link != NULL)
			continue;
		if (f->eager > 0) {
			f->eager--;
			if (start(s, &err) < 0)
				cof_log_err(COF_LOG_ERROR, "fronts", "start-failed", &err);
		}
		pause_then_again(f);
	}
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	cof_fronts *f = arg;
	(void)fd;
	(void)what;
	if (f->eager < EAGER_RESTARTS) {
		f->eager++;
		pause_then_again(f);
	}
	start_missing(f);
}

static void check_drained(cof_fronts *f)
{
	for (unsigned i = 0; i < f->opts.n; i++)
		if (f->slots[i].link != NULL)
			return;
	if (f->draining && !f->over) {
		f->over = true;
		f->opts.drained(f->opts.arg);
	}
}

static void on_closed(void *arg, const cof_err *why)
{
	slot *s = arg;
	cof_fronts *f = s->pool;
	stop(s);
	if (f->draining) {
		check_drained(f);
	} else if (!f->announced) {
		if (!f->over)
			f->opts.failed(f->opts.arg);
		f->over = true;
	} else {
		cof_log_err(COF_LOG_WARN, "fronts", "front-ended", why);
		start_missing(f);
	}
}

static void on_ready(slot *s)
{
	cof_fronts *f = s->pool;
	s->ready = true;
	for (unsigned i = 0; i < f->opts.n; i++)
		if (!f->slots[i].ready)
			return;
	if (!f->announced) {
		f->announced = true;
		f->opts.ready(f->opts.arg);
	}
}

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body)
{
	slot *s = arg;
	cof_err err = {0};
	const cof_ticket from = {s->index, s->life, id};
	if (type == COF_KB_READY) {
		on_ready(s);
		return;
	}
	/* A front that speaks nonsense is taken over, or broken; either way a new one is better. */
	if (s->pool->opts.message(s->pool->opts.arg, from, type, body, &err) < 0)
		on_closed(s, &err);
}

void cof_fronts_reply(cof_fronts *f, cof_ticket to, const cof_kb_reply *r)
{
	slot *s = &f->slots[to.front % COF_FRONTS_MAX];
	cof_err err = {0};
	if (s->link == NULL || s->life != to.life)
		return;
	if (cof_link_send(s->link, COF_KB_REPLY, to.id, r, &err) < 0) {
		cof_log_err(COF_LOG_ERROR, "fronts", "reply-failed", &err);
		on_closed(s, &err);
	}
}

void cof_fronts_drain(cof_fronts *f)
{
	f->draining = true;
	for (unsigned i = 0; i < f->opts.n; i++) {
		slot *s = &f->slots[i];
		if (s->link != NULL && cof_link_send(s->link, COF_KB_DRAIN, 0, NULL, NULL) < 0)
			stop(s);
	}
	check_drained(f);
}

int cof_fronts_new(cof_fronts **ret, const cof_fronts_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_fronts) f = calloc(1, sizeof *f);
	if (f == NULL)
		return cof_err_oom(err);
	f->opts = *opts;
	f->eager = EAGER_RESTARTS;
	for (unsigned i = 0; i < COF_FRONTS_MAX; i++)
		f->slots[i] = (slot){.pool = f, .index = i, .proc = COF_PROC_NONE};
	f->again = evtimer_new(opts->base, on_again, f);
	if (f->again == NULL)
		return cof_err_oom(err);
	int rc = 0;
	for (unsigned i = 0; i < opts->n && rc == 0; i++)
		rc = start(&f->slots[i], err);
	if (rc == 0)
		*ret = cof_steal(&f);
	return rc;
}

void cof_fronts_free(cof_fronts *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < COF_FRONTS_MAX; i++)
		stop(&f->slots[i]);
	if (f->again != NULL)
		event_free(f->again);
	free(f);
}
