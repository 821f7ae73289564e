/* SPDX-License-Identifier: Apache-2.0 */
/* Containers and processes: from the protocol's messages to container.h. */
#include <signal.h>

#include "agent/cgroup.h"
#include "agent/container.h"
#include "agent/reply.h"
#include "agent/service.h"
#include "common/file.h"

void cof_serve_create_container(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__CreateContainerRequest *req = cof_pb_as(Grpc__CreateContainerRequest, m);
	const Grpc__Linux *l = req->oci->linux_;
	const Grpc__LinuxResources *res = l == NULL ? NULL : l->resources;
	cof_container_ask ask = {.id = req->container_id, .reference = req->storages[0]->source};
	cof_err err = {0};
	if (cof_policy_image(a->owner.policy, ask.reference, &ask.allowed, &err) < 0) {
		cof_reply_err(call, &err);
		return;
	}
	if (res != NULL && res->memory != NULL)
		ask.memory = res->memory->limit;
	if (res != NULL && res->pids != NULL)
		ask.pids = res->pids->limit;
	cof_container_create(a, &ask, call);
}

/* Finds the container or answers why not. */
static cof_container *find(cof_agent *a, const char *id, cof_ttrpc_call *call)
{
	cof_container *c = NULL;
	cof_err err = {0};
	if (cof_container_find(a, id, &c, &err) < 0)
		cof_reply_err(call, &err);
	return c;
}

static cof_process *find_process(cof_agent *a, const char *id, const char *exec, cof_ttrpc_call *call)
{
	cof_container *c = find(a, id, call);
	cof_process *p = NULL;
	cof_err err = {0};
	if (c != NULL && cof_container_process(c, exec, &p, &err) < 0)
		cof_reply_err(call, &err);
	return p;
}

void cof_serve_start_container(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	cof_container *c = find(a, cof_pb_as(Grpc__StartContainerRequest, m)->container_id, call);
	if (c != NULL)
		cof_container_start(c, call);
}

void cof_serve_remove_container(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	cof_container *c = find(a, cof_pb_as(Grpc__RemoveContainerRequest, m)->container_id, call);
	if (c != NULL)
		cof_container_remove(c, call);
}

void cof_serve_exec(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__ExecProcessRequest *req = cof_pb_as(Grpc__ExecProcessRequest, m);
	cof_container *c = find(a, req->container_id, call);
	if (c != NULL)
		cof_container_exec(c, req->exec_id, req->process->args, req->process->n_args, call);
}

void cof_serve_signal(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__SignalProcessRequest *req = cof_pb_as(Grpc__SignalProcessRequest, m);
	cof_process *p = find_process(a, req->container_id, req->exec_id, call);
	cof_err err = {0};
	if (p == NULL)
		return;
	bool whole = p == a->container->init && req->signal == SIGKILL && p->pid > 0;
	int r = whole ? cof_container_kill(a->container, &err) : cof_process_signal(p, (int)req->signal, &err);
	if (r < 0)
		cof_reply_err(call, &err);
	else
		cof_reply(call, NULL);
}

void cof_serve_wait(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__WaitProcessRequest *req = cof_pb_as(Grpc__WaitProcessRequest, m);
	cof_process *p = find_process(a, req->container_id, req->exec_id, call);
	if (p != NULL)
		cof_process_wait(p, call);
}

void cof_serve_resize(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__TtyWinResizeRequest *req = cof_pb_as(Grpc__TtyWinResizeRequest, m);
	cof_err err = {0};
	if (find_process(a, req->container_id, req->exec_id, call) == NULL)
		return;
	int ignored = cof_err_set(&err, COF_E_UNAVAILABLE, "no-terminal", "the process has no terminal");
	(void)ignored;
	cof_reply_err(call, &err);
}

void cof_serve_stats(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	cof_container *c = find(a, cof_pb_as(Grpc__StatsContainerRequest, m)->container_id, call);
	COF_AUTO_FREE char *dir = NULL;
	cof_cgroup_stats s;
	cof_err err = {0};
	if (c == NULL)
		return;
	if (cof_path(&dir, &err, "%s%s", a->places.cgroups, c->cgroup) < 0 || cof_cgroup_read(dir, &s, &err) < 0)
		cof_reply_err(call, &err);
	else
		cof_reply_stats(call, &s);
}
