/* SPDX-License-Identifier: Apache-2.0 */
#include "common/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/hex.h"
#include "common/secret.h"

typedef struct hash_info {
	const char *name;
	size_t len;
	const EVP_MD *(*md)(void);
} hash_info;

/* By name, since builds of OpenSSL without SM3 have no function for it. */
static const EVP_MD *sm3(void)
{
	return EVP_get_digestbyname("SM3");
}

static const hash_info hashes[] = {
	[COF_SHA256] = {"sha256", COF_SHA256_LEN, EVP_sha256},
	[COF_SHA384] = {"sha384", COF_SHA384_LEN, EVP_sha384},
	[COF_SHA512] = {"sha512", COF_SHA512_LEN, EVP_sha512},
	[COF_SHA1] = {"sha1", COF_SHA1_LEN, EVP_sha1},
	[COF_SM3] = {"sm3_256", COF_SM3_LEN, sm3},
};

enum { OCI_HASHES = COF_SHA512 + 1 };

struct cof_hasher {
	cof_hash alg;
	EVP_MD_CTX *ctx;
};

size_t cof_hash_len(cof_hash alg)
{
	return hashes[alg].len;
}

const char *cof_hash_name(cof_hash alg)
{
	return hashes[alg].name;
}

static int find_name(const char *name, size_t n, cof_hash *ret, cof_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, hashes[i].name) == 0) {
			*ret = (cof_hash)i;
			return 0;
		}
	}
	return cof_err_set(err, COF_E_MALFORMED, "digest-algorithm", "digest algorithm '%.32s' is not supported", name);
}

int cof_hash_by_name(const char *name, cof_hash *ret, cof_err *err)
{
	return find_name(name, OCI_HASHES, ret, err);
}

int cof_hash_by_bank(const char *name, cof_hash *ret, cof_err *err)
{
	return find_name(name, COF_COUNT(hashes), ret, err);
}

static int openssl_failed(cof_err *err)
{
	return cof_err_set(err, COF_E_INTERNAL, "openssl", "a digest could not be computed");
}

static int find_md(cof_hash alg, const EVP_MD **ret, cof_err *err)
{
	*ret = hashes[alg].md();
	return *ret != NULL ? 0
			    : cof_err_set(err, COF_E_IO, "digest-unavailable", "this build of OpenSSL has no %s",
					  hashes[alg].name);
}

int cof_digest_of(cof_hash alg, cof_span in, cof_digest *ret, cof_err *err)
{
	cof_digest d = {.alg = alg};
	const EVP_MD *md = NULL;
	int r = find_md(alg, &md, err);
	if (r < 0)
		return r;
	if (EVP_Digest(in.data, in.len, d.bytes, NULL, md, NULL) != 1)
		return openssl_failed(err);
	*ret = d;
	return 0;
}

int cof_sha256(cof_span in, uint8_t out[COF_SHA256_LEN], cof_err *err)
{
	return EVP_Digest(in.data, in.len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : openssl_failed(err);
}

int cof_hmac_sha256(cof_span key, cof_span in, uint8_t out[COF_SHA256_LEN], cof_err *err)
{
	if (key.len > COF_BUF_MAX || HMAC(EVP_sha256(), key.data, (int)key.len, in.data, in.len, out, NULL) == NULL)
		return openssl_failed(err);
	return 0;
}

int cof_hasher_new(cof_hasher **ret, cof_hash alg, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = calloc(1, sizeof *h);
	const EVP_MD *md = NULL;
	if (h == NULL)
		return cof_err_oom(err);
	int r = find_md(alg, &md, err);
	if (r < 0)
		return r;
	h->alg = alg;
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL || EVP_DigestInit_ex(h->ctx, md, NULL) != 1)
		return openssl_failed(err);
	*ret = cof_steal(&h);
	return 0;
}

int cof_hasher_add(cof_hasher *h, cof_span in, cof_err *err)
{
	return EVP_DigestUpdate(h->ctx, in.data, in.len) == 1 ? 0 : openssl_failed(err);
}

int cof_hasher_end(cof_hasher *h, cof_digest *ret, cof_err *err)
{
	cof_digest d = {.alg = h->alg};
	if (EVP_DigestFinal_ex(h->ctx, d.bytes, NULL) != 1)
		return openssl_failed(err);
	*ret = d;
	return 0;
}

int cof_hasher_peek(const cof_hasher *h, cof_digest *ret, cof_err *err)
{
	cof_digest d = {.alg = h->alg};
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool done =
		copy != NULL && EVP_MD_CTX_copy_ex(copy, h->ctx) == 1 && EVP_DigestFinal_ex(copy, d.bytes, NULL) == 1;
	EVP_MD_CTX_free(copy);
	if (!done)
		return openssl_failed(err);
	*ret = d;
	return 0;
}

int cof_hasher_once(cof_hasher *h, cof_span in, uint8_t *out, cof_err *err)
{
	/* Without an algorithm the context keeps the one that it has: no look-up among the providers. */
	bool done = EVP_DigestInit_ex2(h->ctx, NULL, NULL) == 1 && EVP_DigestUpdate(h->ctx, in.data, in.len) == 1 &&
		    EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
	return done ? 0 : openssl_failed(err);
}

void cof_hasher_free(cof_hasher *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

static bool lower_hex(const char *s)
{
	return s[strspn(s, "0123456789abcdef")] == '\0';
}

int cof_digest_parse(const char *in, cof_digest *ret, cof_err *err)
{
	char name[8] = "";
	const char *colon = strchr(in, ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - in);
	if (n == 0 || n >= sizeof name)
		return cof_err_set(err, COF_E_MALFORMED, "digest-malformed", "'%.80s' is not ALGORITHM:HEX", in);
	memcpy(name, in, n);
	cof_digest d = {0};
	int r = cof_hash_by_name(name, &d.alg, err);
	if (r < 0)
		return r;
	if (!lower_hex(colon + 1) || cof_unhex(colon + 1, d.bytes, cof_hash_len(d.alg), NULL) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "digest-malformed",
				   "'%.80s' has no %zu bytes of lower-case hex", in, cof_hash_len(d.alg));
	*ret = d;
	return 0;
}

void cof_digest_str(const cof_digest *d, char out[COF_DIGEST_STR_MAX])
{
	size_t n = strlen(hashes[d->alg].name);
	memcpy(out, hashes[d->alg].name, n);
	out[n] = ':';
	cof_hex(cof_digest_span(d), out + n + 1);
}

cof_span cof_digest_span(const cof_digest *d)
{
	return cof_span_of(d->bytes, cof_hash_len(d->alg));
}

bool cof_digest_equal(const cof_digest *a, const cof_digest *b)
{
	return a->alg == b->alg && cof_ct_equal(cof_digest_span(a), cof_digest_span(b));
}
