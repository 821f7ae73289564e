/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <time.h>

#include "attestation/kbs/session_token.h"
#include "attestation/token/ear.h"
#include "common/jwe.h"

static cof_session sample(bool affirming)
{
	cof_session s = {.tee = "tpm",
			 .nonce = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
			 .key_x = "gh-c-oIARysuJn1xvUcIBpLRXcGzNKlkBbavnQIEB7Q",
			 .key_y = "DEu2ukKUAr6L18nUYJanQlDWPQQq_tIcCRsURtlQC8A"};
	s.verdict.affirming = affirming;
	s.verdict.pcr = COF_KB_NO_PCR;
	memset(s.verdict.initdata, 'b', 64);
	memset(s.verdict.ak_name, 'c', 64);
	memcpy(s.verdict.reference, "0.1.0/default", 14);
	if (!affirming)
		memcpy(s.verdict.reason, "pcr-mismatch", 13);
	for (int i = 0; i < COF_TRUST_COUNT; i++)
		s.verdict.trust[i] = affirming ? 2 : 96;
	s.verdict.pcrs[8 * 32] = 0xab;
	return s;
}

static void the_token_is_an_ear_that_verifies(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_pkey) key = NULL;
	COF_AUTO_PTR(cof_pkey) other = NULL;
	COF_AUTO(cof_buf) token = {0};
	int64_t now = (int64_t)time(NULL);
	const cof_session s = sample(true);
	const cof_ear_want want = {.now = now};
	COF_AUTO(cof_ear) e = {0};
	COF_AUTO(cof_ear) none = {0};
	assert_ok(cof_es256_new(&key, &err));
	assert_ok(cof_es256_new(&other, &err));
	assert_ok(cof_session_token(&s, key, (cof_span){0}, now, &token, &err));
	assert_true(token.len < COF_KB_BEARER_MAX);
	assert_ok(cof_ear_verify(cof_buf_span(&token), key, &want, &e, &err));
	assert_int_equal(e.status, COF_STATUS_AFFIRMING);
	assert_fails(cof_ear_verify(cof_buf_span(&token), other, &want, &none, &err), "token-signature");
	const cof_ear_want late = {.now = now + COF_SESSION_TTL_S + COF_EAR_SKEW + 1};
	assert_fails(cof_ear_verify(cof_buf_span(&token), key, &late, &none, &err), "token-expired");
}

static void the_token_carries_the_guests_key_and_boot(void **state)
{
	(void)state;
	const cof_session s = sample(true);
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_buf) text = {0};
	json_t *jwk = NULL;
	assert_ok(cof_session_claims(&s, 1000, &claims, &err));
	assert_ok(cof_ear_tee_pubkey(claims, &jwk, &err));
	assert_ok(cof_jwe_check_jwk(jwk, &err));
	assert_ok(cof_json_dump(claims, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "\"pcr08\":\"ab"));
	assert_non_null(strstr(cof_buf_str(&text), "0.1.0/default"));
	assert_non_null(strstr(cof_buf_str(&text), s.nonce));
}

static void a_bad_boot_is_contraindicated_and_says_why(void **state)
{
	(void)state;
	const cof_session s = sample(false);
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_session_claims(&s, 1000, &claims, &err));
	assert_ok(cof_json_dump(claims, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "\"ear.status\":\"contraindicated\""));
	assert_non_null(strstr(cof_buf_str(&text), "pcr-mismatch"));
}

static void t073_no_credential_is_in_the_token(void **state)
{
	(void)state;
	cof_session s = sample(true);
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_buf) text = {0};
	memset(s.id, 'f', COF_KB_SESSION_LEN);
	assert_ok(cof_session_claims(&s, 1000, &claims, &err));
	assert_ok(cof_json_dump(claims, &text, &err));
	assert_null(strstr(cof_buf_str(&text), s.id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_token_is_an_ear_that_verifies),
		cmocka_unit_test(the_token_carries_the_guests_key_and_boot),
		cmocka_unit_test(a_bad_boot_is_contraindicated_and_says_why),
		cmocka_unit_test(t073_no_credential_is_in_the_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
