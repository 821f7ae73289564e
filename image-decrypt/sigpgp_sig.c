/* SPDX-License-Identifier: Apache-2.0 */
/* Signature packets of version 4. spec: RFC 4880 5.2.3 and 5.2.4 */
#include "common/secret.h"
#include "image-decrypt/sigpgp_packet.h"

enum {
	CRITICAL = 0x80,
	SUB_CREATED = 2,
	SUB_LIFETIME = 3,
	SUB_KEY_LIFETIME = 9,
	SUB_KEY_ID = 16,
	SUB_FLAGS = 27,
	SUB_EMBEDDED = 32,
	SUB_FINGERPRINT = 33,
	RSA_MAX = 1024,
	NUMBER_MAX = 66,
	ED25519_HALF = 32,
};

/* Those that say nothing about whether a signature holds: preferences, features, policies' addresses, names. */
static bool harmless(uint8_t type)
{
	static const uint8_t known[] = {4, 7, 11, 21, 22, 23, 24, 25, 26, 28, 29, 30, 34};
	for (size_t i = 0; i < sizeof known; i++)
		if (known[i] == type)
			return true;
	return false;
}

typedef struct subpacket {
	uint8_t type;
	bool critical;
	cof_rd body;
} subpacket;

static subpacket next_subpacket(cof_rd *r)
{
	size_t len = cof_rd_u8(r);
	if (len >= 192 && len < 255)
		len = ((len - 192) << 8) + cof_rd_u8(r) + 192;
	else if (len == 255)
		len = cof_rd_u32be(r);
	cof_rd body = cof_rd_sub(r, len);
	uint8_t type = cof_rd_u8(&body);
	return (subpacket){type & 0x7f, (type & CRITICAL) != 0, body};
}

/* The rest of it, once: what is told twice is told by nobody. */
static bool take_span(subpacket *p, cof_span *ret)
{
	bool first = ret->len == 0;
	*ret = cof_rd_rest(&p->body);
	return first && ret->len > 0;
}

static bool take_fingerprint(subpacket *p, cof_pgp_sig *s)
{
	if (cof_rd_u8(&p->body) != 4)
		return true; /* of a key of another version, so of none of ours */
	return take_span(p, &s->fingerprint) && s->fingerprint.len == COF_PGP_FINGERPRINT_LEN;
}

/* What hints, or is signed by itself, may stand outside of what is signed. */
static bool take_hint(subpacket *p, cof_pgp_sig *s)
{
	switch (p->type) {
	case SUB_KEY_ID:
		return take_span(p, &s->key_id) && s->key_id.len == COF_PGP_KEY_ID_LEN;
	case SUB_FINGERPRINT:
		return take_fingerprint(p, s);
	case SUB_EMBEDDED:
		return take_span(p, &s->embedded);
	default:
		return !p->critical || harmless(p->type);
	}
}

typedef struct seen {
	bool created, lifetime, key_lifetime;
} seen;

static bool take_time(subpacket *p, uint32_t *ret, bool *known)
{
	bool first = !*known;
	*known = true;
	*ret = cof_rd_u32be(&p->body);
	return first && cof_rd_end(&p->body);
}

static bool take_hashed(subpacket *p, cof_pgp_sig *s, seen *known)
{
	switch (p->type) {
	case SUB_CREATED:
		return take_time(p, &s->created, &known->created);
	case SUB_LIFETIME:
		return take_time(p, &s->lifetime, &known->lifetime);
	case SUB_KEY_LIFETIME:
		return take_time(p, &s->key_lifetime, &known->key_lifetime);
	case SUB_FLAGS:
		if (s->has_flags)
			return false;
		s->has_flags = true;
		s->flags = p->body.left > 0 ? cof_rd_u8(&p->body) : 0;
		return true;
	default:
		return take_hint(p, s);
	}
}

static bool read_hashed(cof_rd r, cof_pgp_sig *s)
{
	seen known = {0};
	bool ok = true;
	while (ok && r.left > 0) {
		subpacket p = next_subpacket(&r);
		ok = cof_rd_ok(&r) && cof_rd_ok(&p.body) && take_hashed(&p, s, &known);
	}
	return ok && known.created;
}

/* Outside of what is signed: whatever contradicts, or is unknown, is passed over, but frames must hold. */
static bool read_unhashed(cof_rd r, cof_pgp_sig *s)
{
	while (r.left > 0) {
		subpacket p = next_subpacket(&r);
		cof_pgp_sig tried = *s;
		if (!cof_rd_ok(&r) || !cof_rd_ok(&p.body))
			return false;
		if (take_hint(&p, &tried))
			*s = tried;
	}
	return true;
}

bool cof_pgp_sig_read(cof_span body, cof_pgp_sig *ret)
{
	cof_rd r = cof_rd_of(body);
	cof_pgp_sig s = {0};
	uint8_t version = cof_rd_u8(&r);
	s.type = cof_rd_u8(&r);
	s.algorithm = cof_rd_u8(&r);
	s.hash = cof_rd_u8(&r);
	cof_rd hashed = cof_rd_sub(&r, cof_rd_u16be(&r));
	s.hashed = cof_span_of(body.data, body.len - r.left);
	cof_rd unhashed = cof_rd_sub(&r, cof_rd_u16be(&r));
	cof_rd_copy(&r, s.left, sizeof s.left);
	s.numbers = cof_rd_rest(&r);
	if (!cof_rd_ok(&r) || version != 4 || !read_hashed(hashed, &s) || !read_unhashed(unhashed, &s))
		return false;
	*ret = s;
	return true;
}

