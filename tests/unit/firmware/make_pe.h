/* SPDX-License-Identifier: Apache-2.0 */
/* A small PE32+ image, made field by field: headers of 0x200 bytes, two sections in reverse file order. */
#pragma once

#include "common/wr.h"
#include "tests/unit/test.h"

enum {
	PE_AT = 0x40,
	PE_COFF_AT = PE_AT + 4,
	PE_OPTIONAL_AT = PE_COFF_AT + 20,
	PE_CHECKSUM_AT = PE_OPTIONAL_AT + 64,
	PE_HEADERS_LEN_AT = PE_OPTIONAL_AT + 60,
	PE_COUNT_AT = PE_OPTIONAL_AT + 108,
	PE_SECURITY_AT = PE_OPTIONAL_AT + 144,
	PE_OPTIONAL_LEN = 112 + 16 * 8,
	PE_SECTIONS_AT = PE_OPTIONAL_AT + PE_OPTIONAL_LEN,
	PE_HEADERS_LEN = 0x200,
	PE_SECTION_LEN = 0x40,
	PE_CERT_LEN = 0x18,
};

static inline void pe_put(cof_buf *b, size_t at, size_t width, uint64_t v)
{
	for (size_t i = 0; i < width; i++)
		b->data[at + i] = (uint8_t)(v >> (8 * i));
}

/* extra bytes follow the sections; the last cert of them are the certificate table. */
static inline void make_pe(cof_buf *b, size_t extra, size_t cert)
{
	size_t len = PE_HEADERS_LEN + 2 * PE_SECTION_LEN + extra;
	assert_ok(cof_buf_reserve(b, len, &err));
	b->len = len;
	for (size_t i = 0; i < len; i++)
		b->data[i] = (uint8_t)(i * 7 + 1);
	memset(b->data, 0, PE_HEADERS_LEN);
	pe_put(b, 0, 2, 0x5a4d);
	pe_put(b, 0x3c, 4, PE_AT);
	pe_put(b, PE_AT, 4, 0x4550);
	pe_put(b, PE_COFF_AT, 2, 0x8664);
	pe_put(b, PE_COFF_AT + 2, 2, 3);
	pe_put(b, PE_COFF_AT + 16, 2, PE_OPTIONAL_LEN);
	pe_put(b, PE_OPTIONAL_AT, 2, 0x20b);
	pe_put(b, PE_HEADERS_LEN_AT, 4, PE_HEADERS_LEN);
	pe_put(b, PE_COUNT_AT, 4, 16);
	pe_put(b, PE_SECURITY_AT, 4, cert != 0 ? len - cert : 0);
	pe_put(b, PE_SECURITY_AT + 4, 4, cert);
	pe_put(b, PE_SECTIONS_AT + 16, 4, PE_SECTION_LEN);
	pe_put(b, PE_SECTIONS_AT + 20, 4, PE_HEADERS_LEN + PE_SECTION_LEN);
	pe_put(b, PE_SECTIONS_AT + 40 + 16, 4, PE_SECTION_LEN);
	pe_put(b, PE_SECTIONS_AT + 40 + 20, 4, PE_HEADERS_LEN);
	pe_put(b, PE_SECTIONS_AT + 80 + 20, 4, 0xffffffff); /* no data: its place means nothing */
}
