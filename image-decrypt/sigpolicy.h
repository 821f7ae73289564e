/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which signatures an image must have: containers-policy.json. Strict, as a file that decides must be: an unknown or
 * repeated member, an empty list of requirements, a scope that no image can ever have, a transport that nobody knows or
 * a missing default make the whole file invalid. Requirements that coffer knows but does not judge (Fulcio, Rekor, PKI,
 * signedBaseLayer) are kept by name, and refuse every image that meets them.
 *
 * spec: containers-policy.json(5)
 */
#pragma once

#include "image-decrypt/sigidentity.h"

enum {
	COF_SIGPOLICY_MAX = 1 << 20,	 /* bytes of the file */
	COF_SIGPOLICY_KEY_MAX = 1 << 20, /* bytes of one key or keyring */
	COF_SIGPOLICY_LIST_MAX = 64,	 /* requirements of a scope, keys of a requirement */
	COF_SIGPOLICY_SCOPE_MAX = 4352,	 /* a path and a name */
};

typedef enum cof_sig_req_type {
	COF_SIG_ACCEPT_ANYTHING,
	COF_SIG_REJECT,
	COF_SIG_SIGNED_BY,	 /* OpenPGP, simple signing */
	COF_SIG_SIGSTORE_SIGNED, /* cosign and sigstore bundles, with keys */
	COF_SIG_UNSUPPORTED,
} cof_sig_req_type;

typedef struct cof_sig_key_src {
	char *path; /* a file's, or a kbs:///… URI; NULL: data holds the key */
	cof_buf data;
} cof_sig_key_src;

typedef struct cof_sig_req {
	cof_sig_req_type type;
	const char *unsupported; /* static: what of it coffer does not judge */
	cof_sig_key_src *keys;	 /* any of them may have signed */
	size_t n_keys;
	cof_sig_identity identity;
} cof_sig_req;

/* All of them must hold. */
typedef struct cof_sig_reqs {
	cof_sig_req *list;
	size_t n;
} cof_sig_reqs;

typedef struct cof_sigpolicy cof_sigpolicy;
void cof_sigpolicy_free(cof_sigpolicy *p);
COF_DEFINE_AUTO_PTR(cof_sigpolicy, cof_sigpolicy_free)

/* Reason "policy-malformed". */
COF_WUR int cof_sigpolicy_parse(cof_span in, cof_sigpolicy **ret, cof_err *err);

/* What an image is called, for the search of its scope. */
typedef struct cof_sig_place {
	const char *transport; /* "docker", "oci", … */
	const cof_ref *ref;    /* docker's */
	const char *path;      /* of transports on disk: absolute, no link in it, not ending in a slash */
	const char *path_ref;  /* what of the path's images, for the scope PATH:REF; may be NULL */
} cof_sig_place;

/*
 * The requirements for an image, borrowed from p; never none. The most specific scope alone counts: name with digest,
 * name with tag, name, its parents, the host, *.domain longest first, the transport's "", the default; paths likewise.
 * scope (may be NULL) is told which one it was, "" for the default.
 */
const cof_sig_reqs *cof_sigpolicy_find(const cof_sigpolicy *p, const cof_sig_place *place,
				       char scope[COF_SIGPOLICY_SCOPE_MAX]);

/* A policy of one requirement for everything: signatures by this key, PEM (sigstore) or an OpenPGP keyring, with the
 * identity rule COF_SIG_MATCH_NAMED. */
COF_WUR int cof_sigpolicy_of_key(cof_span key, cof_sigpolicy **ret, cof_err *err);
