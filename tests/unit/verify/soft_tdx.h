/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TDX platform with a vendor of its own: keys made with OpenSSL, and everything settable before it is signed, so that
 * each check of the verifier meets evidence in which only that one thing is wrong.
 */
#pragma once

#include "tests/unit/test.h"

#include <openssl/conf.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "attestation/verify/kind.h"
#include "common/digest.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/wr.h"

enum { SOFT_NOW = 1800000000, SOFT_DAY = 86400 }; /* 2027-01-15T08:00:00Z */

/* Places in the bytes that the quote signs (version 5), and in the QE report. */
enum {
	AT_TD = 54,
	AT_SVN = AT_TD,
	AT_MR_SIGNER_SEAM = AT_TD + 64,
	AT_SEAM_ATTRIBUTES = AT_TD + 112,
	AT_ATTRIBUTES = AT_TD + 120,
	AT_MR_TD = AT_TD + 136,
	AT_MR_CONFIG_ID = AT_TD + 184,
	AT_MR_OWNER = AT_TD + 232,
	AT_MR_OWNER_CONFIG = AT_TD + 280,
	AT_RTMR = AT_TD + 328,
	AT_REPORT_DATA = AT_TD + 520,
	AT_SVN2 = AT_TD + 584,
	AT_SERVICE_TD = AT_TD + 600,
	SOFT_BODY_LEN = AT_TD + 648,
	/* behind the body */
	AT_SIG_LEN = SOFT_BODY_LEN,
	AT_SIG = AT_SIG_LEN + 4,
	AT_KEY = AT_SIG + 64,
	AT_OUTER_TYPE = AT_KEY + 64,
	AT_OUTER_LEN = AT_OUTER_TYPE + 2,
	AT_QE = AT_OUTER_LEN + 4,
	AT_QE_SIG = AT_QE + 384,
	AT_AUTH_LEN = AT_QE_SIG + 64,
	AT_AUTH = AT_AUTH_LEN + 2,
	SOFT_AUTH_LEN = 20,
	AT_INNER_TYPE = AT_AUTH + SOFT_AUTH_LEN,
	AT_INNER_LEN = AT_INNER_TYPE + 2,
	AT_CHAIN = AT_INNER_LEN + 4,
	/* in the QE report */
	QE_MISCSELECT = 16,
	QE_ATTRIBUTES = 48,
	QE_MRSIGNER = 128,
	QE_PRODID = 256,
	QE_SVN = 258,
	QE_REPORT_DATA = 320,
};

typedef enum soft_who { SOFT_ROOT, SOFT_CA, SOFT_PCK, SOFT_TCB, SOFT_ATT, SOFT_OTHER, SOFT_KEYS } soft_who;

typedef struct soft_cert {
	const char *subject;
	soft_who key, issuer_key;
	const char *issuer;
	cof_buf ext; /* lines of an OpenSSL section [x] */
	long serial;
	long from, to; /* days around now */
	const char *hash;
} soft_cert;

typedef struct soft_crl {
	const char *issuer;
	soft_who by;
	long serial; /* that is listed */
	long from, to;
	bool no_next, critical, garbage;
	const char *hash;
} soft_crl;

typedef struct soft_tdx {
	EVP_PKEY *keys[SOFT_KEYS];
	cof_buf body; /* what the quote signs */
	cof_buf qe;   /* the QE report */
	uint8_t qe_tail;
	cof_buf auth;
	soft_cert cert[4]; /* SOFT_ROOT to SOFT_TCB */
	soft_crl pck_crl, root_crl;
	cof_buf info, identity; /* the signed texts */
	soft_who qe_by, quote_by, json_by;
	/* after signing */
	size_t flip; /* place in the quote, plus one */
	uint8_t flip_with;
	size_t cut;	/* so many bytes fewer */
	cof_buf behind; /* appended to the quote */
	size_t inside;	/* so many of them are counted as signature data */
	const char *info_from, *info_to, *identity_from, *identity_to;
	soft_who signing_root; /* the second certificate of the TCB signing chain */
	const char *chain_from, *chain_to, *signing_from, *signing_to;
	const char *leave_out; /* a role */
	/* the files */
	X509 *x509[4];
	cof_buf quote, chain, signing, tcb_info, qe_identity, pck_crl_der, root_crl_der, root_der;
} soft_tdx;

