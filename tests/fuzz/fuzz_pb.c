/* SPDX-License-Identifier: Apache-2.0 */
/* The host's messages to the agent: what unpacks can be packed, and packs to the same bytes ever after. */
#include "agent.pb-c.h"
#include "common/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void stable(const ProtobufCMessageDescriptor *type, cof_span in)
{
	COF_AUTO_PTR(ProtobufCMessage) once = NULL;
	COF_AUTO_PTR(ProtobufCMessage) twice = NULL;
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	if (cof_pb_unpack(type, in, COF_PB_MAX, &once, NULL) < 0)
		return;
	if (cof_pb_pack(once, &a, NULL) < 0)
		abort();
	/* A field of number 0 in an overlong spelling is taken once and not again; agent/strict.h refuses such. */
	if (cof_pb_unpack(type, cof_buf_span(&a), COF_PB_MAX, &twice, NULL) < 0)
		return;
	if (cof_pb_pack(twice, &b, NULL) < 0 || a.len != b.len || (a.len > 0 && memcmp(a.data, b.data, a.len) != 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&grpc__create_container_request__descriptor, &grpc__exec_process_request__descriptor,
		&grpc__create_sandbox_request__descriptor,   &grpc__update_interface_request__descriptor,
		&grpc__update_routes_request__descriptor,    &grpc__copy_file_request__descriptor,
		&grpc__stats_container_response__descriptor, &grpc__mem_agent_compact_config__descriptor,
	};
	for (size_t i = 0; i < COF_COUNT(types); i++)
		stable(types[i], cof_span_of(data, len));
	return 0;
}
