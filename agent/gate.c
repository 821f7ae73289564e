/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/gate.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/hosts.h"
#include "agent/net.h"

int cof_gate_deny(cof_err *err, const char *field, const char *fmt, ...)
{
	char why[COF_ERR_TEXT_MAX];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return cof_err_set(err, COF_E_POLICY, "policy-denied", "%s: %s", field, why);
}

/* Ids become names of folders and cgroups: one form, checked before any use. source: facts of the Kata agent. */
int cof_gate_id(const char *id, const char *field, cof_err *err)
{
	size_t n = strlen(id);
	if (n < 2 || n > COF_ID_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "bad-id", "%s: not an identifier", field);
	for (size_t i = 0; i < n; i++) {
		char c = id[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!word && (i == 0 || strchr("_.-", c) == NULL))
			return cof_err_set(err, COF_E_MALFORMED, "bad-id", "%s: not an identifier", field);
	}
	return 0;
}

/* exec_id: empty or the container's own id means the first process. */
static int both_ids(const char *container, const char *exec, cof_err *err)
{
	int r = cof_gate_id(container, "container_id", err);
	return r < 0 || exec[0] == '\0' ? r : cof_gate_id(exec, "exec_id", err);
}

int cof_gate_always(const cof_gate_in *in, cof_err *err)
{
	(void)in;
	(void)err;
	return 0;
}

int cof_gate_never(const cof_gate_in *in, cof_err *err)
{
	return cof_gate_deny(err, in->message->descriptor->short_name, "this agent grants it to nobody");
}

/* --- sandbox --- */

int cof_gate_create_sandbox(const cof_gate_in *in, cof_err *err)
{
	const Grpc__CreateSandboxRequest *m = cof_pb_as(Grpc__CreateSandboxRequest, in->message);
	if (m->n_storages != 0)
		return cof_gate_deny(err, "storages", "a sandbox mounts nothing of the host's");
	if (m->guest_hook_path[0] != '\0')
		return cof_gate_deny(err, "guest_hook_path", "hooks are not run");
	if (m->n_kernel_modules != 0)
		return cof_gate_deny(err, "kernel_modules", "modules come from the measured image only");
	if (m->sandbox_pidns)
		return cof_gate_deny(err, "sandbox_pidns", "process namespaces are not shared");
	if (m->n_dns > 8)
		return cof_gate_deny(err, "dns", "more than 8 lines");
	if (m->hostname[0] != '\0') {
		int r = cof_gate_id(m->hostname, "hostname", err);
		if (r < 0)
			return r;
	}
	return cof_gate_id(m->sandbox_id, "sandbox_id", err);
}

int cof_gate_hosts(const cof_gate_in *in, cof_err *err)
{
	const Coffer__V1__SetHostsRequest *m = cof_pb_as(Coffer__V1__SetHostsRequest, in->message);
	COF_AUTO(cof_hosts) hosts = {0};
	return cof_hosts_parse(m->hosts, m->n_hosts, &hosts, err);
}

/* --- container life --- */

int cof_gate_start_container(const cof_gate_in *in, cof_err *err)
{
	return cof_gate_id(cof_pb_as(Grpc__StartContainerRequest, in->message)->container_id, "container_id", err);
}

int cof_gate_remove_container(const cof_gate_in *in, cof_err *err)
{
	return cof_gate_id(cof_pb_as(Grpc__RemoveContainerRequest, in->message)->container_id, "container_id", err);
}

int cof_gate_stats(const cof_gate_in *in, cof_err *err)
{
	return cof_gate_id(cof_pb_as(Grpc__StatsContainerRequest, in->message)->container_id, "container_id", err);
}