static inline void soft_add(cof_buf *b, const char *text)
{
	assert_ok(cof_buf_add_str(b, text, &err));
}

/* The first occurrence, which must be there. */
static inline void soft_replace(cof_buf *b, const char *from, const char *to)
{
	COF_AUTO(cof_buf) out = {0};
	const char *text = cof_buf_str(b), *at = strstr(text, from);
	if (at == NULL)
		fail_msg("no '%s'", from);
	assert_ok(cof_buf_add(&out, text, (size_t)(at - text), &err));
	soft_add(&out, to);
	soft_add(&out, at + strlen(from));
	cof_buf_release(b);
	*b = out;
	out = (cof_buf){0};
}

/* --- what is signed --- */

static inline void soft_make_body(cof_buf *b)
{
	static const uint8_t vendor[] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
					 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
	cof_wr w = cof_wr_to(b);
	cof_wr_u16le(&w, 5);
	cof_wr_u16le(&w, 2);
	cof_wr_u32le(&w, 0x81);
	cof_wr_zeros(&w, 4);
	cof_wr_bytes(&w, cof_span_of(vendor, sizeof vendor));
	cof_wr_zeros(&w, 20);
	cof_wr_u16le(&w, 3);
	cof_wr_u32le(&w, 648);
	cof_wr_zeros(&w, 648);
	assert_false(w.failed);
	b->data[AT_SVN] = b->data[AT_SVN2] = 5;
	b->data[AT_SVN + 1] = b->data[AT_SVN2 + 1] = 1;
	b->data[AT_SVN + 2] = b->data[AT_SVN2 + 2] = 6;
	b->data[AT_ATTRIBUTES + 3] = 0x10;
	for (size_t i = 0; i < 48; i++)
		b->data[AT_MR_TD + i] = (uint8_t)i;
	for (size_t i = 0; i < 64; i++)
		b->data[AT_REPORT_DATA + i] = (uint8_t)(0x80 + i);
}

static inline void soft_make_qe(cof_buf *b)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_zeros(&w, 384);
	assert_false(w.failed);
	b->data[QE_ATTRIBUTES] = 0x15;
	memset(b->data + QE_MRSIGNER, 0xdc, 32);
	b->data[QE_PRODID] = 2;
	b->data[QE_SVN] = 4;
}

static inline void soft_put_components(cof_buf *b, const char *name, const uint8_t first[4])
{
	assert_ok(cof_buf_printf(b, &err, "\"%s\":[", name));
	for (size_t i = 0; i < 16; i++)
		assert_ok(cof_buf_printf(b, &err, "%s{\"svn\":%d}", i == 0 ? "" : ",", i < 4 ? first[i] : 0));
	soft_add(b, "]");
}

static inline void soft_put_level(cof_buf *b, const uint8_t sgx[4], unsigned pcesvn, const uint8_t tdx[4],
				  const char *status)
{
	soft_add(b, "{\"tcb\":{");
	soft_put_components(b, "sgxtcbcomponents", sgx);
	assert_ok(cof_buf_printf(b, &err, ",\"pcesvn\":%u,", pcesvn));
	soft_put_components(b, "tdxtcbcomponents", tdx);
	assert_ok(cof_buf_printf(b, &err,
				 "},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"%s\",\"advisoryIDs\":[\"%s\","
				 "\"INTEL-SA-00001\"]}",
				 status, status));
}

#define SOFT_ZEROS_96                                                                                                  \
	"000000000000000000000000000000000000000000000000"                                                             \
	"000000000000000000000000000000000000000000000000"
#define SOFT_SIGNER                                                                                                    \
	"\"mrsigner\":\"" SOFT_ZEROS_96 "\",\"attributes\":\"0000000000000000\",\"attributesMask\":"                   \
	"\"FFFFFFFFFFFFFFFF\""
#define SOFT_DATES                                                                                                     \
	"\"issueDate\":\"2027-01-01T00:00:00Z\",\"nextUpdate\":\"2027-02-01T00:00:00Z\",\"tcbEvaluationDataNumber\":"  \
	"20,"

