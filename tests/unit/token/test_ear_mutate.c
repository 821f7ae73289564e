/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of the product's own issuer, one field changed at a time: under the old signature each change is refused by
 * the signature, and signed anew by the check that the field belongs to.
 */
#include "tests/unit/token/result_check.h"

#include <stdio.h>

#include "attestation/token/ear_cbor.h"

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

static cof_ear_in base_in(void)
{
	static const int trust[COF_TRUST_COUNT] = {[COF_TRUST_EXECUTABLES] = 2, [COF_TRUST_HARDWARE] = 2};
	static const uint8_t nonce[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	return (cof_ear_in){.profile = COF_EAR_PROFILE_IETF,
			    .issuer = "coffer",
			    .tee = "snp",
			    .nonce = cof_span_of(nonce, sizeof nonce),
			    .trust = trust,
			    .now = TOKEN_NOW,
			    .life = 60,
			    .audience = "rp"};
}

#define POLICY "{\"nonce\":\"" TOKEN_NONCE "\",\"audience\":\"rp\",\"profile\":\"" COF_EAR_PROFILE_IETF "\"}"

static ask ask_jwt(const cof_buf *token)
{
	return (ask){"ear-jwt", "token", cof_buf_span(token), key, POLICY, TOKEN_NOW};
}

/* As they are, however they look. */
static void sign_texts(const char *header, const char *payload, cof_buf *ret)
{
	uint8_t der[80], rs[64];
	const uint8_t *at = der;
	size_t n = sizeof der;
	COF_AUTO_FREE char *h = cof_b64url_dup(cof_span_str(header));
	COF_AUTO_FREE char *p = cof_b64url_dup(cof_span_str(payload));
	assert_ok(cof_buf_printf(ret, &err, "%s.%s", h, p));
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(c, der, &n, ret->data, ret->len), 1);
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)n);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32), 32);
	COF_AUTO_FREE char *s = cof_b64url_dup(cof_span_of(rs, sizeof rs));
	assert_ok(cof_buf_printf(ret, &err, ".%s", s));
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(c);
}

#define HEADER "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"
#define CPU "submods/cpu0/"
#define VECTOR CPU "ear_trustworthiness_vector/"

typedef struct mutation {
	const char *path;  /* of the member; its last word may be new */
	const char *value; /* JSON; NULL: take it away */
	const char *reason;
} mutation;

