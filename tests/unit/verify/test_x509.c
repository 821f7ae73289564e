/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and lists of all vendors: what is read is all that there is, and DER to the last byte. */
#include "tests/unit/test.h"

#include "attestation/verify/x509.h"
#include "common/der.h"
#include "common/ossl.h"

typedef struct recipe {
	EVP_PKEY *key;
	const char *cn[2];     /* common names; NULL: none */
	const char *ext[4][2]; /* OpenSSL's words */
	int version;
} recipe;

static EVP_PKEY *p256, *p384, *p521, *rsa, *rsa_small, *rsa_three;

static void add_extension(X509 *c, const char *const ext[2])
{
	X509_EXTENSION *e = X509V3_EXT_conf(NULL, NULL, ext[0], ext[1]);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(c, e, -1), 1);
	X509_EXTENSION_free(e);
}

static cof_buf make(const recipe *r)
{
	cof_buf der = {0};
	uint8_t *out = NULL;
	X509 *c = X509_new();
	(void)X509_set_version(c, r->version == 0 ? X509_VERSION_3 : r->version - 1);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), 128);
	(void)ASN1_TIME_set(X509_getm_notBefore(c), 1000000000);
	(void)ASN1_TIME_set(X509_getm_notAfter(c), 2600000000);
	for (size_t i = 0; i < 2 && r->cn[i] != NULL; i++)
		(void)X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
						 (const unsigned char *)r->cn[i], -1, -1, 0);
	for (size_t i = 0; i < 4 && r->ext[i][0] != NULL; i++)
		add_extension(c, r->ext[i]);
	(void)X509_set_pubkey(c, r->key);
	assert_true(X509_sign(c, p256, EVP_sha256()) > 0);
	int n = i2d_X509(c, &out);
	assert_ok(cof_buf_add(&der, out, (size_t)n, &err));
	OPENSSL_free(out);
	X509_free(c);
	return der;
}

static cof_x509 *made(const recipe *r)
{
	COF_AUTO(cof_buf) der = make(r);
	cof_x509 *c = NULL;
	assert_ok(cof_x509_read(cof_buf_span(&der), &c, &err));
	return c;
}

static recipe plain(EVP_PKEY *key)
{
	return (recipe){.key = key, .cn = {"somebody"}};
}

/* ---- reading ---- */

static void what_it_says(void **state)
{
	(void)state;
	static const uint8_t serial[] = {0x00, 0x80};
	char cn[COF_X509_NAME_MAX];
	const recipe p = plain(p256);
	COF_AUTO_PTR(cof_x509) c = made(&p);
	assert_int_equal(c->version, 3);
	assert_span_equal(c->serial, serial, sizeof serial);
	assert_true(c->validity.from == 1000000000 && c->validity.to == 2600000000);
	cof_x509_common_name(c->subject, cn);
	assert_string_equal(cn, "somebody");
	cof_x509_common_name(c->issuer, cn);
	assert_string_equal(cn, "");
	assert_int_equal(cof_x509_name_count(c->subject), 1);
	assert_int_equal(c->ext.n, 0);
}

static void a_name_is_one_name(void **state)
{
	(void)state;
	char cn[COF_X509_NAME_MAX] = "x", text[COF_X509_NAME_MAX + 1];
	const recipe two = {.key = p256, .cn = {"somebody", "nobody"}};
	COF_AUTO_PTR(cof_x509) c = made(&two);
	cof_x509_common_name(c->subject, cn);
	assert_string_equal(cn, "");
	memset(text, 'a', sizeof text);
	text[COF_X509_NAME_MAX] = '\0';
	const recipe longer = {.key = p256, .cn = {text}};
	COF_AUTO_PTR(cof_x509) d = made(&longer);
	cof_x509_common_name(d->subject, cn);
	assert_string_equal(cn, "");
}

