/* SPDX-License-Identifier: Apache-2.0 */
/* CBOR as hex in tests. */
#pragma once

#include "tests/unit/test.h"

#include "attestation/refvalue/cbor.h"
#include "common/hex.h"

/* Appends. */
static inline void hex_bytes(const char *hex, cof_buf *ret)
{
	size_t n = strlen(hex) / 2;
	assert_ok(cof_buf_reserve(ret, n, &err));
	assert_ok(cof_unhex(hex, ret->data + ret->len, n, &err));
	ret->len += n;
}

static inline cof_cbor *hex_item(const char *hex)
{
	COF_AUTO(cof_buf) b = {0};
	cof_cbor *v = NULL;
	hex_bytes(hex, &b);
	assert_ok(cof_cbor_load(cof_buf_span(&b), &v, &err));
	return v;
}

static inline void assert_hex_equal(cof_span got, const char *want)
{
	COF_AUTO_FREE char *hex = cof_hex_dup(got);
	assert_non_null(hex);
	assert_string_equal(hex, want);
}
