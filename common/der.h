/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER (hostile), read element by element on top of the one cursor. What BER allows beyond DER fails the cursor: long
 * forms of short lengths, indefinite lengths. Nothing is allocated, and nothing is copied.
 *
 * spec: ITU-T X.690, 8.1 and 10.1
 */
#pragma once

#include "common/rd.h"

enum {
	COF_DER_BOOLEAN = 0x01,
	COF_DER_INTEGER = 0x02,
	COF_DER_BIT_STRING = 0x03,
	COF_DER_OCTET_STRING = 0x04,
	COF_DER_NULL = 0x05,
	COF_DER_OID = 0x06,
	COF_DER_ENUMERATED = 0x0a,
	COF_DER_UTC_TIME = 0x17,
	COF_DER_GENERALIZED_TIME = 0x18,
	COF_DER_SEQUENCE = 0x30,
	COF_DER_SET = 0x31,
	COF_DER_CONTEXT = 0xa0, /* constructed; plus the number of the tag */
	COF_DER_DEPTH_MAX = 16,
};

/* Whether the next element has this tag; false at the end. Takes nothing. */
bool cof_der_is(const cof_rd *r, uint8_t tag);
/* The contents of the next element, which must have this tag. */
cof_span cof_der_take(cof_rd *r, uint8_t tag);
/* The same with tag and length. */
cof_span cof_der_whole(cof_rd *r, uint8_t tag);
/* A cursor over its contents; fails with its parent. */
cof_rd cof_der_enter(cof_rd *r, uint8_t tag);
/* The contents of any element; *ret_tag is 0 after a failure. */
cof_span cof_der_any(cof_rd *r, uint8_t *ret_tag);
/* Contents of an INTEGER or ENUMERATED that is none below zero and has at most eight bytes. */
uint64_t cof_der_u64(cof_rd *r, uint8_t tag);
/* Without the zero byte that keeps a positive number's first bit clear. */
cof_span cof_der_magnitude(cof_span integer);
/* A BIT STRING of whole bytes. */
cof_span cof_der_bits(cof_rd *r);
/* TRUE as DER writes it, or FALSE. */
bool cof_der_bool(cof_rd *r);
/* spec: RFC 5280, 4.1.2.5: UTCTime or GeneralizedTime, in UTC with seconds and nothing else. Seconds since the epoch.
 */
int64_t cof_der_time(cof_rd *r);

/* One element, and DER all the way down: lengths, and contents of BOOLEAN, INTEGER, ENUMERATED, NULL and BIT STRING.
 * What an OCTET STRING holds is not looked into. */
bool cof_der_is_strict(cof_span in);
