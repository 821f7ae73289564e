/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ttrpc's bytes, without any connection: frame headers, the protobuf envelope, and the hello of the serial ports.
 * Everything read here comes from a hostile peer.
 */
#pragma once

#include "common/ttrpc.h"

enum { COF_FRAME_HEADER = 10, COF_FRAME_REQUEST = 1, COF_FRAME_RESPONSE = 2, COF_FRAME_DATA = 3 };
enum { COF_HELLO_MAGIC_LEN = 8 };

typedef struct cof_frame {
	uint32_t len;
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
} cof_frame;

/* header holds COF_FRAME_HEADER bytes. Reason "ttrpc-frame": too long, or of no known type. */
COF_WUR int cof_frame_parse(const uint8_t *header, size_t frame_max, cof_frame *ret, cof_err *err);
/* A whole request or response frame; reason "ttrpc-too-large" beyond frame_max. */
typedef struct cof_frame_call {
	uint32_t stream;
	const char *service;
	const char *method;
	cof_span payload;
	int timeout_ms;
} cof_frame_call;
COF_WUR int cof_frame_request(const cof_frame_call *c, size_t frame_max, cof_buf *ret, cof_err *err);
typedef struct cof_frame_reply {
	uint32_t stream;
	int code;
	const char *message;
	cof_span payload;
} cof_frame_reply;
COF_WUR int cof_frame_response(const cof_frame_reply *r, size_t frame_max, cof_buf *ret, cof_err *err);

/* How many bytes of in can be dropped because no hello begins in them: the rest is empty, or begins like a magic. */
size_t cof_hello_skip(cof_span in);
/* Whether in begins as a magic does (as far as it goes). */
bool cof_hello_begins(cof_span in);
