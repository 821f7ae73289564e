/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signatures that lie beside an image. Whoever can write to the registry can put anything there in any order, so
 * what cannot be read or does not hold its digest is passed over, and there are limits on all of it; that a signature
 * was found says nothing about it.
 *
 * spec: cosign SIGNATURE_SPEC.md "Storage", BUNDLE_SPEC.md; OCI distribution-spec "Listing Referrers"
 */
#pragma once

#include "image-decrypt/sigcheck.h"

#define COF_SIG_COSIGN_TYPE "application/vnd.dev.cosign.simplesigning.v1+json"
#define COF_SIG_COSIGN_ARTIFACT "application/vnd.dev.cosign.artifact.sig.v1+json"
#define COF_SIG_ANNOTATION "dev.cosignproject.cosign/signature"

enum { COF_SIG_TAG_MAX = 7 + 128 + 5 };

typedef struct cof_sig_candidate {
	cof_sig_kind kind;
	cof_buf body;	 /* a bundle's JSON, or a cosign payload */
	char *signature; /* cosign alone: base64 text */
} cof_sig_candidate;

typedef struct cof_sig_found {
	cof_sig_candidate *list;
	size_t n;
	size_t bytes, documents; /* spent */
	bool full;		 /* a limit ended the search */
	cof_err missed;		 /* the first trouble on the way, for when nothing is found */
} cof_sig_found;

void cof_sig_found_release(cof_sig_found *f);
COF_DEFINE_AUTO(cof_sig_found, cof_sig_found_release)

/* Adds what lies there for the image of this digest. Fails only for want of memory. */
COF_WUR int cof_sig_fetch(const cof_image_source *src, const cof_digest *image, cof_sig_found *f, cof_err *err);
/* Whether a source failed because there is nothing by that name, which for signatures is an answer. */
bool cof_sig_is_absent(const cof_err *e);
/* "sha256-HEX" and the suffix (".sig", or "" for the tag that stands for a list of referrers). */
void cof_sig_tag(const cof_digest *image, const char *suffix, char out[COF_SIG_TAG_MAX]);
