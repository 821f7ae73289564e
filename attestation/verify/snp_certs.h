/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three certificates behind a report: VEK, intermediate, root. The root is trusted because the caller named it;
 * whether it is AMD's is told by its key's fingerprint and said in a check of its own.
 *
 * spec: VCEK certificate and KDS interface 57230
 */
#pragma once

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

/* The product whose ARK has this key (SHA-256 of its SubjectPublicKeyInfo, 32 bytes); none for a stranger's. */
cof_snp_line cof_snp_line_of_key(cof_span fingerprint);

void cof_snp_certs_release(cof_snp_certs *c);
COF_DEFINE_AUTO(cof_snp_certs, cof_snp_certs_release)

/*
 * Appends what is wrong and right with the chain at `now`. *ret holds what could be read, for the checks that follow;
 * certificates that cannot be read are NULL. Fails for memory alone.
 */
COF_WUR int cof_snp_certs_check(cof_span vek, cof_span intermediate, cof_span root, int64_t now, cof_checks *checks,
				cof_snp_certs *ret, cof_err *err);

/*
 * The two upper ones alone, before there is a VEK: inout->kind, given, says which intermediate is meant; the rest of
 * *inout is set like above, without vek and ext. Fails for memory alone.
 */
COF_WUR int cof_snp_authorities_check(cof_span intermediate, cof_span root, int64_t now, cof_checks *checks,
				      cof_snp_certs *inout, cof_err *err);
/* A certificate (DER) with the key of one of AMD's ARKs. */
bool cof_snp_root_is_amd(cof_span root);
