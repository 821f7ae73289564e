/* SPDX-License-Identifier: Apache-2.0 */
/* CreateContainer, step by step: pull, root, config.json, crun create. */
#include <fcntl.h>
#include <stdio.h>

#include "agent/container.h"
#include "agent/reply.h"
#include "common/clock.h"
#include "common/file.h"

static void on_init_ended(void *arg, cof_process *p)
{
	cof_container *c = arg;
	(void)p;
	if (c->life != COF_LIFE_REMOVING && c->life != COF_LIFE_CREATING) {
		c->life = COF_LIFE_STOPPED;
		cof_watch_phase(c->agent->watch, COF_PHASE_EXITED);
	}
}

static void on_created(void *arg, const cof_err *why)
{
	cof_container *c = arg;
	cof_err err = {0};
	if (!cof_container_back(c))
		return;
	cof_process_close_theirs(c->init);
	if (c->life != COF_LIFE_CREATING)
		return;
	if (why != NULL) {
		cof_container_fail(c, why);
		return;
	}
	if (cof_process_adopt(c->init, c->pid_file, &err) < 0) {
		cof_container_fail(c, &err);
		return;
	}
	c->life = COF_LIFE_CREATED;
	c->step_ms = cof_now_ms() - c->step_ms;
	cof_ttrpc_call *call = c->pending;
	c->pending = NULL;
	cof_reply(call, NULL);
}

static int run_create(cof_container *c, cof_err *err)
{
	const char *const args[] = {"create", "--bundle", c->bundle, "--pid-file", c->pid_file, c->id, NULL};
	int r = cof_process_new(&c->init, c->agent->base, c->agent->children, c->id, err);
	if (r < 0)
		return r;
	c->init->ended = on_init_ended;
	c->init->arg = c;
	c->init->stop_signal = c->image.stop_signal;
	cof_crun_cmd cmd = {.args = args,
			    .log = c->log,
			    .in = c->init->theirs[0],
			    .out = c->init->theirs[1],
			    .err = c->init->theirs[2],
			    .done = on_created,
			    .arg = c};
	r = cof_crun_run(&c->agent->crun, &cmd, err);
	if (r == 0) {
		c->known_to_crun = true;
		c->runs++;
	}
	return r;
}

/* --- the bundle --- */

static int take_process(cof_container *c, const char *hostname, cof_err *err)
{
	COF_AUTO_FD int root = open(c->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return cof_err_sys(err, "mount-failed", "the rootfs");
	int r = cof_imgrun_resolve(&c->image, c->allowed, hostname, root, &c->run, err);
	return r < 0 ? r : cof_imgrun_folders(&c->run, &c->image, root, err);
}

static int write_config(cof_container *c, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_FREE char *files = NULL;
	cof_spec_in in = cof_container_spec(c);
	int r = cof_path(&files, err, "%s/files", c->work);
	if (r < 0)
		return r;
	in.files = files;
	r = cof_spec_build(&in, &text, err);
	if (r == 0)
		r = cof_path(&path, err, "%s/config.json", c->bundle);
	return r < 0 ? r : cof_file_write(path, cof_buf_span(&text), 0600, err);
}

static int make_bundle(cof_container *c, const cof_pull_result *res, cof_err *err)
{
	const cof_rootfs root = {.work = c->work, .mount = c->rootfs};
	const cof_agent *a = c->agent;
	const char *hostname = a->hostname[0] != '\0' ? a->hostname : c->id;
	int r = cof_imgconf_parse(res->config, &c->image, err);
	if (r == 0)
		r = cof_rootfs_mount(&root, res, err);
	if (r == 0)
		r = take_process(c, hostname, err);
	if (r == 0)
		r = cof_rootfs_files(&root, &a->hosts, hostname, cof_buf_span(&a->dns), err);
	return r < 0 ? r : write_config(c, err);
}

static void on_pulled(void *arg, const cof_pull_result *res, const cof_err *why)
{
	cof_container *c = arg;
	cof_err err = {0};
	if (why != NULL) {
		cof_container_fail(c, why);
		return;
	}
	c->life = COF_LIFE_CREATING;
	c->step_ms = cof_now_ms();
	cof_watch_phase(c->agent->watch, COF_PHASE_START);
	int r = make_bundle(c, res, &err);
	cof_pull_free(cof_steal(&c->pull));
	if (r == 0)
		r = run_create(c, &err);
	if (r < 0)
		cof_container_fail(c, &err);
}

/* --- begin --- */

static int make_paths(cof_container *c, cof_err *err)
{
	const cof_places *at = &c->agent->places;
	int r = cof_path(&c->bundle, err, "%s/%s", at->bundles, c->id);
	if (r == 0)
		r = cof_path(&c->rootfs, err, "%s/rootfs", c->bundle);
	if (r == 0)
		r = cof_path(&c->work, err, "%s/%s.work", at->store, c->id);
	if (r == 0)
		r = cof_path(&c->layers, err, "%s/%s.layers", at->store, c->id);
	if (r == 0)
		r = cof_path(&c->log, err, "%s/%s.log", at->run, c->id);
	if (r == 0)
		r = cof_path(&c->pid_file, err, "%s/%s.pid", at->run, c->id);
	/* Process-level guests share a machine: what ends one's container must not end another's of the same name. */
	return r < 0 ? r : cof_path(&c->cgroup, err, "/coffer/%s.%d", c->id, (int)getpid());
}

static int begin_pull(cof_container *c, cof_err *err)
{
	cof_agent *a = c->agent;
	cof_pull_opts opts = {.helper = a->helper,
			      .trust = cof_agent_broker(a),
			      .watch = a->watch,
			      .folder = c->layers,
			      .reference = c->reference,
			      .digest = c->allowed->digest,
			      .keeper = a->trust,
			      .require_encrypted = c->allowed->require_encrypted,
			      .parallel = a->owner.cdh.parallel,
			      .cdh = &a->owner.cdh,
			      .hosts = &a->hosts,
			      .done = on_pulled,
			      .arg = c};
	cof_watch_phase(a->watch, COF_PHASE_PULL);
	int r = cof_store_make(c->layers, err);
	return r < 0 ? r : cof_pull_start(&c->pull, &opts, err);
}

static int begin(cof_agent *a, const cof_container_ask *ask, cof_err *err)
{
	if (!a->sandbox)
		return cof_err_set(err, COF_E_USAGE, "bad-state", "there is no sandbox");
	if (a->container != NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-state", "there is a container already");
	cof_container *c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	c->agent = a;
	c->life = COF_LIFE_PULLING;
	c->allowed = ask->allowed;
	c->memory = ask->memory;
	c->pids = ask->pids;
	(void)snprintf(c->id, sizeof c->id, "%s", ask->id);
	int r = make_paths(c, err);
	c->reference = strdup(ask->reference);
	if (r == 0 && c->reference == NULL)
		r = cof_err_oom(err);
	if (r == 0)
		r = begin_pull(c, err);
	if (r == 0)
		a->container = c;
	else
		cof_container_free(c);
	return r;
}

void cof_container_create(cof_agent *a, const cof_container_ask *ask, cof_ttrpc_call *call)
{
	cof_err err = {0};
	if (begin(a, ask, &err) < 0)
		cof_reply_err(call, &err);
	else
		a->container->pending = call;
}
