/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ID block, with which an owner binds a launch to a measurement and policy, and its authentication block.
 *
 * spec: SEV-SNP ABI 1.55, 8.20 (SNP_LAUNCH_FINISH), tables ID_BLOCK and ID_AUTH; chapter 10 (keys and signatures)
 */
#pragma once

#include <openssl/evp.h>

#include "common/digest.h"

enum {
	COF_IDBLOCK_LEN = 96,
	COF_IDAUTH_LEN = 4096,
	COF_IDKEY_LEN = 1028,
	COF_ID_LEN = 16,
};

typedef struct cof_idblock {
	uint8_t measurement[COF_SHA384_LEN];
	uint8_t family_id[COF_ID_LEN];
	uint8_t image_id[COF_ID_LEN];
	uint32_t guest_svn;
	uint64_t policy;
} cof_idblock;

/* Reason "idblock-malformed". */
COF_WUR int cof_idblock_parse(cof_span in, cof_idblock *ret, cof_err *err);
void cof_idblock_bytes(const cof_idblock *b, uint8_t ret[COF_IDBLOCK_LEN]);

/* The signed pair. Keys are P-384 (reason "idkey-unsupported"); author may be NULL. */
COF_WUR int cof_idauth_sign(const uint8_t block[COF_IDBLOCK_LEN], EVP_PKEY *id_key, EVP_PKEY *author_key,
			    uint8_t ret[COF_IDAUTH_LEN], cof_err *err);

typedef struct cof_idauth {
	bool has_author;
	uint8_t id_key_digest[COF_SHA384_LEN];	   /* as the report has it */
	uint8_t author_key_digest[COF_SHA384_LEN]; /* zero without author */
} cof_idauth;

/* Checks layout, both signatures and the zero fields. Reasons "idauth-malformed", "idauth-signature". */
COF_WUR int cof_idauth_verify(const uint8_t block[COF_IDBLOCK_LEN], cof_span auth, cof_idauth *ret, cof_err *err);
/* A key's digest as the report has it: SHA-384 of the 1028 bytes. */
COF_WUR int cof_idkey_digest(EVP_PKEY *key, uint8_t ret[COF_SHA384_LEN], cof_err *err);
