/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of kind tpm-quote, made and signed by the test: every member of every structure can be set before it is signed,
 * so that each check meets evidence in which only that one thing is wrong.
 */
#pragma once

#include "tests/unit/verify/soft_tpm.h"

#include "attestation/verify/kind.h"
#include "attestation/verify/tpm_banks.h"
#include "common/json.h"

enum { SOFT_ROLES_MAX = 13, SOFT_SELECT_MAX = 5, SOFT_NONE = 0xff };

typedef struct soft_area {
	uint16_t type; /* 0: by the key */
	uint16_t name_alg, sym, sym_bits, sym_mode, scheme, scheme_hash;
	uint32_t attributes;
	uint8_t tail; /* bytes behind the area, inside of its size */
} soft_area;

typedef struct soft_select {
	uint16_t bank;
	uint8_t size; /* of the bitmap */
	uint32_t mask;
} soft_select;

typedef struct soft_quote {
	const soft_keys *k;
	EVP_PKEY *ak, *signer, *ek; /* borrowed */
	soft_area ak_area, ek_area;
	/* TPMS_ATTEST */
	uint32_t magic, reset_count, restart_count;
	uint16_t type;
	uint8_t nonce[64], nonce_len, safe, n_select, count_select; /* the last: what is written */
	uint8_t attest_tail, attest_cut, name_len, digest_flip;
	soft_select select[SOFT_SELECT_MAX];
	/* TPMT_SIGNATURE */
	uint16_t sig_scheme, sig_hash; /* what is written */
	uint8_t sig_flip, sig_tail, sig_cut, sig_zero_r, sig_zero_s, sig_pad_r, sig_big_s, tampered;
	int pss_salt;
	/* values: a register, SOFT_NONE for none */
	uint8_t flip_value, drop_value, extra_value;
	bool extra_bank;
	const char *pcrs_text; /* instead */
	/* the EK's certificate */
	soft_cert cert, between, root;
	uint8_t cert_tail_len, cert_tail;
	bool send_ak_public, send_ak_pem, send_ek_public, send_ek_cert, send_between, send_root, send_log, activate;
	bool other_pem;
	uint8_t credential[32], activation_flip;
	bool send_crl;
	struct {
		const char *issuer;
		EVP_PKEY *by;
		long serial, from, to;
		uint8_t tail;
	} crl;
	const char *policy;
	int64_t now;
	/* made */
	cof_buf log;
	cof_tpm_banks banks; /* sha256, sha1 and sha384 */
	cof_buf made[SOFT_ROLES_MAX];
	cof_role_file files[SOFT_ROLES_MAX];
	size_t n_files;
} soft_quote;

/* ---- registers ---- */

static inline void soft_replay(const cof_buf *log, uint16_t alg, cof_hash hash, cof_tpm_bank *b)
{
	COF_AUTO(cof_eventlog) l = {0};
	cof_digest regs[COF_REGS_MAX];
	*b = (cof_tpm_bank){.bank = alg, .mask = 0xffffff};
	for (uint32_t i = 0; i < 24; i++)
		cof_reg_start(COF_LOG_TPM, hash, i, 0, &regs[i]);
	if (cof_eventlog_parse(cof_buf_span(log), hash, &l, NULL) == 0)
		assert_ok(cof_eventlog_replay(&l, regs, &err));
	for (uint32_t i = 0; i < 24; i++)
		memcpy(b->pcrs[i], regs[i].bytes, cof_hash_len(hash));
}

static inline void soft_registers(soft_quote *s)
{
	soft_replay(&s->log, COF_TPM_ALG_SHA256, COF_SHA256, &s->banks.list[0]);
	soft_replay(&s->log, COF_TPM_ALG_SHA1, COF_SHA1, &s->banks.list[1]);
	soft_replay(&s->log, COF_TPM_ALG_SHA384, COF_SHA384, &s->banks.list[2]);
	s->banks.n = 3;
	/* user space's own */
	s->banks.list[0].pcrs[8][0] = 0x88;
	s->banks.list[0].pcrs[16][0] = 0x16;
}

/* ---- a good one ---- */

