/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/scratch.h"

#include "agent/disk.h"
#include "agent/roles.h"
#include "common/scratch.h"

enum { OPEN_S = 100 }; /* below the host's patience with a silent guest */

void cof_scratch_disk_release(cof_scratch_disk *d)
{
	free(d->name);
	*d = (cof_scratch_disk){0};
}

int cof_scratch_find(const char *sysfs, cof_scratch_disk *ret, cof_err *err)
{
	COF_AUTO(cof_scratch_disk) d = {0};
	COF_AUTO_FREE char *other = NULL;
	size_t plain = cof_disk_find(sysfs, COF_SCRATCH_SERIAL, &d.name);
	size_t asked = cof_disk_find(sysfs, COF_SCRATCH_SERIAL_INTEGRITY, &other);
	if (plain + asked > 1)
		return cof_err_set(err, COF_E_POLICY, "scratch-ambiguous", "%zu disks want to be the scratch disk",
				   plain + asked);
	if (asked > 0) {
		d.name = cof_steal(&other);
		d.asked = true;
	}
	if (d.name == NULL)
		return 0;
	int r = cof_disk_bytes(sysfs, d.name, &d.bytes, err);
	if (r < 0)
		return r;
	if (d.bytes < COF_SCRATCH_MIN)
		return cof_err_set(err, COF_E_POLICY, "scratch-too-small",
				   "the scratch disk has %llu MiB of at least %llu", (unsigned long long)d.bytes >> 20,
				   COF_SCRATCH_MIN >> 20);
	*ret = d;
	d = (cof_scratch_disk){0};
	return 0;
}

int cof_scratch_allowed(cof_scratch_rule rule, bool asked, bool *ret_integrity, cof_err *err)
{
	if (rule == COF_SCRATCH_NO)
		return cof_err_set(err, COF_E_POLICY, "scratch-denied",
				   "the host gave a scratch disk, and policy.json wants none");
	*ret_integrity = asked || rule == COF_SCRATCH_INTEGRITY;
	return 0;
}

/* --- the process that does it --- */

typedef struct opening {
	cof_helper *helper;
	struct event_base *base;
	cof_err why; /* cls COF_OK: it stands */
	bool over;
} opening;

static void end(opening *o)
{
	o->over = true;
	(void)event_base_loopbreak(o->base);
}

static void on_readable(void *arg)
{
	opening *o = arg;
	COF_AUTO(cof_msg) m = {0};
	if (cof_chan_recv(cof_helper_chan(o->helper), &m, &o->why) < 0)
		(void)!cof_helper_explain(o->helper, &o->why);
	else if (m.type == COF_ROLE_ERR)
		cof_chan_parse_err(cof_buf_span(&m.body), &o->why);
	else if (m.type != COF_ROLE_DONE)
		(void)!cof_err_set(&o->why, COF_E_MALFORMED, "peer-malformed", "the scratch disk's process");
	end(o);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	opening *o = arg;
	(void)fd;
	(void)what;
	(void)!cof_err_set(&o->why, COF_E_UNAVAILABLE, "scratch-timeout", "the scratch disk was not ready in %d s",
			   OPEN_S);
	end(o);
}

static int send_job(const opening *o, const cof_scratch_disk *d, bool integrity, const char *folder, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:b, s:s}", "disk", d->name, "integrity", (int)integrity, "folder", folder);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(doc, &body, err);
	return r < 0 ? r
		     : cof_chan_send(cof_helper_chan(o->helper), COF_SCRATCH_JOB, cof_buf_span(&body), NULL, 0, err);
}

static int wait_for_it(opening *o, cof_err *err)
{
	static const struct timeval limit = {.tv_sec = OPEN_S};
	struct event *timeout = evtimer_new(o->base, on_timeout, o);
	if (timeout == NULL || event_add(timeout, &limit) < 0) {
		if (timeout != NULL)
			event_free(timeout);
		return cof_err_oom(err);
	}
	int r = event_base_dispatch(o->base) < 0 || !o->over ? -1 : 0;
	event_free(timeout);
	if (r < 0)
		return cof_err_set(err, COF_E_INTERNAL, "loop-failed", "the event loop");
	return o->why.cls == COF_OK ? 0 : cof_err_set(err, o->why.cls, o->why.reason, "%s", o->why.text);
}

int cof_scratch_open(const cof_helper_opts *helper, const cof_scratch_disk *d, bool integrity, const char *folder,
		     cof_err *err)
{
	opening o = {.base = helper->base};
	cof_helper_opts opts = *helper;
	opts.role = "scratch";
	opts.readable = on_readable;
	opts.arg = &o;
	int r = cof_helper_start(&o.helper, &opts, err);
	if (r < 0)
		return r;
	r = send_job(&o, d, integrity, folder, err);
	if (r < 0)
		(void)!cof_helper_explain(o.helper, err);
	else
		r = wait_for_it(&o, err);
	cof_helper_free(o.helper);
	return r;
}
