/* SPDX-License-Identifier: Apache-2.0 */
/* Writes OpenPGP keys, certificates and signed messages, well-formed and otherwise. spec: RFC 4880 */
#pragma once

#include "common/digest.h"
#include "common/wr.h"
#include "image-decrypt/sigpgp.h"
#include "tests/unit/image/sigrig.h"

enum { PGP_T0 = 1700000000, PGP_SHA1 = 2, PGP_SHA256 = 8, PGP_SHA384 = 9, PGP_SHA512 = 10, PGP_NO_FLAGS = -1 };

typedef struct pgp_key {
	EVP_PKEY *key;
	uint8_t algorithm;
	cof_buf body;
	uint8_t fingerprint[20];
} pgp_key;

static inline void pgp_key_release(pgp_key *k)
{
	EVP_PKEY_free(k->key);
	cof_buf_release(&k->body);
	*k = (pgp_key){0};
}
COF_DEFINE_AUTO(pgp_key, pgp_key_release)

static inline void pgp_mpi(cof_wr *w, cof_span n)
{
	while (n.len > 0 && n.data[0] == 0)
		n = cof_span_of(n.data + 1, n.len - 1);
	unsigned bits = (unsigned)n.len * 8;
	for (uint8_t top = n.len > 0 ? n.data[0] : 0x80; (top & 0x80) == 0; top = (uint8_t)(top << 1))
		bits--;
	cof_wr_u16be(w, (uint16_t)bits);
	cof_wr_bytes(w, n);
}

static inline void pgp_bn_param(cof_wr *w, EVP_PKEY *key, const char *name)
{
	COF_AUTO_PTR(cof_ossl_bn) bn = NULL;
	uint8_t bytes[1024];
	assert_int_equal(EVP_PKEY_get_bn_param(key, name, &bn), 1);
	pgp_mpi(w, cof_span_of(bytes, (size_t)BN_bn2bin(bn, bytes)));
}

/* type as in sigrig_key; P-256, P-384, P-521, RSA…, ED25519. */
static inline pgp_key pgp_key_make(const char *type, uint32_t created)
{
	static const struct {
		const char *type;
		uint8_t len, oid[9];
	} curves[] = {{"P-256", 8, {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}},
		      {"P-384", 5, {0x2b, 0x81, 0x04, 0x00, 0x22}},
		      {"P-521", 5, {0x2b, 0x81, 0x04, 0x00, 0x23}},
		      {"ED25519", 9, {0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01}}};
	pgp_key k = {.key = sigrig_key(type), .algorithm = 1};
	cof_wr w = cof_wr_to(&k.body);
	uint8_t point[1 + 2 * 66] = {0x40};
	size_t n = 32;
	for (size_t i = 0; i < COF_COUNT(curves); i++)
		if (strcmp(curves[i].type, type) == 0)
			k.algorithm = i == 3 ? 22 : 19;
	cof_wr_u8(&w, 4);
	cof_wr_u32be(&w, created);
	cof_wr_u8(&w, k.algorithm);
	for (size_t i = 0; i < COF_COUNT(curves); i++)
		if (strcmp(curves[i].type, type) == 0) {
			cof_wr_u8(&w, curves[i].len);
			cof_wr_bytes(&w, cof_span_of(curves[i].oid, curves[i].len));
		}
	if (k.algorithm == 1) {
		pgp_bn_param(&w, k.key, OSSL_PKEY_PARAM_RSA_N);
		pgp_bn_param(&w, k.key, OSSL_PKEY_PARAM_RSA_E);
	} else if (k.algorithm == 22) {
		assert_int_equal(EVP_PKEY_get_raw_public_key(k.key, point + 1, &n), 1);
		pgp_mpi(&w, cof_span_of(point, 33));
	} else {
		assert_int_equal(
			EVP_PKEY_get_octet_string_param(k.key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &n), 1);
		pgp_mpi(&w, cof_span_of(point, n));
	}
	COF_AUTO(cof_buf) whole = {0};
	cof_wr all = cof_wr_to(&whole);
	cof_digest d;
	cof_wr_u8(&all, 0x99);
	cof_wr_span_u16be(&all, cof_buf_span(&k.body));
	assert_ok(cof_digest_of(COF_SHA1, cof_buf_span(&whole), &d, &err));
	memcpy(k.fingerprint, d.bytes, 20);
	return k;
}

