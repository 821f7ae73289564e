/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the name that a signature gives its image is the name that the image was asked for by ("signedIdentity" of a
 * requirement). The signed name has been verified by then, but its author may be a stranger to this image.
 *
 * spec: containers-policy.json(5), "signedIdentity"
 */
#pragma once

#include "common/json.h"
#include "image-decrypt/reference.h"

typedef enum cof_sig_match {
	COF_SIG_MATCH_REPO_DIGEST_OR_EXACT, /* the default */
	COF_SIG_MATCH_EXACT,
	COF_SIG_MATCH_REPOSITORY,
	COF_SIG_EXACT_REFERENCE,
	COF_SIG_EXACT_REPOSITORY,
	COF_SIG_REMAP_IDENTITY,
	/* Ours: the digest is enough. For bundles of cosign 3, which give no name. */
	COF_SIG_DIGEST_ONLY,
	/* Not in any file: the command line's --identity. The tag or digest counts only where the signature gives one,
	 * and a signature that gives no name at all (DSSE) passes. */
	COF_SIG_MATCH_NAMED,
} cof_sig_match;

typedef struct cof_sig_identity {
	cof_sig_match match;
	char *name;	     /* dockerReference or dockerRepository, or remapIdentity's prefix */
	char *signed_prefix; /* of remapIdentity */
} cof_sig_identity;

void cof_sig_identity_release(cof_sig_identity *i);
COF_DEFINE_AUTO(cof_sig_identity, cof_sig_identity_release)

/* v is the object, or NULL for the default. Reason "policy-malformed". ret must be zeroed. */
COF_WUR int cof_sig_identity_parse(const json_t *v, cof_sig_identity *ret, cof_err *err);

/*
 * Reason "signature-identity" (policy) when it is another name. asked may be NULL (an image that has no such name: only
 * the exact… types can hold); signed_name is text of the signature, NULL when it gives none.
 */
COF_WUR int cof_sig_identity_check(const cof_sig_identity *i, const cof_ref *asked, const char *signed_name,
				   cof_err *err);