static inline soft_quote *soft_quote_new(const soft_keys *k)
{
	static const char between_ext[] = SOFT_CA_EXT;
	soft_quote *s = calloc(1, sizeof *s);
	assert_non_null(s);
	*s = (soft_quote){.k = k,
			  .ak = k->ak,
			  .signer = k->ak,
			  .ek = k->ek,
			  .ak_area = {0, 0xb, 0x10, 0, 0, 0x14, 0xb, 0x00050072, 0},
			  .ek_area = {0, 0xb, 6, 128, 0x43, 0x10, 0, EK_BITS, 0},
			  .magic = 0xff544347,
			  .type = 0x8018,
			  .nonce = {1, 2, 3},
			  .nonce_len = 32,
			  .safe = 1,
			  .reset_count = 7,
			  .restart_count = 1,
			  .name_len = 34,
			  .n_select = 1,
			  .count_select = 1,
			  .select = {{0xb, 3, 0x0003ff}, {0x4, 3, 0xf}, {0xc, 3, 0x1}},
			  .sig_scheme = 0x14,
			  .sig_hash = 0xb,
			  .pss_salt = -1,
			  .flip_value = SOFT_NONE,
			  .drop_value = SOFT_NONE,
			  .extra_value = SOFT_NONE,
			  .send_ak_public = true,
			  .send_ek_public = true,
			  .send_ek_cert = true,
			  .send_between = true,
			  .send_root = true,
			  .send_log = true,
			  .credential = {9, 9},
			  .policy = "{}",
			  .now = SOFT_NOW};
	s->cert = soft_ek_cert(k);
	s->cert.issuer = "between";
	s->cert.by = k->other;
	s->between = (soft_cert){"between", "root", k->other, k->ca, between_ext, -2000, 2000};
	s->root = soft_root_cert(k);
	s->crl.issuer = "between";
	s->crl.by = k->other;
	s->crl.serial = 8;
	s->crl.from = -10;
	s->crl.to = 10;
	put_boot(&s->log);
	soft_registers(s);
	return s;
}

static inline void soft_quote_drop(soft_quote *s)
{
	cof_buf_release(&s->log);
	for (size_t i = 0; i < SOFT_ROLES_MAX; i++)
		cof_buf_release(&s->made[i]);
	free(s);
}
COF_DEFINE_AUTO_PTR(soft_quote, soft_quote_drop)

/* ---- structures ---- */

static inline void soft_put_point(EVP_PKEY *key, cof_wr *w)
{
	const char *const which[] = {OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
	uint8_t out[66];
	for (size_t i = 0; i < 2; i++) {
		BIGNUM *n = NULL;
		int len = (EVP_PKEY_get_bits(key) + 7) / 8;
		assert_int_equal(EVP_PKEY_get_bn_param(key, which[i], &n), 1);
		assert_int_equal(BN_bn2binpad(n, out, len), len);
		cof_wr_span_u16be(w, cof_span_of(out, (size_t)len));
		BN_free(n);
	}
}

static inline void soft_put_key(EVP_PKEY *key, cof_wr *w)
{
	uint8_t n[256];
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		soft_modulus(key, n);
		cof_wr_u16be(w, 2048);
		cof_wr_u32be(w, 0);
		cof_wr_span_u16be(w, cof_span_of(n, sizeof n));
		return;
	}
	int bits = EVP_PKEY_get_bits(key);
	cof_wr_u16be(w, bits == 256 ? 3 : bits == 384 ? 4 : 5);
	cof_wr_u16be(w, 0x10);
	soft_put_point(key, w);
}

static inline void soft_put_area(const soft_area *a, EVP_PKEY *key, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	size_t mark = cof_wr_begin_u16be(&w);
	cof_wr_u16be(&w, a->type != 0 ? a->type : rsa ? 0x1 : 0x23);
	cof_wr_u16be(&w, a->name_alg);
	cof_wr_u32be(&w, a->attributes);
	cof_wr_u16be(&w, 0);
	cof_wr_u16be(&w, a->sym);
	if (a->sym != 0x10) {
		cof_wr_u16be(&w, a->sym_bits);
		cof_wr_u16be(&w, a->sym_mode);
	}
	cof_wr_u16be(&w, a->scheme);
	if (a->scheme != 0x10)
		cof_wr_u16be(&w, a->scheme_hash);
	soft_put_key(key, &w);
	cof_wr_zeros(&w, a->tail);
	cof_wr_end_u16be(&w, mark);
	assert_ok(cof_wr_done(&w, &err));
}

static inline const EVP_MD *soft_md(uint16_t alg)
{
	return alg == 0x4 ? EVP_sha1() : alg == 0xc ? EVP_sha384() : alg == 0xd ? EVP_sha512() : EVP_sha256();
}

