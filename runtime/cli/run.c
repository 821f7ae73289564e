/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>

#include "common/clock.h"
#include "common/file.h"
#include "runtime/cli/run.h"

enum {
	POWER_OFF_MS = 5000,	/* a guest that said good-bye powers itself off */
	SETTLE_MS = 1000,	/* for the other half of a story: the port's end and the process's end */
	SIGNAL_GRACE_MS = 10000 /* for a workload that was asked to end */
};

static const int ending_signals[COF_RUN_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

/* --- the end --- */

static void finish(cof_run *r, const char *outcome, const cof_err *why)
{
	if (r->over)
		return;
	r->over = true;
	r->report.outcome = outcome;
	if (why != NULL)
		r->report.why = *why;
	if (r->base != NULL)
		(void)event_base_loopbreak(r->base);
}

static void finish_err(cof_run *r, const cof_err *why)
{
	finish(r, cof_report_outcome(why->cls), why);
}

static void interrupt(cof_run *r)
{
	cof_err why = {0};
	(void)!cof_err_set(&why, COF_E_UNAVAILABLE, "interrupted", "stopped by a signal");
	finish(r, "interrupted", &why);
}

static void arm(struct event *e, int ms)
{
	struct timeval t = {ms / 1000, (ms % 1000) * 1000};
	(void)event_add(e, &t);
}

/* --- machine and session tell their ends apart from each other, in any order --- */

static void on_vm_died(void *arg, const cof_err *why)
{
	cof_run *r = arg;
	r->vm_why = *why;
	if (r->session_ended)
		finish_err(r, &r->vm_why);
	else
		arm(r->settle, SETTLE_MS);
}

static void on_session_ended(void *arg, int exit_code, const cof_err *why)
{
	cof_run *r = arg;
	r->session_ended = true;
	if (why == NULL) {
		r->report.exit_code = exit_code;
		finish(r, "exited", NULL);
		return;
	}
	r->report.why = *why;
	if (r->vm_why.cls != COF_OK)
		finish_err(r, &r->vm_why);
	else if (why->cls == COF_E_UNAVAILABLE && !cof_err_is(why, "agent-silent"))
		arm(r->settle, SETTLE_MS); /* a lost port: QEMU's end is the better answer, if it comes */
	else
		finish_err(r, why);
}

static void on_settle(evutil_socket_t fd, short what, void *arg)
{
	cof_run *r = arg;
	cof_err why = r->vm_why.cls != COF_OK ? r->vm_why : r->report.why;
	(void)fd;
	(void)what;
	finish_err(r, &why);
}

static void on_vm_progress(void *arg)
{
	cof_run *r = arg;
	if (r->session != NULL && !r->session_ended)
		cof_session_progress(r->session);
}

static void on_ready(void *arg)
{
	cof_run *r = arg;
	r->report.ready_ms = cof_now_ms() - cof_vm_since_ms(r->vm);
}

static void on_state(void *arg, const cof_state *s)
{
	cof_run *r = arg;
	cof_state copy = *s;
	copy.phases_ms = json_incref(s->phases_ms);
	copy.pcrs = json_incref(s->pcrs);
	copy.refusal = json_incref(s->refusal);
	cof_state_release(&r->report.state);
	r->report.state = copy;
	if (!r->session_ended)
		cof_run_progress_show(&r->progress, s);
}

static void on_started(void *arg)
{
	cof_run *r = arg;
	cof_run_progress_end(&r->progress);
}

/* --- signals and time --- */

static void on_denied(void *arg, const cof_err *why)
{
	(void)why;
	interrupt(arg);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	interrupt(arg);
}

/* The first asks the workload, the second (or a workload that does not end) stops the machine. */
static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	cof_run *r = arg;
	(void)what;
	if (r->asked || r->session == NULL || !cof_session_signal(r->session, (int)sig, on_denied)) {
		interrupt(r);
		return;
	}
	r->asked = true;
	arm(r->grace, SIGNAL_GRACE_MS);
}

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	cof_err why = {0};
	(void)fd;
	(void)what;
	(void)!cof_err_set(&why, COF_E_UNAVAILABLE, "timeout", "the time given by --timeout is over");
	finish_err(arg, &why);
}

static int make_events(cof_run *r, cof_err *err)
{
	r->base = event_base_new();
	if (r->base == NULL)
		return cof_err_oom(err);
	r->timeout = event_new(r->base, -1, 0, on_timeout, r);
	r->settle = event_new(r->base, -1, 0, on_settle, r);
	r->grace = event_new(r->base, -1, 0, on_grace_over, r);
	if (r->timeout == NULL || r->settle == NULL || r->grace == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < COF_RUN_SIGNALS; i++) {
		r->signals[i] = evsignal_new(r->base, ending_signals[i], on_signal, r);
		if (r->signals[i] == NULL || event_add(r->signals[i], NULL) < 0)
			return cof_err_oom(err);
	}
	if (r->o.timeout_s > 0)
		arm(r->timeout, (int)(r->o.timeout_s > 2000000 ? 2000000 : r->o.timeout_s) * 1000);
	return 0;
}

/* --- the machine and the session on it --- */