/* A packet with the old header of two octets of length, or the new one of five. */
static inline void pgp_packet(cof_buf *to, uint8_t tag, cof_span body)
{
	cof_wr w = cof_wr_to(to);
	if (tag < 16) {
		cof_wr_u8(&w, (uint8_t)(0x81 | (tag << 2)));
		cof_wr_span_u16be(&w, body);
	} else {
		cof_wr_u8(&w, (uint8_t)(0xc0 | tag));
		cof_wr_u8(&w, 255);
		cof_wr_span_u32be(&w, body);
	}
	assert_ok(cof_wr_done(&w, &err));
}

typedef struct pgp_sig_opts {
	uint8_t type, hash;
	uint32_t created, lifetime, key_lifetime;
	int flags;	       /* PGP_NO_FLAGS: no such subpacket */
	bool by_id, by_nobody; /* instead of by fingerprint */
	bool created_twice, no_created;
	uint8_t unknown; /* a subpacket of this type, with its critical bit as given; 0: none */
	cof_span embedded;
	bool embedded_outside;
	uint8_t version; /* 0: 4 */
} pgp_sig_opts;

static inline void pgp_sub(cof_wr *w, uint8_t type, cof_span body)
{
	size_t len = body.len + 1;
	if (len < 192) {
		cof_wr_u8(w, (uint8_t)len);
	} else {
		cof_wr_u8(w, (uint8_t)(((len - 192) >> 8) + 192));
		cof_wr_u8(w, (uint8_t)(len - 192));
	}
	cof_wr_u8(w, type);
	cof_wr_bytes(w, body);
}

static inline void pgp_sub_u32(cof_wr *w, uint8_t type, uint32_t v)
{
	const uint8_t be[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	pgp_sub(w, type, cof_span_of(be, 4));
}

static inline void pgp_hashed(cof_wr *w, const pgp_key *by, const pgp_sig_opts *o)
{
	uint8_t issuer[21] = {4}, flags = (uint8_t)o->flags;
	memcpy(issuer + 1, by->fingerprint, 20);
	if (!o->by_id && !o->by_nobody)
		pgp_sub(w, 33, cof_span_of(issuer, 21));
	if (!o->no_created)
		pgp_sub_u32(w, 2, o->created);
	if (o->created_twice)
		pgp_sub_u32(w, 2, o->created + 1);
	if (o->lifetime != 0)
		pgp_sub_u32(w, 3, o->lifetime);
	if (o->key_lifetime != 0)
		pgp_sub_u32(w, 9, o->key_lifetime);
	if (o->flags != PGP_NO_FLAGS)
		pgp_sub(w, 27, cof_span_of(&flags, 1));
	if (o->unknown != 0)
		pgp_sub(w, o->unknown, cof_span_str("x"));
	if (o->embedded.len > 0 && !o->embedded_outside)
		pgp_sub(w, 32, o->embedded);
}

static inline const char *pgp_hash_name(uint8_t id)
{
	return id == PGP_SHA1 ? "SHA1" : id == PGP_SHA384 ? "SHA384" : id == PGP_SHA512 ? "SHA512" : "SHA256";
}

static inline void pgp_sign_digest(cof_wr *w, const pgp_key *by, const char *hash, cof_span digest)
{
	uint8_t sig[1024];
	size_t n = sizeof sig;
	if (by->algorithm == 22) {
		COF_AUTO_PTR(cof_ossl_md) md = EVP_MD_CTX_new();
		assert_int_equal(EVP_DigestSignInit(md, NULL, NULL, NULL, by->key), 1);
		assert_int_equal(EVP_DigestSign(md, sig, &n, digest.data, digest.len), 1);
		pgp_mpi(w, cof_span_of(sig, 32));
		pgp_mpi(w, cof_span_of(sig + 32, 32));
		return;
	}
	COF_AUTO_PTR(cof_ossl_key_ctx) ctx = EVP_PKEY_CTX_new(by->key, NULL);
	assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(hash)), 1);
	assert_int_equal(EVP_PKEY_sign(ctx, sig, &n, digest.data, digest.len), 1);
	if (by->algorithm == 1) {
		pgp_mpi(w, cof_span_of(sig, n));
		return;
	}
	const uint8_t *at = sig;
	uint8_t number[66];
	COF_AUTO_PTR(cof_ossl_sig) rs = d2i_ECDSA_SIG(NULL, &at, (long)n);
	pgp_mpi(w, cof_span_of(number, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(rs), number)));
	pgp_mpi(w, cof_span_of(number, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(rs), number)));
}

