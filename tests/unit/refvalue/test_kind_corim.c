/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as kinds of evidence: signed by whom, valid when, and every part of them wrong once. */
#include "tests/unit/refvalue/manifest.h"
#include "tests/unit/token/make_token.h"

#define META "0846a100a1006173" /* 8: { 0: { 0: "s" } } */

static ask ask_for(const cof_buf *m, EVP_PKEY *key)
{
	return (ask){.kind = "corim", .role = "corim", .token = cof_buf_span(m), .key = key, .now = RIM_NOW};
}

/* more: the pairs of the protected header behind the content type, in hex. */
static void sign(const manifest *m, const char *type, const char *more, size_t n_more, cof_buf *ret)
{
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) pairs = {0};
	make_manifest(m, &payload);
	hex_bytes(more, &pairs);
	const cof_cose_out out = {.content_type = type,
				  .more = cof_buf_span(&pairs),
				  .n_more = n_more,
				  .payload = cof_buf_span(&payload)};
	assert_ok(cof_cose_sign(&out, author, ret, &err));
}

static const manifest plain = {0};

static void signed_manifests(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	cof_verdict *v = verdict_new();
	sign(&plain, "application/rim+cbor", META, 1, &m);
	ask a = ask_for(&m, author);
	assert_accepted(&a);
	assert_ok(verdict_on(&a, v, &err));
	assert_false(v->decoded_only);
	assert_string_equal(json_string_value(json_object_get(v->fields, "signer")), "s");
	assert_string_equal(json_string_value(json_object_get(v->fields, "corim_id")), "g");
	assert_int_equal(json_array_size(json_object_get(v->fields, "comids")), 1);
	verdict_free(v);
	a.key = stranger;
	assert_refused(&a, "cose-signature", "signature");
	a.key = NULL;
	assert_refused(&a, "cose-algorithm", "signature");
}

static void t077_a_key_wants_a_signature(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	make_manifest(&plain, &m);
	ask a = ask_for(&m, NULL);
	assert_accepted(&a);
	a.key = author;
	assert_refused(&a, "corim-unsigned", "signature");
}

static void headers_and_their_dates(void **state)
{
	(void)state;
	static const struct {
		const char *type, *more;
		size_t n;
		const char *reason, *stage;
	} cases[] = {
		{"application/rim+cbor", "", 0, "corim-malformed", "parse"},
		{"application/rim+cose", META, 1, "corim-malformed", "parse"},
		{"application/rim+cbor", "0841a0", 1, "corim-malformed", "parse"},
		{"application/rim+cbor", "08a100a1006173", 1, "corim-malformed", "parse"},
		{"application/rim+cbor", "084fa200a100617301a101c11a6b49d1ff", 1, "corim-validity", "validity"},
		{"application/rim+cbor", "0856a200a100617301a200c11a6b49d20101c11a6b49d202", 1, "corim-validity",
		 "validity"},
		{"application/rim+cbor", "0fa2016173041a6b49d1ff", 1, "corim-validity", "validity"},
		{"application/rim+cbor", "0fa2016173051a6b49d201", 1, "corim-validity", "validity"},
		{"application/rim+cbor", "0fa2016173046161", 1, "corim-malformed", "parse"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) m = {0};
		sign(&plain, cases[i].type, cases[i].more, cases[i].n, &m);
		ask a = ask_for(&m, author);
		assert_refused(&a, cases[i].reason, cases[i].stage);
	}
	COF_AUTO(cof_buf) fine = {0};
	sign(&plain, "application/rim+cbor",
	     "084fa200a100617301a101c11a6b49d200"
	     "0fa2016173041a6b49d200",
	     2, &fine);
	ask a = ask_for(&fine, author);
	assert_accepted(&a);
}

static void a_key_that_is_none(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) m = {0};
	const cof_kind *kind = NULL;
	cof_verdict *v = verdict_new();
	sign(&plain, "application/rim+cbor", META, 1, &m);
	const cof_role_file files[] = {{"corim", cof_buf_span(&m)}, {"key", cof_span_str("{}")}};
	const cof_verify_in in = {.files = files, .n_files = 2, .now = RIM_NOW};
	assert_ok(cof_kind_find("corim", &kind, &err));
	assert_ok(cof_verify(kind, &in, v, &err));
	assert_false(v->accepted);
	assert_string_equal(first_failed(v), "jwk-malformed");
	verdict_free(v);
}

/* What the signature is around is looked at as well as what is not signed. */
static void signatures_around_something_else(void **state)
{
	(void)state;
	static const manifest others[] = {{.head = "d901f6a3"}, {.head = "a3"}};
	static const char no_message[] = "d283430102034040";
	for (size_t i = 0; i < COF_COUNT(others); i++) {
		COF_AUTO(cof_buf) m = {0};
		sign(&others[i], "application/rim+cbor", META, 1, &m);
		ask a = ask_for(&m, author);
		assert_refused(&a, "corim-untagged", "parse");
	}
	COF_AUTO(cof_buf) m = {0};
	hex_bytes(no_message, &m);
	ask a = ask_for(&m, author);
	assert_refused(&a, "cose-malformed", "parse");
}

static void refused_manifest(const manifest *m, const char *reason, const char *stage)
{
	COF_AUTO(cof_buf) b = {0};
	make_manifest(m, &b);
	ask a = ask_for(&b, NULL);
	assert_refused(&a, reason, stage);
}

static void accepted_manifest(const manifest *m)
{
	COF_AUTO(cof_buf) b = {0};
	make_manifest(m, &b);
	ask a = ask_for(&b, NULL);
	assert_accepted(&a);
}

