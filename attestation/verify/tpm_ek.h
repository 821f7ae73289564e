/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endorsement key beside a quote: a certificate that leads to the root that the caller named, or a name that the
 * owner enrolled. It says which TPM is meant; that a quote's key lives in it, only an activation shows.
 *
 * spec: TCG EK Credential Profile 2.5
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/ek_profile.h"
#include "attestation/verify/part.h"
#include "attestation/verify/tpm_policy.h"

typedef struct cof_tpm_ek_in {
	bool has_cert, has_public, has_crl;
	cof_span cert;		/* DER, as NV areas hold it */
	cof_span intermediates; /* hostile like the certificate; may be empty */
	cof_span root;		/* trusted because the caller named it; may be several */
	cof_span public_area;	/* TPM2B_PUBLIC */
	cof_span crl;		/* DER, of the certificate's issuer */
	const cof_tpm_demands *demands;
	int64_t now;
	cof_verify_cache *cache; /* NULL: judged anew */
} cof_tpm_ek_in;

/* What came, believed or not. */
typedef struct cof_tpm_ek {
	bool has_public; /* and could be read */
	cof_tpm_public pub;
	cof_held *held;
	X509 *cert; /* NULL: none, or it could not be read; of held */
	bool trusted;
} cof_tpm_ek;

void cof_tpm_ek_release(cof_tpm_ek *e);
COF_DEFINE_AUTO(cof_tpm_ek, cof_tpm_ek_release)

/* Appends the checks of stages ek and revocation, for what there is and what the demands want. Fails for memory alone.
 */
COF_WUR int cof_tpm_ek_check_all(cof_checks *c, const cof_tpm_ek_in *in, cof_tpm_ek *ret, cof_err *err);
