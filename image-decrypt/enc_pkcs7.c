/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#7 packets: EnvelopedData for RSA recipients. The Go library writes AES-GCM with parameters that are no DER, so
 * this form is opened here; AES-256-CBC, which all write well, is OpenSSL's CMS. What comes to CMS has passed the same
 * walk: one shape, listed algorithms. All private keys are tried on all recipients, so that no certificate is needed.
 *
 * spec: RFC 5652 6.1 and 6.2.1, RFC 5083 for the idea of GCM in it; containers/ocicrypt, keywrap/pkcs7
 */
#include <openssl/cms.h>
#include <openssl/err.h>

#include "common/der.h"
#include "common/jwe_crypto.h"
#include "common/ossl.h"
#include "image-decrypt/enc_int.h"

COF_OSSL_AUTO(CMS_ContentInfo, cof_ossl_cms, CMS_ContentInfo_free)

enum {
	RECIPIENTS_MAX = 64,
	CBC_IV_LEN = 16,
	GO_PARAMETERS = 0x10, /* SEQUENCE without the bit that says so */
	GO_NONCE = 0x84,      /* where an OCTET STRING belongs */
	CONTENT = 0x80,	      /* [0] IMPLICIT OCTET STRING … */
	CONTENT_PARTS = 0xa0, /* … in parts */
};

typedef struct content_alg {
	cof_span oid;
	size_t key_len;
	bool gcm;
} content_alg;

#define OID(...)                                                                                                       \
	{                                                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})                                 \
	}
static const cof_span oid_enveloped = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03);
static const cof_span oid_data = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01);
static const cof_span oid_rsa = OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
static const content_alg contents[] = {
	{OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x06), 16, true},	/* aes128-GCM */
	{OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e), 32, true},	/* aes256-GCM */
	{OID(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a), 32, false}, /* aes256-CBC */
};

typedef struct enveloped {
	cof_span keys[RECIPIENTS_MAX]; /* wrapped by PKCS #1 v1.5 */
	size_t n;
	const content_alg *alg;
	cof_span iv;
	cof_span text; /* of GCM: with the tag behind it */
} enveloped;

static bool is(cof_span a, cof_span b)
{
	return cof_ct_equal(a, b);
}

/* --- the walk --- */

static const content_alg *find_content(cof_span oid)
{
	for (size_t i = 0; i < COF_COUNT(contents); i++)
		if (is(oid, contents[i].oid))
			return &contents[i];
	return NULL;
}

/* Recipients of other kinds (key agreement, passwords) and other key encryptions are somebody else's. */
static void take_recipient(cof_rd *set, enveloped *e)
{
	uint8_t tag = 0;
	cof_rd r = cof_rd_of(cof_der_any(set, &tag));
	if (tag != COF_DER_SEQUENCE || !cof_rd_ok(set))
		return;
	(void)cof_der_u64(&r, COF_DER_INTEGER);
	(void)cof_der_any(&r, &tag); /* which certificate */
	cof_rd alg = cof_der_enter(&r, COF_DER_SEQUENCE);
	bool rsa = is(cof_der_take(&alg, COF_DER_OID), oid_rsa);
	cof_span key = cof_der_take(&r, COF_DER_OCTET_STRING);
	if (!cof_rd_end(&r) || e->n == RECIPIENTS_MAX)
		cof_rd_fail(set);
	else if (rsa)
		e->keys[e->n++] = key;
}

/* Nonce and tag length, as RFC 5084 has them or as Go writes them. */
static cof_span gcm_iv(cof_rd *alg)
{
	bool go = cof_der_is(alg, GO_PARAMETERS);
	cof_rd outer = *alg;
	if (go)
		outer = cof_der_enter(alg, GO_PARAMETERS);
	cof_rd p = cof_der_enter(go ? &outer : alg, COF_DER_SEQUENCE);
	cof_span iv = cof_der_take(&p, cof_der_is(&p, GO_NONCE) ? GO_NONCE : COF_DER_OCTET_STRING);
	uint64_t tag_len = cof_der_u64(&p, COF_DER_INTEGER);
	if (!cof_rd_end(&p) || (go && !cof_rd_end(&outer)) || iv.len != COF_GCM_IV_LEN || tag_len != COF_GCM_TAG_LEN)
		cof_rd_fail(alg);
	return iv;
}

static void take_alg(cof_rd *r, enveloped *e)
{
	cof_rd alg = cof_der_enter(r, COF_DER_SEQUENCE);
	e->alg = find_content(cof_der_take(&alg, COF_DER_OID));
	if (e->alg == NULL) {
		cof_rd_fail(r);
		return;
	}
	e->iv = e->alg->gcm ? gcm_iv(&alg) : cof_der_take(&alg, COF_DER_OCTET_STRING);
	if (!cof_rd_end(&alg) || (!e->alg->gcm && e->iv.len != CBC_IV_LEN))
		cof_rd_fail(r);
}

static void take_content(cof_rd *r, enveloped *e)
{
	cof_rd c = cof_der_enter(r, COF_DER_SEQUENCE);
	if (!is(cof_der_take(&c, COF_DER_OID), oid_data))
		cof_rd_fail(&c);
	take_alg(&c, e);
	if (cof_der_is(&c, CONTENT_PARTS)) {
		cof_rd parts = cof_der_enter(&c, CONTENT_PARTS);
		e->text = cof_der_take(&parts, COF_DER_OCTET_STRING);
		if (!cof_rd_end(&parts))
			cof_rd_fail(&c);
	} else {
		e->text = cof_der_take(&c, CONTENT);
	}
	if (!cof_rd_end(&c))
		cof_rd_fail(r);
}