static inline void soft_pcr_digest(const soft_quote *s, cof_wr *w)
{
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestInit_ex(ctx, soft_md(s->sig_hash), NULL), 1);
	for (size_t i = 0; i < s->n_select; i++) {
		const cof_tpm_bank *b = cof_tpm_bank_find(s->banks.list, s->banks.n, s->select[i].bank);
		for (size_t pcr = 0; b != NULL && pcr < 24; pcr++) {
			if ((s->select[i].mask & (1u << pcr)) != 0)
				(void)EVP_DigestUpdate(ctx, b->pcrs[pcr], cof_tpm_bank_len(b->bank));
		}
	}
	assert_int_equal(EVP_DigestFinal_ex(ctx, out, &n), 1);
	EVP_MD_CTX_free(ctx);
	out[0] ^= s->digest_flip;
	cof_wr_span_u16be(w, cof_span_of(out, n));
}

static inline void soft_put_attest(const soft_quote *s, cof_buf *ret)
{
	static const uint8_t zeros[255];
	cof_wr w = cof_wr_to(ret);
	cof_wr_u32be(&w, s->magic);
	cof_wr_u16be(&w, s->type);
	cof_wr_span_u16be(&w, cof_span_of(zeros, s->name_len));
	cof_wr_u16be(&w, s->nonce_len);
	cof_wr_bytes(&w, cof_span_of(s->nonce, s->nonce_len < 64 ? s->nonce_len : 64));
	cof_wr_zeros(&w, s->nonce_len > 64 ? s->nonce_len - 64u : 0);
	cof_wr_u64be(&w, 12345);
	cof_wr_u32be(&w, s->reset_count);
	cof_wr_u32be(&w, s->restart_count);
	cof_wr_u8(&w, s->safe);
	cof_wr_u64be(&w, 0x20191023);
	cof_wr_u32be(&w, s->count_select);
	for (size_t i = 0; i < s->n_select; i++) {
		cof_wr_u16be(&w, s->select[i].bank);
		cof_wr_u8(&w, s->select[i].size);
		for (unsigned b = 0; b < s->select[i].size; b++)
			cof_wr_u8(&w, (uint8_t)(b < 4 ? s->select[i].mask >> (8 * b) : 0));
	}
	soft_pcr_digest(s, &w);
	cof_wr_zeros(&w, s->attest_tail);
	assert_ok(cof_wr_done(&w, &err));
	ret->len -= s->attest_cut;
}

/* ---- the signature ---- */

static inline size_t soft_sign_raw(const soft_quote *s, const cof_buf *attest, uint8_t out[512])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	size_t n = 512;
	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, soft_md(s->sig_hash), NULL, s->signer), 1);
	if (s->sig_scheme == 0x16) {
		assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, s->pss_salt) > 0);
	}
	assert_int_equal(EVP_DigestSign(ctx, out, &n, attest->data, attest->len), 1);
	EVP_MD_CTX_free(ctx);
	return n;
}

static inline void soft_put_scalar(const BIGNUM *v, size_t pad, bool zero, cof_wr *w)
{
	uint8_t out[80];
	int n = zero ? 1 : BN_num_bytes(v);
	assert_true(BN_bn2binpad(zero ? BN_value_one() : v, out, n) == n);
	if (zero)
		out[0] = 0;
	cof_wr_u16be(w, (uint16_t)(pad + (size_t)n));
	cof_wr_zeros(w, pad);
	cof_wr_bytes(w, cof_span_of(out, (size_t)n));
}

