/* SPDX-License-Identifier: Apache-2.0 */
/* What the schemes of wrapping share. One file a scheme (enc_jwe.c, …), one table of them (encopen.c). */
#pragma once

#include <openssl/x509.h>

#include "common/json.h"
#include "image-decrypt/enckeys.h"
#include "image-decrypt/ocicrypt.h"

enum { COF_ENC_PACKET_MAX = 48 << 10 }; /* one packet, base64 taken off: what an annotation can hold */

/*
 * One hostile packet with whatever key of the set fits; ret gets the private options, unread. Reason "layer-key-unwrap"
 * says that no key does; the words are the same whatever failed.
 */
COF_WUR int cof_enc_jwe_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err);
COF_WUR int cof_enc_pkcs7_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret,
			       cof_err *err);
COF_WUR int cof_enc_pkcs11_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret,
				cof_err *err);
COF_WUR int cof_enc_kbs_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err);

/* --- for whom, from inside --- */

/* Which members are set is the scheme's business. */
typedef struct cof_enc_recipient {
	EVP_PKEY *key; /* public */
	X509 *cert;
	char *alg; /* of a JWK, NULL when it has none */
	char *kid;
	cof_secret kek;
} cof_enc_recipient;

/* Each adds packets for these recipients to an annotation's text. */
COF_WUR int cof_enc_jwe_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret,
			     cof_err *err);
COF_WUR int cof_enc_pkcs7_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret,
			       cof_err *err);
COF_WUR int cof_enc_pkcs11_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret,
				cof_err *err);
COF_WUR int cof_enc_kbs_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret,
			     cof_err *err);

/* --- the set of keys, from inside --- */

/* Private keys by number; NULL behind the last. */
EVP_PKEY *cof_enc_keys_private(const cof_enc_keys *k, size_t i);
/* Key-encryption keys that are tried for every id; NULL behind the last. */
const cof_secret *cof_enc_keys_kek(const cof_enc_keys *k, size_t i);
/* The one that a folder has under this name; reason "kek-missing" (crypto). */
COF_WUR int cof_enc_keys_kek_named(const cof_enc_keys *k, const char *name, cof_secret *ret, cof_err *err);
/* A file that may hold a secret, whole. Reasons "no-such-file", "open-failed", "read-failed", "file-too-large". */
COF_WUR int cof_enc_file_read(const char *path, size_t max, cof_secret *ret, cof_err *err);

/* --- RSA --- */

/* OAEP with hash and MGF1 of the same name ("SHA1", "SHA256"), no label. -1: it does not open. */
COF_WUR int cof_enc_oaep_open(EVP_PKEY *key, const char *hash, cof_span in, cof_secret *ret);
COF_WUR int cof_enc_oaep_seal(EVP_PKEY *key, const char *hash, cof_span in, cof_buf *ret, cof_err *err);
/* PKCS #1 v1.5 to exactly len bytes. What does not open gives random bytes, so that nobody can tell: ciphers decide. */
COF_WUR int cof_enc_rsa15_open(EVP_PKEY *key, cof_span in, size_t len, cof_secret *ret, cof_err *err);

/* --- words and texts --- */

/* Reason "layer-packet-malformed". */
COF_WUR int cof_enc_bad_packet(cof_err *err, const char *what);
/* Reason "layer-key-unwrap". */
COF_WUR int cof_enc_no_key(cof_err *err);
/* Base64 of a JSON object, at most COF_ANNOTATION_MAX characters. */
COF_WUR int cof_enc_b64_json(cof_span in, json_t **ret, cof_err *err);
/* Base64 of exactly len bytes in a member; -1 for anything else. What was decoded is wiped. */
COF_WUR int cof_enc_b64_exact(const json_t *obj, const char *key, uint8_t *out, size_t len);
/* Adds base64 of in, behind a comma when ret has something already. */
COF_WUR int cof_enc_add_packet(cof_span in, cof_buf *ret, cof_err *err);
