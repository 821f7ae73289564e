/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AMD of our own: certificates in its profile, revocation lists and reports, every field settable before it is
 * signed, so that each check of the verifier meets evidence in which only that one thing is wrong.
 */
#pragma once

#include "tests/unit/test.h"

#include <openssl/conf.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "attestation/verify/kind.h"
#include "attestation/verify/snp.h"
#include "common/json.h"

enum { SOFT_NOW = 1800000000, SOFT_EXT_MAX = 2048, SOFT_ROLES = 5 };

/* Made once per program. */
typedef struct soft_keys {
	EVP_PKEY *ark, *ask, *stranger, *small; /* RSA; the last of 2048 bits */
	EVP_PKEY *vek, *other, *p256;
} soft_keys;

/* A key of many primes is found and used much faster, and its public half looks like any. */
static inline EVP_PKEY *soft_rsa(int bits, int primes)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *p = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	assert_int_equal(EVP_PKEY_keygen_init(p), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(p, bits) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_keygen_primes(p, primes) > 0);
	assert_int_equal(EVP_PKEY_generate(p, &key), 1);
	EVP_PKEY_CTX_free(p);
	return key;
}

static inline void soft_keys_make(soft_keys *k)
{
	k->ark = soft_rsa(4096, 4);
	k->ask = soft_rsa(4096, 4);
	k->stranger = soft_rsa(4096, 4);
	k->small = soft_rsa(2048, 3);
	k->vek = EVP_EC_gen("P-384");
	k->other = EVP_EC_gen("P-384");
	k->p256 = EVP_EC_gen("P-256");
	assert_true(k->ark != NULL && k->ask != NULL && k->stranger != NULL && k->small != NULL);
	assert_true(k->vek != NULL && k->other != NULL && k->p256 != NULL);
}

static inline void soft_keys_drop(soft_keys *k)
{
	EVP_PKEY *all[] = {k->ark, k->ask, k->stranger, k->small, k->vek, k->other, k->p256};
	for (size_t i = 0; i < COF_COUNT(all); i++)
		EVP_PKEY_free(all[i]);
	*k = (soft_keys){0};
}

/* ---- certificates ---- */

typedef struct soft_cert {
	const char *subject, *issuer, *organization;
	EVP_PKEY *key, *by;
	char ext[SOFT_EXT_MAX]; /* lines of an OpenSSL section [x] */
	int repeat;		/* 1: the extension of this number once more; 0: none */
	long from, to;		/* seconds around SOFT_NOW */
	long serial, version;
	const char *hash, *mgf; /* of the signature */
	int salt;		/* 0: PKCS#1 v1.5 */
	bool flip;		/* a bit of the signature */
	bool trail;		/* a byte behind it */
} soft_cert;

static inline void soft_name(X509_NAME *n, const char *cn, const char *organization)
{
	const char *const parts[][2] = {{"OU", "Engineering"}, {"C", "US"},	    {"L", "Santa Clara"},
					{"ST", "CA"},	       {"O", organization}, {"CN", cn}};
	for (size_t i = 0; i < COF_COUNT(parts); i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(n, parts[i][0], MBSTRING_ASC,
							    (const unsigned char *)parts[i][1], -1, -1, 0),
				 1);
}

static inline EVP_MD_CTX *soft_signer(EVP_PKEY *by, const char *hash, const char *mgf, int salt)
{
	EVP_PKEY_CTX *p = NULL;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(m, &p, hash, NULL, NULL, by, NULL), 1);
	if (salt > 0) {
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(p, salt), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md_name(p, mgf, NULL), 1);
	}
	return m;
}

static inline void soft_extensions(const soft_cert *s, X509 *c)
{
	X509V3_CTX ctx;
	long line = 0;
	CONF *conf = NCONF_new(NULL);
	BIO *text = BIO_new_mem_buf(s->ext, -1);
	assert_int_equal(NCONF_load_bio(conf, text, &line), 1);
	X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	assert_int_equal(X509V3_EXT_add_nconf(conf, &ctx, "x", c), 1);
	if (s->repeat > 0)
		assert_int_equal(X509_add_ext(c, X509_get_ext(c, s->repeat - 1), -1), 1);
	BIO_free(text);
	NCONF_free(conf);
}

