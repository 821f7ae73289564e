/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM that lies on demand: keys made with OpenSSL, and every field of its evidence settable before it is signed, so
 * that each check of the verifier meets evidence in which only that one thing is wrong.
 */
#pragma once

#include "tests/unit/test.h"

#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "attestation/verify/tpm.h"
#include "common/hex.h"
#include "common/wr.h"
#include "tests/unit/firmware/make_log.h"

enum { SOFT_NOW = 1800000000, AK_BITS = 0x00050472, EK_BITS = 0x000300b2 };

/* Made once per program: RSA keys are slow. */
typedef struct soft_keys {
	EVP_PKEY *ca, *ek, *ak, *other;
	cof_buf root_pem;
} soft_keys;

typedef struct soft_tpm {
	const soft_keys *k;
	EVP_PKEY *signer; /* of the quote */
	uint32_t ak_attributes;
	uint16_t ak_scheme;
	uint32_t magic;
	uint16_t type;
	uint32_t mask;
	uint16_t bank;
	uint8_t nonce[32], credential[32], initdata[32];
	bool activate, send_log, send_cert;
	uint8_t pcrs[24][32];
	cof_buf log;
	cof_buf ek_cert;
} soft_tpm;

static inline void soft_keys_make(soft_keys *k)
{
	k->ca = EVP_RSA_gen(2048);
	k->ek = EVP_RSA_gen(2048);
	k->ak = EVP_RSA_gen(2048);
	k->other = EVP_RSA_gen(2048);
	assert_true(k->ca != NULL && k->ek != NULL && k->ak != NULL && k->other != NULL);
}

static inline void soft_keys_drop(soft_keys *k)
{
	EVP_PKEY_free(k->ca);
	EVP_PKEY_free(k->ek);
	EVP_PKEY_free(k->ak);
	EVP_PKEY_free(k->other);
	cof_buf_release(&k->root_pem);
}

/* ---- certificates ---- */

typedef struct soft_cert {
	const char *subject, *issuer;
	EVP_PKEY *key, *by;
	const char *ext; /* lines of an OpenSSL section [x] */
	long from, to;	 /* seconds around SOFT_NOW */
} soft_cert;

#define SOFT_EK_SAN "dirName:t\n[t]\n0.2.23.133.2.1=id:00001014\n1.2.23.133.2.2=soft\n2.2.23.133.2.3=id:1\n"
#define SOFT_EK_EXT                                                                                                    \
	"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"                                 \
	"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical," SOFT_EK_SAN
#define SOFT_CA_EXT "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"

static inline void soft_name(X509_NAME *n, const char *cn)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0), 1);
}

static inline X509 *soft_cert_make(const soft_cert *s)
{
	X509 *c = X509_new();
	X509V3_CTX ctx;
	long line = 0;
	CONF *conf = NCONF_new(NULL);
	BIO *text = BIO_new_mem_buf(s->ext, -1);
	(void)X509_set_version(c, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), 7);
	(void)ASN1_TIME_set(X509_getm_notBefore(c), SOFT_NOW + s->from);
	(void)ASN1_TIME_set(X509_getm_notAfter(c), SOFT_NOW + s->to);
	soft_name(X509_get_subject_name(c), s->subject);
	soft_name(X509_get_issuer_name(c), s->issuer);
	(void)X509_set_pubkey(c, s->key);
	assert_int_equal(NCONF_load_bio(conf, text, &line), 1);
	X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	assert_int_equal(X509V3_EXT_add_nconf(conf, &ctx, "x", c), 1);
	assert_true(X509_sign(c, s->by, EVP_sha256()) > 0);
	BIO_free(text);
	NCONF_free(conf);
	return c;
}

static inline void soft_der(const soft_cert *s, cof_buf *ret)
{
	uint8_t *der = NULL;
	X509 *c = soft_cert_make(s);
	int n = i2d_X509(c, &der);
	ret->len = 0;
	assert_true(n > 0);
	assert_ok(cof_buf_add(ret, der, (size_t)n, &err));
	OPENSSL_free(der);
	X509_free(c);
}

static inline void soft_pem(const soft_cert *s, cof_buf *ret)
{
	char *text = NULL;
	X509 *c = soft_cert_make(s);
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(b, c), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
	X509_free(c);
}

static inline soft_cert soft_ek_cert(const soft_keys *k)
{
	return (soft_cert){.subject = "ek",
			   .issuer = "root",
			   .key = k->ek,
			   .by = k->ca,
			   .ext = SOFT_EK_EXT,
			   .from = -1000,
			   .to = 1000};
}

