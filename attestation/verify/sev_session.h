/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's owner sends before a launch: two transport keys, wrapped for one verified platform, and the policy
 * under them. Pure: whoever calls brings the randomness. Keys are secret; their spans belong in locked memory.
 *
 * spec: AMD SEV API 0.24, 2.1 (key derivation), 6.2 (LAUNCH_START), table of the session's data
 */
#pragma once

#include "attestation/verify/sev.h"

enum { COF_SEV_NONCE_LEN = 16, COF_SEV_IV_LEN = 16, COF_SEV_SESSION_LEN = 128 };

/* Secret: cof_sev_keys_release wipes it. */
typedef struct cof_sev_keys {
	uint8_t master[COF_SEV_TK_LEN], kek[COF_SEV_TK_LEN], kik[COF_SEV_TK_LEN];
} cof_sev_keys;

void cof_sev_keys_release(cof_sev_keys *k);
COF_DEFINE_AUTO(cof_sev_keys, cof_sev_keys_release)
/* z: what both sides agreed on, the shared point's x, big-endian. */
COF_WUR int cof_sev_keys_derive(cof_span z, const uint8_t nonce[COF_SEV_NONCE_LEN], cof_sev_keys *ret, cof_err *err);

typedef struct cof_sev_session_in {
	const uint8_t *nonce, *iv; /* random, 16 bytes each, never used before */
	cof_span tek, tik;	   /* random, 16 bytes each, secret */
	uint32_t policy;
} cof_sev_session_in;

/* The blob under keys that are derived already. Reason "sev-key-size" (usage). */
COF_WUR int cof_sev_session_wrap(const cof_sev_keys *keys, const cof_sev_session_in *in,
				 uint8_t ret[COF_SEV_SESSION_LEN], cof_err *err);
/*
 * Agrees on a secret with the platform and wraps. own: a new key pair on P-384, used for this one session. Reasons
 * "sev-key-size", "sev-key" (usage): own is no such key; "api-too-low" (policy): the policy demands newer firmware than
 * the platform has.
 */
COF_WUR int cof_sev_session_make(const cof_sev_platform *platform, EVP_PKEY *own, const cof_sev_session_in *in,
				 uint8_t ret[COF_SEV_SESSION_LEN], cof_err *err);
/* The certificate of own for LAUNCH_START ("GODH"): nobody signs it, the firmware takes the key alone. Reason
 * "idkey-unsupported" (usage). */
COF_WUR int cof_sev_godh_make(const cof_sev_platform *platform, EVP_PKEY *own, uint8_t ret[COF_SEV_CERT_LEN],
			      cof_err *err);

/* AES-128 in counter mode, the one cipher of SEV's transports; to holds as many bytes as from. */
COF_WUR int cof_sev_cipher(cof_span key, const uint8_t iv[COF_SEV_IV_LEN], cof_span from, uint8_t *to, cof_err *err);
