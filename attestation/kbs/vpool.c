/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/vpool.h"

#include <signal.h>

#include "attestation/kbs/link.h"
#include "common/chan.h"
#include "common/proc.h"

enum { GRACE_MS = 200 };

typedef struct job {
	struct job *next;
	cof_vpool *pool;
	cof_buf frame;
	enum cof_kb_type want;
	cof_vpool_done done;
	void *arg;
	cof_link *link;
	cof_proc proc;
	struct event *deadline;
} job;

struct cof_vpool {
	struct event_base *base;
	char *exe;
	job *running;
	job *waiting;
	job **waiting_end;
	size_t n_running;
	size_t n_waiting;
	struct event *pump;
};

static void job_free(job *j)
{
	cof_link_free(j->link);
	if (j->deadline != NULL)
		event_free(j->deadline);
	cof_proc_stop(&j->proc, SIGKILL, GRACE_MS);
	cof_buf_wipe(&j->frame);
	cof_buf_release(&j->frame);
	free(j);
}

static void job_end(job *j, cof_span body, const cof_err *err)
{
	cof_vpool *p = j->pool;
	for (job **at = &p->running; *at != NULL; at = &(*at)->next)
		if (*at == j) {
			*at = j->next;
			p->n_running--;
			break;
		}
	j->done(j->arg, body, err);
	job_free(j);
	if (p->waiting != NULL)
		event_active(p->pump, EV_TIMEOUT, 0);
}

static void job_fail(job *j, const char *reason, const char *text)
{
	cof_err err = {0};
	if (cof_err_set(&err, COF_E_INTERNAL, reason, "%s", text) < 0)
		job_end(j, (cof_span){0}, &err);
}

static void on_frame(void *arg, uint32_t id, enum cof_kb_type type, cof_span body)
{
	job *j = arg;
	(void)id;
	if (type != j->want)
		job_fail(j, "frame-malformed", "the verifier answered another question");
	else
		job_end(j, body, NULL);
}

static void on_closed(void *arg, const cof_err *why)
{
	(void)why;
	job_fail(arg, "verifier-died", "the verifier ended without a verdict");
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	job_fail(arg, "verifier-timeout", "the verifier took too long");
}

static int spawn(job *j, int *ret_fd, cof_err *err)
{
	int pair[2];
	int rc = cof_chan_pair(pair, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	const char *const argv[] = {j->pool->exe, "--role", "verifier", NULL};
	const cof_proc_fd fds[] = {{theirs, 3}, {2, 2}};
	rc = cof_proc_spawn(&(cof_proc_opts){.argv = argv, .fds = fds, .n_fds = COF_COUNT(fds)}, &j->proc, err);
	if (rc == 0)
		*ret_fd = cof_steal_fd(&ours);
	return rc;
}

static int start(job *j, cof_err *err)
{
	COF_AUTO_FD int fd = -EBADF;
	int rc = spawn(j, &fd, err);
	if (rc < 0)
		return rc;
	const cof_link_opts opts = {on_frame, on_closed, j};
	rc = cof_link_new(&j->link, j->pool->base, fd, &opts, err);
	if (rc < 0)
		return rc;
	(void)cof_steal_fd(&fd); /* the link's now */
	j->deadline = evtimer_new(j->pool->base, on_deadline, j);
	const struct timeval after = {COF_VPOOL_DEADLINE_MS / 1000, 0};
	if (j->deadline == NULL || evtimer_add(j->deadline, &after) < 0)
		return cof_err_oom(err);
	return cof_link_send_raw(j->link, cof_buf_span(&j->frame), err);
}

static void on_pump(evutil_socket_t fd, short what, void *arg)
{
	cof_vpool *p = arg;
	(void)fd;
	(void)what;
	while (p->waiting != NULL && p->n_running < COF_VPOOL_RUNNING_MAX) {
		job *j = p->waiting;
		p->waiting = j->next;
		if (p->waiting == NULL)
			p->waiting_end = &p->waiting;
		p->n_waiting--;
		j->next = p->running;
		p->running = j;
		p->n_running++;
		cof_err err = {0};
		if (start(j, &err) < 0)
			job_fail(j, err.reason, err.text);
	}
}

int cof_vpool_new(cof_vpool **ret, struct event_base *base, const char *exe, cof_err *err)
{
	COF_AUTO_PTR(cof_vpool) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->base = base;
	p->waiting_end = &p->waiting;
	p->exe = strdup(exe);
	p->pump = evtimer_new(base, on_pump, p);
	if (p->exe == NULL || p->pump == NULL)
		return cof_err_oom(err);
	*ret = cof_steal(&p);
	return 0;
}

static void free_all(job *j)
{
	while (j != NULL) {
		job *next = j->next;
		job_free(j);
		j = next;
	}
}

void cof_vpool_free(cof_vpool *p)
{
	if (p == NULL)
		return;
	free_all(p->running);
	free_all(p->waiting);
	if (p->pump != NULL)
		event_free(p->pump);
	free(p->exe);
	free(p);
}

int cof_vpool_submit(cof_vpool *p, enum cof_kb_type type, const void *msg, cof_vpool_done done, void *arg, cof_err *err)
{
	if (p->n_waiting >= COF_VPOOL_WAITING_MAX)
		return cof_err_set(err, COF_E_UNAVAILABLE, "verifier-busy", "%zu attestations wait", p->n_waiting);
	job *j = calloc(1, sizeof *j);
	if (j == NULL)
		return cof_err_oom(err);
	*j = (job){.pool = p,
		   .done = done,
		   .arg = arg,
		   .proc = COF_PROC_NONE,
		   .want = type == COF_KB_JOB_BIND ? COF_KB_BOUND : COF_KB_VERDICT};
	int rc = cof_kb_encode(type, 0, msg, &j->frame, err);
	if (rc < 0) {
		job_free(j);
		return rc;
	}
	*p->waiting_end = j;
	p->waiting_end = &j->next;
	p->n_waiting++;
	event_active(p->pump, EV_TIMEOUT, 0);
	return 0;
}

size_t cof_vpool_load(const cof_vpool *p)
{
	return p->n_running + p->n_waiting;
}