static inline soft_cert soft_root_cert(const soft_keys *k)
{
	return (soft_cert){.subject = "root",
			   .issuer = "root",
			   .key = k->ca,
			   .by = k->ca,
			   .ext = SOFT_CA_EXT,
			   .from = -2000,
			   .to = 2000};
}

/* ---- public areas ---- */

static inline void soft_modulus(EVP_PKEY *key, uint8_t out[256])
{
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2binpad(n, out, 256), 256);
	BN_free(n);
}

static inline void soft_public(EVP_PKEY *key, uint32_t attributes, uint16_t scheme, cof_buf *ret)
{
	uint8_t n[256];
	cof_wr w = cof_wr_to(ret);
	bool storage = (attributes & 0x20000) != 0;
	ret->len = 0;
	soft_modulus(key, n);
	size_t mark = cof_wr_begin_u16be(&w);
	cof_wr_u16be(&w, 1);
	cof_wr_u16be(&w, 0xb);
	cof_wr_u32be(&w, attributes);
	cof_wr_u16be(&w, 0); /* policy */
	cof_wr_u16be(&w, storage ? 6 : 0x10);
	if (storage) {
		cof_wr_u16be(&w, 128);
		cof_wr_u16be(&w, 0x43);
	}
	cof_wr_u16be(&w, storage ? 0x10 : scheme);
	if (!storage && scheme != 0x10)
		cof_wr_u16be(&w, 0xb);
	cof_wr_u16be(&w, 2048);
	cof_wr_u32be(&w, 0);
	cof_wr_span_u16be(&w, cof_span_of(n, 256));
	cof_wr_end_u16be(&w, mark);
	assert_ok(cof_wr_done(&w, &err));
}

/* ---- a boot ---- */

static inline void soft_extend(soft_tpm *t, uint32_t pcr, const uint8_t digest[32])
{
	cof_digest reg = {.alg = COF_SHA256}, d = {.alg = COF_SHA256};
	memcpy(reg.bytes, t->pcrs[pcr], 32);
	memcpy(d.bytes, digest, 32);
	assert_ok(cof_reg_extend(&reg, &d, &err));
	memcpy(t->pcrs[pcr], reg.bytes, 32);
}

static inline void soft_reset_pcrs(soft_tpm *t)
{
	for (uint32_t i = 0; i < 24; i++) {
		cof_digest start;
		cof_reg_start(COF_LOG_TPM, COF_SHA256, i, 0, &start);
		memcpy(t->pcrs[i], start.bytes, 32);
	}
}

static inline void soft_power_on(soft_tpm *t, const soft_keys *k)
{
	*t = (soft_tpm){.k = k,
			.signer = k->ak,
			.ak_attributes = AK_BITS,
			.ak_scheme = 0x14,
			.magic = 0xff544347,
			.type = 0x8018,
			.mask = 0xffffff,
			.bank = 0xb,
			.nonce = {1, 2},
			.credential = {3, 4},
			.initdata = {5, 6},
			.activate = true,
			.send_log = true,
			.send_cert = true};
	const soft_cert c = soft_ek_cert(k);
	soft_der(&c, &t->ek_cert);
	soft_reset_pcrs(t);
}

static inline void soft_measure(soft_tpm *t)
{
	COF_AUTO(cof_eventlog) log = {0};
	assert_ok(cof_eventlog_parse(cof_buf_span(&t->log), COF_SHA256, &log, &err));
	for (size_t i = 0; i < log.n; i++)
		soft_extend(t, log.events[i].reg, log.events[i].digest.bytes);
}

static inline void soft_boot(soft_tpm *t, const soft_keys *k)
{
	soft_power_on(t, k);
	put_boot(&t->log);
	soft_measure(t);
	soft_extend(t, 8, t->initdata);
}

static inline void soft_tpm_release(soft_tpm *t)
{
	cof_buf_release(&t->log);
	cof_buf_release(&t->ek_cert);
}
COF_DEFINE_AUTO(soft_tpm, soft_tpm_release)

/* ---- its evidence ---- */

