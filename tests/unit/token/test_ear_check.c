/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/vectors.h"

#include <openssl/evp.h>

#include "attestation/token/ear.h"
#include "attestation/token/jws.h"

enum { NOW = 1800000000 };

/* A claims set in the broker's dialect that is fine at NOW. */
static json_t *good(void)
{
	return json_pack("{s:s, s:i, s:i, s:{s:s, s:s}, s:{s:{s:s, s:{s:i, s:i}}}}", "eat_profile",
			 COF_EAR_PROFILE_COCO, "iat", NOW - 10, "exp", NOW + 60, "ear.verifier-id", "developer", "d",
			 "build", "b", "submods", "cpu0", "ear.status", "affirming", "ear.trustworthiness-vector",
			 "executables", 2, "hardware", 0);
}

static const cof_ear_want plain = {.now = NOW};

static void refused(json_t *claims, const cof_ear_want *want, const char *reason)
{
	cof_status s;
	assert_fails(cof_ear_check(claims, want, &s, &err), reason);
	json_decref(claims);
}

static json_t *with(const char *key, json_t *v)
{
	json_t *c = good();
	if (v == NULL)
		(void)json_object_del(c, key);
	else
		(void)json_object_set_new(c, key, v);
	return c;
}

static json_t *cpu_with(const char *key, json_t *v)
{
	json_t *c = good();
	json_t *cpu = json_object_get(json_object_get(c, "submods"), "cpu0");
	if (v == NULL)
		(void)json_object_del(cpu, key);
	else
		(void)json_object_set_new(cpu, key, v);
	return c;
}

static void t066_times(void **state)
{
	(void)state;
	refused(with("exp", json_integer(NOW)), &plain, "token-expired");
	refused(with("exp", json_integer(0)), &plain, "token-expired");
	refused(with("exp", NULL), &plain, "ear-malformed");
	refused(with("exp", json_real(NOW + 60)), &plain, "ear-malformed");
	refused(with("exp", json_string("1900000000")), &plain, "ear-malformed");
	refused(with("exp", json_integer(-1)), &plain, "ear-malformed");
	refused(with("exp", json_integer(INT64_MAX)), &plain, "ear-malformed");
	refused(with("iat", json_integer(NOW + 61)), &plain, "token-not-yet");
	refused(with("nbf", json_integer(NOW + 61)), &plain, "token-not-yet");
	refused(with("iat", NULL), &plain, "ear-malformed");
	json_t *c = with("iat", json_integer(NOW + 60));
	cof_status s;
	assert_ok(cof_ear_check(c, &plain, &s, &err));
	json_decref(c);
}

static void t066_audience_and_nonce(void **state)
{
	(void)state;
	const cof_ear_want aud = {.now = NOW, .audience = "a"}, nonce = {.now = NOW, .nonce = "AAAA"};
	refused(good(), &aud, "token-audience");
	refused(with("aud", json_string("b")), &aud, "token-audience");
	refused(with("aud", json_pack("[s, s]", "b", "c")), &aud, "token-audience");
	refused(with("aud", json_object()), &aud, "token-audience");
	refused(good(), &nonce, "token-nonce");
	refused(with("eat_nonce", json_string("AAAB")), &nonce, "token-nonce");
	json_t *c = with("aud", json_pack("[s, s]", "b", "a"));
	cof_status s;
	assert_ok(cof_ear_check(c, &aud, &s, &err));
	json_decref(c);
}

static void t024_profile_and_dialects(void **state)
{
	(void)state;
	const cof_ear_want ietf = {.now = NOW, .profile = COF_EAR_PROFILE_IETF}, odd = {.now = NOW, .profile = "x"};
	refused(good(), &ietf, "token-profile");
	refused(with("eat_profile", json_string("x")), &odd, "token-profile");
	refused(with("eat_profile", NULL), &plain, "token-profile");
	refused(with("ear_status", json_string("affirming")), &plain, "ear-malformed");
	refused(cpu_with("ear_trustworthiness_vector", json_object()), &plain, "ear-malformed");
}