static inline void soft_cert_der(const soft_cert *s, cof_buf *ret)
{
	X509 *c = X509_new();
	uint8_t *der = NULL;
	assert_int_equal(X509_set_version(c, s->version), 1);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), s->serial);
	(void)ASN1_TIME_set(X509_getm_notBefore(c), SOFT_NOW + s->from);
	(void)ASN1_TIME_set(X509_getm_notAfter(c), SOFT_NOW + s->to);
	soft_name(X509_get_subject_name(c), s->subject, s->organization);
	soft_name(X509_get_issuer_name(c), s->issuer, "Advanced Micro Devices");
	(void)X509_set_pubkey(c, s->key);
	soft_extensions(s, c);
	EVP_MD_CTX *m = soft_signer(s->by, s->hash, s->mgf, s->salt);
	assert_true(X509_sign_ctx(c, m) > 0);
	int n = i2d_X509(c, &der);
	assert_true(n > 0);
	der[n - 1] ^= s->flip;
	ret->len = 0;
	assert_ok(cof_buf_add(ret, der, (size_t)n, &err));
	if (s->trail)
		assert_ok(cof_buf_add(ret, "", 1, &err));
	OPENSSL_free(der);
	EVP_MD_CTX_free(m);
	X509_free(c);
}

static inline soft_cert soft_cert_base(const char *subject, const char *issuer, EVP_PKEY *key, EVP_PKEY *by)
{
	return (soft_cert){.subject = subject,
			   .issuer = issuer,
			   .organization = "Advanced Micro Devices",
			   .key = key,
			   .by = by,
			   .from = -1000,
			   .to = 1000,
			   .version = X509_VERSION_3,
			   .hash = "SHA384",
			   .mgf = "SHA384",
			   .salt = 48};
}

#define SOFT_ARC "1.3.6.1.4.1.3704.1."
#define SOFT_TCB_EXT                                                                                                   \
	SOFT_ARC "3.1=DER:020104\n" SOFT_ARC "3.2=DER:020100\n" SOFT_ARC "3.3=DER:020118\n" SOFT_ARC                   \
		 "3.5=DER:020100\n" SOFT_ARC "3.6=DER:020100\n" SOFT_ARC "3.7=DER:020100\n" SOFT_ARC                   \
		 "3.8=DER:020200DB\n"
#define SOFT_HWID8 "0201030405060708"
#define SOFT_HWID64 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8 SOFT_HWID8
#define SOFT_VCEK_EXT                                                                                                  \
	"[x]\n" SOFT_ARC "1=DER:020100\n" SOFT_ARC "2=DER:16084D696C616E2D4230\n" SOFT_TCB_EXT SOFT_ARC                \
	"3.4=DER:020100\n" SOFT_ARC "4=DER:" SOFT_HWID64 "\n"
#define SOFT_VLEK_EXT                                                                                                  \
	"[x]\n" SOFT_ARC "1=DER:020100\n" SOFT_ARC "2=DER:16054D696C616E\n" SOFT_TCB_EXT SOFT_ARC                      \
	"3.4=DER:020100\n" SOFT_ARC "5=DER:1603434E3D\n"
#define SOFT_TURIN_EXT                                                                                                 \
	"[x]\n" SOFT_ARC "1=DER:020101\n" SOFT_ARC "2=DER:1605547572696E\n" SOFT_TCB_EXT SOFT_ARC                      \
	"3.9=DER:020101\n" SOFT_ARC "4=DER:" SOFT_HWID8 "\n"
#define SOFT_ROOT_EXT "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define SOFT_MIDDLE_EXT "[x]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\n"

