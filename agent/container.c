/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/container.h"

#include <signal.h>

#include "agent/cgroup.h"
#include "agent/reply.h"
#include "common/clock.h"
#include "common/file.h"

static const char *const life_names[] = {
	[COF_LIFE_PULLING] = "is being pulled",
	[COF_LIFE_CREATING] = "is being created",
	[COF_LIFE_CREATED] = "is not started",
	[COF_LIFE_STARTING] = "is being started",
	[COF_LIFE_RUNNING] = "runs",
	[COF_LIFE_STOPPED] = "has stopped",
	[COF_LIFE_REMOVING] = "is being removed",
};

int cof_container_find(cof_agent *a, const char *id, cof_container **ret, cof_err *err)
{
	if (a->container == NULL || strcmp(a->container->id, id) != 0)
		return cof_err_set(err, COF_E_USAGE, "no-such-container", "no container has this id");
	*ret = a->container;
	return 0;
}

int cof_container_process(cof_container *c, const char *exec, cof_process **ret, cof_err *err)
{
	if (exec[0] == '\0' || strcmp(exec, c->id) == 0) {
		*ret = c->init;
		return c->init != NULL ? 0 : cof_container_must_be(c, COF_LIFE_CREATED, err);
	}
	for (size_t i = 0; i < c->n_execs; i++) {
		if (strcmp(c->execs[i]->id, exec) == 0) {
			*ret = c->execs[i];
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "no-such-process", "no process has this id");
}

int cof_container_must_be(const cof_container *c, cof_life life, cof_err *err)
{
	if (c->life == life)
		return 0;
	return cof_err_set(err, COF_E_USAGE, "bad-state", "the container %s", life_names[c->life]);
}

cof_spec_in cof_container_spec(const cof_container *c)
{
	return (cof_spec_in){.id = c->id,
			     .rootfs = c->rootfs,
			     .files = c->work,
			     .hostname = c->agent->hostname,
			     .cgroup = c->cgroup,
			     .run = &c->run,
			     .annotations = c->image.annotations,
			     .memory = c->memory,
			     .pids = c->pids};
}

void cof_container_free(cof_container *c)
{
	const cof_rootfs root = {.work = c->work, .mount = c->rootfs};
	if (c->pull != NULL)
		cof_pull_free(c->pull);
	if (c->init != NULL)
		cof_process_free(c->init);
	for (size_t i = 0; i < c->n_execs; i++)
		cof_process_free(c->execs[i]);
	cof_rootfs_remove(&root);
	if (c->layers != NULL)
		cof_store_remove(c->layers);
	(void)!cof_rm_tree(c->bundle, NULL);
	if (c->pid_file != NULL)
		(void)unlink(c->pid_file);
	cof_imgconf_release(&c->image);
	cof_imgrun_release(&c->run);
	free(c->bundle);
	free(c->rootfs);
	free(c->work);
	free(c->layers);
	free(c->log);
	free(c->pid_file);
	free(c->cgroup);
	free(c->reference);
	free(c);
}

static void end_pending(cof_container *c, const cof_err *why)
{
	cof_ttrpc_call *call = c->pending;
	c->pending = NULL;
	if (call == NULL)
		return;
	if (why != NULL)
		cof_reply_err(call, why);
	else
		cof_reply(call, NULL);
}

void cof_container_fail(cof_container *c, const cof_err *why)
{
	cof_agent *a = c->agent;
	cof_err kept = *why;
	cof_watch_failed(a->watch, &kept);
	if (c->known_to_crun) {
		/* crun has state of it: it is removed the long way, and the caller hears the first reason. */
		cof_ttrpc_call *call = c->pending;
		c->pending = NULL;
		cof_container_remove(c, NULL);
		if (call != NULL)
			cof_reply_err(call, &kept);
		return;
	}
	cof_ttrpc_call *call = c->pending;
	a->container = NULL;
	cof_container_free(c);
	if (call != NULL)
		cof_reply_err(call, &kept);
}

/* --- start --- */

static void on_started(void *arg, const cof_err *why)
{
	cof_container *c = arg;
	if (!cof_container_back(c) || c->life == COF_LIFE_REMOVING)
		return;
	/* A short workload may be over before crun has come back, well or not. */
	bool over = c->life != COF_LIFE_STARTING;
	if (why != NULL) {
		c->life = over ? c->life : COF_LIFE_CREATED;
		end_pending(c, why);
		return;
	}
	if (!over) {
		c->life = COF_LIFE_RUNNING;
		cof_watch_phase(c->agent->watch, COF_PHASE_RUNNING);
	}
	cof_watch_time(c->agent->watch, "container-start", c->step_ms + cof_now_ms());
	end_pending(c, NULL);
}

void cof_container_start(cof_container *c, cof_ttrpc_call *call)
{
	const char *const args[] = {"start", c->id, NULL};
	cof_crun_cmd cmd = {
		.args = args, .log = c->log, .in = -EBADF, .out = -EBADF, .err = -EBADF, .done = on_started, .arg = c};
	cof_err err = {0};
	int r = cof_container_must_be(c, COF_LIFE_CREATED, &err);
	if (r == 0)
		r = cof_crun_run(&c->agent->crun, &cmd, &err);
	if (r < 0) {
		cof_reply_err(call, &err);
		return;
	}
	c->runs++;
	c->life = COF_LIFE_STARTING;
	/* What create took is part of the start as a person sees it. */
	c->step_ms -= cof_now_ms();
	c->pending = call;
	cof_watch_phase(c->agent->watch, COF_PHASE_START);
}

/* --- removal --- */

static void finish(cof_container *c)
{
	cof_agent *a = c->agent;
	cof_ttrpc_call *call = c->pending;
	a->container = NULL;
	cof_container_free(c);
	if (call != NULL)
		cof_reply(call, NULL);
	if (a->ending)
		cof_agent_end(a);
}

bool cof_container_back(cof_container *c)
{
	c->runs--;
	if (!c->deleted)
		return true;
	if (c->runs == 0)
		finish(c);
	return false;
}

static void on_deleted(void *arg, const cof_err *why)
{
	cof_container *c = arg;
	(void)why; /* --force: what crun could not delete goes with its mounts */
	c->deleted = true;
	(void)cof_container_back(c);
}

int cof_container_kill(cof_container *c, cof_err *err)
{
	COF_AUTO_FREE char *dir = NULL;
	cof_err ignored = {0};
	int r = cof_path(&dir, err, "%s%s", c->agent->places.cgroups, c->cgroup);
	if (r == 0)
		(void)!cof_cgroup_kill(dir, &ignored);
	if (r == 0 && c->init != NULL && c->init->pid > 0)
		r = cof_process_signal(c->init, SIGKILL, err);
	return r;
}

static bool crun_is_busy(const cof_container *c)
{
	return c->life == COF_LIFE_CREATING || c->life == COF_LIFE_STARTING || c->life == COF_LIFE_REMOVING ||
	       c->spawning > 0;
}

/* crun knows nothing of it, or cannot be asked. */
static void forget_now(cof_container *c, cof_ttrpc_call *call)
{
	cof_err why = {0};
	int ignored = cof_err_set(&why, COF_E_UNAVAILABLE, "cancelled", "the container was removed");
	(void)ignored;
	end_pending(c, &why);
	c->pending = call;
	c->deleted = true;
	c->life = COF_LIFE_REMOVING;
	if (c->runs == 0)
		finish(c);
}

void cof_container_remove(cof_container *c, cof_ttrpc_call *call)
{
	const char *const args[] = {"delete", "--force", c->id, NULL};
	cof_crun_cmd cmd = {
		.args = args, .log = c->log, .in = -EBADF, .out = -EBADF, .err = -EBADF, .done = on_deleted, .arg = c};
	cof_err err = {0};
	if (c->life == COF_LIFE_PULLING) {
		forget_now(c, call);
		return;
	}
	if (call != NULL && crun_is_busy(c)) {
		int busy = cof_err_set(&err, COF_E_USAGE, "bad-state", "the container %s", life_names[c->life]);
		(void)busy;
		cof_reply_err(call, &err);
		return;
	}
	(void)!cof_container_kill(c, &err);
	/* A step that was under way ends without an answer of its own. */
	if (c->pending != NULL) {
		int over = cof_err_set(&err, COF_E_UNAVAILABLE, "cancelled", "the container was removed");
		(void)over;
		end_pending(c, &err);
	}
	if (cof_crun_run(&c->agent->crun, &cmd, &err) < 0) {
		forget_now(c, call);
		return;
	}
	c->runs++;
	c->life = COF_LIFE_REMOVING;
	c->pending = call;
}