static inline void soft_make_info(cof_buf *b)
{
	static const uint8_t sgx[3][4] = {{7, 7, 2, 2}, {6, 6, 2, 2}, {1, 1, 1, 1}};
	static const uint8_t tdx[3][4] = {{5, 0, 6, 0}, {5, 0, 4, 0}, {1, 0, 1, 0}};
	soft_add(b, "{\"id\":\"TDX\",\"version\":3," SOFT_DATES
		    "\"fmspc\":\"00806F050000\",\"pceId\":\"0000\",\"tcbType\":0,\"tdxModule\":{" SOFT_SIGNER "},"
		    "\"tdxModuleIdentities\":[{\"id\":\"TDX_01\"," SOFT_SIGNER ",\"tcbLevels\":["
		    "{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},"
		    "{\"tcb\":{\"isvsvn\":3},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"},"
		    "{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"Revoked\"}]}],"
		    "\"tcbLevels\":[");
	soft_put_level(b, sgx[0], 11, tdx[0], "UpToDate");
	soft_add(b, ",");
	soft_put_level(b, sgx[1], 10, tdx[1], "OutOfDate");
	soft_add(b, ",");
	soft_put_level(b, sgx[2], 5, tdx[2], "Revoked");
	soft_add(b, "]}");
}

static inline void soft_make_identity(cof_buf *b)
{
	soft_add(b, "{\"id\":\"TD_QE\",\"version\":2," SOFT_DATES
		    "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
		    "\"attributes\":\"11000000000000000000000000000000\","
		    "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\""
		    "dcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdc\",\"isvprodid\":2,\"tcbLevels\":["
		    "{\"tcb\":{\"isvsvn\":4},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},"
		    "{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"},"
		    "{\"tcb\":{\"isvsvn\":1},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"Revoked\"}]}");
}

/* --- certificates --- */

#define SOFT_CA_EXT "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define SOFT_LEAF_EXT "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n"
#define SOFT_OID "1.2.840.113741.1.13.1"

/* The SGX extension as sections of OpenSSL's: one [pN] for each member, so that a test can replace any line. */
static inline void soft_put_sgx(cof_buf *b)
{
	static const uint8_t components[16] = {7, 7, 2, 2};
	soft_add(b, SOFT_OID "=ASN1:SEQUENCE:sgx\n[sgx]\na=SEQUENCE:p1\nb=SEQUENCE:p2\nc=SEQUENCE:p3\nd=SEQUENCE:p4\n"
			     "e=SEQUENCE:p5\nf=SEQUENCE:p6\ng=SEQUENCE:p7\n"
			     "[p1]\na=OID:" SOFT_OID ".1\nb=FORMAT:HEX,OCTETSTRING:000102030405060708090a0b0c0d0e0f\n"
			     "[p2]\na=OID:" SOFT_OID ".2\nb=SEQUENCE:tcb\n"
			     "[p3]\na=OID:" SOFT_OID ".3\nb=FORMAT:HEX,OCTETSTRING:0000\n"
			     "[p4]\na=OID:" SOFT_OID ".4\nb=FORMAT:HEX,OCTETSTRING:00806f050000\n"
			     "[p5]\na=OID:" SOFT_OID ".5\nb=ENUMERATED:1\n"
			     "[p6]\na=OID:" SOFT_OID ".6\nb=FORMAT:HEX,OCTETSTRING:101112131415161718191a1b1c1d1e1f\n"
			     "[p7]\na=OID:" SOFT_OID ".7\nb=SEQUENCE:conf\n"
			     "[conf]\na=SEQUENCE:f1\n[f1]\na=OID:" SOFT_OID ".7.3\nb=BOOLEAN:TRUE\n[tcb]\n");
	for (unsigned i = 1; i <= 18; i++)
		assert_ok(cof_buf_printf(b, &err, "t%u=SEQUENCE:c%u\n", i, i));
	for (unsigned i = 1; i <= 16; i++)
		assert_ok(cof_buf_printf(b, &err, "[c%u]\na=OID:" SOFT_OID ".2.%u\nb=INTEGER:%u\n", i, i,
					 components[i - 1]));
	soft_add(b, "[c17]\na=OID:" SOFT_OID ".2.17\nb=INTEGER:11\n[c18]\na=OID:" SOFT_OID
		    ".2.18\nb=FORMAT:HEX,OCTETSTRING:07070202000000000000000000000000\n");
}