static inline void soft_put_ecdsa(const soft_quote *s, const uint8_t *der, size_t len, cof_wr *w)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	BIGNUM *order = NULL;
	assert_non_null(sig);
	assert_int_equal(EVP_PKEY_get_bn_param(s->signer, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
	soft_put_scalar(ECDSA_SIG_get0_r(sig), s->sig_pad_r, s->sig_zero_r != 0, w);
	soft_put_scalar(s->sig_big_s ? order : ECDSA_SIG_get0_s(sig), 0, s->sig_zero_s != 0, w);
	BN_free(order);
	ECDSA_SIG_free(sig);
}

static inline void soft_put_signature(const soft_quote *s, const cof_buf *attest, cof_buf *ret)
{
	uint8_t raw[512];
	size_t n = soft_sign_raw(s, attest, raw);
	cof_wr w = cof_wr_to(ret);
	cof_wr_u16be(&w, s->sig_scheme);
	cof_wr_u16be(&w, s->sig_hash);
	if (EVP_PKEY_get_base_id(s->signer) == EVP_PKEY_EC) {
		soft_put_ecdsa(s, raw, n, &w);
	} else {
		raw[n / 2] ^= s->sig_flip;
		cof_wr_span_u16be(&w, cof_span_of(raw, n - s->sig_cut));
	}
	cof_wr_zeros(&w, s->sig_tail);
	assert_ok(cof_wr_done(&w, &err));
}

/* ---- values ---- */

static inline void soft_put_value(json_t *o, size_t pcr, const uint8_t *bytes, size_t len)
{
	char hex[2 * COF_DIGEST_MAX + 1], key[8];
	(void)snprintf(key, sizeof key, "%zu", pcr);
	cof_hex(cof_span_of(bytes, len), hex);
	(void)json_object_set_new(o, key, json_string(hex));
}

static inline void soft_put_bank(const soft_quote *s, const soft_select *sel, json_t *all)
{
	const cof_tpm_bank *b = cof_tpm_bank_find(s->banks.list, s->banks.n, sel->bank);
	json_t *o = json_object();
	for (size_t pcr = 0; b != NULL && pcr < 24; pcr++) {
		cof_tpm_bank copy = *b;
		if (s->flip_value == pcr)
			copy.pcrs[pcr][3] ^= 1;
		if (((sel->mask & (1u << pcr)) != 0 && s->drop_value != pcr) || s->extra_value == pcr)
			soft_put_value(o, pcr, copy.pcrs[pcr], cof_tpm_bank_len(b->bank));
	}
	if (json_object_size(o) > 0)
		(void)json_object_set_new(all, cof_tpm_bank_name(sel->bank), o);
	else
		json_decref(o);
}

static inline void soft_put_values(const soft_quote *s, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) all = json_object();
	for (size_t i = 0; i < s->n_select; i++)
		soft_put_bank(s, &s->select[i], all);
	if (s->extra_bank)
		soft_put_bank(s, &(soft_select){0xc, 3, 1}, all);
	if (s->pcrs_text != NULL)
		assert_ok(cof_buf_add_str(ret, s->pcrs_text, &err));
	else
		assert_ok(cof_json_dump(all, ret, &err));
}

/* ---- files ---- */

static inline cof_buf *soft_file(soft_quote *s, const char *role)
{
	assert_true(s->n_files < SOFT_ROLES_MAX);
	s->files[s->n_files].role = role;
	s->made[s->n_files].len = 0;
	return &s->made[s->n_files++];
}

static inline void soft_put_pem(EVP_PKEY *key, cof_buf *ret)
{
	char *text = NULL;
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(b, key), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
}

static inline void soft_put_cert(const soft_quote *s, cof_buf *ret)
{
	soft_der(&s->cert, ret);
	for (size_t i = 0; i < s->cert_tail_len; i++)
		assert_ok(cof_buf_add(ret, &s->cert_tail, 1, &err));
}

static inline void soft_put_crl(const soft_quote *s, cof_buf *ret)
{
	X509_CRL *l = X509_CRL_new();
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, SOFT_NOW + s->crl.from), *to = ASN1_TIME_set(NULL, SOFT_NOW + s->crl.to);
	X509_NAME *name = X509_NAME_new();
	uint8_t *der = NULL;
	soft_name(name, s->crl.issuer);
	assert_int_equal(ASN1_INTEGER_set(serial, s->crl.serial), 1);
	assert_true(X509_REVOKED_set_serialNumber(r, serial) == 1 && X509_REVOKED_set_revocationDate(r, from) == 1);
	assert_true(X509_CRL_set_version(l, 1) == 1 && X509_CRL_set_issuer_name(l, name) == 1);
	assert_true(X509_CRL_set1_lastUpdate(l, from) == 1 && X509_CRL_set1_nextUpdate(l, to) == 1);
	assert_int_equal(X509_CRL_add0_revoked(l, r), 1);
	assert_true(X509_CRL_sign(l, s->crl.by, EVP_sha256()) > 0);
	int n = i2d_X509_CRL(l, &der);
	assert_ok(cof_buf_add(ret, der, (size_t)n, &err));
	assert_ok(cof_buf_add(ret, "", s->crl.tail, &err));
	OPENSSL_free(der);
	X509_NAME_free(name);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_INTEGER_free(serial);
	X509_CRL_free(l);
}