static void every_truncation_and_what_is_behind(void **state)
{
	(void)state;
	const recipe p = plain(p256);
	COF_AUTO(cof_buf) der = make(&p);
	cof_x509 *c = NULL;
	for (size_t n = 0; n < der.len; n++)
		assert_fails(cof_x509_read(cof_span_of(der.data, n), &c, &err), "certificate-malformed");
	assert_ok(cof_buf_add(&der, "", 1, &err));
	assert_fails(cof_x509_read(cof_buf_span(&der), &c, &err), "certificate-malformed");
	assert_fails(cof_x509_read((cof_span){der.data, COF_X509_MAX + 1}, &c, &err), "certificate-malformed");
	assert_null(c);
}

/* Every length of one byte written long: OpenSSL reads that, also inside of what is signed. */
static void lengths_of_ber(void **state)
{
	(void)state;
	const recipe p = plain(p256);
	COF_AUTO(cof_buf) der = make(&p);
	cof_rd r = cof_rd_of(cof_buf_span(&der)), outer = cof_der_enter(&r, COF_DER_SEQUENCE);
	size_t tbs = der.len - outer.left, bigger = 0;
	for (size_t at = tbs + 3; at + 1 < tbs + 60; at++) {
		COF_AUTO(cof_buf) b = {0};
		cof_x509 *c = NULL;
		assert_ok(cof_buf_add(&b, der.data, at, &err));
		assert_ok(cof_buf_add(&b, "\x81", 1, &err));
		assert_ok(cof_buf_add(&b, der.data + at, der.len - at, &err));
		/* the lengths around it grow, so that the one is all that is wrong */
		b.data[3]++;
		b.data[tbs + 2]++;
		const uint8_t *look = b.data;
		X509 *x = d2i_X509(NULL, &look, (long)b.len);
		bigger += x != NULL;
		X509_free(x);
		assert_fails(cof_x509_read(cof_buf_span(&b), &c, &err), "certificate-malformed");
	}
	assert_true(bigger > 0);
}

static void versions(void **state)
{
	(void)state;
	const recipe one = {.key = p256, .version = 1}, two = {.key = p256, .version = 2},
		     four = {.key = p256, .version = 4};
	COF_AUTO_PTR(cof_x509) c = made(&one);
	COF_AUTO_PTR(cof_x509) d = made(&two);
	assert_int_equal(c->version, 1);
	assert_int_equal(d->version, 2);
	COF_AUTO(cof_buf) der = make(&four);
	cof_x509 *e = NULL;
	assert_fails(cof_x509_read(cof_buf_span(&der), &e, &err), "certificate-malformed");
}

/* ---- keys ---- */

static void keys(void **state)
{
	(void)state;
	const struct {
		EVP_PKEY *key;
		cof_x509_kind kind;
	} list[] = {{p256, COF_X509_P256},   {p384, COF_X509_P384},	   {rsa, COF_X509_RSA4096},
		    {p521, COF_X509_NO_KEY}, {rsa_small, COF_X509_NO_KEY}, {rsa_three, COF_X509_NO_KEY}};
	for (size_t i = 0; i < COF_COUNT(list); i++) {
		const recipe p = plain(list[i].key);
		COF_AUTO_PTR(cof_x509) c = made(&p);
		assert_int_equal(cof_x509_key_kind(c), list[i].kind);
		assert_null(cof_x509_key(c, COF_X509_NO_KEY));
		for (cof_x509_kind k = COF_X509_P256; k <= COF_X509_RSA4096; k++) {
			EVP_PKEY *key = cof_x509_key(c, k);
			assert_int_equal(key != NULL, k == list[i].kind);
			assert_true(key == NULL || EVP_PKEY_eq(key, list[i].key) == 1);
		}
	}
}

