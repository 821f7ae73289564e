/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigkey.h"

#include <openssl/pem.h>

#include "common/hex.h"

enum { PEM_MAX = 64 << 10, RSA_BITS_MIN = 2048, RSA_BITS_MAX = 8192, SIGNATURE_MAX = 2048 };

/* Hashes by key, the one that peers sign with first; NULL in front: the algorithm takes the message itself. */
static const struct {
	const char *type, *group;
	const char *hashes[3];
} algorithms[] = {
	{"EC", SN_X9_62_prime256v1, {"SHA256"}},
	{"EC", SN_secp384r1, {"SHA256", "SHA384"}},
	{"EC", SN_secp521r1, {"SHA256", "SHA512"}},
	{"RSA", NULL, {"SHA256"}},
	{"ED25519", NULL, {NULL}},
};

/* NULL for a key that is none of these. */
static const char *const *hashes_of(EVP_PKEY *key)
{
	char group[32] = "";
	bool ec = EVP_PKEY_is_a(key, "EC") == 1;
	if (ec && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
		return NULL;
	if (EVP_PKEY_is_a(key, "RSA") == 1 &&
	    (EVP_PKEY_get_bits(key) < RSA_BITS_MIN || EVP_PKEY_get_bits(key) > RSA_BITS_MAX))
		return NULL;
	for (size_t i = 0; i < COF_COUNT(algorithms); i++)
		if (EVP_PKEY_is_a(key, algorithms[i].type) == 1 && (!ec || strcmp(algorithms[i].group, group) == 0))
			return algorithms[i].hashes;
	return NULL;
}

static int unusable(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "signature-key", "key of signatures: %s", what);
}

/* White space may follow the block; a second key, or a certificate before it, leaves open which one was meant. */
static bool nothing_left(BIO *bio)
{
	char c;
	while (BIO_read(bio, &c, 1) == 1)
		if (strchr(" \t\r\n", c) == NULL || c == '\0')
			return false;
	return true;
}

int cof_sigkey_parse(cof_span pem, EVP_PKEY **ret, cof_err *err)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----";
	if (pem.len < sizeof begin || pem.len > PEM_MAX ||
	    strncmp((const char *)pem.data, begin, sizeof begin - 1) != 0)
		return unusable(err, "not one public key in PEM");
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return cof_err_oom(err);
	COF_AUTO_PTR(cof_ossl_key) key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (key == NULL || !nothing_left(bio))
		return unusable(err, "not one public key in PEM");
	if (hashes_of(key) == NULL)
		return unusable(err, "neither ECDSA on a NIST curve, RSA of 2048 to 8192 bits nor Ed25519");
	*ret = cof_steal(&key);
	return 0;
}

int cof_sigkey_id(EVP_PKEY *key, char out[65], cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	if (n <= 0)
		return cof_err_set(err, COF_E_CRYPTO, "signature-key", "key of signatures: it has no public half");
	int r = cof_sha256(cof_span_of(der, (size_t)n), digest, err);
	OPENSSL_free(der);
	cof_hex(cof_span_of(digest, r < 0 ? 0 : sizeof digest), out);
	return r;
}

static bool verify_as(EVP_PKEY *key, const char *hash, cof_span message, cof_span signature)
{
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, hash, NULL, NULL, key, NULL) == 1 &&
	       EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
}

bool cof_sigkey_verify(EVP_PKEY *key, cof_span message, cof_span signature)
{
	const char *const *hashes = hashes_of(key);
	if (hashes == NULL)
		return false;
	bool good = verify_as(key, hashes[0], message, signature);
	for (size_t i = 1; !good && hashes[i] != NULL; i++)
		good = verify_as(key, hashes[i], message, signature);
	return good;
}

bool cof_sigkey_verify_sha256(EVP_PKEY *key, const cof_digest *digest, cof_span signature)
{
	const char *const *hashes = hashes_of(key);
	cof_span d = cof_digest_span(digest);
	if (hashes == NULL || hashes[0] == NULL || digest->alg != COF_SHA256)
		return false;
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(key, NULL);
	return ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	       EVP_PKEY_verify(ctx, signature.data, signature.len, d.data, d.len) == 1;
}

int cof_sigkey_sign(EVP_PKEY *key, cof_span message, cof_buf *ret, cof_err *err)
{
	const char *const *hashes = hashes_of(key);
	size_t n = SIGNATURE_MAX;
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	if (hashes == NULL)
		return cof_err_set(err, COF_E_USAGE, "signature-key",
				   "key of signatures: neither ECDSA on a NIST curve, RSA of 2048 to 8192 bits nor "
				   "Ed25519");
	int r = ctx == NULL ? cof_err_oom(err) : cof_buf_reserve(ret, n, err);
	if (r < 0)
		return r;
	/* Not the _ex form: keys of an engine cannot be used by it. */
	const EVP_MD *md = hashes[0] != NULL ? EVP_get_digestbyname(hashes[0]) : NULL;
	if (EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
	    EVP_DigestSign(ctx, ret->data + ret->len, &n, message.data, message.len) != 1)
		return cof_err_set(err, COF_E_CRYPTO, "sign-failed", "the key does not sign");
	ret->len += n;
	ret->data[ret->len] = 0;
	return 0;
}
