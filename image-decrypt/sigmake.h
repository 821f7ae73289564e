/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's side of signatures: the documents that say "this image, by this name", as cosign and others look for
 * them. Where they are stored is the caller's: blobs first, then the manifest.
 *
 * spec: cosign SIGNATURE_SPEC.md "Storage", BUNDLE_SPEC.md; OCI image-spec manifest.md "subject"
 */
#pragma once

#include "common/ossl.h"
#include "image-decrypt/sigfetch.h"

#define COF_SIGMAKE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define COF_SIGMAKE_INDEX "application/vnd.oci.image.index.v1+json"

typedef struct cof_sigmade {
	cof_buf body; /* payload or bundle */
	cof_buf config;
	cof_buf manifest; /* of type COF_SIGMAKE_MANIFEST, names the two above */
	bool unchanged;	  /* the old manifest has such a signature: nothing needs to be stored */
} cof_sigmade;

void cof_sigmade_release(cof_sigmade *m);
COF_DEFINE_AUTO(cof_sigmade, cof_sigmade_release)

/* What a reference stands for: type, digest and size of the manifest or index that wanted (tag or digest) names. Reason
 * "image-digest-mismatch" and those of manifests. ret must be zeroed. */
COF_WUR int cof_sigmake_subject(const cof_image_source *src, const char *wanted, cof_desc *ret, cof_err *err);

/*
 * For the tag sha256-HEX.sig. name is what a policy compares: the repository, as cosign has it, or a reference. old
 * is the manifest that the tag has now (empty: none), whose signatures are kept. Reason "signature-tag" (policy) when
 * it holds something else, or as many as anybody looks at. ret must be zeroed.
 */
COF_WUR int cof_sigmake_cosign(EVP_PKEY *key, const cof_digest *image, const char *name, cof_span old, cof_sigmade *ret,
			       cof_err *err);
/* A sigstore bundle in a manifest whose subject is the image, for registries that list referrers. */
COF_WUR int cof_sigmake_referrer(EVP_PKEY *key, const cof_desc *image, const char *name, cof_sigmade *ret,
				 cof_err *err);
/* The index that stands for a list of referrers where there is none, under the tag sha256-HEX: old (empty: none) with
 * one more. Appends to ret. Reason "signature-tag" when old is no such index. */
COF_WUR int cof_sigmake_list(cof_span old, const cof_sigmade *made, cof_buf *ret, cof_err *err);
