/* SPDX-License-Identifier: Apache-2.0 */
/* Images judged by what the owner gives: a policy file (containers-policy.json), a key, signatures in files. */
#pragma once

#include "image-decrypt/depot.h"
#include "image-decrypt/sigcheck.h"

typedef struct cof_cli_judge {
	const char *policy_file, *key_file; /* either may be NULL, not both; with both, both must say yes */
	const cof_image_name *name;	    /* of the image; what scopes and identities are compared with */
	const char *identity; /* the name to judge it by instead, as if it had been pulled by that; NULL: its own */
	const cof_image_source *source; /* where its signatures lie; NULL: nowhere but in given */
	const cof_image *image;
	const cof_sig_given *given;
	size_t n_given;
} cof_cli_judge;

/*
 * Keys that the policy names by path are read from files. ret (may be NULL) is of the policy where there is one, else
 * of the key. Reasons: "policy-malformed", "reference-malformed", those of image-decrypt/sigcheck.h and common/file.h.
 */
COF_WUR int cof_cli_image_judge(const cof_cli_judge *in, cof_sig_report *ret, cof_err *err);
/* Whether the policy alone admits the image of this name. */
COF_WUR int cof_cli_image_admit(const char *policy_file, const cof_image_name *name, const cof_image_source *source,
				const cof_image *image, cof_sig_report *ret, cof_err *err);
/* A new object: by which scope of the policy the image was admitted, and by whose signature. */
json_t *cof_cli_image_signature(const cof_sig_report *r);
/* A name as people give it: "" is its tag when it has none, so that no tag is compared. Reason "reference-malformed".
 */
COF_WUR int cof_cli_image_identity(const char *text, cof_ref *ret, cof_err *err);
