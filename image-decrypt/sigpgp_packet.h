/* SPDX-License-Identifier: Apache-2.0 */
/* OpenPGP's frames: packets, signature packets, keys and numbers. All spans borrow from the input. */
#pragma once

#include "common/digest.h"
#include "common/ossl.h"
#include "common/rd.h"

enum {
	COF_PGP_TAG_SIGNATURE = 2,
	COF_PGP_TAG_ONE_PASS = 4,
	COF_PGP_TAG_SECRET_KEY = 5,
	COF_PGP_TAG_PUBLIC_KEY = 6,
	COF_PGP_TAG_SECRET_SUBKEY = 7,
	COF_PGP_TAG_COMPRESSED = 8,
	COF_PGP_TAG_LITERAL = 11,
	COF_PGP_TAG_TRUST = 12,
	COF_PGP_TAG_USER_ID = 13,
	COF_PGP_TAG_PUBLIC_SUBKEY = 14,
	COF_PGP_TAG_USER_ATTRIBUTE = 17,
};

/* spec: RFC 4880 5.2.1 */
enum {
	COF_PGP_SIG_BINARY = 0x00,
	COF_PGP_SIG_CERTIFY_FIRST = 0x10, /* four grades of it */
	COF_PGP_SIG_CERTIFY_LAST = 0x13,
	COF_PGP_SIG_SUBKEY = 0x18,
	COF_PGP_SIG_BACK = 0x19,
	COF_PGP_SIG_KEY = 0x1f,
	COF_PGP_SIG_KEY_REVOKED = 0x20,
	COF_PGP_SIG_SUBKEY_REVOKED = 0x28,
	COF_PGP_SIG_USER_REVOKED = 0x30,
};

enum { COF_PGP_FINGERPRINT_LEN = 20, COF_PGP_KEY_ID_LEN = 8, COF_PGP_FLAG_SIGN = 0x02 };

typedef struct cof_pgp_packet {
	uint8_t tag;
	cof_span body;
	cof_buf joined; /* holds the body where it came in parts */
} cof_pgp_packet;

void cof_pgp_packet_release(cof_pgp_packet *p);
COF_DEFINE_AUTO(cof_pgp_packet, cof_pgp_packet_release)

/* Takes the next packet away from r; false for what is none. Lengths in parts or without an end are for data packets
 * alone. ret must be zeroed. */
COF_WUR bool cof_pgp_packet_next(cof_rd *r, cof_pgp_packet *ret);

/* A number of at most max bytes, without leading zeros, as its length in bits says; else r fails. */
cof_span cof_pgp_mpi(cof_rd *r, size_t max);

/* --- keys --- */

typedef struct cof_pgp_key {
	EVP_PKEY *key;
	uint8_t algorithm; /* 1 and 3: RSA; 19: ECDSA; 22: EdDSA */
	uint32_t created;
	uint8_t fingerprint[COF_PGP_FINGERPRINT_LEN];
	cof_span body; /* of the packet, as signatures over it take it */
} cof_pgp_key;

void cof_pgp_key_release(cof_pgp_key *k);
COF_DEFINE_AUTO(cof_pgp_key, cof_pgp_key_release)

typedef enum cof_pgp_key_kind { COF_PGP_KEY_DAMAGED, COF_PGP_KEY_OTHER, COF_PGP_KEY_OURS } cof_pgp_key_kind;

/* A public key or subkey packet; ret is filled for one of ours alone. It must be zeroed. */
COF_WUR cof_pgp_key_kind cof_pgp_key_read(cof_span body, cof_pgp_key *ret);

/* --- signatures --- */

typedef struct cof_pgp_sig {
	uint8_t type, algorithm, hash;
	uint32_t created;
	uint32_t lifetime;     /* seconds from created; 0: no end */
	uint32_t key_lifetime; /* seconds from the key's creation; 0: no end */
	bool has_flags;
	uint8_t flags;
	cof_span fingerprint; /* of the issuer; empty when not told */
	cof_span key_id;      /* likewise */
	cof_span embedded;    /* body of the signature packet inside; empty when there is none */
	cof_span hashed;      /* what of the packet is signed along */
	uint8_t left[2];      /* of the digest */
	cof_span numbers;     /* of the algorithm */
} cof_pgp_sig;

/* False for what is no version 4 signature, or has a critical part that we do not know. ret must be zeroed. */
COF_WUR bool cof_pgp_sig_read(cof_span body, cof_pgp_sig *ret);
/* Whether it names this key as its issuer; a signature that names none is nobody's. */
bool cof_pgp_sig_names(const cof_pgp_sig *s, const cof_pgp_key *k);
/* True only for a good signature by the key over the parts in order. */
COF_WUR bool cof_pgp_sig_verify(const cof_pgp_sig *s, const cof_pgp_key *k, const cof_span *parts, size_t n);

/* Binary from ASCII armour of this kind ("PUBLIC KEY BLOCK"); false when it is damaged. */
COF_WUR bool cof_pgp_dearmor(cof_span in, const char *kind, cof_buf *ret);