static inline void soft_cn(X509_NAME *n, const char *cn)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0), 1);
}

static inline X509 *soft_make_cert(const soft_tdx *t, const soft_cert *s)
{
	X509 *c = X509_new();
	X509V3_CTX ctx;
	long line = 0;
	CONF *conf = NCONF_new(NULL);
	BIO *text = BIO_new_mem_buf(s->ext.data, (int)s->ext.len);
	(void)X509_set_version(c, X509_VERSION_3);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), s->serial);
	(void)ASN1_TIME_set(X509_getm_notBefore(c), SOFT_NOW + s->from * SOFT_DAY);
	(void)ASN1_TIME_set(X509_getm_notAfter(c), SOFT_NOW + s->to * SOFT_DAY);
	soft_cn(X509_get_subject_name(c), s->subject);
	soft_cn(X509_get_issuer_name(c), s->issuer);
	(void)X509_set_pubkey(c, t->keys[s->key]);
	assert_int_equal(NCONF_load_bio(conf, text, &line), 1);
	X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, conf);
	assert_int_equal(X509V3_EXT_add_nconf(conf, &ctx, "x", c), 1);
	assert_true(X509_sign(c, t->keys[s->issuer_key], EVP_get_digestbyname(s->hash)) > 0);
	BIO_free(text);
	NCONF_free(conf);
	return c;
}

static inline void soft_put_pem(X509 *c, cof_buf *ret)
{
	char *text = NULL;
	BIO *b = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_X509(b, c), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
}

static inline void soft_put_crl(const soft_tdx *t, const soft_crl *s, cof_buf *ret)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, SOFT_NOW + s->from * SOFT_DAY);
	ASN1_TIME *to = ASN1_TIME_set(NULL, SOFT_NOW + s->to * SOFT_DAY);
	X509_NAME *name = X509_NAME_new();
	uint8_t *der = NULL;
	soft_cn(name, s->issuer);
	(void)X509_CRL_set_version(crl, 1);
	(void)X509_CRL_set_issuer_name(crl, name);
	(void)X509_CRL_set1_lastUpdate(crl, from);
	if (!s->no_next)
		(void)X509_CRL_set1_nextUpdate(crl, to);
	(void)ASN1_INTEGER_set(serial, s->serial);
	(void)X509_REVOKED_set_serialNumber(r, serial);
	(void)X509_REVOKED_set_revocationDate(r, from);
	assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
	assert_int_equal(X509_CRL_add1_ext_i2d(crl, s->critical ? NID_delta_crl : NID_crl_number, serial, s->critical,
					       X509V3_ADD_DEFAULT),
			 1);
	assert_true(X509_CRL_sign(crl, t->keys[s->by], EVP_get_digestbyname(s->hash)) > 0);
	int n = i2d_X509_CRL(crl, &der);
	assert_ok(cof_buf_add(ret, der, (size_t)n, &err));
	if (s->garbage)
		soft_add(ret, "x");
	OPENSSL_free(der);
	X509_NAME_free(name);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_INTEGER_free(serial);
	X509_CRL_free(crl);
}

/* --- signing --- */

static inline void soft_sign(EVP_PKEY *key, cof_span message, uint8_t rs[64])
{
	uint8_t der[160];
	const uint8_t *at = der;
	size_t n = sizeof der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &n, message.data, message.len), 1);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32), 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
}

/* x||y of a P-256 key. */
static inline void soft_raw_key(EVP_PKEY *key, uint8_t xy[64])
{
	uint8_t point[65];
	size_t n = 0;
	assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &n), 1);
	assert_int_equal(n, 65);
	memcpy(xy, point + 1, 64);
}

static inline void soft_put_signed(const soft_tdx *t, const char *member, const cof_buf *text, cof_buf *ret)
{
	uint8_t rs[64];
	char hex[129];
	soft_sign(t->keys[t->json_by], cof_buf_span(text), rs);
	cof_hex(cof_span_of(rs, sizeof rs), hex);
	assert_ok(cof_buf_printf(ret, &err, "{\"%s\":%s,\"signature\":\"%s\"}", member, cof_buf_str(text), hex));
}

