/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "attestation/token/ear.h"
#include "attestation/token/jws.h"

enum { NOW = 1800000000 };

static const int fine[COF_TRUST_COUNT] = {
	[COF_TRUST_INSTANCE_IDENTITY] = 2, [COF_TRUST_CONFIGURATION] = 2, [COF_TRUST_EXECUTABLES] = 2};
static const int bad_boot[COF_TRUST_COUNT] = {[COF_TRUST_INSTANCE_IDENTITY] = 2, [COF_TRUST_EXECUTABLES] = 96};
static const int nothing[COF_TRUST_COUNT];

typedef struct made {
	json_t *tee, *runtime;
	cof_ear_in in;
} made;

static made make(void)
{
	static const uint8_t report[4] = {1, 2, 3, 4};
	made m = {.tee = json_pack("{s:s}", "pcr08", "00"),
		  .runtime = json_pack("{s:s, s:{s:s}}", "nonce", "n", "tee-pubkey", "kty", "EC")};
	m.in = (cof_ear_in){.tee = "tpm",
			    .tee_claims = m.tee,
			    .report_data = cof_span_of(report, 4),
			    .runtime_data = m.runtime,
			    .initdata_digest = "aabb",
			    .trust = fine,
			    .now = NOW,
			    .life = 300};
	return m;
}

static void drop(made *m)
{
	json_decref(m->tee);
	json_decref(m->runtime);
}

static void t066_no_token_without_end_or_statement(void **state)
{
	(void)state;
	made m = make();
	json_t *claims = NULL;
	static const int64_t lives[] = {0, -1, COF_EAR_LIFE_MAX + 1, INT64_MAX};
	for (size_t i = 0; i < COF_COUNT(lives); i++) {
		m.in.life = lives[i];
		assert_fails(cof_ear_claims(&m.in, &claims, &err), "ear-life");
	}
	m.in.life = 1;
	m.in.trust = nothing;
	assert_fails(cof_ear_claims(&m.in, &claims, &err), "ear-empty");
	drop(&m);
}

static void t007_status_follows_from_the_vector(void **state)
{
	(void)state;
	made m = make();
	COF_AUTO_PTR(json_t)
	extra = json_pack("{s:s, s:s}", "coffer.reason", "pcr-mismatch", "ear.status", "affirming");
	COF_AUTO_PTR(json_t) claims = NULL;
	json_t *cpu = NULL;
	m.in.trust = bad_boot;
	m.in.extra = extra; /* what is added never overrides */
	assert_ok(cof_ear_claims(&m.in, &claims, &err));
	assert_ok(cof_ear_cpu(claims, &cpu, &err));
	assert_string_equal(json_string_value(json_object_get(cpu, "ear.status")), "contraindicated");
	assert_string_equal(json_string_value(json_object_get(cpu, "coffer.reason")), "pcr-mismatch");
	drop(&m);
}

static void peers_find_what_they_look_for(void **state)
{
	(void)state;
	made m = make();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_ear) ear = {0};
	json_t *jwk = NULL, *header = NULL, *payload = NULL;
	const cof_ear_want want = {.now = NOW + 10, .audience = "a"};
	m.in.audience = "a";
	assert_ok(cof_ear_issue(&m.in, key, (cof_span){0}, &token, &err));
	assert_ok(cof_ear_verify(cof_buf_span(&token), key, &want, &ear, &err));
	assert_int_equal(ear.status, COF_STATUS_AFFIRMING);
	assert_string_equal(ear.profile, COF_EAR_PROFILE_COCO);
	assert_ok(cof_ear_tee_pubkey(ear.claims, &jwk, &err));
	assert_string_equal(json_string_value(json_object_get(jwk, "kty")), "EC");
	assert_true(json_equal(jwk, json_object_get(json_object_get(ear.claims, "cnf"), "jwk")));
	assert_ok(cof_jws_verify(cof_buf_span(&token), key, &header, &payload, &err));
	assert_string_equal(json_string_value(json_object_get(header, "typ")), "JWT");
	assert_string_equal(json_string_value(json_object_get(json_object_get(header, "jwk"), "crv")), "P-256");
	assert_null(json_object_get(json_object_get(header, "jwk"), "x5c"));
	json_decref(header);
	json_decref(payload);
	EVP_PKEY_free(key);
	drop(&m);
}

