/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of an image's signatures: a policy, the image's name and digests and what lies beside the image in, yes
 * or a reason out. No files, no clock, no environment: keys that a policy names by path come through a callback, so
 * that the owner's tool and the guest ask the same function.
 *
 * Signatures are looked for where cosign puts them (tag sha256-HEX.sig, and OCI 1.1 referrers) for the digest that was
 * asked for and for the one that was chosen; simple signing signatures are handed in. The place is the registry's to
 * shape: count and bytes are bounded, strangers' signatures are passed over, and none at all is a refusal.
 */
#pragma once

#include "image-decrypt/image.h"
#include "image-decrypt/sigpolicy.h"

enum {
	COF_SIG_MAX = 64,		 /* signatures that are looked at */
	COF_SIG_PAYLOAD_MAX = 256 << 10, /* bytes of one payload, bundle or simple signing signature */
	COF_SIG_BYTES_MAX = 8 << 20,	 /* of all of them, manifests included */
};

/* Appends the key or keyring that a policy names; at most COF_SIGPOLICY_KEY_MAX bytes. */
typedef int (*cof_sig_key_reader)(void *arg, const char *path, cof_buf *ret, cof_err *err);

typedef enum cof_sig_kind { COF_SIG_NONE, COF_SIG_COSIGN, COF_SIG_BUNDLE, COF_SIG_SIMPLE } cof_sig_kind;

/* A signature that somebody has at hand. All borrowed. */
typedef struct cof_sig_given {
	cof_sig_kind kind;
	cof_span body;	    /* a bundle's JSON, an OpenPGP message, a cosign payload */
	cof_span signature; /* cosign alone: base64 text */
} cof_sig_given;

typedef struct cof_sigcheck {
	const cof_sigpolicy *policy; /* NULL refuses: reason "policy-missing" */
	cof_sig_place place;
	const cof_digest *asked;  /* of the document that the name stands for (cof_image.asked) */
	const cof_digest *chosen; /* of the manifest that will run (cof_image.digest) */
	/* Where cosign signatures are looked for; NULL: nowhere, what is given is all. */
	const cof_image_source *source;
	const cof_sig_given *given;
	size_t n_given;
	cof_sig_key_reader read_key; /* NULL: a policy that names a path refuses */
	void *read_key_arg;
	int64_t now; /* seconds since the epoch, for expiry of OpenPGP keys and signatures */
} cof_sigcheck;

/* What an accepted image's signature was; of the last requirement that asked for one. */
typedef struct cof_sig_report {
	char scope[COF_SIGPOLICY_SCOPE_MAX]; /* that decided; "" is the default */
	size_t requirements;		     /* that held */
	size_t seen;			     /* signatures looked at */
	cof_sig_kind kind;		     /* COF_SIG_NONE when no requirement asked for a signature */
	cof_digest digest;		     /* that it is over */
	char identity[COF_REF_STR_MAX];	     /* that it gives; "" when none */
	char key[65];			     /* OpenPGP fingerprint, or SHA-256 of the public key (SPKI), hex */
} cof_sig_report;

const char *cof_sig_kind_name(cof_sig_kind kind); /* "none", "cosign", "bundle", "simple-signing" */

/*
 * 0: every requirement holds. Reasons, all refusals:
 *   "policy-missing", "policy-rejects" (the requirement "reject"), "policy-unsupported" (policy)
 *   "signature-missing" (policy): nothing of the asked kind lies there
 *   "signature-invalid" (crypto): by none of the keys, or damaged; "signature-malformed" when it cannot be read
 *   "signature-digest" (crypto): good, but of another image
 *   "signature-identity" (policy): good, but made for another name
 *   "signature-expired" (policy): signature or key, by the clock that was given; "signature-revoked" (policy): its key
 *   "signature-key" (malformed): a key of the policy cannot be used
 * and those of the source and of read_key. Of several signatures that fail the one that came furthest is told. ret
 * (may be NULL) is written on success.
 */
COF_WUR int cof_sigcheck_run(const cof_sigcheck *in, cof_sig_report *ret, cof_err *err);
