/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenPGP, as much of it as simple signing needs and no more: keyrings of version 4 keys, and signed messages of one
 * binary signature. RSA of 2048 bits and more, ECDSA on the NIST curves, Ed25519; SHA-256, SHA-384 and SHA-512, in
 * signatures over keys too. Messages are hostile. Keyrings come from the policy, but a key's own limits (revoked,
 * expired, not for signing, a subkey that does not sign back) hold against it.
 *
 * spec: RFC 4880, RFC 6637 (ECDSA), RFC 9580 5.2.3 (EdDSA as it was)
 */
#pragma once

#include "common/buf.h"

enum {
	COF_PGP_RING_MAX = 4 << 20,	 /* bytes, all keyrings of one together */
	COF_PGP_KEYS_MAX = 1024,	 /* keys and subkeys of a ring */
	COF_PGP_MESSAGE_MAX = 256 << 10, /* bytes of a message, and of what it unpacks to */
	COF_PGP_FINGERPRINT_STR = 41,
};

typedef struct cof_pgp_ring cof_pgp_ring;
void cof_pgp_ring_free(cof_pgp_ring *r);
COF_DEFINE_AUTO_PTR(cof_pgp_ring, cof_pgp_ring_free)

COF_WUR int cof_pgp_ring_new(cof_pgp_ring **ret, cof_err *err);
/*
 * Adds the keys of a keyring, binary or in ASCII armour. Keys of algorithms that are not ours are passed over; a ring
 * without one of ours, with secret keys, or damaged is refused. Reason "signature-key" (malformed). What it took stays
 * after a failure: the ring must not be used then.
 */
COF_WUR int cof_pgp_ring_add(cof_pgp_ring *r, cof_span in, cof_err *err);

/*
 * Appends what was signed to ret_payload, only once the signature is good: reasons "signature-malformed",
 * "signature-invalid" (crypto; also for a key that is not in the ring), "signature-expired" (policy; signature or key,
 * at now), "signature-revoked" (policy), "signature-key" (policy; the key is not for signing, or nothing binds it).
 * fingerprint is that of the primary key.
 */
COF_WUR int cof_pgp_verify(const cof_pgp_ring *r, cof_span message, int64_t now, cof_buf *ret_payload,
			   char fingerprint[COF_PGP_FINGERPRINT_STR], cof_err *err);
