/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TPM's quote is worth under a key that was judged elsewhere: its signature, that it is a quote, its freshness
 * and its registers. For every kind of evidence with a TPM in it.
 *
 * spec: TPM 2.0 Library part 2, 10.12; part 3, 18.4 (TPM2_Quote)
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/check.h"
#include "attestation/verify/tpm_policy.h"

typedef struct cof_tpm_attested_in {
	cof_span attest;		    /* TPMS_ATTEST; hostile, like the rest */
	const cof_tpm_signature *signature; /* NULL: it could not be read, and that is recorded already */
	EVP_PKEY *key;			    /* NULL: there is none, and nothing holds */
	uint16_t scheme, scheme_hash;	    /* which the key is bound to; 0: any that fits it */
	cof_span pcrs;			    /* cof_tpm_banks_parse */
	const cof_tpm_demands *demands;
} cof_tpm_attested_in;

/* Borrows from the input. */
typedef struct cof_tpm_attested {
	bool decoded; /* quote and values could be read */
	cof_tpm_quote quote;
	cof_tpm_banks values; /* facts where the quote selects them and every check passed */
} cof_tpm_attested;

/* Appends the checks of stages parse, signature, freshness, pcr and policy, and sets "attest" in fields. Fails for
 * memory alone. */
COF_WUR int cof_tpm_attested_check(cof_checks *c, const cof_tpm_attested_in *in, json_t *fields, cof_tpm_attested *ret,
				   cof_err *err);
