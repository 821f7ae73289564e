/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's side of the key broker's protocol: one session, one TEE key, one token at a time. The broker is
 * authenticated by TLS with the CA that initdata pins; everything it says is parsed with limits all the same.
 *
 * A handshake is made when no token is held or the held one ran out, and once more when a request is answered 401.
 * It is never made because of 403, 404 or 429. An unreachable broker is asked again, with growing pauses, until the
 * deadline of the call: reason "kbs-unreachable" (unavailable).
 *
 * spec: KBS protocol 0.4.0, sections on the handshake and on resources
 */
#pragma once

#include "attestation/evidence/attester.h"
#include "common/jwe.h"
#include "common/kbs_proto.h"

typedef struct cof_kbs_client cof_kbs_client;

typedef struct cof_kbs_client_opts {
	const char *url;		     /* "https://NAME[:PORT]", no path */
	cof_span ca_pem;		     /* its roots */
	const char *initdata;		     /* TOML text, sent with the evidence */
	const cof_attester_backend *backend; /* how this machine proves itself */
	cof_attester *attester;		     /* borrowed; used only during calls */
} cof_kbs_client_opts;

/* Reason "kbs-url" (malformed) for anything but https to a name. */
COF_WUR int cof_kbs_client_new(cof_kbs_client **ret, const cof_kbs_client_opts *opts, cof_err *err);
/* Wipes key and token. */
void cof_kbs_client_free(cof_kbs_client *c);
COF_DEFINE_AUTO_PTR(cof_kbs_client, cof_kbs_client_free)

/* "IP NAME" lines of the host's table; only the broker's own name matters. Replaces the ones before. */
COF_WUR int cof_kbs_client_hosts(cof_kbs_client *c, const char *const *lines, size_t n, cof_err *err);

/* Makes sure that a token is held. A contraindicated token is a success here: only resources tell what it is worth. */
COF_WUR int cof_kbs_client_attest(cof_kbs_client *c, int timeout_ms, cof_err *err);
/* The compact JWT, NULL before the first attest. Borrowed until the next call. */
const char *cof_kbs_client_token(const cof_kbs_client *c);
/* PKCS#8 PEM of the TEE key to which the token is bound: for the workload that asks for its token. */
COF_WUR int cof_kbs_client_key_pem(const cof_kbs_client *c, cof_secret *ret, cof_err *err);

/*
 * A resource, decrypted. ret_refusal is filled when the broker refused and said why; its reason word is then also the
 * error's (a policy error for 403: "policy-deny" when the broker names none; "resource-absent" for 404).
 */
COF_WUR int cof_kbs_client_get(cof_kbs_client *c, const cof_kbsp_path *path, int timeout_ms, cof_secret *ret,
			       cof_kbsp_refusal *ret_refusal, cof_err *err);