/* Beside the vector nothing of the host's counts: environment, user and folder are the container's own. */
int cof_gate_exec(const cof_gate_in *in, cof_err *err)
{
	const Grpc__ExecProcessRequest *m = cof_pb_as(Grpc__ExecProcessRequest, in->message);
	const Grpc__Process *p = m->process;
	int r = both_ids(m->container_id, m->exec_id, err);
	if (r < 0)
		return r;
	if (m->exec_id[0] == '\0' || strcmp(m->exec_id, m->container_id) == 0)
		return cof_err_set(err, COF_E_MALFORMED, "bad-id", "exec_id: an id of its own is needed");
	if (p == NULL || p->n_args == 0)
		return cof_gate_deny(err, "process.Args", "no command");
	if (!cof_policy_exec_allowed(in->policy, p->args, p->n_args))
		return cof_gate_deny(err, "process.Args", "exec allows no such vector");
	if (p->terminal)
		return cof_gate_deny(err, "process.Terminal", "no terminal is allowed");
	if (p->n_env != 0)
		return cof_gate_deny(err, "process.Env", "the container's environment is used");
	if (p->cwd[0] != '\0' && strcmp(p->cwd, "/") != 0)
		return cof_gate_deny(err, "process.Cwd", "the container's folder is used");
	if (p->user != NULL &&
	    (p->user->uid != 0 || p->user->gid != 0 || p->user->n_additionalgids != 0 || p->user->username[0] != '\0'))
		return cof_gate_deny(err, "process.User", "the container's user is used");
	if (m->string_user != NULL || m->stdin_port != 0 || m->stdout_port != 0 || m->stderr_port != 0)
		return cof_gate_deny(err, "string_user", "not supported here");
	return 0;
}

int cof_gate_signal(const cof_gate_in *in, cof_err *err)
{
	const Grpc__SignalProcessRequest *m = cof_pb_as(Grpc__SignalProcessRequest, in->message);
	int r = both_ids(m->container_id, m->exec_id, err);
	if (r == 0 && !cof_policy_signal_allowed(in->policy, m->signal))
		return cof_gate_deny(err, "signal", "signals does not list %u", m->signal);
	return r;
}

int cof_gate_wait(const cof_gate_in *in, cof_err *err)
{
	const Grpc__WaitProcessRequest *m = cof_pb_as(Grpc__WaitProcessRequest, in->message);
	return both_ids(m->container_id, m->exec_id, err);
}

/* --- streams --- */

static int read_rule(const cof_gate_in *in, bool allowed, const char *stream, cof_err *err)
{
	const Grpc__ReadStreamRequest *m = cof_pb_as(Grpc__ReadStreamRequest, in->message);
	if (!allowed)
		return cof_gate_deny(err, stream, "the policy keeps it inside");
	return both_ids(m->container_id, m->exec_id, err);
}

int cof_gate_read_stdout(const cof_gate_in *in, cof_err *err)
{
	return read_rule(in, in->policy->stdout_ok, "stdout", err);
}

int cof_gate_read_stderr(const cof_gate_in *in, cof_err *err)
{
	return read_rule(in, in->policy->stderr_ok, "stderr", err);
}

int cof_gate_write_stdin(const cof_gate_in *in, cof_err *err)
{
	const Grpc__WriteStreamRequest *m = cof_pb_as(Grpc__WriteStreamRequest, in->message);
	if (!in->policy->stdin_ok)
		return cof_gate_deny(err, "stdin", "the policy feeds it nothing");
	return both_ids(m->container_id, m->exec_id, err);
}

/* An end of input is input too. */
int cof_gate_close_stdin(const cof_gate_in *in, cof_err *err)
{
	const Grpc__CloseStdinRequest *m = cof_pb_as(Grpc__CloseStdinRequest, in->message);
	if (!in->policy->stdin_ok)
		return cof_gate_deny(err, "stdin", "the policy feeds it nothing");
	return both_ids(m->container_id, m->exec_id, err);
}

int cof_gate_resize(const cof_gate_in *in, cof_err *err)
{
	const Grpc__TtyWinResizeRequest *m = cof_pb_as(Grpc__TtyWinResizeRequest, in->message);
	return both_ids(m->container_id, m->exec_id, err);
}
