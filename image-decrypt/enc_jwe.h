/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithms of JWE packets, and their content ciphers. They stand in lists: what is not in them is refused before
 * any work is done for it. libjose is not asked: it takes more than these, wants private keys as JSON text, and frees
 * jansson's memory by itself, which processes that wipe it (cof_secret_process_init) forbid.
 *
 * spec: RFC 7516, RFC 7518 4.3, 4.6, 5.2, 5.3
 */
#pragma once

#include <openssl/evp.h>

#include "common/secret.h"

typedef struct cof_jwe_alg {
	const char *name;
	const char *oaep; /* the hash of RSA-OAEP; NULL: ECDH-ES with key wrap */
	size_t wrap_len;  /* of the key that ECDH-ES makes */
} cof_jwe_alg;
/* NULL for a name that is not in the list. */
const cof_jwe_alg *cof_jwe_alg_find(const char *name);

typedef struct cof_jwe_enc {
	const char *name;
	size_t key_len;
	size_t iv_len;
	size_t tag_len;
	const char *cbc; /* AES-CBC and HMAC by these names; NULL: AES-GCM by the key's length */
	const char *hmac;
} cof_jwe_enc;
const cof_jwe_enc *cof_jwe_enc_find(const char *name);

typedef struct cof_jwe_content {
	const cof_jwe_enc *enc;
	cof_span iv, aad, text, tag; /* lengths of iv and tag are the enc's */
} cof_jwe_content;
/* -1: it does not open. */
COF_WUR int cof_jwe_content_open(const cof_jwe_content *c, cof_span cek, cof_secret *ret);