/* The text of ext with one part replaced; it must be there. */
static inline void soft_edit(char ext[SOFT_EXT_MAX], const char *from, const char *to)
{
	char old[SOFT_EXT_MAX];
	(void)snprintf(old, sizeof old, "%s", ext);
	const char *at = strstr(old, from);
	if (at == NULL)
		fail_msg("'%s' is not among the extensions", from);
	else
		(void)snprintf(ext, SOFT_EXT_MAX, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
}

/* ---- revocation lists ---- */

typedef struct soft_crl {
	bool given;
	const char *issuer;
	EVP_PKEY *by;
	long from, to;
	bool endless; /* without a next update */
	long revoked; /* a serial; 0: none */
	const char *hash;
	const char *ext; /* a line NAME=VALUE; NULL: none */
	const char *value;
	long version; /* 1: v2 */
	bool garbage, trail;
} soft_crl;

static inline void soft_crl_fill(const soft_crl *s, X509_CRL *crl)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, SOFT_NOW + s->from);
	X509_NAME *name = X509_NAME_new();
	soft_name(name, s->issuer, "Advanced Micro Devices");
	assert_int_equal(X509_CRL_set_version(crl, s->version), 1);
	assert_int_equal(X509_CRL_set_issuer_name(crl, name), 1);
	assert_int_equal(X509_CRL_set1_lastUpdate(crl, t), 1);
	(void)ASN1_TIME_set(t, SOFT_NOW + s->to);
	if (!s->endless)
		assert_int_equal(X509_CRL_set1_nextUpdate(crl, t), 1);
	if (s->revoked != 0) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		(void)ASN1_INTEGER_set(serial, s->revoked);
		(void)X509_REVOKED_set_serialNumber(r, serial);
		(void)X509_REVOKED_set_revocationDate(r, t);
		assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
		ASN1_INTEGER_free(serial);
	}
	X509_NAME_free(name);
	ASN1_TIME_free(t);
}

static inline void soft_crl_der(const soft_crl *s, cof_buf *ret)
{
	uint8_t *der = NULL;
	X509_CRL *crl = X509_CRL_new();
	soft_crl_fill(s, crl);
	if (s->ext != NULL) {
		X509_EXTENSION *e = X509V3_EXT_nconf(NULL, NULL, s->ext, s->value);
		assert_non_null(e);
		(void)X509_CRL_add_ext(crl, e, -1);
		X509_EXTENSION_free(e);
	}
	EVP_MD_CTX *m = soft_signer(s->by, s->hash, s->hash, 48);
	assert_true(X509_CRL_sign_ctx(crl, m) > 0);
	int n = i2d_X509_CRL(crl, &der);
	ret->len = 0;
	assert_ok(cof_buf_add(ret, s->garbage ? (const void *)"0x" : der, s->garbage ? 2 : (size_t)n, &err));
	if (s->trail)
		assert_ok(cof_buf_add(ret, "", 1, &err));
	OPENSSL_free(der);
	EVP_MD_CTX_free(m);
	X509_CRL_free(crl);
}

/* ---- a machine ---- */

typedef struct soft_snp {
	const soft_keys *k;
	soft_cert vek, middle, root;
	soft_crl crl;
	uint8_t report[COF_SNP_REPORT_LEN];
	EVP_PKEY *signer;
	const char *hash;   /* of the report's signature */
	const char *policy; /* JSON */
	int after;	    /* an offset whose byte is changed after the signature; -1: none */
	int64_t now;
	cof_buf made[SOFT_ROLES];
} soft_snp;

static inline void soft_put(uint8_t *report, size_t at, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		report[at + i] = (uint8_t)(v >> 8 * i);
}

static inline void soft_tcbs(uint8_t *report, uint64_t word)
{
	static const size_t at[] = {0x38, 0x180, 0x1e0, 0x1f0};
	for (size_t i = 0; i < COF_COUNT(at); i++)
		soft_put(report, at[i], word, 8);
}

