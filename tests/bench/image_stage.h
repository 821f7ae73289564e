/* SPDX-License-Identifier: Apache-2.0 */
/* The stages of a layer as plain calls of the libraries that do them, without any check of what goes through. */
#pragma once

#include <err.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <zstd.h>

#include "common/file.h"

enum { STEP = 512 << 10, KEY_LEN = 32, NONCE_LEN = 16 };

static inline void need(int rc, const cof_err *e)
{
	if (rc < 0)
		errx(2, "%s: %s", e->reason, e->text);
}

static inline void need_true(bool ok, const char *what)
{
	if (!ok)
		errx(2, "%s", what);
}

typedef struct cipher {
	EVP_MD_CTX *digest;
	EVP_PKEY *mac_key;
	EVP_MD_CTX *mac; /* NULL: a plain layer */
	EVP_CIPHER_CTX *ctr;
} cipher;

static inline EVP_MD_CTX *sha256(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	need_true(c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1, "SHA-256");
	return c;
}

static inline void hash(EVP_MD_CTX *c, const uint8_t *p, size_t n)
{
	need_true(EVP_DigestUpdate(c, p, n) == 1, "SHA-256");
}

static inline void cipher_init(cipher *c, const cof_buf *key)
{
	c->digest = sha256();
	if (key->len != KEY_LEN + NONCE_LEN)
		return;
	c->mac_key = EVP_PKEY_new_mac_key(EVP_PKEY_HMAC, NULL, key->data, KEY_LEN);
	c->mac = EVP_MD_CTX_new();
	c->ctr = EVP_CIPHER_CTX_new();
	need_true(EVP_DigestSignInit(c->mac, NULL, EVP_sha256(), NULL, c->mac_key) == 1 &&
			  EVP_EncryptInit_ex(c->ctr, EVP_aes_256_ctr(), NULL, key->data, key->data + KEY_LEN) == 1,
		  "AES-CTR and HMAC");
}

static inline void cipher_mac(const cipher *c, const uint8_t *p, size_t n)
{
	need_true(c->mac == NULL || EVP_DigestSignUpdate(c->mac, p, n) == 1, "HMAC");
}

static inline void cipher_ctr(const cipher *c, const uint8_t *p, uint8_t *to, size_t n)
{
	int len = 0;
	need_true(c->ctr == NULL || EVP_EncryptUpdate(c->ctr, to, &len, p, (int)n) == 1, "AES-CTR");
}

static inline void cipher_release(cipher *c)
{
	EVP_MD_CTX_free(c->digest);
	EVP_MD_CTX_free(c->mac);
	EVP_PKEY_free(c->mac_key);
	EVP_CIPHER_CTX_free(c->ctr);
}

typedef struct unpacker {
	struct inflate_state *gzip;
	ZSTD_DStream *zstd;
	uint8_t *(*room)(void *arg); /* STEP bytes */
	void (*take)(void *arg, size_t n);
	void *arg;
} unpacker;

static inline void unpacker_init(unpacker *u)
{
	u->gzip = malloc(sizeof *u->gzip);
	u->zstd = ZSTD_createDStream();
	need_true(u->gzip != NULL && u->zstd != NULL, "memory");
	isal_inflate_init(u->gzip);
	u->gzip->crc_flag = ISAL_GZIP;
}

static inline void unpacker_release(unpacker *u)
{
	free(u->gzip);
	(void)ZSTD_freeDStream(u->zstd);
}

static inline void unpacker_gzip(const unpacker *u, uint8_t *p, size_t n)
{
	u->gzip->next_in = p;
	u->gzip->avail_in = (uint32_t)n;
	do {
		u->gzip->next_out = u->room(u->arg);
		u->gzip->avail_out = STEP;
		need_true(isal_inflate(u->gzip) == ISAL_DECOMP_OK, "inflate");
		u->take(u->arg, STEP - u->gzip->avail_out);
	} while (u->gzip->avail_out == 0);
}

static inline void unpacker_zstd(const unpacker *u, const uint8_t *p, size_t n)
{
	ZSTD_inBuffer in = {p, n, 0};
	ZSTD_outBuffer out;
	do {
		out = (ZSTD_outBuffer){u->room(u->arg), STEP, 0};
		need_true(!ZSTD_isError(ZSTD_decompressStream(u->zstd, &out, &in)), "zstd");
		u->take(u->arg, out.pos);
	} while (in.pos < in.size || out.pos == out.size);
}

static inline void unpacker_add(const unpacker *u, bool gzip, uint8_t *p, size_t n)
{
	if (gzip)
		unpacker_gzip(u, p, n);
	else
		unpacker_zstd(u, p, n);
}
