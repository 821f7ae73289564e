/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs made byte by byte. */
#pragma once

#include "common/wr.h"
#include "firmware/eventlog.h"
#include "tests/unit/test.h"

typedef struct log_alg {
	uint16_t alg;
	uint16_t size;
} log_alg;

static const log_alg both_algs[] = {{0x4, 20}, {0xb, 32}};
static const log_alg sha384_alg[] = {{0xc, 48}};

static inline void put_spec_id_of(cof_buf *b, uint32_t reg, const log_alg *algs, size_t n)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u32le(&w, reg);
	cof_wr_u32le(&w, COF_EV_NO_ACTION);
	cof_wr_zeros(&w, 20);
	cof_wr_u32le(&w, (uint32_t)(28 + 4 * n + 1));
	cof_wr_bytes(&w, cof_span_of("Spec ID Event03", 16));
	cof_wr_u32le(&w, 0);
	cof_wr_u8(&w, 0);
	cof_wr_u8(&w, 2);
	cof_wr_u8(&w, 0);
	cof_wr_u8(&w, 2);
	cof_wr_u32le(&w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		cof_wr_u16le(&w, algs[i].alg);
		cof_wr_u16le(&w, algs[i].size);
	}
	cof_wr_u8(&w, 0);
	assert_false(w.failed);
}

static inline void put_spec_id(cof_buf *b, const log_alg *algs, size_t n)
{
	put_spec_id_of(b, 0, algs, n);
}

/* A record with a SHA-1 and a SHA-256 digest, the latter of measured. */
static inline void put_event(cof_buf *b, uint32_t pcr, uint32_t type, cof_span measured, cof_span data)
{
	uint8_t d[COF_SHA256_LEN];
	cof_wr w = cof_wr_to(b);
	assert_ok(cof_sha256(measured, d, &err));
	cof_wr_u32le(&w, pcr);
	cof_wr_u32le(&w, type);
	cof_wr_u32le(&w, 2);
	cof_wr_u16le(&w, 0x4);
	cof_wr_zeros(&w, 20);
	cof_wr_u16le(&w, 0xb);
	cof_wr_bytes(&w, cof_span_of(d, sizeof d));
	cof_wr_u32le(&w, (uint32_t)data.len);
	cof_wr_bytes(&w, data);
	assert_false(w.failed);
}

/* A record with one digest, as a TDX guest's firmware writes them. */
static inline void put_cc_event(cof_buf *b, uint32_t reg, uint32_t type, cof_span measured, cof_span data)
{
	cof_digest d;
	cof_wr w = cof_wr_to(b);
	assert_ok(cof_digest_of(COF_SHA384, measured, &d, &err));
	cof_wr_u32le(&w, reg);
	cof_wr_u32le(&w, type);
	cof_wr_u32le(&w, 1);
	cof_wr_u16le(&w, 0xc);
	cof_wr_bytes(&w, cof_digest_span(&d));
	cof_wr_u32le(&w, (uint32_t)data.len);
	cof_wr_bytes(&w, data);
	assert_false(w.failed);
}

static inline void put_cc_separator(cof_buf *b, uint32_t reg)
{
	static const uint8_t zeros[4];
	put_cc_event(b, reg, COF_EV_SEPARATOR, cof_span_of(zeros, 4), cof_span_of(zeros, 4));
}

/* A small log of a TDX guest. */
static inline void put_cc_boot(cof_buf *b)
{
	static const char start[] = "Calling EFI Application from Boot Option";
	put_spec_id_of(b, 1, sha384_alg, 1);
	put_cc_event(b, 1, COF_EV_EFI_HANDOFF_TABLES2, cof_span_str("hand-off blocks"), cof_span_str("TdxTable"));
	put_cc_separator(b, 1);
	put_cc_event(b, 2, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("kernel bytes"), cof_span_str("a path"));
	put_cc_event(b, 2, COF_EV_EFI_ACTION, cof_span_str(start), cof_span_str(start));
	put_cc_separator(b, 2);
	put_cc_event(b, 3, COF_EV_EVENT_TAG, cof_span_str("w"), cof_span_of("\xed\x22\x3b\x8f\0\0\0\0", 8));
}

/* A record in the old format, which has neither Spec ID nor counts. */
static inline void put_old_event(cof_buf *b, uint32_t pcr, uint32_t type, cof_span measured, cof_span data)
{
	cof_digest d;
	cof_wr w = cof_wr_to(b);
	assert_ok(cof_digest_of(COF_SHA1, measured, &d, &err));
	cof_wr_u32le(&w, pcr);
	cof_wr_u32le(&w, type);
	cof_wr_bytes(&w, cof_digest_span(&d));
	cof_wr_u32le(&w, (uint32_t)data.len);
	cof_wr_bytes(&w, data);
	assert_false(w.failed);
}

static inline void put_variable(cof_buf *b, const char *name, cof_span data)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_zeros(&w, 16);
	cof_wr_u64le(&w, strlen(name));
	cof_wr_u64le(&w, data.len);
	for (const char *c = name; *c != '\0'; c++)
		cof_wr_u16le(&w, (uint8_t)*c);
	cof_wr_bytes(&w, data);
	assert_false(w.failed);
}

static inline void put_separator(cof_buf *b, uint32_t pcr)
{
	static const uint8_t zeros[4];
	put_event(b, pcr, COF_EV_SEPARATOR, cof_span_of(zeros, 4), cof_span_of(zeros, 4));
}

/* A small log as a boot writes it. */
static inline void put_boot(cof_buf *b)
{
	static const char start[] = "Calling EFI Application from Boot Option";
	put_spec_id(b, both_algs, 2);
	put_event(b, 0, COF_EV_S_CRTM_VERSION, cof_span_of("v\0\0\0", 4), cof_span_of("v\0\0\0", 4));
	put_event(b, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("kernel bytes"), cof_span_str("a path"));
	put_event(b, 4, COF_EV_EFI_ACTION, cof_span_str(start), cof_span_str(start));
	for (uint32_t pcr = 0; pcr <= 7; pcr++)
		put_separator(b, pcr);
	put_event(b, 9, COF_EV_EVENT_TAG, cof_span_str("w"), cof_span_of("\xed\x22\x3b\x8f\0\0\0\0", 8));
	put_event(b, 9, COF_EV_EVENT_TAG, cof_span_str("initrd bytes"), cof_span_of("\xec\x22\x3b\x8f\0\0\0\0", 8));
}
