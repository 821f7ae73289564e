/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of CoCo's attestation-agent key provider: private options under a 32-byte key-encryption key, which the
 * packet names and the broker keeps. Hostile. An unauthenticated wrap (A256CTR) is refused unless the caller asks for
 * it by name: the registry could change the key in it, or call A256GCM data so.
 *
 * spec: CoCo annotation packet versions 1 and 2
 */
#pragma once

#include "common/kbs_proto.h"
#include "image-decrypt/ocicrypt.h"

enum {
	COF_ENC_KEK_LEN = 32,
	COF_ENC_KID_MAX = 512,
	COF_ENC_HOST_MAX = 128,
	COF_ENC_WRAPPED_MAX = 8 << 10,
};

typedef enum cof_enc_wrap { COF_ENC_A256GCM, COF_ENC_A256CTR } cof_enc_wrap;

typedef struct cof_enc_packet {
	char kid[COF_ENC_KID_MAX + 1]; /* "kbs:///repo/type/tag": printable, and no more is checked */
	cof_enc_wrap wrap;
	uint8_t iv[16]; /* 12 of them for GCM */
	cof_buf wrapped;
} cof_enc_packet;

typedef struct cof_enc_packets {
	cof_enc_packet at[COF_ENC_PACKETS_MAX];
	size_t n;
} cof_enc_packets;

void cof_enc_packet_release(cof_enc_packet *p);
COF_DEFINE_AUTO(cof_enc_packet, cof_enc_packet_release)
void cof_enc_packets_release(cof_enc_packets *p);
COF_DEFINE_AUTO(cof_enc_packets, cof_enc_packets_release)

/* One packet's JSON. ret must be zeroed. Reason "layer-packet-malformed". */
COF_WUR int cof_enc_packet_parse(cof_span in, cof_enc_packet *ret, cof_err *err);
/* The annotation's text: base64 packets, separated by commas; at least one. ret must be zeroed. The same reason. */
COF_WUR int cof_enc_packets_parse(const char *in, cof_enc_packets *ret, cof_err *err);

/*
 * Opens one packet with its key-encryption key (32 bytes) to the private options. Reasons "layer-key-unwrap" (crypto;
 * the key or the packet is wrong), "layer-wrap-unauthenticated" (policy; A256CTR without allow_ctr).
 */
COF_WUR int cof_enc_packet_open(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_secret *ret, cof_err *err);
/* And reads them: reason "layer-privopts-malformed" too. */
COF_WUR int cof_enc_unwrap(const cof_enc_packet *p, cof_span kek, bool allow_ctr, cof_layer_key *ret, cof_err *err);

/* A key's id as packets have it: "kbs://[HOST]/r/t/t", "kbs+resource://[HOST]/r/t/t", "/r/t/t" or "HOST/r/t/t". */
typedef struct cof_enc_kid {
	char host[COF_ENC_HOST_MAX + 1]; /* "" when there is none; NAME or ADDRESS, with or without a port */
	cof_kbsp_path path;
} cof_enc_kid;
/* Reason "resource-path" (malformed). */
COF_WUR int cof_enc_kid_parse(const char *text, cof_enc_kid *ret, cof_err *err);

/* The owner's side: adds the packet to an annotation's text, behind a comma when there is one. */
COF_WUR int cof_enc_wrap_make(const char *kid, cof_span kek, cof_span private_options, cof_buf *ret, cof_err *err);
