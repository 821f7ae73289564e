/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/vm.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/initdata.h"
#include "runtime/vm/links.h"
#include "runtime/vm/qmp.h"
#include "runtime/vm/ring.h"
#include "runtime/vm/rundir.h"

enum { QMP_MS = 20000, KILL_MS = 2000, HELPER_GRACE_MS = 500, LOG_MAX = 16 << 10, VARS_MAX = 16 << 20, FIRST_FD = 3 };

struct cof_vm {
	struct event_base *base;
	cof_vm_opts o;
	cof_rundir dir;
	char *vars, *disk; /* files in dir */
	char *console_file;
	cof_tee_run *tee;
	cof_proc qemu;
	cof_qmp *qmp;
	cof_links links;
	cof_ring console, log;
	struct event *on_console, *on_log, *on_qemu, *on_helper;
	int64_t since_ms;
	bool told;
};

/* --- the end of it --- */

static void drop_event(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

static void keep_console(const cof_vm *vm)
{
	COF_AUTO(cof_buf) text = {0};
	if (vm->console_file != NULL && cof_ring_tail(&vm->console, COF_CONSOLE_MAX, &text, NULL) == 0)
		(void)!cof_file_write(vm->console_file, cof_buf_span(&text), 0600, NULL);
}

static void drain(cof_vm *vm)
{
	if (vm->console.cap > 0 && vm->links.at[COF_LINK_CONSOLE].ours >= 0)
		(void)cof_ring_drain(&vm->console, vm->links.at[COF_LINK_CONSOLE].ours);
	if (vm->log.cap > 0 && vm->links.at[COF_LINK_LOG].ours >= 0)
		(void)cof_ring_drain(&vm->log, vm->links.at[COF_LINK_LOG].ours);
}

/* A guest that powers itself off still prints; QEMU would wait for a reader. */
static void wait_for_end(cof_vm *vm, int grace_ms)
{
	int64_t until = cof_now_ms() + grace_ms;
	for (;;) {
		struct pollfd p[] = {{.fd = vm->qemu.pidfd, .events = POLLIN},
				     {.fd = vm->links.at[COF_LINK_CONSOLE].ours, .events = POLLIN}};
		int64_t left = until - cof_now_ms();
		if (left <= 0 || vm->qemu.pid <= 0)
			return;
		int n = poll(p, 2, (int)left);
		drain(vm);
		if ((p[1].revents & POLLHUP) != 0)
			cof_fd_close(&vm->links.at[COF_LINK_CONSOLE].ours);
		if (n == 0 || (p[0].revents & POLLIN) != 0)
			return;
	}
}

void cof_vm_stop(cof_vm *vm, int grace_ms)
{
	vm->told = true;
	drop_event(&vm->on_console);
	drop_event(&vm->on_log);
	drop_event(&vm->on_qemu);
	drop_event(&vm->on_helper);
	wait_for_end(vm, grace_ms);
	cof_proc_stop(&vm->qemu, SIGTERM, KILL_MS);
	drain(vm);
	if (vm->tee != NULL)
		vm->o.tee->stop(cof_steal(&vm->tee));
	if (vm->qmp != NULL)
		cof_qmp_free(cof_steal(&vm->qmp));
	cof_links_release(&vm->links);
	keep_console(vm);
	free(cof_steal(&vm->console_file));
	cof_rundir_release(&vm->dir);
}

void cof_vm_free(cof_vm *vm)
{
	cof_vm_stop(vm, 0);
	cof_ring_release(&vm->console);
	cof_ring_release(&vm->log);
	free(vm->vars);
	free(vm->disk);
	free(vm);
}

int cof_vm_console_tail(const cof_vm *vm, size_t max, cof_buf *ret, cof_err *err)
{
	return cof_ring_tail(&vm->console, max, ret, err);
}

int64_t cof_vm_since_ms(const cof_vm *vm)
{
	return vm->since_ms;
}

int cof_vm_take_ctl(cof_vm *vm)
{
	return cof_steal_fd(&vm->links.at[COF_LINK_CTL].ours);
}

int cof_vm_take_io(cof_vm *vm)
{
	return cof_steal_fd(&vm->links.at[COF_LINK_IO].ours);
}

/* --- events --- */

static void tell(cof_vm *vm, const cof_err *why)
{
	if (vm->told)
		return;
	vm->told = true;
	vm->o.died(vm->o.arg, why);
}

/* The last line that is not empty: a panic, or QEMU's own complaint. */
static void last_line(const cof_ring *ring, char *out, size_t len)
{
	COF_AUTO(cof_buf) text = {0};
	(void)snprintf(out, len, "nothing");
	if (cof_ring_tail(ring, 200, &text, NULL) < 0)
		return;
	while (text.len > 0 && (text.data[text.len - 1] <= ' '))
		text.len--;
	size_t from = text.len;
	while (from > 0 && text.data[from - 1] != '\n')
		from--;
	if (text.len > from)
		(void)snprintf(out, len, "%.*s", (int)(text.len - from), (const char *)text.data + from);
}

static void qemu_ended(evutil_socket_t fd, short what, void *arg)
{
	cof_vm *vm = arg;
	cof_err why = {0};
	char line[208];
	int status = 0;
	(void)fd;
	(void)what;
	drop_event(&vm->on_qemu);
	drain(vm);
	bool by_guest = vm->qmp != NULL && cof_qmp_saw(vm->qmp, "SHUTDOWN");
	if (cof_proc_wait(&vm->qemu, 0, &status, &why) < 0)
		status = -1;
	last_line(by_guest ? &vm->console : &vm->log, line, sizeof line);
	if (by_guest && status == 0)
		(void)!cof_err_set(&why, COF_E_UNAVAILABLE, "guest-died", "the guest stopped; its last words: %s",
				   line);
	else
		(void)!cof_err_set(&why, COF_E_UNAVAILABLE, "qemu-died", "QEMU ended with %d; it said: %s", status,
				   line);
	tell(vm, &why);
}

/* swtpm ends by itself when QEMU has: only a QEMU that goes on shows that it was swtpm that died. */
static void helper_ended(evutil_socket_t fd, short what, void *arg)
{
	cof_vm *vm = arg;
	cof_err why = {0};
	struct pollfd p = {.fd = vm->qemu.pidfd, .events = POLLIN};
	(void)what;
	drop_event(&vm->on_helper);
	if (vm->qemu.pid <= 0 || poll(&p, 1, HELPER_GRACE_MS) > 0)
		return qemu_ended(fd, 0, vm);
	(void)!cof_err_set(&why, COF_E_UNAVAILABLE, "tpm-died", "the software TPM ended under a running machine");
	tell(vm, &why);
}

static void console_ready(evutil_socket_t fd, short what, void *arg)
{
	cof_vm *vm = arg;
	uint64_t before = vm->console.total;
	(void)what;
	if (!cof_ring_drain(&vm->console, fd))
		drop_event(&vm->on_console);
	if (vm->console.total != before && vm->o.progress != NULL)
		vm->o.progress(vm->o.arg);
}

static void log_ready(evutil_socket_t fd, short what, void *arg)
{
	cof_vm *vm = arg;
	(void)what;
	if (!cof_ring_drain(&vm->log, fd))
		drop_event(&vm->on_log);
}

static int watch(cof_vm *vm, struct event **ret, int fd, event_callback_fn cb, cof_err *err)
{
	*ret = event_new(vm->base, fd, EV_READ | EV_PERSIST, cb, vm);
	if (*ret == NULL || event_add(*ret, NULL) < 0)
		return cof_err_oom(err);
	return 0;
}

static int watch_all(cof_vm *vm, cof_err *err)
{
	int helper = vm->o.tee->helper_pidfd(vm->tee);
	int r = watch(vm, &vm->on_console, vm->links.at[COF_LINK_CONSOLE].ours, console_ready, err);
	if (r == 0)
		r = watch(vm, &vm->on_log, vm->links.at[COF_LINK_LOG].ours, log_ready, err);
	if (r == 0)
		r = watch(vm, &vm->on_qemu, vm->qemu.pidfd, qemu_ended, err);
	if (r == 0 && helper >= 0)
		r = watch(vm, &vm->on_helper, helper, helper_ended, err);
	return r;
}

/* --- the start of it --- */

static int copy_vars(cof_vm *vm, cof_err *err)
{
	COF_AUTO(cof_buf) vars = {0};
	int r = cof_path(&vm->vars, err, "%s/vars.fd", vm->dir.path);
	if (r == 0)
		r = cof_file_read(vm->o.guest->vars.path, VARS_MAX, &vars, err);
	return r < 0 ? r : cof_file_write(vm->vars, cof_buf_span(&vars), 0600, err);
}

static int write_disk(cof_vm *vm, cof_err *err)
{
	COF_AUTO(cof_buf) disk = {0};
	if (vm->o.initdata.len == 0)
		return 0;
	int r = cof_path(&vm->disk, err, "%s/initdata.img", vm->dir.path);
	if (r == 0)
		r = cof_initdata_pack(vm->o.initdata, &disk, err);
	return r < 0 ? r : cof_file_write(vm->disk, cof_buf_span(&disk), 0600, err);
}

static bool has_vsock(const cof_vm *vm)
{
	return vm->o.transport != NULL && vm->o.transport->cid != 0;
}

static int prepare(cof_vm *vm, cof_err *err)
{
	COF_AUTO_FREE char *base = NULL;
	int r = cof_rundir_base(&base, err);
	if (r == 0)
		r = cof_rundir_new(base, &vm->dir, err);
	if (r == 0)
		r = copy_vars(vm, err);
	if (r == 0)
		r = write_disk(vm, err);
	if (r == 0)
		r = cof_links_make(&vm->links, !has_vsock(vm), err);
	if (r == 0)
		r = cof_ring_new(&vm->console, COF_CONSOLE_MAX, err);
	if (r == 0)
		r = cof_ring_new(&vm->log, LOG_MAX, err);
	return r;
}

static int start_tee(cof_vm *vm, cof_err *err)
{
	COF_AUTO(cof_initdata) initdata = {0};
	cof_tee_ctx ctx = {.run_dir = vm->dir.path, .keep_dir = vm->o.keep_ca};
	if (vm->o.initdata.len > 0) {
		int r = cof_initdata_parse(vm->o.initdata, &initdata, err);
		if (r < 0)
			return r;
		cof_span d = cof_digest_span(&initdata.digest);
		ctx.initdata_digest = d.data;
		ctx.initdata_digest_len = d.len;
	}
	return vm->o.tee->start(&ctx, &vm->tee, err);
}

static int spawn(cof_vm *vm, cof_argv_in *in, cof_err *err)
{
	COF_AUTO(cof_argv) argv = {0};
	cof_proc_fd fds[COF_LINKS + 5];
	int next = FIRST_FD;
	size_t n = cof_links_give(&vm->links, has_vsock(vm) ? vm->o.transport->vhost_fd : -EBADF, in, fds, &next);
	if (vm->o.profile->scratch && vm->o.scratch_fd >= 0) {
		fds[n++] = (cof_proc_fd){vm->o.scratch_fd, next};
		in->scratch_fd = next++;
		in->scratch_integrity = vm->o.scratch_integrity;
	}
	int r = vm->o.tee->attach(vm->tee, in, fds, &n, &next, err);
	if (r == 0)
		r = cof_argv_build(in, &argv, err);
	const cof_proc_opts o = {.argv = (const char *const *)argv.v, .fds = fds, .n_fds = n, .new_session = true};
	return r < 0 ? r : cof_proc_spawn(&o, &vm->qemu, err);
}

static int start_qemu(cof_vm *vm, cof_err *err)
{
	char line[208];
	cof_err why = {0};
	cof_argv_in in = {.qemu = vm->o.qemu->path,
			  .guest = vm->o.guest,
			  .profile = vm->o.profile,
			  .accel = vm->o.accel,
			  .vars = vm->vars,
			  .initdata_disk = vm->disk,
			  .cid = has_vsock(vm) ? vm->o.transport->cid : 0,
			  COF_ARGV_NO_FDS};
	vm->since_ms = cof_now_ms();
	int r = spawn(vm, &in, err);
	if (r < 0)
		return r;
	vm->o.tee->attached(vm->tee);
	cof_links_given(&vm->links);
	r = cof_qmp_new(&vm->qmp, vm->links.at[COF_LINK_QMP].ours, QMP_MS, &why);
	if (r == 0) {
		vm->links.at[COF_LINK_QMP].ours = -EBADF;
		return 0;
	}
	wait_for_end(vm, HELPER_GRACE_MS);
	drain(vm);
	last_line(&vm->log, line, sizeof line);
	return cof_err_set(err, COF_E_UNAVAILABLE, "qemu-died", "QEMU did not start (%s); it said: %s", why.reason,
			   line);
}

static int launch(cof_vm *vm, cof_err *err)
{
	int r = prepare(vm, err);
	if (r == 0)
		r = start_tee(vm, err);
	if (r == 0)
		r = start_qemu(vm, err);
	return r < 0 ? r : watch_all(vm, err);
}

int cof_vm_start(cof_vm **ret, struct event_base *base, const cof_vm_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_vm) vm = calloc(1, sizeof *vm);
	if (vm == NULL)
		return cof_err_oom(err);
	vm->base = base;
	vm->o = *opts;
	vm->dir = COF_RUNDIR_NONE;
	vm->qemu = COF_PROC_NONE;
	cof_links_none(&vm->links);
	if (opts->console_file != NULL && (vm->console_file = strdup(opts->console_file)) == NULL)
		return cof_err_oom(err);
	int r = launch(vm, err);
	if (r == 0)
		*ret = cof_steal(&vm);
	return r;
}