bool cof_pgp_sig_names(const cof_pgp_sig *s, const cof_pgp_key *k)
{
	cof_span fingerprint = {k->fingerprint, COF_PGP_FINGERPRINT_LEN};
	cof_span id = {k->fingerprint + COF_PGP_FINGERPRINT_LEN - COF_PGP_KEY_ID_LEN, COF_PGP_KEY_ID_LEN};
	if (s->fingerprint.len > 0)
		return cof_ct_equal(s->fingerprint, fingerprint);
	return s->key_id.len > 0 && cof_ct_equal(s->key_id, id);
}

/* --- verifying --- */

static const struct {
	uint8_t id;
	cof_hash hash;
	const char *name;
} hashes[] = {{8, COF_SHA256, "SHA256"}, {9, COF_SHA384, "SHA384"}, {10, COF_SHA512, "SHA512"}};

static bool digest_of(const cof_pgp_sig *s, cof_hash hash, const cof_span *parts, size_t n, cof_digest *ret)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	size_t len = s->hashed.len;
	const uint8_t trailer[] = {4,		0xff, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
				   (uint8_t)len};
	bool ok = cof_hasher_new(&h, hash, NULL) == 0;
	for (size_t i = 0; ok && i < n; i++)
		ok = cof_hasher_add(h, parts[i], NULL) == 0;
	return ok && cof_hasher_add(h, s->hashed, NULL) == 0 &&
	       cof_hasher_add(h, cof_span_of(trailer, sizeof trailer), NULL) == 0 && cof_hasher_end(h, ret, NULL) == 0;
}

/* A number in a field of a fixed length. */
static bool pad(cof_span n, uint8_t *out, size_t len)
{
	if (n.len > len)
		return false;
	memset(out, 0, len - n.len);
	memcpy(out + len - n.len, n.data, n.len);
	return true;
}

static bool check_prehashed(EVP_PKEY *key, const char *hash, cof_span digest, cof_span sig)
{
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(key, NULL);
	return ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(hash)) == 1 &&
	       EVP_PKEY_verify(ctx, sig.data, sig.len, digest.data, digest.len) == 1;
}

static bool check_rsa(EVP_PKEY *key, const char *hash, cof_span digest, cof_rd *r)
{
	uint8_t sig[RSA_MAX];
	cof_span n = cof_pgp_mpi(r, RSA_MAX);
	int size = EVP_PKEY_get_size(key);
	return cof_rd_end(r) && size > 0 && size <= RSA_MAX && pad(n, sig, (size_t)size) &&
	       check_prehashed(key, hash, digest, cof_span_of(sig, (size_t)size));
}

static bool check_ecdsa(EVP_PKEY *key, const char *hash, cof_span digest, cof_rd *r)
{
	cof_span nr = cof_pgp_mpi(r, NUMBER_MAX), ns = cof_pgp_mpi(r, NUMBER_MAX);
	COF_AUTO_PTR(cof_ossl_sig) sig = ECDSA_SIG_new();
	COF_AUTO_PTR(cof_ossl_bn) bn_r = BN_bin2bn(nr.data, (int)nr.len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) bn_s = BN_bin2bn(ns.data, (int)ns.len, NULL);
	unsigned char *der = NULL;
	if (!cof_rd_end(r) || sig == NULL || bn_r == NULL || bn_s == NULL || ECDSA_SIG_set0(sig, bn_r, bn_s) != 1)
		return false;
	(void)cof_steal(&bn_r); /* the signature's now */
	(void)cof_steal(&bn_s);
	int len = i2d_ECDSA_SIG(sig, &der);
	bool good = len > 0 && check_prehashed(key, hash, digest, cof_span_of(der, (size_t)len));
	OPENSSL_free(der);
	return good;
}

static bool check_ed25519(EVP_PKEY *key, const char *hash, cof_span digest, cof_rd *r)
{
	(void)hash;
	uint8_t sig[2 * ED25519_HALF];
	cof_span nr = cof_pgp_mpi(r, ED25519_HALF), ns = cof_pgp_mpi(r, ED25519_HALF);
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	return cof_rd_end(r) && pad(nr, sig, ED25519_HALF) && pad(ns, sig + ED25519_HALF, ED25519_HALF) &&
	       ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, sig, sizeof sig, digest.data, digest.len) == 1;
}

static const struct {
	uint8_t algorithm;
	bool (*check)(EVP_PKEY *key, const char *hash, cof_span digest, cof_rd *numbers);
} algorithms[] = {{1, check_rsa}, {3, check_rsa}, {19, check_ecdsa}, {22, check_ed25519}};

bool cof_pgp_sig_verify(const cof_pgp_sig *s, const cof_pgp_key *k, const cof_span *parts, size_t n)
{
	cof_rd numbers = cof_rd_of(s->numbers);
	cof_digest d = {0};
	size_t h = 0;
	while (h < COF_COUNT(hashes) && hashes[h].id != s->hash)
		h++;
	if (h == COF_COUNT(hashes) || s->algorithm != k->algorithm || !digest_of(s, hashes[h].hash, parts, n, &d))
		return false;
	if (d.bytes[0] != s->left[0] || d.bytes[1] != s->left[1])
		return false;
	for (size_t i = 0; i < COF_COUNT(algorithms); i++)
		if (algorithms[i].algorithm == s->algorithm)
			return algorithms[i].check(k->key, hashes[h].name, cof_digest_span(&d), &numbers);
	return false;
}
