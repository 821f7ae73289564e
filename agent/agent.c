/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "agent/boot.h"
#include "agent/container.h"
#include "agent/dispatch.h"
#include "agent/run.h"
#include "agent/scratch.h"
#include "agent/service.h"
#include "common/file.h"
#include "common/log.h"

enum { END_PATIENCE_S = 1, REFUSED_PATIENCE_S = 30 };

cof_trust *cof_agent_broker(const cof_agent *a)
{
	return a->owner.aa_toml != NULL ? a->trust : NULL;
}

/* --- the end --- */

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	cof_agent *a = arg;
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(a->base);
}

void cof_agent_end(cof_agent *a)
{
	static const struct timeval patience = {.tv_sec = END_PATIENCE_S};
	a->ending = true;
	(void)event_add(a->end, &patience);
}

static void on_signal(void *arg, int signal)
{
	cof_agent *a = arg;
	(void)signal;
	if (a->ending)
		return;
	a->ending = true;
	if (a->container != NULL)
		cof_container_remove(a->container, NULL);
	else
		cof_agent_end(a);
}

/* The guest serves nothing any more but the reason; nobody may find it running for ever. */
static void refuse(cof_agent *a, const cof_err *why)
{
	static const struct timeval patience = {.tv_sec = REFUSED_PATIENCE_S};
	a->refused = *why;
	cof_boot_say(why->reason, why->text);
	cof_watch_failed(a->watch, why);
	(void)event_add(a->end, &patience);
}

/* --- the host's connections --- */

static void on_ctl(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	cof_dispatch(arg, false, call, service, method, payload);
}

static void on_io(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	cof_dispatch(arg, true, call, service, method, payload);
}

static void on_ctl_closed(void *arg)
{
	cof_serve_closed(arg, true);
}

static void on_io_closed(void *arg)
{
	cof_serve_closed(arg, false);
}

static void on_vsock(void *arg, bool streams, cof_ttrpc_call *call, const char *service, const char *method,
		     cof_span payload)
{
	cof_dispatch(arg, streams, call, service, method, payload);
}

static void on_vsock_closed(void *arg, bool control)
{
	cof_serve_closed(arg, control);
}

static int open_port(cof_agent *a, const cof_run_opts *o, bool io, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	cof_port_opts opts = {.name = io ? "coffer.io" : "coffer.ctl",
			      .serve = io ? on_io : on_ctl,
			      .closed = io ? on_io_closed : on_ctl_closed,
			      .arg = a};
	if (o->folder != NULL) {
		int r = cof_path(&path, err, "%s/%s.sock", o->folder, io ? "io" : "ctl");
		if (r < 0)
			return r;
		opts.name = path;
		opts.unix_socket = true;
	}
	return cof_port_open(io ? &a->io : &a->ctl, a->base, &opts, err);
}

static int open_vsock(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	const cof_vsock_opts opts = {
		.any_peer = o->folder != NULL, .serve = on_vsock, .closed = on_vsock_closed, .arg = a};
	int r = o->folder != NULL ? cof_path(&path, err, "%s/vsock.sock", o->folder) : 0;
	if (r < 0)
		return r;
	COF_AUTO_FD int listener = path != NULL ? cof_port_listen(path, err) : cof_vsock_listen(err);
	if (listener < 0)
		return listener;
	r = cof_vsock_new(&a->vsock, a->base, listener, &opts, err);
	if (r == 0)
		(void)cof_steal_fd(&listener);
	return r;
}

/* A process-level guest has them all. */
static int open_ways_in(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	bool all = o->folder != NULL;
	int r = 0;
	if (all || o->serial)
		r = open_port(a, o, false, err);
	if (r == 0 && (all || o->serial))
		r = open_port(a, o, true, err);
	if (r == 0 && (all || o->vsock))
		r = open_vsock(a, o, err);
	return r;
}

/* --- start --- */

static int64_t since_boot_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Initdata is bound, or it never will be: only now does anybody get to hear us. */
static void on_trusted(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	cof_agent *a = arg;
	(void)ok;
	(void)refusal;
	if (why != NULL)
		refuse(a, why);
	(void)event_base_loopbreak(a->base);
}

static int open_trust(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	COF_AUTO_FREE char *runtime_log = NULL;
	int r = cof_path(&runtime_log, err, "%s/measurements", a->places.run);
	if (r < 0)
		return r;
	const cof_keeper_start start = {.initdata = cof_buf_str(&a->owner.toml),
					.root = o->folder == NULL ? "" : o->folder,
					.runtime_log = runtime_log,
					.tcti = o->tcti,
					.eventlog = o->eventlog,
					.rest_port = o->rest_port};
	r = cof_trust_open(&a->trust, &a->helper, &start, on_trusted, a, err);
	/* Bounded: the keeper answers or dies; its own calls to TPM and firmware have deadlines. */
	if (r == 0 && event_base_dispatch(a->base) < 0)
		return cof_err_set(err, COF_E_INTERNAL, "loop-failed", "the event loop");
	return r;
}

static int read_owner(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	COF_AUTO(cof_buf) disk = {0};
	int r = o->initdata_disk != NULL ? cof_owner_read_file(o->initdata_disk, &disk, err)
					 : cof_owner_read_disk("/sys/block", "/dev", &disk, err);
	return r < 0 ? r : cof_owner_parse(cof_buf_span(&disk), &a->owner, err);
}

