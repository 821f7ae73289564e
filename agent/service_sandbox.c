/* SPDX-License-Identifier: Apache-2.0 */
/* Sandbox, network, and what the guest tells about itself. */
#include <stdio.h>

#include "agent/container.h"
#include "agent/gate_net.h"
#include "agent/reply.h"
#include "agent/service.h"
#include "common/file.h"

static void fail(cof_ttrpc_call *call, cof_class cls, const char *reason, const char *text)
{
	cof_err err = {0};
	int ignored = cof_err_set(&err, cls, reason, "%s", text);
	(void)ignored;
	cof_reply_err(call, &err);
}

/* --- health and progress --- */

void cof_serve_check(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	Grpc__HealthCheckResponse r = GRPC__HEALTH_CHECK_RESPONSE__INIT;
	(void)m;
	r.status = a->refused.cls == COF_OK ? GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
					    : GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
	cof_reply(call, &r.base);
}

void cof_serve_version(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	Grpc__VersionCheckResponse r = GRPC__VERSION_CHECK_RESPONSE__INIT;
	(void)a;
	(void)m;
	r.grpc_version = (char *)(uintptr_t) "0.0.1";
	r.agent_version = (char *)(uintptr_t)COF_VERSION;
	cof_reply(call, &r.base);
}

static void on_news(void *arg, uint64_t seq, const char *json, const cof_err *why)
{
	Coffer__V1__WatchResponse r = COFFER__V1__WATCH_RESPONSE__INIT;
	cof_ttrpc_call *call = arg;
	if (why != NULL) {
		cof_reply_err(call, why);
		return;
	}
	r.seq = seq;
	r.json = (char *)(uintptr_t)json;
	cof_reply(call, &r.base);
}

void cof_serve_watch(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	cof_err err = {0};
	uint64_t seq = cof_pb_as(Coffer__V1__WatchRequest, m)->seq;
	if (cof_watch_wait(a->watch, seq, on_news, call, &err) < 0)
		cof_reply_err(call, &err);
}

void cof_serve_guest_details(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	char handler[] = "image_guest_pull";
	char *handlers[] = {handler};
	Grpc__AgentDetails details = GRPC__AGENT_DETAILS__INIT;
	Grpc__GuestDetailsResponse r = GRPC__GUEST_DETAILS_RESPONSE__INIT;
	COF_AUTO(cof_buf) text = {0};
	details.version = (char *)(uintptr_t)COF_VERSION;
	details.init_daemon = a->init;
	details.supports_seccomp = true;
	details.storage_handlers = handlers;
	details.n_storage_handlers = COF_COUNT(handlers);
	r.agent_details = &details;
	if (cof_pb_as(Grpc__GuestDetailsRequest, m)->mem_block_size &&
	    cof_file_read("/sys/devices/system/memory/block_size_bytes", 64, &text, NULL) == 0)
		r.mem_block_size_bytes = strtoull(cof_buf_str(&text), NULL, 16);
	cof_reply(call, &r.base);
}

/* --- names and network --- */

static void on_hosts(void *arg, const json_t *ok, const json_t *refusal, const cof_err *why)
{
	(void)ok;
	(void)refusal;
	if (why != NULL)
		cof_reply_err(arg, why);
	else
		cof_reply(arg, NULL);
}

void cof_serve_set_hosts(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Coffer__V1__SetHostsRequest *req = cof_pb_as(Coffer__V1__SetHostsRequest, m);
	COF_AUTO(cof_hosts) hosts = {0};
	cof_trust *broker = cof_agent_broker(a);
	cof_err err = {0};
	if (a->container != NULL) {
		fail(call, COF_E_USAGE, "bad-state", "there is a container already");
		return;
	}
	if (cof_hosts_parse(req->hosts, req->n_hosts, &hosts, &err) < 0 ||
	    (broker != NULL && cof_trust_hosts(broker, req->hosts, req->n_hosts, on_hosts, call, &err) < 0)) {
		cof_reply_err(call, &err);
		return;
	}
	cof_hosts_release(&a->hosts);
	a->hosts = hosts;
	hosts = (cof_hosts){0};
	if (broker == NULL)
		cof_reply(call, NULL);
}

void cof_serve_update_interface(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Types__Interface *i = cof_pb_as(Grpc__UpdateInterfaceRequest, m)->interface;
	cof_net_link link;
	cof_err err = {0};
	(void)a;
	if (cof_net_link_of(i, &link, &err) < 0 || cof_rtnl_link(&link, &err) < 0)
		cof_reply_err(call, &err);
	else
		cof_reply(call, &i->base);
}

void cof_serve_update_routes(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__Routes *routes = cof_pb_as(Grpc__UpdateRoutesRequest, m)->routes;
	cof_net_route route;
	cof_err err = {0};
	int r = 0;
	(void)a;
	for (size_t i = 0; r == 0 && i < routes->n_routes; i++) {
		r = cof_net_route_of(routes->routes[i], &route, &err);
		if (r == 0)
			r = cof_rtnl_route(&route, &err);
	}
	if (r < 0)
		cof_reply_err(call, &err);
	else
		cof_reply(call, &routes->base);
}

/* --- the sandbox --- */

/* One line of resolv.conf: printable, and nothing that another line could hide in. */
static bool dns_line_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return false;
	return true;
}

static int take_dns(cof_agent *a, const Grpc__CreateSandboxRequest *m, cof_err *err)
{
	COF_AUTO(cof_buf) text = cof_buf_capped(COF_DNS_MAX);
	int r = 0;
	for (size_t i = 0; r == 0 && i < m->n_dns; i++) {
		if (!dns_line_ok(m->dns[i]))
			return cof_err_set(err, COF_E_POLICY, "policy-denied", "dns: not a line of text");
		r = cof_buf_printf(&text, err, "%s\n", m->dns[i]);
	}
	if (r < 0)
		return r;
	cof_buf_release(&a->dns);
	a->dns = text;
	text = (cof_buf){0};
	return 0;
}

void cof_serve_create_sandbox(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	const Grpc__CreateSandboxRequest *req = cof_pb_as(Grpc__CreateSandboxRequest, m);
	cof_err err = {0};
	if (a->sandbox) {
		fail(call, COF_E_USAGE, "bad-state", "there is a sandbox already");
		return;
	}
	if (take_dns(a, req, &err) < 0) {
		cof_reply_err(call, &err);
		return;
	}
	(void)snprintf(a->hostname, sizeof a->hostname, "%s", req->hostname);
	a->sandbox = true;
	cof_reply(call, NULL);
}

void cof_serve_destroy_sandbox(cof_agent *a, cof_ttrpc_call *call, const ProtobufCMessage *m)
{
	(void)m;
	bool first = !a->ending;
	a->ending = true;
	cof_reply(call, NULL);
	if (first && a->container != NULL)
		cof_container_remove(a->container, NULL);
	else if (first)
		cof_agent_end(a);
}
