/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocicrypt's layer encryption (AES-256-CTR, HMAC-SHA-256 over the ciphertext) with keys wrapped as CoCo's
 * attestation-agent key provider does (A256GCM under a 32-byte key from the broker). Annotations are hostile. The nonce
 * is taken from the wrapped options only, the MAC is mandatory and 32 bytes, and an unauthenticated wrap is refused
 * unless the caller asks for it by name.
 *
 * spec: containers/ocicrypt (the Go library is the format's definition), CoCo annotation packet versions 1 and 2
 */
#pragma once

#include "common/digest.h"
#include "image-decrypt/layerkey.h"

enum {
	COF_ENC_HMAC_LEN = 32,
	COF_ENC_KEK_LEN = 32,
	COF_ENC_KID_MAX = 512,
	COF_ENC_PACKETS_MAX = 8,
	COF_ENC_WRAPPED_MAX = 8 << 10,
};

#define COF_ENC_ANNOTATION_PREFIX "org.opencontainers.image.enc."
#define COF_ENC_ANNOTATION_PUBOPTS COF_ENC_ANNOTATION_PREFIX "pubopts"
#define COF_ENC_ANNOTATION_PROVIDER COF_ENC_ANNOTATION_PREFIX "keys.provider.attestation-agent"

/* The public options: cipher name checked, the MAC, no nonce. in is the annotation's text. Reason
 * "layer-pubopts-malformed". */
COF_WUR int cof_enc_public_parse(const char *in, uint8_t ret_hmac[COF_ENC_HMAC_LEN], cof_err *err);

typedef enum cof_enc_wrap { COF_ENC_A256GCM, COF_ENC_A256CTR } cof_enc_wrap;

typedef struct cof_enc_packet {
	char kid[COF_ENC_KID_MAX + 1]; /* "kbs:///repo/type/tag": the caller checks it (common/kbs_proto.h) */
	cof_enc_wrap wrap;
	uint8_t iv[16]; /* 12 of them for GCM */
	cof_buf wrapped;
} cof_enc_packet;

typedef struct cof_enc_packets {
	cof_enc_packet at[COF_ENC_PACKETS_MAX];
	size_t n;
} cof_enc_packets;

void cof_enc_packets_release(cof_enc_packets *p);
COF_DEFINE_AUTO(cof_enc_packets, cof_enc_packets_release)

/* The annotation's text: base64 packets, separated by commas; at least one. ret must be zeroed. Reason
 * "layer-packet-malformed". */
COF_WUR int cof_enc_packets_parse(const char *in, cof_enc_packets *ret, cof_err *err);
/*
 * Opens one packet with its key-encryption key (32 bytes). Reasons "layer-key-unwrap" (crypto; the key or the packet
 * is wrong), "layer-wrap-unauthenticated" (policy; A256CTR without allow_ctr), "layer-privopts-malformed".
 */
COF_WUR int cof_enc_unwrap(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_layer_key *ret, cof_err *err);

/* The private options JSON ({"symkey","digest","cipheroptions":{"nonce"}}) in both directions. */
COF_WUR int cof_enc_private_parse(cof_span in, cof_layer_key *ret, cof_err *err);
COF_WUR int cof_enc_private_make(const cof_layer_key *k, const cof_digest *plain, cof_secret *ret, cof_err *err);

/* The owner's side: texts of the two annotations. */
COF_WUR int cof_enc_wrap_make(const char *kid, cof_span kek, cof_span private_options, cof_buf *ret, cof_err *err);
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