/* Where layers go, once it is known what the owner allows. The machine's disks are no business of a process-level
 * guest. */
static int open_store(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	COF_AUTO(cof_scratch_disk) disk = {0};
	COF_AUTO_FREE char *folder = NULL;
	bool integrity = false;
	int64_t before = since_boot_ms();
	int r = o->folder == NULL ? cof_scratch_find("/sys/block", &disk, err) : 0;
	if (r < 0 || disk.name == NULL)
		return r;
	r = cof_scratch_allowed(a->owner.policy->scratch, disk.asked, &integrity, err);
	if (r == 0)
		r = cof_path(&folder, err, "%s/scratch", a->places.run);
	if (r == 0)
		r = cof_scratch_open(&a->helper, &disk, integrity, folder, err);
	if (r < 0)
		return r;
	free(a->places.store);
	a->places.store = cof_steal(&folder);
	cof_log(COF_LOG_INFO, "agent", "scratch", "protection", integrity ? "integrity" : "encrypted", NULL);
	cof_watch_time(a->watch, "scratch", since_boot_ms() - before);
	return 0;
}

static int make_places(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	const char *root = o->folder == NULL ? "" : o->folder;
	int r = cof_path(&a->places.bundles, err, "%s/run/kata-containers", root);
	if (r == 0)
		r = cof_path(&a->places.run, err, "%s/run/coffer", root);
	if (r == 0)
		r = cof_path(&a->places.store, err, "%s", a->places.run);
	if (r == 0)
		r = cof_mkdirs(a->places.bundles, 0711, err);
	if (r == 0)
		r = cof_mkdirs(a->places.run, 0700, err);
	a->places.cgroups = o->cgroups;
	return r;
}

static int make_loop(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	a->base = event_base_new();
	if (a->base == NULL)
		return cof_err_oom(err);
	a->end = event_new(a->base, -1, 0, on_end, a);
	if (a->end == NULL)
		return cof_err_oom(err);
	int r = cof_children_new(&a->children, a->base, on_signal, a, err);
	if (r == 0)
		r = cof_watch_new(&a->watch, a->base, err);
	a->helper = (cof_helper_opts){.base = a->base, .children = a->children, .exe = "/proc/self/exe"};
	a->crun = (cof_crun){.exe = o->crun, .base = a->base, .children = a->children};
	return r;
}

static void agent_release(cof_agent *a)
{
	/* Its last answers may end a connection, which asks for the container's calls. */
	if (a->container != NULL)
		cof_container_free(cof_steal(&a->container));
	if (a->ctl != NULL)
		cof_port_free(a->ctl);
	if (a->io != NULL)
		cof_port_free(a->io);
	if (a->vsock != NULL)
		cof_vsock_free(a->vsock);
	if (a->trust != NULL)
		cof_trust_free(a->trust);
	if (a->watch != NULL)
		cof_watch_free(a->watch);
	if (a->children != NULL)
		cof_children_free(a->children);
	if (a->end != NULL)
		event_free(a->end);
	if (a->base != NULL)
		event_base_free(a->base);
	cof_owner_release(&a->owner);
	cof_hosts_release(&a->hosts);
	cof_buf_release(&a->dns);
	free(a->places.bundles);
	free(a->places.run);
	free(a->places.store);
}

/* A guest that must refuse still lets the host in, and it is told why, in its own protocol. */
static int begin(cof_agent *a, const cof_run_opts *o, cof_err *err)
{
	cof_err why = {0};
	int64_t before = since_boot_ms();
	int r = make_loop(a, o, err);
	if (r == 0)
		r = make_places(a, o, err);
	if (r < 0)
		return r;
	cof_watch_time(a->watch, "kernel", o->folder == NULL ? o->started_ms : 0);
	a->crun.root = a->places.run;
	if (o->refused != NULL)
		refuse(a, o->refused);
	else if (read_owner(a, o, &why) < 0 || open_trust(a, o, &why) < 0 || open_store(a, o, &why) < 0)
		refuse(a, &why);
	r = open_ways_in(a, o, err);
	cof_watch_time(a->watch, "agent-ready", since_boot_ms() - (o->folder == NULL ? o->started_ms : before));
	return r;
}

int cof_agent_run(const cof_run_opts *o, cof_err *err)
{
	cof_agent a = {.init = o->folder == NULL};
	(void)signal(SIGPIPE, SIG_IGN);
	if (!a.init && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return cof_err_sys(err, "boot-failed", "subreaper");
	int r = begin(&a, o, err);
	if (r == 0 && !a.ending) {
		cof_log(COF_LOG_INFO, "agent", a.refused.cls == COF_OK ? "ready" : "refusing", "reason",
			a.refused.reason, NULL);
		if (event_base_dispatch(a.base) < 0)
			r = cof_err_set(err, COF_E_INTERNAL, "loop-failed", "the event loop");
	}
	if (r == 0 && a.refused.cls != COF_OK)
		r = cof_err_set(err, a.refused.cls, a.refused.reason, "%s", a.refused.text);
	agent_release(&a);
	return r;
}