static void t007_status_never_better_than_what_it_sums_up(void **state)
{
	(void)state;
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:i}", "executables", 96)), &plain, "ear-status");
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:i}", "executables", -100)), &plain, "ear-status");
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:i}", "executables", 33)), &plain, "ear-status");
	refused(cpu_with("ear.status", json_string("Affirming")), &plain, "ear-status");
	refused(cpu_with("ear.status", NULL), &plain, "ear-malformed");
	refused(cpu_with("ear.trustworthiness-vector", json_object()), &plain, "ear-malformed");
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:i}", "luck", 2)), &plain, "ear-malformed");
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:i}", "hardware", 128)), &plain, "ear-malformed");
	refused(cpu_with("ear.trustworthiness-vector", json_pack("{s:f}", "hardware", 2.0)), &plain, "ear-malformed");
	json_t *c = cpu_with("ear.status", json_string("warning"));
	(void)json_object_set_new(c, "ear.status", json_string("affirming"));
	refused(c, &plain, "ear-status");
}

static void t024_the_worst_part_decides(void **state)
{
	(void)state;
	static const char *const words[] = {"none", "warning", "contraindicated"};
	static const cof_status want[] = {COF_STATUS_NONE, COF_STATUS_WARNING, COF_STATUS_CONTRAINDICATED};
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		cof_status s = COF_STATUS_AFFIRMING;
		COF_AUTO_PTR(json_t) c = good();
		(void)json_object_set_new(json_object_get(c, "submods"), "gpu0",
					  json_pack("{s:s, s:{s:i}}", "ear.status", words[i],
						    "ear.trustworthiness-vector", "hardware", 0));
		assert_ok(cof_ear_check(c, &plain, &s, &err));
		assert_int_equal(s, want[i]);
	}
	refused(with("submods", json_object()), &plain, "ear-malformed");
	refused(with("submods", json_pack("{s:[]}", "cpu0")), &plain, "ear-malformed");
	refused(with("submods", NULL), &plain, "ear-malformed");
	refused(with("ear.verifier-id", json_object()), &plain, "ear-malformed");
}

static int judge(const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) token = {0};
	COF_AUTO(cof_buf) key_text = {0};
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_ear) ear = {0};
	COF_AUTO_FREE char *nonce = NULL;
	uint8_t raw[32];
	EVP_PKEY *key = NULL;
	const json_t *policy = json_object_get(v, "policy");
	vector_file(v, "token", &token);
	vector_file(v, "key", &key_text);
	while (token.len > 0 && token.data[token.len - 1] == '\n')
		token.len--;
	if (cof_json_parse(cof_buf_span(&key_text), &jwk, err) < 0 || cof_jwk_read(jwk, &key, err) < 0)
		return -1;
	if (jstr(policy, "nonce") != NULL && cof_unhex(jstr(policy, "nonce"), raw, sizeof raw, err) == 0)
		nonce = cof_b64url_dup(cof_span_of(raw, sizeof raw));
	const cof_ear_want want = {.profile = jstr(policy, "profile"), .nonce = nonce, .now = (int64_t)vector_time(v)};
	int r = cof_ear_verify(cof_buf_span(&token), key, &want, &ear, err);
	EVP_PKEY_free(key);
	return r;
}

static void all_token_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, done = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		cof_err err = {0};
		if (strcmp(jstr(v, "kind"), "ear-jwt") != 0)
			continue;
		const char *verdict = jstr(json_object_get(v, "expect"), "verdict");
		int r = judge(v, &err);
		if ((r == 0) != (strcmp(verdict, "valid") == 0))
			fail_msg("%s (%s): %s: %s", jstr(v, "id"), verdict, r == 0 ? "accepted" : err.reason, err.text);
		done++;
	}
	assert_true(done >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_times),
		cmocka_unit_test(t066_audience_and_nonce),
		cmocka_unit_test(t024_profile_and_dialects),
		cmocka_unit_test(t007_status_never_better_than_what_it_sums_up),
		cmocka_unit_test(t024_the_worst_part_decides),
		cmocka_unit_test(all_token_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
