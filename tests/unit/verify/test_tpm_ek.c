/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/ek_profile.h"

static soft_keys keys;
static EVP_PKEY *p256, *p384;

#define SOFT_EC_EXT                                                                                                    \
	"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\n"                                    \
	"extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical," SOFT_EK_SAN
#define WITHOUT_SAN                                                                                                    \
	"[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\nextendedKeyUsage=2.23.133.8.1\n"

typedef struct profile {
	const char *label, *ext;
	const char *check;
} profile;

static const profile profiles[] = {
	{"an authority",
	 "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyEncipherment,keyCertSign\n"
	 "extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical," SOFT_EK_SAN,
	 "ek-end-entity"},
	{"a usage of EC", SOFT_EC_EXT, "ek-usage"},
	{"a usage of signers",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
	 "extendedKeyUsage=2.23.133.8.1\nsubjectAltName=critical," SOFT_EK_SAN,
	 "ek-usage"},
	{"no usage",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=2.23.133.8.1\n"
	 "subjectAltName=critical," SOFT_EK_SAN,
	 "ek-usage"},
	{"a server's purpose",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
	 "extendedKeyUsage=serverAuth\nsubjectAltName=critical," SOFT_EK_SAN,
	 "ek-purpose"},
	{"an AK's purpose",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
	 "extendedKeyUsage=2.23.133.8.3\nsubjectAltName=critical," SOFT_EK_SAN,
	 "ek-purpose"},
	{"no purpose",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
	 "subjectAltName=critical," SOFT_EK_SAN,
	 "ek-purpose"},
	{"no other name", WITHOUT_SAN, "ek-tpm-name"},
	{"a host's name", WITHOUT_SAN "subjectAltName=DNS:tpm.example\n", "ek-tpm-name"},
	{"no model", WITHOUT_SAN "subjectAltName=dirName:t\n[t]\n0.2.23.133.2.1=id:00001014\n2.2.23.133.2.3=id:1\n",
	 "ek-tpm-name"},
	{"no version", WITHOUT_SAN "subjectAltName=dirName:t\n[t]\n0.2.23.133.2.1=id:00001014\n1.2.23.133.2.2=soft\n",
	 "ek-tpm-name"},
	{"no manufacturer", WITHOUT_SAN "subjectAltName=dirName:t\n[t]\n2.2.23.133.2.3=id:1\n1.2.23.133.2.2=soft\n",
	 "ek-tpm-name"},
	{"a manufacturer of seven digits",
	 WITHOUT_SAN "subjectAltName=dirName:t\n[t]\n0.2.23.133.2.1=id:0001014\n1.2.23.133.2.2=soft\n"
		     "2.2.23.133.2.3=id:1\n",
	 "ek-tpm-name"},
	{"a manufacturer by name",
	 WITHOUT_SAN "subjectAltName=dirName:t\n[t]\n0.2.23.133.2.1=IBM.IBM.IBM\n1.2.23.133.2.2=soft\n"
		     "2.2.23.133.2.3=id:1\n",
	 "ek-tpm-name"},
	{"a critical extension that nobody knows",
	 "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\n"
	 "extendedKeyUsage=2.23.133.8.1\n1.2.3.4=critical,DER:0500\nsubjectAltName=critical," SOFT_EK_SAN,
	 "ek-chain"},
};

static void t022_certificates_of_the_same_authority_for_something_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(profiles); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->policy = "{\"trust_ak\":true}";
		s->cert.ext = profiles[i].ext;
		assert_quote_alone(s, profiles[i].label, profiles[i].check);
	}
}

static void t022_an_issuer_that_is_none(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->policy = "{\"trust_ak\":true}";
	s->between.ext = "[x]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyCertSign\n";
	assert_quote_alone(s, "no authority", "ek-chain");
	s->between.ext = "[x]\nkeyUsage=critical,keyCertSign\n";
	assert_quote_alone(s, "an authority by its usage alone", "ek-chain");
	s->between.ext = "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n";
	assert_quote_alone(s, "may not sign certificates", "ek-chain");
	s->between.ext = SOFT_CA_EXT;
	s->between.subject = "another";
	assert_quote_alone(s, "of another name", "ek-chain");
}