/* Milan, version 3, a VCEK. */
static inline soft_snp soft_snp_good(const soft_keys *k)
{
	soft_snp s = {.k = k, .signer = k->vek, .hash = "SHA384", .policy = "{}", .after = -1, .now = SOFT_NOW};
	s.root = soft_cert_base("ARK-Milan", "ARK-Milan", k->ark, k->ark);
	s.middle = soft_cert_base("SEV-Milan", "ARK-Milan", k->ask, k->ark);
	s.vek = soft_cert_base("SEV-VCEK", "SEV-Milan", k->vek, k->ask);
	s.root.serial = 0x10000;
	s.middle.serial = 0x10001;
	(void)snprintf(s.root.ext, SOFT_EXT_MAX, "%s", SOFT_ROOT_EXT);
	(void)snprintf(s.middle.ext, SOFT_EXT_MAX, "%s", SOFT_MIDDLE_EXT);
	(void)snprintf(s.vek.ext, SOFT_EXT_MAX, "%s", SOFT_VCEK_EXT);
	s.crl = (soft_crl){
		.issuer = "ARK-Milan", .by = k->ark, .from = -1000, .to = 1000, .hash = "SHA384", .version = 1};
	soft_put(s.report, 0, 3, 4);
	soft_put(s.report, 4, 2, 4);
	soft_put(s.report, 8, 0x3001f, 8);
	soft_put(s.report, 0x34, 1, 4);
	soft_put(s.report, 0x40, 0x25, 8);
	soft_tcbs(s.report, 0xdb18000000000004);
	soft_put(s.report, 0x188, 0x010119, 3);
	for (size_t i = 0; i < 8; i++)
		memcpy(s.report + 0x1a0 + 8 * i, "\x02\x01\x03\x04\x05\x06\x07\x08", 8);
	memset(s.report + 0x50, 0x11, 64);
	memset(s.report + 0x90, 0x22, 48);
	memset(s.report + 0xc0, 0x33, 32);
	memset(s.report + 0xe0, 0x44, 48);
	memset(s.report + 0x110, 0x55, 48);
	memset(s.report + 0x160, 0xff, 32);
	return s;
}

static inline void soft_make_vlek(soft_snp *s)
{
	s->vek.subject = "SEV-VLEK";
	s->vek.issuer = s->middle.subject = "SEV-VLEK-Milan";
	(void)snprintf(s->vek.ext, SOFT_EXT_MAX, "%s", SOFT_VLEK_EXT);
	soft_put(s->report, 0x48, 1 << 2, 4);
	memset(s->report + 0x1a0, 0, 64);
}

static inline void soft_make_turin(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = s->crl.issuer = "ARK-Turin";
	s->middle.subject = s->vek.issuer = "SEV-Turin";
	(void)snprintf(s->vek.ext, SOFT_EXT_MAX, "%s", SOFT_TURIN_EXT);
	soft_put(s->report, 0, 5, 4);
	soft_put(s->report, 0x188, 0x01021a, 3);
	soft_put(s->report, 0x1f8, 0x3f, 8);
	soft_put(s->report, 0x200, 0x3f, 8);
	soft_tcbs(s->report, 0xdb00000018000401);
	memset(s->report + 0x1a8, 0, 56);
}

static inline void soft_reverse(const BIGNUM *n, uint8_t *out)
{
	assert_int_equal(BN_bn2lebinpad(n, out, 48), 48);
}

static inline void soft_sign(soft_snp *s)
{
	uint8_t der[128];
	const uint8_t *at = der;
	size_t n = sizeof der;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit_ex(m, NULL, s->hash, NULL, NULL, s->signer, NULL), 1);
	assert_int_equal(EVP_DigestSign(m, der, &n, s->report, COF_SNP_SIGNED_LEN), 1);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	soft_reverse(ECDSA_SIG_get0_r(sig), s->report + 0x2a0);
	soft_reverse(ECDSA_SIG_get0_s(sig), s->report + 0x2e8);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(m);
}

static inline void soft_make(soft_snp *s)
{
	soft_sign(s);
	if (s->after >= 0)
		s->report[s->after] ^= 1;
	s->made[0].len = 0;
	assert_ok(cof_buf_add(&s->made[0], s->report, sizeof s->report, &err));
	soft_cert_der(&s->vek, &s->made[1]);
	soft_cert_der(&s->middle, &s->made[2]);
	soft_cert_der(&s->root, &s->made[3]);
	if (s->crl.given)
		soft_crl_der(&s->crl, &s->made[4]);
}

static inline void soft_drop(soft_snp *s)
{
	for (size_t i = 0; i < SOFT_ROLES; i++)
		cof_buf_release(&s->made[i]);
}