static bool walk(cof_span packet, enveloped *e)
{
	cof_rd whole = cof_rd_of(packet);
	cof_rd info = cof_der_enter(&whole, COF_DER_SEQUENCE);
	if (!is(cof_der_take(&info, COF_DER_OID), oid_enveloped))
		return false;
	cof_rd tagged = cof_der_enter(&info, COF_DER_CONTEXT);
	cof_rd data = cof_der_enter(&tagged, COF_DER_SEQUENCE);
	uint64_t version = cof_der_u64(&data, COF_DER_INTEGER);
	cof_rd set = cof_der_enter(&data, COF_DER_SET);
	while (cof_rd_ok(&set) && set.left > 0)
		take_recipient(&set, e);
	take_content(&data, e);
	return cof_rd_end(&whole) && cof_rd_end(&info) && cof_rd_end(&tagged) && cof_rd_end(&data) &&
	       cof_rd_end(&set) && version <= 2;
}

/* --- opening --- */

static int open_gcm(const enveloped *e, EVP_PKEY *key, cof_secret *ret, cof_err *err)
{
	for (size_t i = 0; i < e->n; i++) {
		COF_AUTO(cof_secret) cek = {0};
		cof_rd text = cof_rd_of(e->text);
		cof_span tag = cof_rd_tail(&text, COF_GCM_TAG_LEN);
		int r = cof_enc_rsa15_open(key, e->keys[i], e->alg->key_len, &cek, err);
		if (r < 0)
			return r;
		const cof_gcm g = {cof_secret_span(&cek), e->iv, {0}};
		if (cof_rd_ok(&text) && cof_gcm_open(&g, cof_rd_rest(&text), tag, ret, NULL) == 0)
			return 0;
	}
	return cof_enc_no_key(err);
}

/* CMS goes through all recipients when it is given no certificate, and puts a random key where none fits. */
static int open_cbc(cof_span packet, EVP_PKEY *key, cof_secret *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(packet.data, (int)packet.len);
	COF_AUTO_PTR(cof_ossl_bio) out = BIO_new(BIO_s_secmem());
	COF_AUTO_PTR(cof_ossl_cms) cms = in == NULL ? NULL : d2i_CMS_bio(in, NULL);
	uint8_t *text = NULL;
	if (cms == NULL || out == NULL || CMS_decrypt(cms, key, NULL, NULL, out, 0) != 1)
		return cof_enc_no_key(err);
	long len = BIO_get_mem_data(out, &text);
	if (len <= 0)
		return cof_enc_no_key(err);
	int r = cof_secret_from(ret, cof_span_of(text, (size_t)len), err);
	cof_wipe(text, (size_t)len);
	return r;
}

/* CBC has no integrity of its own: only options that can be read say that the key was right. */
static int try_cbc(cof_span packet, EVP_PKEY *key, cof_secret *ret, cof_err *err)
{
	COF_AUTO(cof_secret) options = {0};
	COF_AUTO(cof_layer_key) read = {0};
	int r = open_cbc(packet, key, &options, err);
	if (r == 0 && cof_enc_private_parse(cof_secret_span(&options), &read, NULL) < 0)
		r = cof_enc_no_key(err);
	if (r == 0)
		*ret = cof_secret_steal(&options);
	return r;
}

int cof_enc_pkcs7_open(cof_span packet, const cof_enc_keys *keys, bool allow_ctr, cof_secret *ret, cof_err *err)
{
	enveloped e = {0};
	EVP_PKEY *key = NULL;
	(void)allow_ctr;
	if (!walk(packet, &e))
		return cof_enc_bad_packet(err, "not PKCS#7 EnvelopedData of a known kind");
	int r = cof_enc_no_key(err);
	for (size_t i = 0; r < 0 && (key = cof_enc_keys_private(keys, i)) != NULL; i++) {
		if (!EVP_PKEY_is_a(key, "RSA"))
			continue;
		r = e.alg->gcm ? open_gcm(&e, key, ret, err) : try_cbc(packet, key, ret, err);
		ERR_clear_error();
	}
	return r;
}

/* --- sealing --- */

static STACK_OF(X509) * certs_of(const cof_enc_recipient *const *to, size_t n)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	for (size_t i = 0; all != NULL && i < n; i++) {
		if (sk_X509_push(all, to[i]->cert) > 0)
			continue;
		sk_X509_free(all);
		all = NULL;
	}
	return all;
}

/* AES-256-CBC: Go cannot read a well-formed GCM, and nobody else reads Go's. */
int cof_enc_pkcs7_seal(const cof_enc_recipient *const *to, size_t n, cof_span options, cof_buf *ret, cof_err *err)
{
	STACK_OF(X509) *certs = certs_of(to, n);
	COF_AUTO_PTR(cof_ossl_bio) in = BIO_new_mem_buf(options.data, (int)options.len);
	COF_AUTO_PTR(cof_ossl_cms)
	cms = certs == NULL || in == NULL ? NULL : CMS_encrypt(certs, in, EVP_aes_256_cbc(), CMS_BINARY);
	uint8_t *der = NULL;
	int len = cms == NULL ? -1 : i2d_CMS_ContentInfo(cms, &der);
	sk_X509_free(certs);
	if (len < 0) {
		ERR_clear_error();
		return cof_err_set(err, COF_E_INTERNAL, "crypto-failed", "a PKCS#7 message could not be made");
	}
	int r = cof_enc_add_packet(cof_span_of(der, (size_t)len), ret, err);
	OPENSSL_free(der);
	return r;
}
