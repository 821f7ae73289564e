/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/owner_data.h"
#include "tests/unit/kbs/rig.h"

#define S(text) cof_span_str(text)

typedef int (*parser)(cof_span body, cof_owner_item *ret, cof_err *err);

static void t069_nothing_parses_by_accident(void **state)
{
	(void)state;
	static const parser parsers[] = {cof_owner_parse_reference, cof_owner_parse_initdata, cof_owner_parse_ek_root,
					 cof_owner_parse_policy};
	static const char *const bad[] = {"",
					  "{",
					  "{}",
					  "[]",
					  "null",
					  "7",
					  "\"x\"",
					  "{\"x\":1}",
					  "{\"digest\":7}",
					  "{\"pem\":null}",
					  "{\"policy\":[]}",
					  "{\"digest\":\"sha256:00\"}",
					  "{\"digest\":\"md5:00\"}",
					  "{\"version\":\"0.1.0\"}"};
	for (size_t p = 0; p < COF_COUNT(parsers); p++)
		for (size_t i = 0; i < COF_COUNT(bad); i++) {
			COF_AUTO(cof_owner_item) item = {0};
			assert_true(parsers[p](S(bad[i]), &item, NULL) < 0);
		}
}

static void t069_unknown_members_are_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_owner_item) item = {0};
	assert_fails(cof_owner_parse_initdata(S("{\"digest\":\"sha256:"
						"0000000000000000000000000000000000000000000000000000000000000000\","
						"\"expires\":5}"),
					      &item, &err),
		     "json-unknown-key");
}

static void digests_become_names(void **state)
{
	(void)state;
	COF_AUTO(cof_owner_item) a = {0};
	COF_AUTO(cof_owner_item) b = {0};
	assert_ok(cof_owner_parse_initdata(S("{\"digest\":\"sha256:"
					     "d15bce9ef7f6be26af365c5a0d4f025ee555b64d7b874c930b97aa0ddd82d2ae\"}"),
					   &a, &err));
	assert_string_equal(cof_buf_str(&a.name), "d15bce9ef7f6be26af365c5a0d4f025ee555b64d7b874c930b97aa0ddd82d2ae");
	assert_int_equal(a.value.len, 0);
	/* a longer digest is cut as the guest cuts it */
	assert_ok(cof_owner_parse_initdata(S("{\"digest\":\"sha384:5e89fc929d85ba8e1d4c6f711b82b3ac46ee9f709a52ea8158e2"
					     "2aa77cff907e00000000000000000000000000000000\"}"),
					   &b, &err));
	assert_string_equal(cof_buf_str(&b.name), "5e89fc929d85ba8e1d4c6f711b82b3ac46ee9f709a52ea8158e22aa77cff907e");
}

static void policies_keep_their_bytes(void **state)
{
	(void)state;
	static const char text[] = "{ \"format\":\"coffer-release-policy/1\", \"rules\":[] }";
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_owner_item) item = {0};
	assert_ok(cof_admin_body_policy(S(text), &body, &err));
	assert_ok(cof_owner_parse_policy(cof_buf_span(&body), &item, &err));
	assert_string_equal(cof_buf_str(&item.value), text);
	assert_int_equal(item.name.len, 64);
}

static void t022_only_cas_become_roots(void **state)
{
	(void)state;
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = rig_cert(ca_key, "CA", NULL, NULL), *leaf = rig_cert(key, "leaf", ca, ca_key);
	X509 *const orders[][2] = {{ca, NULL}, {leaf, NULL}, {ca, leaf}, {ca, ca}};
	static const bool good[] = {true, false, false, true};
	for (size_t i = 0; i < COF_COUNT(orders); i++) {
		COF_AUTO(cof_buf) body = {0};
		COF_AUTO(cof_owner_item) item = {0};
		BIO *b = BIO_new(BIO_s_mem());
		char *data = NULL;
		for (size_t c = 0; c < 2 && orders[i][c] != NULL; c++)
			assert_int_equal(PEM_write_bio_X509(b, orders[i][c]), 1);
		long len = BIO_get_mem_data(b, &data);
		assert_ok(cof_admin_body_ek_root(cof_span_of(data, (size_t)len), &body, &err));
		if (good[i])
			assert_ok(cof_owner_parse_ek_root(cof_buf_span(&body), &item, &err));
		else
			assert_fails(cof_owner_parse_ek_root(cof_buf_span(&body), &item, &err), "bad-ek-root");
		BIO_free(b);
	}
	X509_free(leaf);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

static void t070_resource_names_have_three_plain_parts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	assert_ok(cof_owner_resource_name((const cof_span[]){S("a"), S("b-c"), S("d.e")}, &out, &err));
	assert_string_equal(cof_buf_str(&out), "a/b-c/d.e");
	assert_fails(cof_owner_resource_name((const cof_span[]){S("a"), S(""), S("d")}, &out, &err), "bad-path");
	assert_fails(cof_owner_resource_name((const cof_span[]){S("a/b"), S("c"), S("d")}, &out, &err), "bad-path");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t069_nothing_parses_by_accident),
		cmocka_unit_test(t069_unknown_members_are_refused),
		cmocka_unit_test(digests_become_names),
		cmocka_unit_test(policies_keep_their_bytes),
		cmocka_unit_test(t022_only_cas_become_roots),
		cmocka_unit_test(t070_resource_names_have_three_plain_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
