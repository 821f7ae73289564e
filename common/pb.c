/* SPDX-License-Identifier: Apache-2.0 */
#include "common/pb.h"

/* What an unpack may still allocate. */
typedef struct budget {
	size_t left;
	bool spent;
} budget;

static void *budget_alloc(void *arg, size_t size)
{
	budget *b = arg;
	if (size > b->left) {
		b->spent = true;
		return NULL;
	}
	b->left -= size;
	return malloc(size);
}

static void budget_free(void *arg, void *p)
{
	(void)arg;
	free(p);
}

int cof_pb_pack(const ProtobufCMessage *m, cof_buf *ret, cof_err *err)
{
	size_t len = protobuf_c_message_get_packed_size(m);
	int r = cof_buf_reserve(ret, len, err);
	if (r < 0 || len == 0)
		return r;
	ret->len += protobuf_c_message_pack(m, ret->data + ret->len);
	ret->data[ret->len] = 0;
	return 0;
}

int cof_pb_unpack(const ProtobufCMessageDescriptor *type, cof_span in, size_t max, ProtobufCMessage **ret, cof_err *err)
{
	if (in.len > max)
		return cof_err_set(err, COF_E_MALFORMED, "pb-too-large", "%s of %zu bytes", type->short_name, in.len);
	budget b = {.left = in.len * COF_PB_GROWTH + COF_PB_SPARE};
	ProtobufCAllocator limited = {budget_alloc, budget_free, &b};
	ProtobufCMessage *m = protobuf_c_message_unpack(type, &limited, in.len, in.data);
	if (m == NULL && b.spent)
		return cof_err_set(err, COF_E_MALFORMED, "pb-too-large", "%s grows too much", type->short_name);
	if (m == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "pb-malformed", "no %s", type->short_name);
	*ret = m;
	return 0;
}

void cof_pb_free(ProtobufCMessage *m)
{
	if (m != NULL)
		protobuf_c_message_free_unpacked(m, NULL); /* budget_free is free */
}
