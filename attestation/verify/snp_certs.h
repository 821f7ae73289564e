/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three certificates behind a report: VEK, intermediate, root. The root is trusted because the caller named it;
 * whether it is AMD's is told by its key's fingerprint and said in a check of its own.
 *
 * spec: VCEK certificate and KDS interface 57230
 */
#pragma once

#include "attestation/verify/part.h"
#include "attestation/verify/snp_cert.h"

enum { COF_SNP_CERT_MAX = 4096 };

typedef struct cof_snp_certs {
	cof_x509 *vek, *intermediate, *root;
	cof_snp_key kind;  /* by the VEK's name */
	cof_snp_line line; /* by the root's name */
	bool has_ext;	   /* ext could be read */
	cof_snp_vek ext;
	bool is_amd; /* the root's key is one that AMD published */
} cof_snp_certs;

typedef struct cof_snp_certs_in {
	cof_span vek, intermediate, root; /* DER */
	int64_t now;
	cof_verify_cache *cache; /* or NULL */
} cof_snp_certs_in;

/*
 * Appends what is wrong and right with the chain at `now`. *ret holds what could be read, for the checks that follow;
 * certificates that cannot be read are NULL. *ret_held keeps it. Fails for memory alone.
 */
COF_WUR int cof_snp_certs_check(const cof_snp_certs_in *in, cof_checks *checks, const cof_snp_certs **ret,
				cof_held **ret_held, cof_err *err);
