/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a TDX verdict that may come from a cache: see part.h. cache: NULL: judged. All fail for memory alone. */
#pragma once

#include "attestation/verify/part.h"
#include "attestation/verify/tdx_collateral.h"
#include "attestation/verify/tdx_pck.h"

/* What a quote's PCK chain says; passed: all of it holds. */
typedef struct cof_tdx_platform {
	cof_tdx_chain chain;   /* leaf, CA, root; none when they do not read */
	cof_tdx_anchor anchor; /* as soon as the root is the right one */
	bool has_pck;	       /* the extension reads, whether or not it is believed */
	cof_tdx_pck pck;
} cof_tdx_platform;

typedef struct cof_tdx_platform_in {
	cof_span pem;  /* of the quote */
	cof_span root; /* named by the caller, or empty */
	int64_t now;
	cof_verify_cache *cache;
} cof_tdx_platform_in;

/* Object: cof_tdx_platform, always. */
COF_WUR int cof_tdx_platform_find(cof_checks *c, const cof_tdx_platform_in *in, cof_held **ret, cof_err *err);
/* Object: the cof_x509 that signs, when its chain holds. */
COF_WUR int cof_tdx_signer_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_held **ret, cof_err *err);
/* Object: cof_tdx_tcb_info, as soon as signature and format are good. */
COF_WUR int cof_tdx_info_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_held **ret,
			      cof_err *err);
/* Object: cof_tdx_qe_identity, likewise. */
COF_WUR int cof_tdx_identity_find(cof_checks *c, const cof_tdx_collateral_in *in, cof_x509 *signer, cof_held **ret,
				  cof_err *err);

typedef struct cof_tdx_crl_in {
	const char *name;
	cof_span der;
	cof_x509 *issuer;
	int64_t now;
	cof_verify_cache *cache;
} cof_tdx_crl_in;

/* Object: the cof_x509_crl, when it holds. */
COF_WUR int cof_tdx_crl_find(cof_checks *c, const cof_tdx_crl_in *in, cof_held **ret, cof_err *err);
