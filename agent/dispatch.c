/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dispatch.h"

#include "agent/reply.h"
#include "agent/service.h"
#include "agent/strict.h"

#define AGENT "grpc.AgentService"
#define HEALTH "grpc.Health"
#define GUEST "coffer.v1.Guest"
#define REQ(name) &grpc__##name##__descriptor

const cof_method cof_methods[] = {
	{HEALTH, "Check", REQ(check_request), cof_gate_always, cof_serve_check, COF_METHOD_ALWAYS},
	{HEALTH, "Version", REQ(check_request), cof_gate_always, cof_serve_version, COF_METHOD_ALWAYS},
	{GUEST, "Watch", &coffer__v1__watch_request__descriptor, cof_gate_always, cof_serve_watch, COF_METHOD_ALWAYS},
	{GUEST, "SetHosts", &coffer__v1__set_hosts_request__descriptor, cof_gate_hosts, cof_serve_set_hosts, 0},
	/* sandbox */
	{AGENT, "CreateSandbox", REQ(create_sandbox_request), cof_gate_create_sandbox, cof_serve_create_sandbox, 0},
	{AGENT, "DestroySandbox", REQ(destroy_sandbox_request), cof_gate_always, cof_serve_destroy_sandbox,
	 COF_METHOD_ALWAYS},
	{AGENT, "GetGuestDetails", REQ(guest_details_request), cof_gate_always, cof_serve_guest_details, 0},
	{AGENT, "UpdateInterface", REQ(update_interface_request), cof_gate_interface, cof_serve_update_interface, 0},
	{AGENT, "UpdateRoutes", REQ(update_routes_request), cof_gate_routes, cof_serve_update_routes, 0},
	/* containers */
	{AGENT, "CreateContainer", REQ(create_container_request), cof_gate_create_container, cof_serve_create_container,
	 0},
	{AGENT, "StartContainer", REQ(start_container_request), cof_gate_start_container, cof_serve_start_container, 0},
	{AGENT, "RemoveContainer", REQ(remove_container_request), cof_gate_remove_container, cof_serve_remove_container,
	 0},
	{AGENT, "StatsContainer", REQ(stats_container_request), cof_gate_stats, cof_serve_stats, 0},
	/* processes */
	{AGENT, "ExecProcess", REQ(exec_process_request), cof_gate_exec, cof_serve_exec, 0},
	{AGENT, "SignalProcess", REQ(signal_process_request), cof_gate_signal, cof_serve_signal, 0},
	{AGENT, "WaitProcess", REQ(wait_process_request), cof_gate_wait, cof_serve_wait, 0},
	{AGENT, "WriteStdin", REQ(write_stream_request), cof_gate_write_stdin, cof_serve_write_stdin, COF_METHOD_IO},
	{AGENT, "ReadStdout", REQ(read_stream_request), cof_gate_read_stdout, cof_serve_read_stdout, COF_METHOD_IO},
	{AGENT, "ReadStderr", REQ(read_stream_request), cof_gate_read_stderr, cof_serve_read_stderr, COF_METHOD_IO},
	{AGENT, "CloseStdin", REQ(close_stdin_request), cof_gate_close_stdin, cof_serve_close_stdin, 0},
	{AGENT, "TtyWinResize", REQ(tty_win_resize_request), cof_gate_resize, cof_serve_resize, 0},
	/* harmless, and not offered */
	{AGENT, "PauseContainer", REQ(pause_container_request), cof_gate_always, NULL, 0},
	{AGENT, "ResumeContainer", REQ(resume_container_request), cof_gate_always, NULL, 0},
	{AGENT, "UpdateContainer", REQ(update_container_request), cof_gate_always, NULL, 0},
	{AGENT, "ListInterfaces", REQ(list_interfaces_request), cof_gate_always, NULL, 0},
	{AGENT, "ListRoutes", REQ(list_routes_request), cof_gate_always, NULL, 0},
	{AGENT, "GetMetrics", REQ(get_metrics_request), cof_gate_always, NULL, 0},
	{AGENT, "GetOOMEvent", REQ(get_oomevent_request), cof_gate_always, NULL, 0},
	{AGENT, "GetVolumeStats", REQ(volume_stats_request), cof_gate_always, NULL, 0},
	{AGENT, "ResizeVolume", REQ(resize_volume_request), cof_gate_always, NULL, 0},
	{AGENT, "OnlineCPUMem", REQ(online_cpumem_request), cof_gate_always, NULL, 0},
	{AGENT, "RemoveStaleVirtiofsShareMounts", REQ(remove_stale_virtiofs_share_mounts_request), cof_gate_always,
	 NULL, 0},
	/* granted to nobody */
	{AGENT, "UpdateEphemeralMounts", REQ(update_ephemeral_mounts_request), cof_gate_never, NULL, 0},
	{AGENT, "GetDiagnosticData", REQ(get_diagnostic_data_request), cof_gate_never, NULL, 0},
	{AGENT, "AddARPNeighbors", REQ(add_arpneighbors_request), cof_gate_never, NULL, 0},
	{AGENT, "GetIPTables", REQ(get_iptables_request), cof_gate_never, NULL, 0},
	{AGENT, "SetIPTables", REQ(set_iptables_request), cof_gate_never, NULL, 0},
	{AGENT, "MemAgentMemcgSet", REQ(mem_agent_memcg_config), cof_gate_never, NULL, 0},
	{AGENT, "MemAgentCompactSet", REQ(mem_agent_compact_config), cof_gate_never, NULL, 0},
	{AGENT, "ReseedRandomDev", REQ(reseed_random_dev_request), cof_gate_never, NULL, 0},
	{AGENT, "MemHotplugByProbe", REQ(mem_hotplug_by_probe_request), cof_gate_never, NULL, 0},
	{AGENT, "SetGuestDateTime", REQ(set_guest_date_time_request), cof_gate_never, NULL, 0},
	{AGENT, "CopyFile", REQ(copy_file_request), cof_gate_never, NULL, 0},
	{AGENT, "AddSwap", REQ(add_swap_request), cof_gate_never, NULL, 0},
	{AGENT, "AddSwapPath", REQ(add_swap_path_request), cof_gate_never, NULL, 0},
	{AGENT, "SetPolicy", REQ(set_policy_request), cof_gate_never, NULL, 0},
};
const size_t cof_methods_n = COF_COUNT(cof_methods);