#define REFUSED(reason, stage, ...) refused_manifest(&(manifest){__VA_ARGS__}, reason, stage)
#define ACCEPTED(...) accepted_manifest(&(manifest){__VA_ARGS__})
#define HEAD4 .head = "d901f5a4"

static void members(void **state)
{
	(void)state;
	ACCEPTED(.profile = "6178");
	ACCEPTED(.profile = "d8206178");
	ACCEPTED(.profile = "d86f412a");
	ACCEPTED(.id = "0050000102030405060708090a0b0c0d0e0f");
	ACCEPTED(HEAD4, .more = "0281a100d8206178");
	ACCEPTED(HEAD4, .more = "0581a2006161028101");
	ACCEPTED(HEAD4, .more = "04a101c11a6b49d200");
	ACCEPTED(HEAD4, .profile = "6178", .more = "2000");
	ACCEPTED(.tag = "d901f9");
	ACCEPTED(.tag = "d901fc");
	REFUSED("corim-malformed", "parse", .head = "d901f4a3");
	REFUSED("corim-malformed", "parse", .head = "a3");
	REFUSED("corim-malformed", "parse", .id = "0041ff");
	REFUSED("corim-malformed", "parse", .id = "0060");
	REFUSED("corim-malformed", "parse", .id = "0600");
	REFUSED("corim-malformed", "parse", .profile = "816178");
	REFUSED("corim-malformed", "parse", .profile = "01");
	REFUSED("corim-malformed", "parse", .profile = "d82041ff");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "0700");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "0280");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "0281a0");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "0281a1006178");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "0580");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "058101");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "04a0");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "04a1011a6b49d200");
	REFUSED("corim-malformed", "parse", HEAD4, .more = "04a200c11a6b49d20101c11a6b49d200");
	REFUSED("corim-validity", "validity", HEAD4, .more = "04a101c11a6b49d1ff");
	REFUSED("corim-validity", "validity", HEAD4, .more = "04a200c11a6b49d20101c11a6b49d202");
	REFUSED("cbor-malformed", "parse", HEAD4, .more = "006167");
	REFUSED("cbor-malformed", "parse", .more = "00");
}

static void tags(void **state)
{
	(void)state;
	REFUSED("corim-tag", "parse", .tag = "d901fb");
	REFUSED("corim-tag", "parse", .tag = "");
	REFUSED("cbor-malformed", "parse", .comid = "a1");
	REFUSED("cbor-malformed", "parse", .comid = "");
	REFUSED("cbor-malformed", "parse", .tag = "d901f9", .comid = "ff");
	REFUSED("comid-malformed", "parse", .comid = "a0");
	REFUSED("comid-malformed", "parse", .triples = "a0");
	REFUSED("comid-malformed", "parse", .measurements = "81a20019028101a0");
	REFUSED("comid-malformed", "parse", .measurements = "81a20019028101a1028182074111");
}

static void without_tags(void **state)
{
	(void)state;
	static const char *const manifests[] = {"d901f5a1006167", "d901f5a20061670180", "d901f5a20061670100",
						"d901f5a200616701a0"};
	for (size_t i = 0; i < COF_COUNT(manifests); i++) {
		COF_AUTO(cof_buf) m = {0};
		hex_bytes(manifests[i], &m);
		ask a = ask_for(&m, NULL);
		assert_refused(&a, "corim-tags", "parse");
	}
}

static void t024_keys_of_the_snp_profile(void **state)
{
	(void)state;
	static const char draft_2024[] = "d82078227461673a616d642e636f6d2c323032343a736e702d636f72696d2d70726f66696c65";
	ACCEPTED(.measurements = "81a101a103a103f4");
	ACCEPTED(.profile = draft_2024);
	REFUSED("snp-measurement-key", "profile", .measurements = "81a101a10101");
	REFUSED("snp-measurement-key", "profile", .measurements = "81a2000801a10101");
	REFUSED("snp-measurement-key", "profile", .measurements = "81a200616101a10101");
	REFUSED("snp-measurement-key", "profile", .measurements = "82" LAUNCH "a200d86f412a01a10101");
	REFUSED("snp-measurement-key", "profile", .profile = draft_2024, .measurements = "81a101a10101");
	ACCEPTED(.profile = "6178", .measurements = "81a101a10101");
}

static void t079_every_truncation(void **state)
{
	(void)state;
	cof_buf whole[2] = {0};
	make_manifest(&plain, &whole[0]);
	sign(&plain, "application/rim+cbor", META, 1, &whole[1]);
	for (int i = 0; i < 2; i++) {
		ask a = ask_for(&whole[i], i == 0 ? NULL : author);
		cof_verdict *v = verdict_new();
		for (size_t n = 0; n < whole[i].len; n++) {
			a.token = cof_span_of(whole[i].data, n);
			assert_ok(verdict_on(&a, v, &err));
			assert_false(v->accepted);
			assert_int_equal(v->checks.list[v->checks.first].stage, COF_STAGE_PARSE);
			cof_verdict_release(v);
		}
		verdict_free(v);
		cof_buf_release(&whole[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_manifests),
		cmocka_unit_test(t077_a_key_wants_a_signature),
		cmocka_unit_test(headers_and_their_dates),
		cmocka_unit_test(a_key_that_is_none),
		cmocka_unit_test(signatures_around_something_else),
		cmocka_unit_test(members),
		cmocka_unit_test(tags),
		cmocka_unit_test(without_tags),
		cmocka_unit_test(t024_keys_of_the_snp_profile),
		cmocka_unit_test(t079_every_truncation),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