static const mutation mutations[] = {
	/* profile and dialect */
	{"eat_profile", NULL, "token-profile"},
	{"eat_profile", "\"tag:ietf.org,2026:rats/ear#02\"", "token-profile"},
	{"eat_profile", "\"tag:ietf.org,2026:rats/ear#03 \"", "token-profile"},
	{"eat_profile", "\"" COF_EAR_PROFILE_COCO "\"", "token-profile"},
	{"eat_profile", "[\"" COF_EAR_PROFILE_IETF "\"]", "token-profile"},
	{"eat_profile", "7", "token-profile"},
	{"ear.status", "\"affirming\"", "token-dialect"},
	{CPU "ear.status", "\"affirming\"", "token-dialect"},
	{CPU "ear.trustworthiness-vector", "{\"hardware\":2}", "token-dialect"},
	/* dates */
	{"iat", NULL, "token-times"},
	{"iat", "-1", "token-times"},
	{"iat", "1.8e9", "token-times"},
	{"iat", "1800000000.0", "token-times"},
	{"iat", "\"1800000000\"", "token-times"},
	{"iat", "null", "token-times"},
	{"iat", "9223372036854775807", "token-times"},
	{"iat", "1800000061", "token-not-yet"},
	{"nbf", "1800000061", "token-not-yet"},
	{"nbf", "true", "token-times"},
	{"exp", "1800000000", "token-expired"},
	{"exp", "0", "token-expired"},
	{"exp", "[1800000060]", "token-times"},
	{"exp", "1800000060.5", "token-times"},
	/* for whom, and in answer to what */
	{"aud", NULL, "token-audience"},
	{"aud", "\"RP\"", "token-audience"},
	{"aud", "\"rp \"", "token-audience"},
	{"aud", "[]", "token-audience"},
	{"aud", "{\"rp\":1}", "token-audience"},
	{"eat_nonce", NULL, "token-nonce"},
	{"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODg\"", "token-nonce"},
	{"eat_nonce", "\"AAECAwQFBgcICQoLDA0ODw==\"", "token-nonce"},
	{"eat_nonce", "\"aaECAwQFBgcICQoLDA0ODw\"", "token-nonce"},
	{"eat_nonce", "[\"AAECAwQFBgcICQoLDA0ODw\"]", "token-nonce-size"},
	{"eat_nonce", "[\"AAECAwQFBgcICQoLDA0ODw\",\"AA\"]", "token-nonce-size"},
	/* who says it */
	{"ear_verifier_id", NULL, "ear-verifier"},
	{"ear_verifier_id", "\"coffer\"", "ear-verifier"},
	{"ear_verifier_id/build", NULL, "ear-verifier"},
	{"ear_verifier_id/developer", "1", "ear-verifier"},
	/* appraisals */
	{"submods", NULL, "ear-submods"},
	{"submods", "{}", "ear-submods"},
	{"submods", "[]", "ear-submods"},
	{"submods/cpu0", "\"affirming\"", "ear-submods"},
	{"submods/cpu1", "{}", "ear-status-word"},
	{CPU "ear_status", NULL, "ear-status-word"},
	{CPU "ear_status", "\"Affirming\"", "ear-status-word"},
	{CPU "ear_status", "2", "ear-status-word"},
	{"ear_status", "\"fine\"", "ear-status-word"},
	{CPU "ear_trustworthiness_vector", "{}", "ear-vector"},
	{CPU "ear_trustworthiness_vector", "[2]", "ear-vector"},
	{VECTOR "hardware", "128", "ear-vector"},
	{VECTOR "hardware", "-129", "ear-vector"},
	{VECTOR "hardware", "2.0", "ear-vector"},
	{VECTOR "hardware", "\"2\"", "ear-vector"},
	{VECTOR "firmware", "2", "ear-vector"},
	{VECTOR "hardware", "32", "ear-status"},
	{VECTOR "executables", "96", "ear-status"},
	{VECTOR "sourced-data", "-97", "ear-status"},
	{CPU "ear_appraisal_policy_ids", "[]", "ear-policies"},
	{CPU "ear_appraisal_policy_ids", "\"default\"", "ear-policies"},
	{CPU "ear_appraisal_policy_ids", "[7]", "ear-policies"},
	{"submods/cpu1", "{\"ear_status\":\"none\"}", ""},
	{"submods/cpu1", "{\"ear_status\":\"warning\"}", ""},
};

/* The object that holds the last word of the path. */
static json_t *holder_of(json_t *o, const char *path, const char **ret_last)
{
	char name[64];
	const char *slash;
	while ((slash = strchr(path, '/')) != NULL) {
		memcpy(name, path, (size_t)(slash - path));
		name[slash - path] = '\0';
		o = json_object_get(o, name);
		path = slash + 1;
	}
	assert_non_null(o);
	*ret_last = path;
	return o;
}

static json_t *mutate(const json_t *claims, const mutation *m)
{
	const char *last;
	json_t *o = json_deep_copy(claims), *holder = holder_of(o, m->path, &last);
	if (m->value == NULL)
		assert_int_equal(json_object_del(holder, last), 0);
	else
		assert_int_equal(
			json_object_set_new(holder, last, json_loads(m->value, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL)),
			0);
	return o;
}

static void t066_one_field_changed_and_signed_anew(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) claims = NULL;
	const cof_ear_in in = base_in();
	assert_ok(cof_ear_claims(&in, &claims, &err));
	assert_true(COF_COUNT(mutations) >= 60);
	for (size_t i = 0; i < COF_COUNT(mutations); i++) {
		COF_AUTO(cof_buf) token = {0};
		COF_AUTO_PTR(json_t) o = mutate(claims, &mutations[i]);
		COF_AUTO_FREE char *text = json_dumps(o, JSON_COMPACT);
		assert_non_null(text);
		sign_texts(HEADER, text, &token);
		ask a = ask_jwt(&token);
		if (*mutations[i].reason == '\0')
			assert_accepted(&a);
		else
			assert_refused(&a, mutations[i].reason, "claims");
	}
}

