/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The revocation list of an ARK. It can name an intermediate; it cannot name a chip, since every VCEK has serial 0:
 * chips are refused by the policy's list.
 *
 * spec: RFC 5280, section 5
 */
#pragma once

#include "attestation/verify/snp_certs.h"

enum { COF_SNP_CRL_MAX = 1 << 20 };

/* Appends checks of stage revocation (one of stage parse for bytes that are no list). certs: as read, all three. Fails
 * for memory alone. */
typedef struct cof_snp_crl_in {
	cof_span crl;
	const cof_snp_certs *certs;
	int64_t now;
	cof_verify_cache *cache; /* or NULL */
} cof_snp_crl_in;

COF_WUR int cof_snp_crl_check(const cof_snp_crl_in *in, cof_checks *checks, cof_err *err);
