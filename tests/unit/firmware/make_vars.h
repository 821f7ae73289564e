/* SPDX-License-Identifier: Apache-2.0 */
/* A variable store with room for `room` bytes of variables, empty. */
#pragma once

#include "common/wr.h"
#include "tests/unit/test.h"

enum { VARS_STORE_AT = 72, VARS_AT = VARS_STORE_AT + 28 };

static inline void put_vars(cof_buf *b, size_t room)
{
	static const uint8_t guid[16] = {0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
					 0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92};
	cof_wr w = cof_wr_to(b);
	cof_wr_zeros(&w, 32);
	cof_wr_u64le(&w, 72 + 28 + room);
	cof_wr_u32le(&w, 0x4856465f);
	cof_wr_u32le(&w, 0);
	cof_wr_u16le(&w, 72);
	cof_wr_zeros(&w, 22);
	cof_wr_bytes(&w, cof_span_of(guid, 16));
	cof_wr_u32le(&w, (uint32_t)(28 + room));
	cof_wr_u8(&w, 0x5a);
	cof_wr_u8(&w, 0xfe);
	cof_wr_zeros(&w, 6);
	for (size_t i = 0; i < room; i++)
		cof_wr_u8(&w, 0xff);
	assert_false(w.failed);
}