static inline void soft_bind_qe(soft_tdx *t, const uint8_t key[64])
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add(&b, key, 64, &err));
	if (t->auth.len > 0)
		assert_ok(cof_buf_add(&b, t->auth.data, t->auth.len, &err));
	assert_ok(cof_sha256(cof_buf_span(&b), t->qe.data + QE_REPORT_DATA, &err));
	t->qe.data[QE_REPORT_DATA + 63] = t->qe_tail;
}

static inline void soft_put_quote(soft_tdx *t)
{
	uint8_t key[64], rs[64];
	cof_wr w = cof_wr_to(&t->quote);
	uint32_t nested = (uint32_t)(384 + 64 + 2 + t->auth.len + 2 + 4 + t->chain.len);
	soft_raw_key(t->keys[SOFT_ATT], key);
	soft_bind_qe(t, key);
	cof_wr_bytes(&w, cof_buf_span(&t->body));
	cof_wr_u32le(&w, (uint32_t)(64 + 64 + 2 + 4 + nested + t->inside));
	soft_sign(t->keys[t->quote_by], cof_buf_span(&t->body), rs);
	cof_wr_bytes(&w, cof_span_of(rs, 64));
	cof_wr_bytes(&w, cof_span_of(key, 64));
	cof_wr_u16le(&w, 6);
	cof_wr_u32le(&w, nested);
	cof_wr_bytes(&w, cof_buf_span(&t->qe));
	soft_sign(t->keys[t->qe_by], cof_buf_span(&t->qe), rs);
	cof_wr_bytes(&w, cof_span_of(rs, 64));
	cof_wr_u16le(&w, (uint16_t)t->auth.len);
	cof_wr_bytes(&w, cof_buf_span(&t->auth));
	cof_wr_u16le(&w, 5);
	cof_wr_u32le(&w, (uint32_t)t->chain.len);
	cof_wr_bytes(&w, cof_buf_span(&t->chain));
	cof_wr_bytes(&w, cof_buf_span(&t->behind));
	assert_false(w.failed);
	if (t->flip > 0)
		t->quote.data[t->flip - 1] ^= t->flip_with;
	t->quote.len -= t->cut;
}

/* --- the whole --- */

static inline soft_cert soft_cert_of(const char *subject, soft_who key, const char *issuer, soft_who by, long serial)
{
	return (soft_cert){subject, key, by, issuer, {0}, serial, -100, 100, "SHA256"};
}

static inline void soft_keys(soft_tdx *t)
{
	for (size_t i = 0; i < SOFT_KEYS; i++) {
		t->keys[i] = EVP_EC_gen("P-256");
		assert_non_null(t->keys[i]);
	}
}

/* Everything as it should be, with the keys of another. */
static inline void soft_start(soft_tdx *t, const soft_tdx *keys)
{
	*t = (soft_tdx){.qe_by = SOFT_PCK, .quote_by = SOFT_ATT, .json_by = SOFT_TCB};
	for (size_t i = 0; i < SOFT_KEYS; i++) {
		t->keys[i] = keys->keys[i];
		assert_int_equal(EVP_PKEY_up_ref(t->keys[i]), 1);
	}
	soft_make_body(&t->body);
	soft_make_qe(&t->qe);
	soft_add(&t->auth, "authentication data.");
	soft_make_info(&t->info);
	soft_make_identity(&t->identity);
	t->cert[SOFT_ROOT] = soft_cert_of("Intel SGX Root CA", SOFT_ROOT, "Intel SGX Root CA", SOFT_ROOT, 1);
	t->cert[SOFT_CA] = soft_cert_of("Intel SGX PCK Platform CA", SOFT_CA, "Intel SGX Root CA", SOFT_ROOT, 2);
	t->cert[SOFT_PCK] =
		soft_cert_of("Intel SGX PCK Certificate", SOFT_PCK, "Intel SGX PCK Platform CA", SOFT_CA, 3);
	t->cert[SOFT_TCB] = soft_cert_of("Intel SGX TCB Signing", SOFT_TCB, "Intel SGX Root CA", SOFT_ROOT, 4);
	soft_add(&t->cert[SOFT_ROOT].ext, SOFT_CA_EXT);
	soft_add(&t->cert[SOFT_CA].ext, SOFT_CA_EXT);
	soft_add(&t->cert[SOFT_PCK].ext, SOFT_LEAF_EXT);
	soft_add(&t->cert[SOFT_TCB].ext, SOFT_LEAF_EXT);
	soft_put_sgx(&t->cert[SOFT_PCK].ext);
	t->pck_crl = (soft_crl){"Intel SGX PCK Platform CA", SOFT_CA, 99, -10, 10, false, false, false, "SHA256"};
	t->root_crl = (soft_crl){"Intel SGX Root CA", SOFT_ROOT, 99, -10, 10, false, false, false, "SHA256"};
}

