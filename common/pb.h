/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf-c with limits. Hostile bytes are unpacked under a budget of memory, so that a small message of many empty
 * repeated members cannot grow into a large one; none of our message types contains itself, so depth is bounded by
 * the schema.
 *
 *	COF_AUTO_PTR(ProtobufCMessage) any = NULL;
 *	r = cof_pb_unpack(&grpc__signal_process_request__descriptor, payload, COF_PB_MAX, &any, err);
 *	const Grpc__SignalProcessRequest *m = cof_pb_as(Grpc__SignalProcessRequest, any);
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/buf.h"

enum { COF_PB_MAX = 4 << 20, COF_PB_GROWTH = 32, COF_PB_SPARE = 64 << 10 };

/* Appends the message's wire form. */
COF_WUR int cof_pb_pack(const ProtobufCMessage *m, cof_buf *ret, cof_err *err);
/* Reason "pb-too-large" beyond max bytes, else "pb-malformed". *ret is freed with cof_pb_free. */
COF_WUR int cof_pb_unpack(const ProtobufCMessageDescriptor *type, cof_span in, size_t max, ProtobufCMessage **ret,
			  cof_err *err);
/* NULL is allowed. Wipes nothing: messages carry no keys. */
void cof_pb_free(ProtobufCMessage *m);
COF_DEFINE_AUTO_PTR(ProtobufCMessage, cof_pb_free)

/* Every generated message begins with its ProtobufCMessage; unpack made it of the asked type. */
#define cof_pb_as(T, m) ((const T *)(const void *)(m))