static int start_machine(cof_run *r, cof_err *err)
{
	r->vm_opts.guest = &r->guest;
	r->vm_opts.qemu = &r->qemu;
	r->vm_opts.initdata = cof_buf_span(&r->initdata);
	r->vm_opts.keep_ca = r->o.tpm_ca;
	r->vm_opts.console_file = r->o.console;
	r->vm_opts.died = on_vm_died;
	r->vm_opts.progress = on_vm_progress;
	r->vm_opts.scratch_fd = r->scratch_fd;
	r->vm_opts.scratch_integrity = r->o.scratch_integrity;
	r->vm_opts.transport = &r->transport;
	r->vm_opts.arg = r;
	cof_run_progress_phase(&r->progress, "boot");
	int res = cof_vm_start(&r->vm, r->base, &r->vm_opts, err);
	/* QEMU alone holds the context id now: it is free again as soon as the machine is gone. */
	cof_fd_close(&r->transport.vhost_fd);
	/* So does the scratch disk, which has no name: it is gone with QEMU, however that ends. */
	cof_fd_close(&r->scratch_fd);
	return res;
}

static int dial(void *arg, cof_err *err)
{
	return cof_transport_dial(arg, err);
}

static int start_session(cof_run *r, cof_err *err)
{
	COF_AUTO_FD int ctl = cof_vm_take_ctl(r->vm);
	COF_AUTO_FD int io = cof_vm_take_io(r->vm);
	const cof_session_opts o = {
		.ctl_fd = ctl,
		.io_fd = io,
		.dial = r->transport.cid != 0 ? dial : NULL,
		.dial_arg = &r->transport,
		.image = r->o.image,
		.hosts = (const char *const *)r->o.hosts,
		.network = true,
		.stdin_fd = r->o.use_stdin ? STDIN_FILENO : -1,
		.stdout_fd = STDOUT_FILENO,
		.stderr_fd = r->o.json ? r->null_fd : STDERR_FILENO,
		.ready = on_ready,
		.state = on_state,
		.started = on_started,
		.ended = on_session_ended,
		.arg = r,
	};
	int res = cof_session_new(&r->session, r->base, &o, err);
	if (res < 0)
		return res;
	(void)cof_steal_fd(&ctl);
	(void)cof_steal_fd(&io);
	return 0;
}

static int prepare(cof_run *r, cof_err *err)
{
	r->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (r->null_fd < 0)
		return cof_err_sys(err, "open-failed", "/dev/null");
	int res = make_events(r, err);
	return res < 0 ? res : cof_run_prepare(r, err);
}

static void live(cof_run *r)
{
	cof_err err = {0};
	int res = prepare(r, &err);
	if (res == 0)
		res = start_machine(r, &err);
	if (res == 0)
		res = start_session(r, &err);
	if (res == 0)
		(void)event_base_dispatch(r->base);
	else
		finish_err(r, &err);
	if (!r->over)
		interrupt(r);
}

static void take_down(cof_run *r)
{
	struct event **const all[] = {&r->timeout,    &r->settle,     &r->grace,
				      &r->signals[0], &r->signals[1], &r->signals[2]};
	bool well = r->report.outcome != NULL && strcmp(r->report.outcome, "exited") == 0;
	cof_run_progress_clear(&r->progress);
	if (r->session != NULL)
		cof_session_free(cof_steal(&r->session));
	if (r->vm != NULL) {
		cof_vm_stop(r->vm, well ? POWER_OFF_MS : 0);
		cof_vm_free(cof_steal(&r->vm));
	}
	for (size_t i = 0; i < COF_COUNT(all); i++)
		if (*all[i] != NULL)
			event_free(*all[i]);
	if (r->base != NULL)
		event_base_free(r->base);
	cof_fd_close(&r->null_fd);
}

/* --- what is said about it --- */

static int tell(const cof_run *r, cof_err *err)
{
	COF_AUTO_PTR(json_t) json = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) lines = {0};
	int res = cof_report_json(&r->report, &json, err);
	if (res == 0)
		res = cof_json_dump_pretty(json, &text, err);
	if (res == 0 && r->o.report != NULL)
		res = cof_file_write(r->o.report, cof_buf_span(&text), 0600, err);
	if (res == 0)
		res = cof_report_text(&r->report, &lines, err);
	return res < 0 ? res
		       : cof_fd_write_all(STDERR_FILENO, r->o.json ? cof_buf_span(&text) : cof_buf_span(&lines), err);
}

static void release(cof_run *r)
{
	cof_report_release(&r->report);
	cof_transport_release(&r->transport);
	cof_fd_close(&r->scratch_fd);
	cof_buf_release(&r->initdata);
	cof_manifest_release(&r->guest);
	cof_qemu_release(&r->qemu);
	cof_runopts_release(&r->o);
}

int cof_cmd_run(int argc, char **argv)
{
	cof_err err = {0};
	cof_run r = {.null_fd = -EBADF, .scratch_fd = -EBADF, .transport = COF_TRANSPORT_SERIAL};
	if (cof_runopts_parse(argc, argv, &r.o, &err) < 0) {
		(void)cof_cli_fail(&err, false);
		return COF_EXIT_NOT_WORKLOAD;
	}
	if (r.o.help)
		return COF_EXIT_YES;
	r.report.image = r.o.image;
	r.progress = cof_run_progress_of(STDERR_FILENO, r.o.json, r.o.plain);
	live(&r);
	take_down(&r);
	if (tell(&r, &err) < 0)
		(void)cof_cli_fail(&err, false);
	int code = strcmp(r.report.outcome, "exited") == 0 ? r.report.exit_code : COF_EXIT_NOT_WORKLOAD;
	release(&r);
	return code;
}
