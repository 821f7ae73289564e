/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet that carries a secret into a SEV guest before it starts: a header for the firmware, and the secret's
 * ciphertext. It can be made for a launch only that was verified, and its MAC covers that launch's measure.
 *
 * spec: AMD SEV API 0.24, 6.6 (LAUNCH_SECRET)
 */
#pragma once

#include "attestation/verify/sev_session.h"
#include "common/secret.h"

enum { COF_SEV_HEADER_LEN = 52, COF_SEV_SECRET_MAX = 16 << 10, COF_SEV_SECRET_UNIT = 16 };

typedef struct cof_sev_packet_in {
	cof_span tek, tik; /* the session's, secret */
	const uint8_t *iv; /* random, 16 bytes, never used before */
	cof_span plain;	   /* secret; whole units of 16 bytes, at most 16 KiB */
} cof_sev_packet_in;

/* Appends the ciphertext. Reasons (usage) "sev-secret-size", "sev-key-size". */
COF_WUR int cof_sev_packet_make(const cof_sev_launched *launch, const cof_sev_packet_in *in,
				uint8_t ret_header[COF_SEV_HEADER_LEN], cof_buf *ret, cof_err *err);

typedef struct cof_sev_packet {
	cof_span tek, tik, measure;
	cof_span header, ciphertext; /* hostile */
} cof_sev_packet;

/*
 * What the firmware does with one: checks the header, then decrypts. Reasons "sev-packet-malformed" (malformed: sizes;
 * flags, of which none is known here: compressed secrets are not), "sev-packet-mac" (crypto), "sev-key-size" (usage).
 */
COF_WUR int cof_sev_packet_open(const cof_sev_packet *in, cof_secret *ret, cof_err *err);
