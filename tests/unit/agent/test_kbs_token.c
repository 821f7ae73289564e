/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "agent/kbs_token.h"
#include "common/hex.h"

/* header.payload.signature with these claims; only the middle is read. */
static char *token_of(const char *claims)
{
	COF_AUTO_FREE char *body = cof_b64url_dup(cof_span_str(claims));
	char *jwt = NULL;
	assert_true(asprintf(&jwt, "e30.%s.c2ln", body) > 0);
	return jwt;
}

static void reads_verdict_pcrs_and_life(void **state)
{
	(void)state;
	COF_AUTO_FREE char *jwt = token_of(
		"{\"iat\":1000,\"exp\":1300,\"submods\":{\"cpu0\":{\"ear.status\":\"affirming\","
		"\"ear.veraison.annotated-evidence\":{\"tpm\":{\"pcr00\":\"aa\",\"pcr09\":\"bb\",\"other\":1}}}}}");
	COF_AUTO(cof_kbs_token_facts) f = {0};
	assert_ok(cof_kbs_token_read(jwt, &f, &err));
	assert_string_equal(f.verdict, "affirming");
	assert_int_equal(f.life_s, 300);
	assert_int_equal(json_object_size(f.pcrs), 2);
	assert_string_equal(json_string_value(json_object_get(f.pcrs, "9")), "bb");
}

static void unknown_claims_are_unknown_not_good(void **state)
{
	(void)state;
	const char *const odd[] = {"{}", "{\"submods\":[]}", "{\"submods\":{\"cpu0\":7}}",
				   "{\"submods\":{\"cpu0\":{\"ear.status\":7}},\"iat\":5,\"exp\":4}",
				   "{\"submods\":{\"cpu0\":{\"ear.veraison.annotated-evidence\":{\"tpm\":\"x\"}}}}"};
	for (size_t i = 0; i < COF_COUNT(odd); i++) {
		COF_AUTO_FREE char *jwt = token_of(odd[i]);
		COF_AUTO(cof_kbs_token_facts) f = {0};
		assert_ok(cof_kbs_token_read(jwt, &f, &err));
		assert_string_equal(f.verdict, "none");
		assert_int_equal(f.life_s, 0);
		assert_int_equal(json_object_size(f.pcrs), 0);
	}
}

static void limits_life_and_text(void **state)
{
	(void)state;
	char claims[400];
	(void)snprintf(claims, sizeof claims,
		       "{\"iat\":0,\"exp\":9223372036854775807,\"submods\":{\"cpu0\":{\"ear.status\":\"%0200d\"}}}", 1);
	COF_AUTO_FREE char *jwt = token_of(claims);
	COF_AUTO(cof_kbs_token_facts) f = {0};
	assert_ok(cof_kbs_token_read(jwt, &f, &err));
	assert_int_equal(f.life_s, COF_KBS_TOKEN_LIFE_MAX_S);
	assert_int_equal(strlen(f.verdict), sizeof f.verdict - 1);
}

static void refuses_what_is_no_jwt(void **state)
{
	(void)state;
	const char *const bad[] = {"", ".", "..", "a.b", "a.b.c.d", "e30.e30", "e30.!!.x", "e30.W10=.x", "e30.eyJh.x"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_kbs_token_facts) f = {0};
		assert_fails(cof_kbs_token_read(bad[i], &f, &err), "token-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_verdict_pcrs_and_life),
		cmocka_unit_test(unknown_claims_are_unknown_not_good),
		cmocka_unit_test(limits_life_and_text),
		cmocka_unit_test(refuses_what_is_no_jwt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
