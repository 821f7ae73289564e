/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entity attestation tokens in CBOR: each registered claim that is there has its shape, the dates hold, and nonce and
 * profile are the ones asked for. What the claims are worth is for the policy of whoever asked.
 *
 * spec: RFC 9711, 4.2 and 10.3.1 (claims and their keys); RFC 8392, 3.1 (dates)
 */
#pragma once

#include "attestation/refvalue/cbor.h"
#include "attestation/verify/check.h"
#include "common/json.h"

enum { COF_EAT_SKEW = 60 };

typedef struct cof_eat_want {
	const char *profile; /* NULL: any, or none */
	bool has_nonce;
	cof_span nonce;
	int64_t now;
} cof_eat_want;

/* claims: a map whose signature holds. */
void cof_eat_checks(const cof_cbor *claims, const cof_eat_want *want, cof_checks *ret);
/* The registered claims by their JSON names, bytes in hex ("profile", "nonce", "ueid", "dbgstat", …); those of
 * another shape are left out. A new reference. */
COF_WUR int cof_eat_fields(const cof_cbor *claims, json_t **ret, cof_err *err);
