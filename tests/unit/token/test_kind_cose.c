/* SPDX-License-Identifier: Apache-2.0 */
/* COSE_Sign1 as a kind: key, tags, detached payloads, external data, and the words of a policy. */
#include "tests/unit/token/make_token.h"

static EVP_PKEY *key, *other, *key384;

static int make_keys(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	other = EVP_EC_gen("P-256");
	key384 = EVP_EC_gen("P-384");
	return key == NULL || other == NULL || key384 == NULL;
}

static int drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key384);
	return 0;
}

static void message(EVP_PKEY *by, const char *aad, bool detached, cof_buf *ret)
{
	const cof_cose_out out = {.content_type = "x",
				  .payload = cof_span_str("payload"),
				  .aad = cof_span_str(aad),
				  .detached = detached};
	assert_ok(cof_cose_sign(&out, by, ret, &err));
}

static ask ask_for(const cof_buf *m)
{
	return (ask){.kind = "cose-sign1", .role = "cose", .token = cof_buf_span(m), .key = key};
}

static void good_messages(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_buf) m384 = {0};
	COF_AUTO(cof_buf) with_aad = {0};
	cof_verdict *v = verdict_new();
	message(key, "", false, &m);
	message(key384, "", false, &m384);
	message(key, "coffer", false, &with_aad);
	ask a = ask_for(&m);
	assert_accepted(&a);
	assert_ok(verdict_on(&a, v, &err));
	assert_string_equal(json_string_value(json_object_get(v->fields, "payload")), "7061796c6f6164");
	assert_int_equal(json_integer_value(json_object_get(v->fields, "alg")), -7);
	verdict_free(v);
	a.policy = "{\"external_aad\":\"\",\"require_alg_protected\":true,\"allow_untagged\":true}";
	assert_accepted(&a);
	a.token = cof_span_of(m.data + 1, m.len - 1);
	assert_accepted(&a);
	a = ask_for(&m384);
	a.key = key384;
	assert_accepted(&a);
	a = ask_for(&with_aad);
	a.policy = "{\"external_aad\":\"636f66666572\"}";
	assert_accepted(&a);
}

static void t077_who_signed_what(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_buf) with_aad = {0};
	COF_AUTO(cof_buf) detached = {0};
	message(key, "", false, &m);
	message(key, "coffer", false, &with_aad);
	message(key, "", true, &detached);
	ask a = ask_for(&m);
	a.key = other;
	assert_refused(&a, "cose-signature", "signature");
	a.key = key384;
	assert_refused(&a, "cose-algorithm", "signature");
	a = ask_for(&m);
	a.policy = "{\"external_aad\":\"636f66666572\"}";
	assert_refused(&a, "cose-signature", "signature");
	a = ask_for(&with_aad);
	assert_refused(&a, "cose-signature", "signature");
	a = ask_for(&detached);
	assert_refused(&a, "cose-malformed", "parse");
	a = ask_for(&m);
	a.token = cof_span_of(m.data + 1, m.len - 1);
	assert_refused(&a, "cose-malformed", "parse");
	a.policy = "{\"allow_untagged\":false}";
	assert_refused(&a, "cose-malformed", "parse");
}

/* alg -999: nobody's; the algorithm is a part of the message, so its message is malformed */
static void unknown_algorithms_are_malformed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	hex_bytes("d28445a1013903e6a04101"
		  "4101",
		  &m);
	ask a = ask_for(&m);
	assert_refused(&a, "cose-algorithm", "parse");
}

static int verify_files(const cof_role_file *files, size_t n, cof_verdict *ret, cof_err *err)
{
	const cof_kind *kind = NULL;
	const cof_verify_in in = {.files = files, .n_files = n};
	int rc = cof_kind_find("cose-sign1", &kind, err);
	return rc < 0 ? rc : cof_verify(kind, &in, ret, err);
}

static void detached_payloads_and_keys(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	COF_AUTO(cof_buf) detached = {0};
	COF_AUTO(cof_buf) jwk = {0};
	cof_verdict *v = verdict_new();
	message(key, "", false, &m);
	message(key, "", true, &detached);
	key_file(key, &jwk);
	cof_role_file files[] = {{"cose", cof_buf_span(&detached)},
				 {"key", cof_buf_span(&jwk)},
				 {"detached_payload", cof_span_str("payload")}};
	assert_ok(verify_files(files, 3, v, &err));
	assert_true(v->accepted);
	cof_verdict_release(v);
	files[2].bytes = cof_span_str("payloae");
	assert_ok(verify_files(files, 3, v, &err));
	assert_string_equal(first_failed(v), "cose-signature");
	cof_verdict_release(v);
	files[0].bytes = cof_buf_span(&m); /* two payloads */
	assert_ok(verify_files(files, 3, v, &err));
	assert_string_equal(first_failed(v), "cose-malformed");
	cof_verdict_release(v);
	files[1].bytes = cof_span_str("{}");
	assert_ok(verify_files(files, 2, v, &err));
	assert_string_equal(first_failed(v), "jwk-malformed");
	cof_verdict_release(v);
	assert_fails(verify_files(files, 1, v, &err), "role-missing");
	verdict_free(v);
}

static void words_of_a_policy(void **state)
{
	(void)state;
	static const char *const bad[] = {"{\"nonce\":\"00\"}",
					  "{\"External_aad\":\"\"}",
					  "{\"external_aad\":7}",
					  "{\"external_aad\":\"0\"}",
					  "{\"external_aad\":\"zz\"}",
					  "{\"external_aad\":null}",
					  "{\"allow_untagged\":1}",
					  "{\"allow_untagged\":\"true\"}",
					  "{\"require_alg_protected\":false}",
					  "{\"require_alg_protected\":1}",
					  "[]"};
	COF_AUTO(cof_buf) m = {0};
	cof_verdict *v = verdict_new();
	message(key, "", false, &m);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		ask a = ask_for(&m);
		a.policy = bad[i];
		assert_fails(verdict_on(&a, v, &err), "policy-word");
		assert_null(v->fields);
	}
	static const char *const bad_nonces[] = {"{\"nonce\":\"\"}", "{\"nonce\":7}", "{\"nonce\":\"0g\"}",
						 "{\"profile\":7}", "{\"vmpl\":0}"};
	for (size_t i = 0; i < COF_COUNT(bad_nonces); i++) {
		ask a = {.kind = "eat-cwt",
			 .role = "token",
			 .token = cof_buf_span(&m),
			 .key = key,
			 .policy = bad_nonces[i]};
		assert_fails(verdict_on(&a, v, &err), "policy-word");
	}
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_messages),
		cmocka_unit_test(t077_who_signed_what),
		cmocka_unit_test(unknown_algorithms_are_malformed),
		cmocka_unit_test(detached_payloads_and_keys),
		cmocka_unit_test(words_of_a_policy),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