const cof_method *cof_dispatch_find(const char *service, const char *name)
{
	for (size_t i = 0; i < cof_methods_n; i++)
		if (strcmp(cof_methods[i].service, service) == 0 && strcmp(cof_methods[i].name, name) == 0)
			return &cof_methods[i];
	return NULL;
}

int cof_dispatch_admit(const cof_method *method, const cof_policy *policy, cof_span payload, ProtobufCMessage **ret,
		       cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) m = NULL;
	int r = cof_pb_unpack(method->request, payload, COF_PB_MAX, &m, err);
	if (r == 0)
		r = cof_strict_check(m, err);
	if (r < 0)
		return r;
	cof_gate_in in = {.policy = policy, .message = m};
	r = method->gate(&in, err);
	if (r == 0)
		*ret = cof_steal(&m);
	return r;
}

static int admit(cof_agent *a, bool streams, const cof_method *method, cof_span payload, ProtobufCMessage **ret,
		 cof_err *err)
{
	if (method == NULL)
		return cof_err_set(err, COF_E_USAGE, "no-such-method", "this agent does not know it");
	if (streams && (method->flags & COF_METHOD_IO) == 0)
		return cof_gate_deny(err, method->name, "this connection is for streams");
	if (a->refused.cls != COF_OK && (method->flags & COF_METHOD_ALWAYS) == 0)
		return cof_err_set(err, a->refused.cls, a->refused.reason, "%s", a->refused.text);
	if (a->ending && (method->flags & COF_METHOD_ALWAYS) == 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "bad-state", "the sandbox is being destroyed");
	int r = cof_dispatch_admit(method, a->owner.policy, payload, ret, err);
	if (r == 0 && method->handler == NULL)
		return cof_err_set(err, COF_E_USAGE, "not-offered", "%s", method->name);
	return r;
}

void cof_dispatch(cof_agent *a, bool streams, cof_ttrpc_call *call, const char *service, const char *name,
		  cof_span payload)
{
	COF_AUTO_PTR(ProtobufCMessage) m = NULL;
	cof_err err = {0};
	const cof_method *method = cof_dispatch_find(service, name);
	if (admit(a, streams, method, payload, &m, &err) < 0)
		cof_reply_err(call, &err);
	else
		method->handler(a, call, m);
}
