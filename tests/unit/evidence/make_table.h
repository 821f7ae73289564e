/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate tables as a host writes them, with every number settable. */
#pragma once

#include "tests/unit/test.h"

#include "common/wr.h"

typedef struct table_entry {
	const char *guid; /* 16 bytes */
	uint32_t offset, len;
} table_entry;

#define GUID_VCEK "\x63\xda\x75\x8d\xe6\x64\x45\x64\xad\xc5\xf4\xb9\x3b\xe8\xac\xcd"
#define GUID_VLEK "\xa8\x07\x4b\xc2\xa2\x5a\x48\x3e\xaa\xe6\x39\xc0\x45\xa0\xb8\xa1"
#define GUID_ASK "\x4a\xb7\xb3\x79\xbb\xac\x4f\xe4\xa0\x2f\x05\xae\xf3\x27\xc7\x82"
#define GUID_ARK "\xc0\xb4\x06\xa4\xa8\x03\x49\x52\x97\x43\x3f\xb6\x01\x4c\xd0\xae"
#define GUID_CRL "\x92\xf8\x1b\xc3\x58\x11\x4d\x3d\x97\xff\xd1\x9f\x88\xdc\x67\xea"
#define GUID_EXTRA "\xec\xae\x0c\x0f\x95\x02\x43\xb1\xaf\xa2\x0a\xe2\xe0\xd5\x65\xb6"

/* The list, its end, and behind it body. */
static inline void make_table(const table_entry *e, size_t n, cof_span body, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	for (size_t i = 0; i < n; i++) {
		cof_wr_bytes(&w, cof_span_of(e[i].guid, 16));
		cof_wr_u32le(&w, e[i].offset);
		cof_wr_u32le(&w, e[i].len);
	}
	cof_wr_zeros(&w, 24);
	cof_wr_bytes(&w, body);
	assert_false(w.failed);
}
