/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and signed ID blocks of our own. */
#pragma once

#include <openssl/ec.h>

#include "common/ossl.h"
#include "firmware/sev/idkey.h"
#include "tests/unit/test.h"

/* Where the fields of an ID authentication block lie. */
enum {
	AUTH_ID_ALG = 0,
	AUTH_AUTHOR_ALG = 4,
	AUTH_HEAD = 8,
	AUTH_BLOCK_SIG = 0x40,
	AUTH_ID_KEY = 0x240,
	AUTH_MIDDLE = 0x644,
	AUTH_KEY_SIG = 0x680,
	AUTH_AUTHOR_KEY = 0x880,
	AUTH_TAIL = 0xc84,
	AUTH_NUMBER = 72, /* a field for a number of 48 bytes */
};

typedef struct signed_block {
	uint8_t block[COF_IDBLOCK_LEN];
	uint8_t auth[COF_IDAUTH_LEN];
	EVP_PKEY *id_key, *author_key;
} signed_block;

static inline EVP_PKEY *make_idkey(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	assert_non_null(key);
	return key;
}

static inline void make_idblock(cof_idblock *b)
{
	*b = (cof_idblock){.guest_svn = 0x01020304, .policy = 0x1122334455667788};
	for (size_t i = 0; i < COF_SHA384_LEN; i++)
		b->measurement[i] = (uint8_t)(i + 1);
	for (size_t i = 0; i < COF_ID_LEN; i++) {
		b->family_id[i] = (uint8_t)(0x80 + i);
		b->image_id[i] = (uint8_t)(0xc0 + i);
	}
}

static inline void signed_block_release(signed_block *s)
{
	EVP_PKEY_free(s->id_key);
	EVP_PKEY_free(s->author_key);
}
COF_DEFINE_AUTO(signed_block, signed_block_release)

static inline signed_block make_signed(bool author)
{
	signed_block s = {.id_key = make_idkey()};
	cof_idblock b;
	s.author_key = author ? make_idkey() : NULL;
	make_idblock(&b);
	cof_idblock_bytes(&b, s.block);
	assert_ok(cof_idauth_sign(s.block, s.id_key, s.author_key, s.auth, &err));
	return s;
}