/* The body of a signature packet over what is signed. */
static inline void pgp_sig_make(const pgp_key *by, const pgp_sig_opts *o, cof_span signed_bytes, cof_buf *ret)
{
	COF_AUTO(cof_buf) all = {0};
	cof_wr w = cof_wr_to(ret);
	uint8_t digest[64];
	unsigned len = 0;
	cof_wr_u8(&w, o->version != 0 ? o->version : 4);
	cof_wr_u8(&w, o->type);
	cof_wr_u8(&w, by->algorithm);
	cof_wr_u8(&w, o->hash);
	size_t mark = cof_wr_begin_u16be(&w);
	pgp_hashed(&w, by, o);
	cof_wr_end_u16be(&w, mark);
	cof_wr to_sign = cof_wr_to(&all);
	cof_wr_bytes(&to_sign, signed_bytes);
	cof_wr_bytes(&to_sign, cof_buf_span(ret));
	cof_wr_u16be(&to_sign, 0x04ff);
	cof_wr_u32be(&to_sign, (uint32_t)ret->len);
	assert_int_equal(
		EVP_Digest(all.data, all.len, digest, &len, EVP_get_digestbyname(pgp_hash_name(o->hash)), NULL), 1);
	mark = cof_wr_begin_u16be(&w);
	if (o->by_id)
		pgp_sub(&w, 16, cof_span_of(by->fingerprint + 12, 8));
	if (o->embedded_outside)
		pgp_sub(&w, 32, o->embedded);
	cof_wr_end_u16be(&w, mark);
	cof_wr_bytes(&w, cof_span_of(digest, 2));
	pgp_sign_digest(&w, by, pgp_hash_name(o->hash), cof_span_of(digest, len));
	assert_ok(cof_wr_done(&w, &err));
}

static inline void pgp_sig_packet(cof_buf *to, const pgp_key *by, const pgp_sig_opts *o, cof_span signed_bytes)
{
	COF_AUTO(cof_buf) body = {0};
	pgp_sig_make(by, o, signed_bytes, &body);
	pgp_packet(to, 2, cof_buf_span(&body));
}

/* What signatures over keys cover: the primary key, then a subkey or a user id. */
static inline void pgp_over(cof_buf *ret, const pgp_key *primary, const pgp_key *sub, const char *user)
{
	cof_wr w = cof_wr_to(ret);
	ret->len = 0;
	cof_wr_u8(&w, 0x99);
	cof_wr_span_u16be(&w, cof_buf_span(&primary->body));
	if (sub != NULL) {
		cof_wr_u8(&w, 0x99);
		cof_wr_span_u16be(&w, cof_buf_span(&sub->body));
	}
	if (user != NULL) {
		cof_wr_u8(&w, 0xb4);
		cof_wr_span_u32be(&w, cof_span_str(user));
	}
	assert_ok(cof_wr_done(&w, &err));
}

#define PGP_USER "Signer <signer@example.org>"

/* The usual certificate: key, user id and its certification as o says (type and hash filled when 0). */
static inline void pgp_cert(cof_buf *to, const pgp_key *k, pgp_sig_opts o)
{
	COF_AUTO(cof_buf) over = {0};
	o.type = o.type != 0 ? o.type : 0x13;
	o.hash = o.hash != 0 ? o.hash : PGP_SHA512;
	o.created = o.created != 0 ? o.created : PGP_T0;
	pgp_packet(to, 6, cof_buf_span(&k->body));
	pgp_packet(to, 13, cof_span_str(PGP_USER));
	pgp_over(&over, k, NULL, PGP_USER);
	pgp_sig_packet(to, k, &o, cof_buf_span(&over));
}

static inline void pgp_literal(cof_buf *to, char format, const char *text)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_u8(&w, (uint8_t)format);
	cof_wr_u8(&w, 1);
	cof_wr_u8(&w, 'n');
	cof_wr_u32be(&w, PGP_T0);
	cof_wr_bytes(&w, cof_span_str(text));
	pgp_packet(to, 11, cof_buf_span(&body));
}

static inline void pgp_one_pass(cof_buf *to, const pgp_key *by, const pgp_sig_opts *o)
{
	const uint8_t head[] = {3, o->type, o->hash, by->algorithm};
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	cof_wr_bytes(&w, cof_span_of(head, 4));
	cof_wr_bytes(&w, cof_span_of(by->fingerprint + 12, 8));
	cof_wr_u8(&w, 1);
	pgp_packet(to, 4, cof_buf_span(&body));
}

#define PGP_MESSAGE ((pgp_sig_opts){.hash = PGP_SHA512, .created = PGP_T0 + 10, .flags = PGP_NO_FLAGS})

/* One-pass header, data, signature. */
static inline void pgp_message(cof_buf *to, const pgp_key *by, pgp_sig_opts o, const char *text)
{
	pgp_one_pass(to, by, &o);
	pgp_literal(to, 'b', text);
	pgp_sig_packet(to, by, &o, cof_span_str(text));
}
