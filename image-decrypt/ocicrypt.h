/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocicrypt's layer encryption: AES-256-CTR, HMAC-SHA-256 over the ciphertext, and the two texts that describe it:
 * public options beside the layer, private ones (key and nonce) in packets that enc_provider.h and encopen.h open.
 * Annotations are hostile. The nonce is taken from the private options only, and the MAC is mandatory and 32 bytes.
 *
 * spec: containers/ocicrypt (the Go library is the format's definition)
 */
#pragma once

#include "common/digest.h"
#include "image-decrypt/layerkey.h"

enum {
	COF_ENC_HMAC_LEN = 32,
	COF_ENC_PACKETS_MAX = 8,       /* in one annotation */
	COF_ENC_PRIVATE_MAX = 4 << 10, /* bytes of private options */
};

#define COF_ENC_ANNOTATION_PREFIX "org.opencontainers.image.enc."
#define COF_ENC_ANNOTATION_PUBOPTS COF_ENC_ANNOTATION_PREFIX "pubopts"
#define COF_ENC_ANNOTATION_KEYS COF_ENC_ANNOTATION_PREFIX "keys."
#define COF_ENC_ANNOTATION_PROVIDER COF_ENC_ANNOTATION_KEYS "provider.attestation-agent"

/* The public options: cipher name checked, the MAC, no nonce. in is the annotation's text. Reason
 * "layer-pubopts-malformed". */
COF_WUR int cof_enc_public_parse(const char *in, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err);

/* The private options JSON ({"symkey","digest","cipheroptions":{"nonce"}}) in both directions. Reason
 * "layer-privopts-malformed". */
COF_WUR int cof_enc_private_parse(cof_span in, cof_layer_key *ret, cof_err *err);
COF_WUR int cof_enc_private_make(const cof_layer_key *k, const cof_digest *plain, cof_secret *ret, cof_err *err);

/* The public options' annotation. */
COF_WUR int cof_enc_public_make(const uint8_t hmac[COF_ENC_HMAC_LEN], cof_buf *ret, cof_err *err);
/* Fresh random key and nonce. */
COF_WUR int cof_enc_key_new(cof_layer_key *ret, cof_err *err);

/*
 * The cipher as a stream: AES-256-CTR over what is added, HMAC over the ciphertext side. Plain text that came out of a
 * decryption is not authentic before cof_enc_stream_check said so.
 */
typedef struct cof_enc_stream cof_enc_stream;
typedef enum cof_enc_dir { COF_ENC_DECRYPT, COF_ENC_ENCRYPT } cof_enc_dir;
void cof_enc_stream_free(cof_enc_stream *s);
COF_DEFINE_AUTO_PTR(cof_enc_stream, cof_enc_stream_free)
COF_WUR int cof_enc_stream_new(cof_enc_stream **ret, const cof_layer_key *k, cof_enc_dir dir, cof_err *err);
/* out has room for in.len bytes; it may be in.data itself. */
COF_WUR int cof_enc_stream_add(cof_enc_stream *s, cof_span in, uint8_t *out, cof_err *err);
/* Ends it. The MAC of what was written, or the comparison with what it must be: reason "layer-hmac-mismatch". */
COF_WUR int cof_enc_stream_end(cof_enc_stream *s, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err);
COF_WUR int cof_enc_stream_check(cof_enc_stream *s, const uint8_t want[COF_ENC_HMAC_LEN], cof_err *err);