static inline void soft_finish(soft_tdx *t)
{
	uint8_t *der = NULL;
	for (size_t i = 0; i < 4; i++)
		t->x509[i] = soft_make_cert(t, &t->cert[i]);
	soft_put_pem(t->x509[SOFT_PCK], &t->chain);
	soft_put_pem(t->x509[SOFT_CA], &t->chain);
	soft_put_pem(t->x509[SOFT_ROOT], &t->chain);
	soft_put_pem(t->x509[SOFT_TCB], &t->signing);
	soft_put_pem(t->x509[t->signing_root], &t->signing);
	if (t->chain_from != NULL)
		soft_replace(&t->chain, t->chain_from, t->chain_to);
	if (t->signing_from != NULL)
		soft_replace(&t->signing, t->signing_from, t->signing_to);
	soft_put_quote(t);
	soft_put_signed(t, "tcbInfo", &t->info, &t->tcb_info);
	soft_put_signed(t, "enclaveIdentity", &t->identity, &t->qe_identity);
	if (t->info_from != NULL)
		soft_replace(&t->tcb_info, t->info_from, t->info_to);
	if (t->identity_from != NULL)
		soft_replace(&t->qe_identity, t->identity_from, t->identity_to);
	soft_put_crl(t, &t->pck_crl, &t->pck_crl_der);
	soft_put_crl(t, &t->root_crl, &t->root_crl_der);
	int n = i2d_X509(t->x509[SOFT_ROOT], &der);
	assert_ok(cof_buf_add(&t->root_der, der, (size_t)n, &err));
	OPENSSL_free(der);
}

static inline void soft_drop(soft_tdx *t)
{
	cof_buf *bufs[] = {&t->body,	    &t->qe,	     &t->auth,	       &t->info,     &t->identity,
			   &t->behind,	    &t->quote,	     &t->chain,	       &t->signing,  &t->tcb_info,
			   &t->qe_identity, &t->pck_crl_der, &t->root_crl_der, &t->root_der, &t->cert[0].ext,
			   &t->cert[1].ext, &t->cert[2].ext, &t->cert[3].ext};
	for (size_t i = 0; i < COF_COUNT(bufs); i++)
		cof_buf_release(bufs[i]);
	for (size_t i = 0; i < 4; i++)
		X509_free(t->x509[i]);
	for (size_t i = 0; i < SOFT_KEYS; i++)
		EVP_PKEY_free(t->keys[i]);
	*t = (soft_tdx){0};
}

enum { SOFT_FILES_MAX = 8 };

/* The files but the one that is left out. */
static inline size_t soft_files(const soft_tdx *t, cof_role_file ret[SOFT_FILES_MAX])
{
	const cof_role_file all[] = {{"quote", cof_buf_span(&t->quote)},
				     {"tcb_info", cof_buf_span(&t->tcb_info)},
				     {"qe_identity", cof_buf_span(&t->qe_identity)},
				     {"tcb_signing_chain", cof_buf_span(&t->signing)},
				     {"pck_crl", cof_buf_span(&t->pck_crl_der)},
				     {"root_crl", cof_buf_span(&t->root_crl_der)},
				     {"root", cof_buf_span(&t->root_der)}};
	size_t n = 0;
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		if (t->leave_out == NULL || strcmp(all[i].role, t->leave_out) != 0)
			ret[n++] = all[i];
	}
	return n;
}