static inline void soft_attest(const soft_tpm *t, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	uint8_t digest[32];
	COF_AUTO(cof_buf) all = {0};
	for (uint32_t i = 0; i < 24; i++) {
		if ((t->mask & (1u << i)) != 0)
			assert_ok(cof_buf_add(&all, t->pcrs[i], 32, &err));
	}
	assert_ok(cof_sha256(cof_buf_span(&all), digest, &err));
	cof_wr_u32be(&w, t->magic);
	cof_wr_u16be(&w, t->type);
	cof_wr_span_u16be(&w, cof_span_str("name"));
	cof_wr_span_u16be(&w, cof_span_of(t->nonce, 32));
	cof_wr_zeros(&w, 8 + 4 + 4 + 1 + 8);
	cof_wr_u32be(&w, 1);
	cof_wr_u16be(&w, t->bank);
	cof_wr_u8(&w, 3);
	for (unsigned i = 0; i < 3; i++)
		cof_wr_u8(&w, (uint8_t)(t->mask >> (8 * i)));
	cof_wr_span_u16be(&w, cof_span_of(digest, 32));
	assert_ok(cof_wr_done(&w, &err));
}

static inline void soft_sign(const soft_tpm *t, const cof_buf *attest, cof_buf *ret)
{
	uint8_t sig[256];
	size_t n = sizeof sig;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, t->signer), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &n, attest->data, attest->len), 1);
	EVP_MD_CTX_free(ctx);
	cof_wr w = cof_wr_to(ret);
	cof_wr_u16be(&w, 0x14);
	cof_wr_u16be(&w, 0xb);
	cof_wr_span_u16be(&w, cof_span_of(sig, n));
	assert_ok(cof_wr_done(&w, &err));
}

static inline json_t *soft_b64(cof_span s)
{
	COF_AUTO_FREE char *t = cof_b64_dup(s);
	return json_string(t);
}

static inline json_t *soft_pcrs(const soft_tpm *t)
{
	json_t *list = json_array();
	for (size_t i = 0; i < 24; i++) {
		char hex[65];
		cof_hex(cof_span_of(t->pcrs[i], 32), hex);
		(void)json_array_append_new(list, json_string(hex));
	}
	return list;
}

static inline json_t *soft_evidence(const soft_tpm *t)
{
	COF_AUTO(cof_buf) attest = {0};
	COF_AUTO(cof_buf) sig = {0};
	COF_AUTO(cof_buf) ak = {0};
	uint8_t *spki = NULL, mac[32];
	soft_attest(t, &attest);
	soft_sign(t, &attest, &sig);
	soft_public(t->k->ak, t->ak_attributes, t->ak_scheme, &ak);
	int n = i2d_PUBKEY(t->k->ak, &spki);
	assert_ok(cof_hmac_sha256(cof_span_of(t->credential, 32), cof_buf_span(&attest), mac, &err));
	json_t *e = json_pack("{s:{s:o, s:o, s:o}, s:o, s:o}", "tpm_quote", "signature", soft_b64(cof_buf_span(&sig)),
			      "message", soft_b64(cof_buf_span(&attest)), "pcrs", soft_pcrs(t), "ak_public",
			      soft_b64(cof_span_of(spki, (size_t)n)), "ak_tpm_public", soft_b64(cof_buf_span(&ak)));
	OPENSSL_free(spki);
	if (t->send_cert)
		(void)json_object_set_new(e, "ek_cert", soft_b64(cof_buf_span(&t->ek_cert)));
	if (t->send_log)
		(void)json_object_set_new(e, "eventlog", soft_b64(cof_buf_span(&t->log)));
	if (t->activate)
		(void)json_object_set_new(e, "activation", soft_b64(cof_span_of(mac, 32)));
	return e;
}

/* A reference that is exactly what this log measures. */
static inline json_t *soft_reference(const cof_buf *bytes, const char *name)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	char hex[65], key[8], word[COF_EVENT_NAME_MAX];
	assert_ok(cof_eventlog_parse(cof_buf_span(bytes), COF_SHA256, &log, &err));
	assert_ok(cof_eventlog_replay(&log, pcrs, &err));
	json_t *o = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", "coffer-reference-values/1", "tee", "tpm",
			      "name", name, "pcrs", "events");
	for (uint32_t i = 0; i < 10; i++) {
		cof_hex(cof_digest_span(&pcrs[i]), hex);
		(void)snprintf(key, sizeof key, "%u", i);
		if (i != 8)
			(void)json_object_set_new(json_object_get(o, "pcrs"), key, json_string(hex));
	}
	for (size_t i = 0; i < log.n; i++) {
		const cof_log_event *e = &log.events[i];
		cof_event_name(e, word);
		cof_hex(cof_digest_span(&e->digest), hex);
		(void)json_array_append_new(json_object_get(o, "events"),
					    json_pack("{s:i, s:s, s:s, s:s}", "pcr", (int)e->reg, "type",
						      cof_event_type_name(e->type), "name", word, "digest", hex));
	}
	return o;
}