static void t066_one_field_changed_under_the_old_signature(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) good = {0};
	COF_AUTO_PTR(json_t) claims = NULL;
	jwt_parts p = {0};
	const cof_ear_in in = base_in();
	assert_ok(cof_ear_claims(&in, &claims, &err));
	assert_ok(cof_ear_issue(&in, key, (cof_span){0}, &good, &err));
	jwt_split(cof_buf_span(&good), &p);
	COF_AUTO_FREE char *header = cof_b64url_dup(cof_buf_span(&p.header));
	COF_AUTO_FREE char *sig = cof_b64url_dup(cof_buf_span(&p.signature));
	for (size_t i = 0; i < COF_COUNT(mutations); i++) {
		COF_AUTO(cof_buf) token = {0};
		COF_AUTO_PTR(json_t) o = mutate(claims, &mutations[i]);
		COF_AUTO_FREE char *text = json_dumps(o, JSON_COMPACT);
		COF_AUTO_FREE char *payload = cof_b64url_dup(cof_span_str(text));
		assert_ok(cof_buf_printf(&token, &err, "%s.%s.%s", header, payload, sig));
		ask a = ask_jwt(&token);
		assert_refused(&a, "token-signature", "signature");
	}
	jwt_drop(&p);
}

static void t066_texts_that_two_readers_read_differently(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"\"aud\":\"rp\"", "\"aud\":\"rp\\u0000\""},
		{"\"iat\":", "\"exp\":1900000000,\"iat\":"}, /* twice */
		{"\"ear_status\":", "\"ear_status\":\"affirming\",\"ear_status\":"},
		{"\"hardware\":", "\"hardware\":2,\"hardware\":"},
		{"\"hardware\":", "\"hardw\\u0061re\":2,\"hardware\":"},
		{"{\"eat_profile\"", "[{}],{\"eat_profile\""},
		{"{\"eat_profile\"", "\xef\xbb\xbf{\"eat_profile\""}, /* a byte order mark */
		{"{\"eat_profile\"", "{\"x\":NaN,\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":01,\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":1e999,\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":99999999999999999999,\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":\"\\ud800\",\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":\"\xff\",\"eat_profile\""},
		{"{\"eat_profile\"", "{/**/\"eat_profile\""},
		{"{\"eat_profile\"", "{'x':1,\"eat_profile\""},
		{"{\"eat_profile\"", "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],"
				     "\"eat_profile\""},
	};
	COF_AUTO_PTR(json_t) claims = NULL;
	const cof_ear_in in = base_in();
	assert_ok(cof_ear_claims(&in, &claims, &err));
	COF_AUTO_FREE char *text = json_dumps(claims, JSON_COMPACT);
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		COF_AUTO(cof_buf) payload = {0};
		COF_AUTO(cof_buf) token = {0};
		const char *at = strstr(text, changes[i].from);
		assert_non_null(at);
		assert_ok(cof_buf_printf(&payload, &err, "%.*s%s%s", (int)(at - text), text, changes[i].to,
					 at + strlen(changes[i].from)));
		sign_texts(HEADER, cof_buf_str(&payload), &token);
		ask a = ask_jwt(&token);
		assert_refused(&a, "token-malformed", "parse");
	}
	static const char *const behind[] = {"{}", "x", "]", "\x01"};
	for (size_t i = 0; i < COF_COUNT(behind); i++) {
		COF_AUTO(cof_buf) payload = {0};
		COF_AUTO(cof_buf) token = {0};
		assert_ok(cof_buf_printf(&payload, &err, "%s%s", text, behind[i]));
		sign_texts(HEADER, cof_buf_str(&payload), &token);
		ask a = ask_jwt(&token);
		assert_refused(&a, "token-malformed", "parse");
	}
}

static void t066_headers(void **state)
{
	(void)state;
	static const struct {
		const char *header, *reason, *stage;
	} cases[] = {
		{"{\"alg\":\"none\"}", "token-algorithm", "parse"},
		{"{\"alg\":\"HS256\"}", "token-algorithm", "parse"},
		{"{\"alg\":\"ES384\"}", "token-algorithm", "parse"},
		{"{\"alg\":\"ES256\",\"alg\":\"none\"}", "token-malformed", "parse"},
		{"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", "token-malformed", "parse"},
		{"{\"alg\":\"ES256\",\"b64\":false}", "token-malformed", "parse"},
		{"{\"typ\":\"JWT\"}", "token-algorithm", "parse"},
		{"[\"ES256\"]", "token-malformed", "parse"},
	};
	COF_AUTO_PTR(json_t) claims = NULL;
	const cof_ear_in in = base_in();
	assert_ok(cof_ear_claims(&in, &claims, &err));
	COF_AUTO_FREE char *text = json_dumps(claims, JSON_COMPACT);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) token = {0};
		sign_texts(cases[i].header, text, &token);
		ask a = ask_jwt(&token);
		assert_refused(&a, cases[i].reason, cases[i].stage);
	}
}

/* ---- CBOR ---- */