/* T-23: a list that is given counts, and one that is demanded must be given. */
static void t023_revoked_certificates(void **state)
{
	(void)state;
	static const char may_revoke[] =
		"[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
	static const struct {
		const char *label, *issuer;
		long serial, from, to;
		bool stranger, may_not;
		uint8_t tail;
		const char *check;
	} cases[] = {
		{"another is revoked", "between", 8, -10, 10, false, false, 0, NULL},
		{"revoked", "between", 7, -10, 10, false, false, 0, "ek-revoked"},
		{"of yesterday", "between", 8, -10, -1, false, false, 0, "ek-crl"},
		{"of tomorrow", "between", 8, 1, 10, false, false, 0, "ek-crl"},
		{"of another issuer", "root", 8, -10, 10, false, false, 0, "ek-crl"},
		{"signed by a stranger", "between", 8, -10, 10, true, false, 0, "ek-crl"},
		{"of an issuer that may sign none", "between", 8, -10, 10, false, true, 0, "ek-crl"},
		{"with a byte behind it", "between", 8, -10, 10, false, false, 1, "ek-crl-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->policy = "{\"trust_ak\":true,\"require_ek_crl\":true}";
		s->between.ext = cases[i].may_not ? SOFT_CA_EXT : may_revoke;
		assert_quote_alone(s, "no list", "ek-crl-missing");
		s->send_crl = true;
		s->crl.issuer = cases[i].issuer;
		s->crl.serial = cases[i].serial;
		s->crl.from = cases[i].from;
		s->crl.to = cases[i].to;
		s->crl.tail = cases[i].tail;
		s->crl.by = cases[i].stranger ? keys.ak : keys.other;
		assert_quote_alone(s, cases[i].label, cases[i].check);
		s->policy = "{\"trust_ak\":true}";
		assert_quote_alone(s, cases[i].label, cases[i].check);
	}
}

static cof_role_file *role_of(soft_quote *s, const char *role)
{
	size_t i = 0;
	while (i + 1 < s->n_files && strcmp(s->files[i].role, role) != 0)
		i++;
	assert_string_equal(s->files[i].role, role);
	return &s->files[i];
}

/* What came as an intermediate is no anchor by itself, and names are worth nothing. */
static void t022_only_the_named_root_is_one(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO(cof_buf) wrong = {0};
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	soft_cert other = soft_root_cert(&keys);
	other.key = other.by = keys.ak;
	soft_der(&other, &wrong);
	s->policy = "{\"trust_ak\":true}";
	soft_quote_make(s);
	role_of(s, "ek_root")->bytes = cof_buf_span(&wrong);
	soft_judge(s, &v);
	assert_alone(&v, "a root of the same name", "ek-chain");
	cof_verdict_release(&v);
	role_of(s, "ek_root")->bytes = role_of(s, "ek_intermediate")->bytes;
	soft_judge(s, &v);
	assert_alone(&v, "an issuing authority that the caller named", NULL);
	cof_verdict_release(&v);
}

static void elliptic_endorsement_keys(void **state)
{
	(void)state;
	EVP_PKEY *const curves[] = {p256, p384};
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->ek = s->cert.key = curves[i];
		s->ek_area.name_alg = i == 0 ? 0xb : 0xc;
		s->ek_area.sym_bits = i == 0 ? 128 : 256;
		s->cert.ext = SOFT_EC_EXT;
		assert_quote(s, "EC", NULL);
		s->cert.ext = SOFT_EK_EXT;
		assert_quote(s, "EC with RSA's usage", "ek-usage");
		s->cert.ext = SOFT_EC_EXT;
		s->cert.key = curves[1 - i];
		assert_quote(s, "EC of another key", "ek-key-mismatch");
	}
}

/* ---- reading ---- */

static void t079_certificates_cut_flipped_or_followed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) der = {0};
	const soft_cert c = soft_ek_cert(&keys);
	soft_der(&c, &der);
	for (size_t n = 0; n < der.len; n += 3) {
		X509 *x = NULL;
		assert_fails(cof_ek_cert_parse(cof_span_of(der.data, n), &x, &err), "ek-certificate");
		cof_ek_certs *many = NULL;
		assert_fails(cof_ek_certs_parse(cof_span_of(der.data, n), &many, &err), "ek-certificate");
	}
	size_t len = der.len;
	static const struct {
		const char *tail;
		size_t len;
		bool good;
	} tails[] = {{"\0\0\0", 3, true},
		     {"\xff\xff", 2, true},
		     {"\0\xff", 2, false},
		     {"\x01", 1, false},
		     {"\x30", 1, false}};
	for (size_t i = 0; i < COF_COUNT(tails); i++) {
		X509 *x = NULL;
		der.len = len;
		assert_ok(cof_buf_add(&der, tails[i].tail, tails[i].len, &err));
		assert_int_equal(cof_ek_cert_parse(cof_buf_span(&der), &x, NULL) == 0, tails[i].good);
		X509_free(x);
		cof_ek_certs *many = NULL;
		assert_int_equal(cof_ek_certs_parse(cof_buf_span(&der), &many, NULL) == 0, tails[i].good);
		cof_ek_certs_drop(many);
	}
}

static void several_in_one_file(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) one = {0};
	COF_AUTO(cof_buf) ders = {0};
	const soft_cert a = soft_ek_cert(&keys), b = soft_root_cert(&keys);
	soft_pem(&a, &text);
	soft_pem(&b, &text);
	soft_der(&a, &one);
	for (int i = 0; i < 3; i++)
		assert_ok(cof_buf_add(&ders, one.data, one.len, &err));
	COF_AUTO_PTR(cof_ek_certs) pems = NULL;
	COF_AUTO_PTR(cof_ek_certs) certs = NULL;
	assert_ok(cof_ek_certs_parse(cof_buf_span(&text), &pems, &err));
	assert_int_equal(sk_X509_num(pems), 2);
	assert_ok(cof_ek_certs_parse(cof_buf_span(&ders), &certs, &err));
	assert_int_equal(sk_X509_num(certs), 3);
	for (int i = 0; i <= COF_EK_CERTS_COUNT_MAX; i++)
		assert_ok(cof_buf_add(&ders, one.data, one.len, &err));
	cof_ek_certs *many = NULL;
	assert_fails(cof_ek_certs_parse(cof_buf_span(&ders), &many, &err), "ek-certificate");
	assert_fails(cof_ek_certs_parse(cof_span_str("no certificate"), &many, &err), "ek-certificate");
	assert_fails(cof_ek_certs_parse((cof_span){0}, &many, &err), "ek-certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t022_certificates_of_the_same_authority_for_something_else),
		cmocka_unit_test(t022_an_issuer_that_is_none),
		cmocka_unit_test(t022_only_the_named_root_is_one),
		cmocka_unit_test(t023_revoked_certificates),
		cmocka_unit_test(elliptic_endorsement_keys),
		cmocka_unit_test(t079_certificates_cut_flipped_or_followed),
		cmocka_unit_test(several_in_one_file),
	};
	soft_keys_make(&keys);
	p256 = EVP_EC_gen("P-256");
	p384 = EVP_EC_gen("P-384");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p384);
	soft_keys_drop(&keys);
	return failed;
}
