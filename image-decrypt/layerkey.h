/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opened key of one layer, and how it travels in a pipe from the process that unwrapped it to the one that
 * decrypts. Fixed size, one record, then end of file:
 *
 *	"COFLKEY1"   8 bytes
 *	key         32 bytes, AES-256 and HMAC-SHA-256
 *	nonce       16 bytes, the initial counter block
 *
 * An end of file without a byte means that there is no key: reason "layer-key-refused".
 */
#pragma once

#include "common/secret.h"

enum { COF_LAYER_KEY_LEN = 32, COF_LAYER_NONCE_LEN = 16, COF_LAYER_KEY_WIRE = 8 + 32 + 16 };

typedef struct cof_layer_key {
	cof_secret key; /* COF_LAYER_KEY_LEN bytes */
	uint8_t nonce[COF_LAYER_NONCE_LEN];
} cof_layer_key;

void cof_layer_key_release(cof_layer_key *k);
COF_DEFINE_AUTO(cof_layer_key, cof_layer_key_release)

/* ret is a secret of COF_LAYER_KEY_WIRE bytes. */
COF_WUR int cof_layer_key_encode(const cof_layer_key *k, cof_secret *ret, cof_err *err);
/* Exactly one record. Reason "layer-key-malformed". */
COF_WUR int cof_layer_key_decode(cof_span in, cof_layer_key *ret, cof_err *err);
/* The same on descriptors; read takes everything up to the end of the stream. */
COF_WUR int cof_layer_key_write(int fd, const cof_layer_key *k, cof_err *err);
COF_WUR int cof_layer_key_read(int fd, cof_layer_key *ret, cof_err *err);