static void cbor_of(cof_buf *ret)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	const cof_ear_in in = base_in();
	assert_ok(cof_ear_claims(&in, &claims, &err));
	assert_ok(cof_ear_to_cbor(claims, ret, &err));
}

static void assert_payload_refused(cof_span payload, const char *label)
{
	COF_AUTO(cof_buf) token = {0};
	cof_verdict *v = verdict_new();
	sign_cwt(payload, key, &token);
	ask a = {"ear-cwt", "token", cof_buf_span(&token), key, POLICY, TOKEN_NOW};
	assert_ok(verdict_on(&a, v, &err));
	if (v->accepted || v->checks.list[v->checks.first].stage != COF_STAGE_PARSE ||
	    strcmp(first_failed(v), "cbor-malformed") != 0)
		fail_msg("%s: %s", label, v->accepted ? "accepted" : first_failed(v));
	verdict_free(v);
}

/* One place of the good bytes spelt otherwise: the same to a lenient reader. */
static void t066_other_spellings_of_the_same_claims(void **state)
{
	(void)state;
	static const struct {
		const char *label, *from, *to; /* hex; from: the first place where it stands */
	} changes[] = {
		{"a longer key", "041a6b49d23c", "18041a6b49d23c"},
		{"a longer number", "041a6b49d23c", "041b000000006b49d23c"},
		{"a longer text", "0362727004", "037802727004"},
		{"an indefinite text", "0362727004", "037f627270ff04"},
		{"an indefinite vector", "a80000", "bf0000"},
		{"a key twice", "061a6b49d200", "061a6b49d200061a6b49d200"},
		{"a claim twice", "041a6b49d23c", "041a6b49d23c041a6b49d2ff"},
		{"undefined", "041a6b49d23c", "04f7"},
		{"a simple value", "041a6b49d23c", "04f0"},
		{"a break", "041a6b49d23c", "04ff"},
		{"reserved", "041a6b49d23c", "041c"},
		{"a tag of libcbor's blind spot", "041a6b49d23c", "04c61a6b49d23c"},
		{"a text of no UTF-8", "0362727004", "0362c08004"},
		{"2^63 items", "041a6b49d23c", "049b8000000000000000"},
		{"2^30 pairs", "041a6b49d23c", "04ba40000000"},
		{"2^63 bytes", "041a6b49d23c", "045b8000000000000000"},
		{"a pair too many", "a80000", "a90000"},
	};
	COF_AUTO(cof_buf) good = {0};
	cbor_of(&good);
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		COF_AUTO(cof_buf) from = {0};
		COF_AUTO(cof_buf) payload = {0};
		hex_bytes(changes[i].from, &from);
		size_t at = 0;
		while (at + from.len <= good.len && memcmp(good.data + at, from.data, from.len) != 0)
			at++;
		if (at + from.len > good.len)
			fail_msg("%s is nowhere", changes[i].label);
		assert_ok(cof_buf_add(&payload, good.data, at, &err));
		hex_bytes(changes[i].to, &payload);
		assert_ok(cof_buf_add(&payload, good.data + at + from.len, good.len - at - from.len, &err));
		if (strstr(changes[i].label, "twice") != NULL)
			payload.data[0]++;
		assert_payload_refused(cof_buf_span(&payload), changes[i].label);
	}
}

static void t066_ends_and_depths(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) good = {0};
	cbor_of(&good);
	for (size_t n = 0; n < good.len; n++)
		assert_payload_refused(cof_span_of(good.data, n), "cut");
	assert_ok(cof_buf_add(&good, "\0", 1, &err));
	assert_payload_refused(cof_buf_span(&good), "a byte behind");
	good.len--;
	good.data[0]++;
	assert_ok(cof_buf_add(&good, "\x19\xff\xff", 3, &err));
	for (size_t i = 0; i < 40; i++)
		assert_ok(cof_buf_add(&good, "\x81", 1, &err));
	assert_ok(cof_buf_add(&good, "\0", 1, &err));
	assert_payload_refused(cof_buf_span(&good), "depth");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t066_one_field_changed_and_signed_anew),
		cmocka_unit_test(t066_one_field_changed_under_the_old_signature),
		cmocka_unit_test(t066_texts_that_two_readers_read_differently),
		cmocka_unit_test(t066_headers),
		cmocka_unit_test(t066_other_spellings_of_the_same_claims),
		cmocka_unit_test(t066_ends_and_depths),
	};
	return cmocka_run_group_tests(tests, make_key, drop_key);
}
