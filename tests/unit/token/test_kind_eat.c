/* SPDX-License-Identifier: Apache-2.0 */
/* Entity attestation tokens, one claim changed at a time and signed well all the same. */
#include "tests/unit/token/make_token.h"

static EVP_PKEY *key;

static int make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key == NULL;
}

static int drop_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

#define ID16 "000102030405060708090a0b0c0d0e0f"

static const pair good[] = {
	{4, "1a6b49d23c"}, /* exp: TOKEN_NOW + 60 */
	{6, "1a6b49d1f6"}, /* iat: TOKEN_NOW - 10 */
	{10, "50" TOKEN_NONCE},
	{256, "5101" ID16}, /* nonce, ueid */
	{258, "190e78"},
	{259, "4101"}, /* oemid, hwmodel */
	{260, "8263312e3001"},
	{261, "05"}, /* hwversion, uptime */
	{262, "f5"},
	{263, "03"}, /* oemboot, dbgstat */
	{265, "65743a782c31"},
	{267, "07"}, /* profile "t:x,1", bootcount */
	{268, "5820" ID16 ID16},
	{270, "6161"}, /* bootseed, swname */
	{273, "818218314101"},
	{266, "a16161a10141aa"}, /* measurements, submods */
};

static void token_with(const pair *change, cof_buf *ret)
{
	COF_AUTO(cof_buf) payload = {0};
	put_claims(good, COF_COUNT(good), change, &payload);
	sign_cwt(cof_buf_span(&payload), key, ret);
}

static ask ask_for(const cof_buf *token)
{
	return (ask){.kind = "eat-cwt",
		     .role = "token",
		     .token = cof_buf_span(token),
		     .key = key,
		     .policy = "{\"nonce\":\"" TOKEN_NONCE "\",\"profile\":\"t:x,1\"}",
		     .now = TOKEN_NOW};
}

static void a_good_token(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	token_with(NULL, &token);
	ask a = ask_for(&token);
	assert_accepted(&a);
	cof_verdict *v = verdict_new();
	assert_ok(verdict_on(&a, v, &err));
	assert_string_equal(json_string_value(json_object_get(v->fields, "ueid")), "01" ID16);
	assert_string_equal(json_string_value(json_object_get(v->fields, "profile")), "t:x,1");
	assert_int_equal(json_integer_value(json_object_get(v->fields, "dbgstat")), 3);
	assert_true(json_is_true(json_object_get(v->fields, "oemboot")));
	verdict_free(v);
}

static void t066_one_claim_changed(void **state)
{
	(void)state;
	static const struct {
		pair change;
		const char *reason;
	} cases[] = {
		{{4, "1a6b49d200"}, "token-expired"}, /* exp is now */
		{{4, "00"}, "token-expired"},
		{{4, "20"}, "eat-exp"},			/* -1 */
		{{4, "fb41dad27480000000"}, "eat-exp"}, /* a float */
		{{4, "f97e00"}, "eat-exp"},		/* NaN */
		{{4, "6131"}, "eat-exp"},
		{{4, "1bffffffffffffffff"}, "eat-exp"},
		{{5, "1a6b49d23d"}, "token-not-yet"}, /* nbf: now + 61 */
		{{5, "f90000"}, "eat-nbf"},
		{{6, "1a6b49d23d"}, "token-not-yet"}, /* iat */
		{{6, "fa4f000000"}, "eat-iat"},
		{{6, "f6"}, "eat-iat"},
		{{6, "c11a6b49d1f6"}, "eat-iat"}, /* tag 1 */
		{{10, NULL}, "token-nonce"},
		{{10, "50000102030405060708090a0b0c0d0e0e"}, "token-nonce"},
		{{10, "47"
		      "00010203040506"},
		 "eat-nonce"},
		{{10, "5841" ID16 ID16 ID16 ID16 "00"}, "eat-nonce"},
		{{10, "70"
		      "61616161616161616161616161616161"},
		 "eat-nonce"},
		{{10, "8150" TOKEN_NONCE}, "eat-nonce"},
		{{10, "80"}, "eat-nonce"},
		{{10, "8250" TOKEN_NONCE "40"}, "eat-nonce"},
		{{256, "46010203040506"}, "eat-ueid"},
		{{256, "5100" ID16}, "eat-ueid"},
		{{256, "5104" ID16}, "eat-ueid"},
		{{256, "5002"
		       "0102030405060708090a0b0c0d0e0f"},
		 "eat-ueid"},
		{{256, "5103" ID16}, "eat-ueid"},
		{{256, "40"}, "eat-ueid"},
		{{256, "6161"}, "eat-ueid"},
		{{257, "a0"}, "eat-sueids"},
		{{258, "4101"}, "eat-oemid"},
		{{258, "20"}, "eat-oemid"},
		{{258, "6161"}, "eat-oemid"},
		{{259, "40"}, "eat-hwmodel"},
		{{259, "5821" ID16 ID16 "00"}, "eat-hwmodel"},
		{{260, "80"}, "eat-hwversion"},
		{{260, "8301"
		       "0101"},
		 "eat-hwversion"},
		{{260, "6161"}, "eat-hwversion"},
		{{261, "20"}, "eat-uptime"},
		{{261, "f90000"}, "eat-uptime"},
		{{262, "01"}, "eat-oemboot"},
		{{262, "f6"}, "eat-oemboot"},
		{{263, "05"}, "eat-dbgstat"},
		{{263, "f5"}, "eat-dbgstat"},
		{{263, "20"}, "eat-dbgstat"},
		{{264, "80"}, "eat-location"},
		{{265, NULL}, "token-profile"},
		{{265, "65743a782c32"}, "token-profile"},
		{{265, "66743a782c3100"}, "token-profile"}, /* a NUL behind it */
		{{265, "45743a782c31"}, "token-profile"},   /* the same bytes, as an OID */
		{{265, "60"}, "eat-profile"},
		{{265, "01"}, "eat-profile"},
		{{266, "a0"}, "eat-submods"},
		{{266, "80"}, "eat-submods"},
		{{267, "20"}, "eat-bootcount"},
		{{268, "581f" ID16 "000102030405060708090a0b0c0d0e"}, "eat-bootseed"},
		{{268, "5841" ID16 ID16 ID16 ID16 "00"}, "eat-bootseed"},
		{{270, "4161"}, "eat-swname"},
		{{272, "80"}, "eat-manifests"},
		{{273, "a10101"}, "eat-measurements"},
		{{1, "01"}, "eat-iss"},
		{{2, "60"}, "eat-sub"},
	};
	assert_true(COF_COUNT(cases) >= 60);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		token_with(&cases[i].change, &token);
		ask a = ask_for(&token);
		assert_refused(&a, cases[i].reason, "claims");
	}
}

