/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/strict.h"

#include "common/cleanup.h"

enum { DEPTH_MAX = 16 };

static int check(const ProtobufCMessage *m, unsigned depth, cof_err *err);

/* protobuf-c keeps members at offsets that its own generated descriptors tell. */
static const void *member(const ProtobufCMessage *m, unsigned offset)
{
	return (const char *)m + offset;
}

static const ProtobufCMessage *pointer_at(const void *at, size_t index)
{
	const ProtobufCMessage *p = NULL;
	memcpy(&p, (const char *)at + index * sizeof p, sizeof p);
	return p;
}

static int check_field(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, unsigned depth, cof_err *err)
{
	if (f->label != PROTOBUF_C_LABEL_REPEATED) {
		const ProtobufCMessage *sub = pointer_at(member(m, f->offset), 0);
		return sub == NULL ? 0 : check(sub, depth + 1, err);
	}
	size_t n = 0;
	memcpy(&n, member(m, f->quantifier_offset), sizeof n);
	const ProtobufCMessage *list = pointer_at(member(m, f->offset), 0);
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = check(pointer_at(list, i), depth + 1, err);
	return r;
}

static bool is_set(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	uint32_t which = 0;
	if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return true;
	memcpy(&which, member(m, f->quantifier_offset), sizeof which);
	return which == f->id;
}

static int check(const ProtobufCMessage *m, unsigned depth, cof_err *err)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	if (m->n_unknown_fields != 0)
		return cof_err_set(err, COF_E_MALFORMED, "unknown-field", "%s has field %u", d->short_name,
				   m->unknown_fields[0].tag);
	if (depth > DEPTH_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "unknown-field", "%s is nested too deeply", d->short_name);
	int r = 0;
	for (unsigned i = 0; r == 0 && i < d->n_fields; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE && is_set(m, &d->fields[i]))
			r = check_field(m, &d->fields[i], depth, err);
	return r;
}

int cof_strict_check(const ProtobufCMessage *m, cof_err *err)
{
	return check(m, 0, err);
}