/* The right algorithm, and numbers that are no point. */
static void no_point(void **state)
{
	(void)state;
	const recipe p = plain(p256);
	COF_AUTO(cof_buf) der = make(&p);
	COF_AUTO_PTR(cof_x509) good = made(&p);
	size_t at = (size_t)(good->key_bits.data - good->der.data);
	der.data[at + 64] ^= 1;
	cof_x509 *c = NULL;
	assert_ok(cof_x509_read(cof_buf_span(&der), &c, &err));
	assert_int_equal(cof_x509_key_kind(c), COF_X509_P256);
	assert_null(cof_x509_key(c, COF_X509_P256));
	assert_null(cof_x509_key(c, COF_X509_P256));
	cof_x509_free(c);
	c = NULL;
	der.data[at] = 2; /* compressed */
	assert_ok(cof_x509_read(cof_buf_span(&der), &c, &err));
	assert_int_equal(cof_x509_key_kind(c), COF_X509_NO_KEY);
	cof_x509_free(c);
}

/* ---- extensions ---- */

static void extensions(void **state)
{
	(void)state;
	const recipe ca = {.key = p256,
			   .ext = {{"basicConstraints", "critical,CA:TRUE,pathlen:1"},
				   {"keyUsage", "critical,keyCertSign,cRLSign"},
				   {"1.2.3.4", "DER:0500"}}};
	cof_x509_constraints b;
	cof_x509_usage u;
	COF_AUTO_PTR(cof_x509) c = made(&ca);
	assert_true(cof_x509_constraints_read(c, &b));
	assert_true(b.present && b.critical && b.ca && b.has_room && b.room == 1);
	assert_true(cof_x509_usage_read(c, &u));
	assert_true(u.present && u.critical && u.bits == (COF_X509_CERT_SIGN | COF_X509_CRL_SIGN));
	assert_true(cof_x509_has_no_double(&c->ext));
	assert_true(cof_x509_all_critical_known(&c->ext));
	const recipe none = plain(p256);
	COF_AUTO_PTR(cof_x509) d = made(&none);
	assert_true(cof_x509_constraints_read(d, &b) && !b.present && !b.ca);
	assert_true(cof_x509_usage_read(d, &u) && !u.present);
}

static void extensions_that_do_not_read(void **state)
{
	(void)state;
	static const char *const constraints[] = {"DER:04",	    "DER:300000",	"DER:3003010100",
						  "DER:30030101FE", "DER:300402020001", "DER:30050101FF0500",
						  "DER:3003020180"};
	static const char *const usage[] = {"DER:0300", "DER:030100", "DER:03020105", "DER:0302008000", "DER:040180"};
	cof_x509_constraints b;
	cof_x509_usage u;
	for (size_t i = 0; i < COF_COUNT(constraints); i++) {
		const recipe r = {.key = p256, .ext = {{"2.5.29.19", constraints[i]}}};
		COF_AUTO_PTR(cof_x509) c = made(&r);
		assert_false(cof_x509_constraints_read(c, &b));
	}
	for (size_t i = 0; i < COF_COUNT(usage); i++) {
		const recipe r = {.key = p256, .ext = {{"2.5.29.15", usage[i]}}};
		COF_AUTO_PTR(cof_x509) c = made(&r);
		assert_false(cof_x509_usage_read(c, &u));
	}
}

static void critical_and_double(void **state)
{
	(void)state;
	const recipe critical = {.key = p256, .ext = {{"1.2.3.4", "critical,DER:0500"}}};
	const recipe twice = {.key = p256, .ext = {{"1.2.3.4", "DER:0500"}, {"1.2.3.4", "DER:0500"}}};
	COF_AUTO_PTR(cof_x509) c = made(&critical);
	COF_AUTO_PTR(cof_x509) d = made(&twice);
	assert_false(cof_x509_all_critical_known(&c->ext));
	assert_true(cof_x509_has_no_double(&c->ext));
	assert_false(cof_x509_has_no_double(&d->ext));
}

/* ---- lists ---- */