static void other_shapes_are_fine(void **state)
{
	(void)state;
	static const pair cases[] = {
		{10, "82"
		     "480001020304050607"
		     "50" TOKEN_NONCE},
		{256, "4702000102030405"},
		{256, "4902"
		      "0001020304050607"},
		{256, "4f03"
		      "0102030405060708090a0b0c0d0e"},
		{258, "43010203"},
		{258, "50" ID16},
		{260, "8163312e30"},
		{264, "a101fb4048000000000000"}, /* a location is made of floats */
		{4, NULL},
		{6, "1a6b49d23c"}, /* 60 s of skew */
		{9999, "a16161f6"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		token_with(&cases[i], &token);
		ask a = ask_for(&token);
		assert_accepted(&a);
	}
}

static void payloads_that_are_no_claims(void **state)
{
	(void)state;
	static const struct {
		const char *hex, *reason, *stage;
	} cases[] = {{"a0", "eat-empty", "claims"},	      {"80", "cwt-malformed", "parse"},
		     {"01", "cwt-malformed", "parse"},	      {"", "cbor-malformed", "parse"},
		     {"a10400ff", "cbor-malformed", "parse"}, {"a204000401", "cbor-malformed", "parse"},
		     {"bf0400ff", "cbor-malformed", "parse"}, {"a104fb00", "cbor-malformed", "parse"},
		     {"a104f7", "cbor-malformed", "parse"},   {"d83da10400", "cwt-malformed", "parse"}};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) payload = {0};
		COF_AUTO(cof_buf) token = {0};
		hex_bytes(cases[i].hex, &payload);
		sign_cwt(cof_buf_span(&payload), key, &token);
		ask a = ask_for(&token);
		a.policy = NULL;
		assert_refused(&a, cases[i].reason, cases[i].stage);
	}
}

static void every_truncation_and_every_bit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) token = {0};
	cof_verdict *v = verdict_new();
	token_with(NULL, &token);
	ask a = ask_for(&token);
	for (size_t n = 0; n < token.len; n++) {
		a.token = cof_span_of(token.data, n);
		assert_ok(verdict_on(&a, v, &err));
		assert_false(v->accepted);
		assert_null(v->fields);
		cof_verdict_release(v);
	}
	a.token = cof_buf_span(&token);
	for (size_t bit = 0; bit < token.len * 8; bit += 3) {
		token.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_ok(verdict_on(&a, v, &err));
		assert_false(v->accepted);
		token.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cof_verdict_release(v);
	}
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_token),
		cmocka_unit_test(t066_one_claim_changed),
		cmocka_unit_test(other_shapes_are_fine),
		cmocka_unit_test(payloads_that_are_no_claims),
		cmocka_unit_test(every_truncation_and_every_bit),
	};
	return cmocka_run_group_tests(tests, make_key, drop_key);
}