/* A certificate of the key, PEM. */
static void self_signed(EVP_PKEY *key, cof_buf *ret)
{
	X509 *c = X509_new();
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	(void)ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
	(void)X509_gmtime_adj(X509_getm_notBefore(c), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(c), 1000);
	assert_int_equal(X509_set_pubkey(c, key), 1);
	assert_true(X509_sign(c, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(b, c), 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
	X509_free(c);
}

static void the_chain_travels_in_the_header(void **state)
{
	(void)state;
	made m = make();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO_PTR(json_t) header = NULL;
	COF_AUTO_PTR(json_t) payload = NULL;
	assert_fails(cof_ear_issue(&m.in, key, cof_span_str("no PEM"), &token, &err), "bad-certificate");
	self_signed(key, &pem);
	self_signed(key, &pem);
	assert_ok(cof_ear_issue(&m.in, key, cof_buf_span(&pem), &token, &err));
	assert_ok(cof_jws_verify(cof_buf_span(&token), key, &header, &payload, &err));
	assert_int_equal(json_array_size(json_object_get(json_object_get(header, "jwk"), "x5c")), 2);
	/* where the key has a name, beside it */
	COF_AUTO(cof_buf) named = {0};
	COF_AUTO_PTR(json_t) header2 = NULL;
	COF_AUTO_PTR(json_t) payload2 = NULL;
	m.in.profile = COF_EAR_PROFILE_IETF;
	assert_ok(cof_ear_issue(&m.in, key, cof_buf_span(&pem), &named, &err));
	assert_ok(cof_jws_verify(cof_buf_span(&named), key, &header2, &payload2, &err));
	assert_int_equal(json_array_size(json_object_get(header2, "x5c")), 2);
	assert_true(json_is_string(json_object_get(header2, "kid")));
	assert_null(json_object_get(header2, "jwk"));
	EVP_PKEY_free(key);
	drop(&m);
}

/* A status may be worse than its vector, or say nothing; never better. */
static void t007_a_status_of_its_own(void **state)
{
	(void)state;
	static const cof_status all[] = {COF_STATUS_NONE, COF_STATUS_AFFIRMING, COF_STATUS_WARNING,
					 COF_STATUS_CONTRAINDICATED};
	static const int warned[COF_TRUST_COUNT] = {[COF_TRUST_HARDWARE] = 32};
	static const bool fits[] = {true, false, true, true};
	made m = make();
	m.in.trust = warned;
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		COF_AUTO_PTR(json_t) claims = NULL;
		json_t *cpu = NULL;
		m.in.status = &all[i];
		if (!fits[i]) {
			assert_fails(cof_ear_claims(&m.in, &claims, &err), "ear-status");
			continue;
		}
		assert_ok(cof_ear_claims(&m.in, &claims, &err));
		assert_ok(cof_ear_cpu(claims, &cpu, &err));
		assert_string_equal(json_string_value(json_object_get(cpu, "ear.status")), cof_status_name(all[i]));
	}
	drop(&m);
}

static void t066_nonces_of_other_sizes(void **state)
{
	(void)state;
	static const uint8_t bytes[COF_EAR_NONCE_MAX + 1];
	static const size_t bad[] = {1, COF_EAR_NONCE_MIN - 1, COF_EAR_NONCE_MAX + 1};
	made m = make();
	json_t *claims = NULL;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		m.in.nonce = cof_span_of(bytes, bad[i]);
		assert_fails(cof_ear_claims(&m.in, &claims, &err), "ear-nonce");
	}
	drop(&m);
}

static void places_that_are_not_there(void **state)
{
	(void)state;
	json_t *out = NULL;
	COF_AUTO_PTR(json_t) empty = json_object();
	COF_AUTO_PTR(json_t) odd = json_pack("{s:{s:[]}}", "submods", "cpu0");
	COF_AUTO_PTR(json_t) bare = json_pack("{s:{s:{}}}", "submods", "cpu0");
	assert_fails(cof_ear_cpu(empty, &out, &err), "ear-malformed");
	assert_fails(cof_ear_cpu(odd, &out, &err), "ear-malformed");
	assert_fails(cof_ear_tee_pubkey(empty, &out, &err), "ear-malformed");
	assert_fails(cof_ear_tee_pubkey(bare, &out, &err), "ear-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_no_token_without_end_or_statement),
		cmocka_unit_test(t007_status_follows_from_the_vector),
		cmocka_unit_test(peers_find_what_they_look_for),
		cmocka_unit_test(the_chain_travels_in_the_header),
		cmocka_unit_test(t007_a_status_of_its_own),
		cmocka_unit_test(t066_nonces_of_other_sizes),
		cmocka_unit_test(places_that_are_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
