/* SPDX-License-Identifier: Apache-2.0 */
#include "common/ttrpc_frame.h"

#include "common/pb.h"
#include "common/rd.h"
#include "common/wr.h"
#include "ttrpc.pb-c.h"

static const struct {
	cof_class cls;
	int code;
} codes[] = {
	{COF_OK, COF_RPC_OK},
	{COF_E_USAGE, COF_RPC_INVALID_ARGUMENT},
	{COF_E_IO, COF_RPC_INTERNAL},
	{COF_E_MALFORMED, COF_RPC_INVALID_ARGUMENT},
	{COF_E_CRYPTO, COF_RPC_PERMISSION_DENIED},
	{COF_E_POLICY, COF_RPC_PERMISSION_DENIED},
	{COF_E_UNAVAILABLE, COF_RPC_UNAVAILABLE},
	{COF_E_INTERNAL, COF_RPC_INTERNAL},
};

int cof_ttrpc_code_of(const cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(codes); i++)
		if (codes[i].cls == err->cls)
			return codes[i].code;
	return COF_RPC_UNKNOWN;
}

int cof_frame_parse(const uint8_t *header, size_t frame_max, cof_frame *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(cof_span_of(header, COF_FRAME_HEADER));
	cof_frame f = {.len = cof_rd_u32be(&r)};
	f.stream = cof_rd_u32be(&r);
	f.type = cof_rd_u8(&r);
	f.flags = cof_rd_u8(&r);
	if (f.len > frame_max)
		return cof_err_set(err, COF_E_MALFORMED, "ttrpc-frame", "a frame of %u bytes, the limit is %zu", f.len,
				   frame_max);
	if (f.type < COF_FRAME_REQUEST || f.type > COF_FRAME_DATA || f.stream == 0)
		return cof_err_set(err, COF_E_MALFORMED, "ttrpc-frame", "a frame of type %u on stream %u", f.type,
				   f.stream);
	*ret = f;
	return 0;
}

static int finish(const ProtobufCMessage *m, const cof_frame *head, size_t frame_max, cof_buf *ret, cof_err *err)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	if (len > frame_max)
		return cof_err_set(err, COF_E_USAGE, "ttrpc-too-large", "a message of %zu bytes, the limit is %zu", len,
				   frame_max);
	cof_wr w = cof_wr_to(ret);
	cof_wr_u32be(&w, (uint32_t)len);
	cof_wr_u32be(&w, head->stream);
	cof_wr_u8(&w, head->type);
	cof_wr_u8(&w, 0);
	int r = cof_wr_done(&w, err);
	return r < 0 ? r : cof_pb_pack(m, ret, err);
}

/* protobuf-c's strings and bytes are not const, but packing only reads them. */
static char *unconst(const char *s)
{
	return (char *)(uintptr_t)s;
}

static ProtobufCBinaryData bytes(cof_span s)
{
	return (ProtobufCBinaryData){s.len, (uint8_t *)(uintptr_t)s.data};
}

int cof_frame_request(const cof_frame_call *c, size_t frame_max, cof_buf *ret, cof_err *err)
{
	Ttrpc__Request m = TTRPC__REQUEST__INIT;
	m.service = unconst(c->service);
	m.method = unconst(c->method);
	m.payload = bytes(c->payload);
	m.timeout_nano = (int64_t)c->timeout_ms * 1000000;
	cof_frame head = {.stream = c->stream, .type = COF_FRAME_REQUEST};
	return finish(&m.base, &head, frame_max, ret, err);
}

int cof_frame_response(const cof_frame_reply *r, size_t frame_max, cof_buf *ret, cof_err *err)
{
	Ttrpc__Status status = TTRPC__STATUS__INIT;
	status.code = r->code;
	status.message = unconst(r->message == NULL ? "" : r->message);
	Ttrpc__Response m = TTRPC__RESPONSE__INIT;
	if (r->code != COF_RPC_OK)
		m.status = &status;
	m.payload = bytes(r->payload);
	cof_frame head = {.stream = r->stream, .type = COF_FRAME_RESPONSE};
	return finish(&m.base, &head, frame_max, ret, err);
}

bool cof_hello_begins(cof_span in)
{
	size_t n = in.len < COF_HELLO_MAGIC_LEN ? in.len : COF_HELLO_MAGIC_LEN;
	for (size_t i = 0; i < n; i++)
		if (in.data[i] != (uint8_t)COF_HELLO_MAGIC[i])
			return false;
	return true;
}

size_t cof_hello_skip(cof_span in)
{
	size_t skip = 0;
	while (skip < in.len && !cof_hello_begins(cof_span_of(in.data + skip, in.len - skip)))
		skip++;
	return skip;
}
