/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys that an owner has for opening layers: private keys (RSA; EC on P-256, P-384 and P-521) and key-encryption
 * keys of 32 bytes. The files are the owner's; what they hold is kept in wiped memory and is never told.
 */
#pragma once

#include <openssl/evp.h>

#include "common/secret.h"

enum {
	COF_ENC_KEYS_MAX = 32,		 /* of each kind in one set */
	COF_ENC_KEY_FILE_MAX = 64 << 10, /* bytes of a key's file */
	COF_ENC_PASSWORD_MAX = 1024,
};

typedef struct cof_enc_keys cof_enc_keys;
COF_WUR int cof_enc_keys_new(cof_enc_keys **ret, cof_err *err);
void cof_enc_keys_free(cof_enc_keys *k);
COF_DEFINE_AUTO_PTR(cof_enc_keys, cof_enc_keys_free)

/*
 * FILE, or FILE:PASSWORD where PASSWORD is pass=TEXT, file=PATH, fd=NUMBER or the text itself (a name that exists as it
 * stands has no password). The file is a private key (PEM or DER of PKCS#8, PKCS#1 or SEC1, or a JWK), a
 * certificate (PEM or DER; PKCS#7 packets open without it, too), or 32 raw bytes: a key-encryption key that is tried
 * for every key id. Reasons: "key-malformed" (malformed), "key-password" (usage: one is needed, or it is wrong),
 * "key-unsupported" (usage: kind, curve or size), "too-many-keys" (usage), those of common/file.h.
 */
COF_WUR int cof_enc_keys_add(cof_enc_keys *k, const char *arg, cof_err *err);
/* A key-encryption key that is at hand; copied. Reason "kek-size" (usage). */
COF_WUR int cof_enc_keys_add_kek(cof_enc_keys *k, cof_span kek, cof_err *err);
/*
 * A folder of key-encryption keys, each in a file of 32 bytes that is named after the key id's path with '/' written
 * as '_': "kbs:///a/b/c" is in a_b_c, and "kbs://host/a/b/c" in host_a_b_c, or else in a_b_c.
 */
COF_WUR int cof_enc_keys_add_dir(cof_enc_keys *k, const char *dir, cof_err *err);

/* Nothing was added that could open anything. */
bool cof_enc_keys_empty(const cof_enc_keys *k);
