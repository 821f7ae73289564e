/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/calls.h"

#include <ctype.h>
#include <string.h>

#include "agent.pb-c.h"
#include "coffer.pb-c.h"
#include "common/pb.h"
#include "common/ttrpc.h"

enum { WATCH_MAX = 96 << 10, SMALL_MAX = 4096, READ_SLACK = 64, REASON_MAX = COF_ERR_REASON_MAX - 1 };

/* protobuf-c's members are not const, but packing only reads them. */
static char *str(const char *s)
{
	return (char *)(uintptr_t)s;
}

int cof_call_set_hosts(const char *const *hosts, cof_buf *ret, cof_err *err)
{
	Coffer__V1__SetHostsRequest m = {0};
	coffer__v1__set_hosts_request__init(&m);
	while (hosts[m.n_hosts] != NULL)
		m.n_hosts++;
	m.hosts = (char **)(uintptr_t)hosts;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_interface(cof_buf *ret, cof_err *err)
{
	Types__IPAddress ip = {0};
	types__ipaddress__init(&ip);
	Types__IPAddress *ips[] = {&ip};
	Types__Interface i = {0};
	types__interface__init(&i);
	Grpc__UpdateInterfaceRequest m = {0};
	grpc__update_interface_request__init(&m);
	ip.address = str("10.0.2.15");
	ip.mask = str("24");
	i.device = str("eth0");
	i.name = str("eth0");
	i.hwaddr = str("52:54:00:c0:ff:e0");
	i.mtu = 1500;
	i.n_ipaddresses = 1;
	i.ipaddresses = ips;
	m.interface = &i;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_routes(cof_buf *ret, cof_err *err)
{
	Types__Route route = {0};
	types__route__init(&route);
	Types__Route *all[] = {&route};
	Grpc__Routes routes = {0};
	grpc__routes__init(&routes);
	Grpc__UpdateRoutesRequest m = {0};
	grpc__update_routes_request__init(&m);
	route.gateway = str("10.0.2.2");
	route.device = str("eth0");
	routes.n_routes = 1;
	routes.routes = all;
	m.routes = &routes;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_create_sandbox(const char *id, cof_buf *ret, cof_err *err)
{
	Grpc__CreateSandboxRequest m = {0};
	grpc__create_sandbox_request__init(&m);
	m.hostname = str(id);
	m.sandbox_id = str(id);
	return cof_pb_pack(&m.base, ret, err);
}

static int pack_container(const char *id, const char *image, char *rootfs, cof_buf *ret, cof_err *err)
{
	char *options[] = {str("image_guest_pull={\"metadata\":{}}")};
	Grpc__Storage storage = {0};
	grpc__storage__init(&storage);
	Grpc__Storage *storages[] = {&storage};
	Grpc__Root root = {0};
	grpc__root__init(&root);
	Grpc__Process process = {0};
	grpc__process__init(&process);
	Grpc__Spec spec = {0};
	grpc__spec__init(&spec);
	Grpc__CreateContainerRequest m = {0};
	grpc__create_container_request__init(&m);
	storage.driver = str("image_guest_pull");
	storage.n_driver_options = 1;
	storage.driver_options = options;
	storage.source = str(image);
	storage.fstype = str("overlay");
	storage.mount_point = rootfs;
	root.path = rootfs;
	spec.version = str("1.0.2");
	spec.root = &root;
	spec.process = &process;
	m.container_id = str(id);
	m.exec_id = str(id);
	m.n_storages = 1;
	m.storages = storages;
	m.oci = &spec;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_create_container(const char *id, const char *image, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) rootfs = {0};
	int r = cof_buf_printf(&rootfs, err, "/run/kata-containers/%s/rootfs", id);
	return r < 0 ? r : pack_container(id, image, (char *)rootfs.data, ret, err);
}

int cof_call_container(const char *id, cof_buf *ret, cof_err *err)
{
	Grpc__StartContainerRequest m = {0};
	grpc__start_container_request__init(&m);
	m.container_id = str(id);
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_signal(const char *id, int sig, cof_buf *ret, cof_err *err)
{
	Grpc__SignalProcessRequest m = {0};
	grpc__signal_process_request__init(&m);
	m.container_id = str(id);
	m.signal = (uint32_t)sig;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_read(const char *id, uint32_t len, cof_buf *ret, cof_err *err)
{
	Grpc__ReadStreamRequest m = {0};
	grpc__read_stream_request__init(&m);
	m.container_id = str(id);
	m.len = len;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_write(const char *id, cof_span data, cof_buf *ret, cof_err *err)
{
	Grpc__WriteStreamRequest m = {0};
	grpc__write_stream_request__init(&m);
	m.container_id = str(id);
	m.data.data = (uint8_t *)(uintptr_t)data.data;
	m.data.len = data.len;
	return cof_pb_pack(&m.base, ret, err);
}

int cof_call_watch(uint64_t seq, cof_buf *ret, cof_err *err)
{
	Coffer__V1__WatchRequest m = {0};
	coffer__v1__watch_request__init(&m);
	m.seq = seq;
	return cof_pb_pack(&m.base, ret, err);
}

/* --- answers --- */

static int unpack(const ProtobufCMessageDescriptor *type, cof_span in, size_t max, ProtobufCMessage **ret, cof_err *err)
{
	cof_err inner = {0};
	if (cof_pb_unpack(type, in, max, ret, &inner) == 0)
		return 0;
	return cof_err_set(err, COF_E_MALFORMED, "agent-answer-malformed", "%s: %s", type->short_name, inner.text);
}

int cof_answer_wait(cof_span payload, int *ret_status, cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	int r = unpack(&grpc__wait_process_response__descriptor, payload, SMALL_MAX, &any, err);
	if (r < 0)
		return r;
	int32_t status = cof_pb_as(Grpc__WaitProcessResponse, any)->status;
	if (status < 0 || status > 255)
		return cof_err_set(err, COF_E_MALFORMED, "agent-answer-malformed", "no process ends with %d", status);
	*ret_status = status;
	return 0;
}

int cof_answer_read(cof_span payload, size_t max, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	int r = unpack(&grpc__read_stream_response__descriptor, payload, max + READ_SLACK, &any, err);
	if (r < 0)
		return r;
	const Grpc__ReadStreamResponse *m = cof_pb_as(Grpc__ReadStreamResponse, any);
	if (m->data.len > max)
		return cof_err_set(err, COF_E_MALFORMED, "agent-answer-malformed", "more output than was asked for");
	return cof_buf_add(ret, m->data.data, m->data.len, err);
}

int cof_answer_watch(cof_span payload, uint64_t *ret_seq, cof_buf *ret_json, cof_err *err)
{
	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
	int r = unpack(&coffer__v1__watch_response__descriptor, payload, WATCH_MAX, &any, err);
	if (r < 0)
		return r;
	const Coffer__V1__WatchResponse *m = cof_pb_as(Coffer__V1__WatchResponse, any);
	r = cof_buf_add_str(ret_json, m->json, err);
	if (r == 0)
		*ret_seq = m->seq;
	return r;
}

/* --- errors --- */

static size_t reason_len(const char *message)
{
	size_t n = 0;
	while (islower((unsigned char)message[n]) || isdigit((unsigned char)message[n]) || message[n] == '-')
		n++;
	return n > 0 && n <= REASON_MAX && message[n] == ':' && message[n + 1] == ' ' ? n : 0;
}

static cof_class class_of(int code)
{
	static const struct {
		int code;
		cof_class cls;
	} classes[] = {
		{COF_RPC_INVALID_ARGUMENT, COF_E_MALFORMED},	{COF_RPC_PERMISSION_DENIED, COF_E_POLICY},
		{COF_RPC_FAILED_PRECONDITION, COF_E_CRYPTO},	{COF_RPC_UNAVAILABLE, COF_E_UNAVAILABLE},
		{COF_RPC_DEADLINE_EXCEEDED, COF_E_UNAVAILABLE}, {COF_RPC_NOT_FOUND, COF_E_IO},
	};
	for (size_t i = 0; i < COF_COUNT(classes); i++)
		if (classes[i].code == code)
			return classes[i].cls;
	return COF_E_IO;
}

int cof_answer_error(int code, const char *message, cof_err *err)
{
	char reason[COF_ERR_REASON_MAX] = "agent-error";
	const char *text = message != NULL ? message : "";
	size_t n = reason_len(text);
	if (n > 0) {
		memcpy(reason, text, n);
		reason[n] = 0;
		text += n + 2;
	}
	if (code == COF_RPC_DEADLINE_EXCEEDED && n == 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "the agent did not answer in time");
	return cof_err_set(err, class_of(code), reason, "%.250s", text[0] != 0 ? text : "the agent says no more");
}