static inline void soft_put_keys(soft_quote *s)
{
	if (s->send_ak_public)
		soft_put_area(&s->ak_area, s->ak, soft_file(s, "ak_public"));
	if (s->send_ak_pem)
		soft_put_pem(s->other_pem ? s->k->other : s->ak, soft_file(s, "ak_pem"));
	if (s->send_ek_public)
		soft_put_area(&s->ek_area, s->ek, soft_file(s, "ek_public"));
	if (s->send_ek_cert)
		soft_put_cert(s, soft_file(s, "ek_cert"));
	if (s->send_between)
		soft_der(&s->between, soft_file(s, "ek_intermediate"));
	if (s->send_root)
		soft_der(&s->root, soft_file(s, "ek_root"));
	if (s->send_crl)
		soft_put_crl(s, soft_file(s, "ek_crl"));
}

static inline void soft_put_activation(soft_quote *s, const cof_buf *attest)
{
	uint8_t mac[32];
	assert_ok(cof_hmac_sha256(cof_span_of(s->credential, 32), cof_buf_span(attest), mac, &err));
	mac[5] ^= s->activation_flip;
	assert_ok(cof_buf_add(soft_file(s, "credential"), s->credential, 32, &err));
	assert_ok(cof_buf_add(soft_file(s, "activation"), mac, 32, &err));
}

static inline void soft_quote_make(soft_quote *s)
{
	s->n_files = 0;
	cof_buf *attest = soft_file(s, "quote");
	soft_put_attest(s, attest);
	soft_put_signature(s, attest, soft_file(s, "signature"));
	attest->data[8] ^= s->tampered; /* the qualified signer, which nothing but the signature holds */
	soft_put_values(s, soft_file(s, "pcrs"));
	soft_put_keys(s);
	if (s->send_log)
		assert_ok(cof_buf_add(soft_file(s, "event_log"), s->log.data, s->log.len, &err));
	if (s->activate)
		soft_put_activation(s, attest);
	for (size_t i = 0; i < s->n_files; i++)
		s->files[i].bytes = cof_buf_span(&s->made[i]);
}

/* ---- verdicts ---- */

static inline void soft_judge(const soft_quote *s, cof_verdict *ret)
{
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) policy = NULL;
	assert_ok(cof_json_parse(cof_span_str(s->policy), &policy, &err));
	const cof_verify_in in = {.files = s->files, .n_files = s->n_files, .policy = policy, .now = s->now};
	assert_ok(cof_kind_find("tpm-quote", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
}

/* The only checks that fail are of this name; NULL: none does. */
static inline void assert_verdict(const cof_verdict *v, const char *label, const char *want)
{
	const cof_check *bad = v->checks.failed == 0 ? NULL : &v->checks.list[v->checks.first];
	if (want == NULL && !v->accepted)
		fail_msg("%s: refused by %s (expected '%s', found '%s')", label, bad->name, bad->expected, bad->found);
	if (want != NULL && v->accepted)
		fail_msg("%s: accepted, not refused by %s", label, want);
	if (want != NULL && strcmp(bad->name, want) != 0)
		fail_msg("%s: refused by %s (%s), not %s", label, bad->name, bad->found, want);
}

/* Nothing but this check stands between it and being accepted. */
static inline void assert_alone(const cof_verdict *v, const char *label, const char *want)
{
	assert_verdict(v, label, want);
	for (size_t i = 0; want != NULL && i < v->checks.n; i++) {
		const cof_check *k = &v->checks.list[i];
		if (!k->passed && strcmp(k->name, want) != 0)
			fail_msg("%s: refused by %s too, not by %s alone", label, k->name, want);
	}
}

static inline void assert_quote(soft_quote *s, const char *label, const char *want)
{
	static cof_verdict v; /* too large for a frame */
	soft_quote_make(s);
	soft_judge(s, &v);
	assert_verdict(&v, label, want);
	cof_verdict_release(&v);
}

static inline void assert_quote_alone(soft_quote *s, const char *label, const char *want)
{
	static cof_verdict v;
	soft_quote_make(s);
	soft_judge(s, &v);
	assert_alone(&v, label, want);
	cof_verdict_release(&v);
}