static cof_buf make_list(const long *serials, size_t n, bool next, int version)
{
	cof_buf der = {0};
	uint8_t *out = NULL;
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, 1000000000), *to = ASN1_TIME_set(NULL, 2600000000);
	if (version > 1)
		(void)X509_CRL_set_version(crl, version - 1);
	(void)X509_CRL_set1_lastUpdate(crl, from);
	if (next)
		(void)X509_CRL_set1_nextUpdate(crl, to);
	for (size_t i = 0; i < n; i++) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_INTEGER *serial = ASN1_INTEGER_new();
		(void)ASN1_INTEGER_set(serial, serials[i]);
		(void)X509_REVOKED_set_serialNumber(r, serial);
		(void)X509_REVOKED_set_revocationDate(r, from);
		assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
		ASN1_INTEGER_free(serial);
	}
	assert_true(X509_CRL_sign(crl, p256, EVP_sha256()) > 0);
	int len = i2d_X509_CRL(crl, &out);
	assert_ok(cof_buf_add(&der, out, (size_t)len, &err));
	OPENSSL_free(out);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
	return der;
}

static void lists(void **state)
{
	(void)state;
	static const long serials[] = {5, 128, 70000};
	static const uint8_t listed[] = {0x00, 0x80}, not_listed[] = {0x80}, last[] = {0x01, 0x11, 0x70};
	COF_AUTO(cof_buf) der = make_list(serials, 3, true, 2);
	COF_AUTO(cof_buf) empty = make_list(serials, 0, false, 1);
	cof_x509_crl *c = NULL;
	assert_ok(cof_x509_crl_read(cof_buf_span(&der), &c, &err));
	assert_int_equal(c->version, 2);
	assert_true(c->has_next && c->validity.from == 1000000000 && c->validity.to == 2600000000);
	assert_true(cof_x509_crl_lists(c, cof_span_of(listed, sizeof listed)));
	assert_true(cof_x509_crl_lists(c, cof_span_of(last, sizeof last)));
	assert_false(cof_x509_crl_lists(c, cof_span_of(not_listed, sizeof not_listed)));
	cof_x509_crl_free(c);
	assert_ok(cof_x509_crl_read(cof_buf_span(&empty), &c, &err));
	assert_int_equal(c->version, 1);
	assert_true(!c->has_next && c->validity.from > c->validity.to);
	assert_false(cof_x509_crl_lists(c, cof_span_of(listed, sizeof listed)));
	cof_x509_crl_free(c);
}

static void lists_cut_and_longer(void **state)
{
	(void)state;
	static const long serials[] = {5};
	COF_AUTO(cof_buf) der = make_list(serials, 1, true, 2);
	cof_x509_crl *c = NULL;
	for (size_t n = 0; n < der.len; n++)
		assert_fails(cof_x509_crl_read(cof_span_of(der.data, n), &c, &err), "crl-malformed");
	assert_ok(cof_buf_add(&der, "", 1, &err));
	assert_fails(cof_x509_crl_read(cof_buf_span(&der), &c, &err), "crl-malformed");
	assert_fails(cof_x509_crl_read((cof_span){der.data, COF_X509_CRL_MAX + 1}, &c, &err), "crl-malformed");
	assert_null(c);
}

static EVP_PKEY *make_rsa(unsigned bits, unsigned long e)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	COF_AUTO_PTR(cof_ossl_bn) exponent = BN_new();
	assert_int_equal(BN_set_word(exponent, e), 1);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_true(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0);
	assert_true(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, exponent) > 0);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static int setup(void **state)
{
	(void)state;
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	p521 = EVP_EC_gen("P-521");
	rsa = make_rsa(4096, 65537);
	rsa_small = make_rsa(2048, 65537);
	rsa_three = make_rsa(4096, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	EVP_PKEY *const all[] = {p256, p384, p521, rsa, rsa_small, rsa_three};
	for (size_t i = 0; i < COF_COUNT(all); i++)
		EVP_PKEY_free(all[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says),
		cmocka_unit_test(a_name_is_one_name),
		cmocka_unit_test(every_truncation_and_what_is_behind),
		cmocka_unit_test(lengths_of_ber),
		cmocka_unit_test(versions),
		cmocka_unit_test(keys),
		cmocka_unit_test(no_point),
		cmocka_unit_test(extensions),
		cmocka_unit_test(extensions_that_do_not_read),
		cmocka_unit_test(critical_and_double),
		cmocka_unit_test(lists),
		cmocka_unit_test(lists_cut_and_longer),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
