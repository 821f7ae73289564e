/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of set-reference calls. */
#include "tests/unit/kbs/corim_body.h"

#include "attestation/kbs/owner_reference.h"
#include "common/hex.h"

static EVP_PKEY *author, *stranger;

static int make_keys(void **state)
{
	(void)state;
	author = corim_author();
	stranger = corim_author();
	return 0;
}

static int drop_keys(void **state)
{
	(void)state;
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
	return 0;
}

static void a_corim_brings_all_its_sets(void **state)
{
	(void)state;
	for (unsigned t = 0; t < COF_RIM_TEES; t++) {
		COF_AUTO(cof_rim) r = {0};
		COF_AUTO(cof_buf) body = {0};
		COF_AUTO(cof_owner_references) got = {0};
		rim_make(&r);
		r.not_before = 0;
		r.entries[2 * t].version = 3;
		corim_body(&r, (cof_rim_tee)t, author, 1000, &body);
		assert_ok(cof_owner_parse_references(cof_buf_span(&body), (int64_t)time(NULL), &got, &err));
		assert_int_equal(got.n, 2);
		assert_true(got.from_corim);
		assert_string_equal(got.signer, "guest image author");
		assert_int_equal(strncmp(got.corim, "guest-0.1.0/", 12), 0);
		assert_int_equal(strlen(got.key), 64);
		assert_int_equal(got.not_after, r.not_after);
		for (size_t i = 0; i < 2; i++) {
			COF_AUTO_PTR(json_t) doc = NULL;
			COF_AUTO(cof_rim_entry) e = {0};
			assert_string_equal(got.at[i].name, r.entries[2 * t + i].name);
			assert_int_equal(got.at[i].version, i == 0 ? 3 : 0);
			assert_ok(cof_json_parse(cof_buf_span(&got.at[i].document), &doc, &err));
			assert_ok(cof_rim_entry_parse(doc, &e, &err));
			e.version = r.entries[2 * t + i].version;
			assert_same_entry(&e, &r.entries[2 * t + i]);
		}
	}
}

static json_t *message(void)
{
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) body = {0};
	json_t *o = NULL;
	rim_put_tpm(&r, "test/boot");
	corim_body(&r, COF_RIM_TPM, author, 0, &body);
	assert_ok(cof_json_parse(cof_buf_span(&body), &o, &err));
	return o;
}

static void refused(const char *key, json_t *value, const char *reason)
{
	COF_AUTO_PTR(json_t) o = message();
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_owner_references) got = {0};
	if (value != NULL)
		assert_int_equal(json_object_set_new(o, key, value), 0);
	else
		assert_int_equal(json_object_del(o, key), 0);
	assert_ok(cof_json_dump(o, &body, &err));
	assert_fails(cof_owner_parse_references(cof_buf_span(&body), (int64_t)time(NULL), &got, &err), reason);
	assert_null(got.at);
}

static json_t *pem_of(EVP_PKEY *k, void (*write)(EVP_PKEY *, cof_buf *))
{
	COF_AUTO(cof_buf) pem = {0};
	write(k, &pem);
	return json_string(cof_buf_str(&pem));
}

static void old_cert(EVP_PKEY *k, cof_buf *ret)
{
	pem_cert(k, 1000, 2000, ret);
}

static void t077_the_shape_of_a_call(void **state)
{
	(void)state;
	refused("version", json_string("0.2.0"), "reference-malformed");
	refused("version", NULL, "json-missing");
	/* another type's message has no key */
	refused("type", json_string("sample"), "json-unknown-key");
	refused("type", json_string("coffer-reference-values/1"), "json-unknown-key");
	refused("type", NULL, "json-missing");
	refused("payload", NULL, "json-missing");
	refused("payload", json_string("%"), "bad-base64");
	refused("payload", json_string(""), "corim-malformed");
	refused("payload", json_string("e30="), "corim-malformed");
	refused("key", NULL, "json-missing");
	refused("key", json_integer(1), "json-type");
	refused("key", json_string(""), "bad-key");
	refused("expires", json_integer(1), "json-unknown-key");
}

/* PEM files often hold a key and its certificate: the broker is told the public half only. */
static void no_private_key_leaves_the_admin(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) private = {0};
	COF_AUTO(cof_buf) cert = {0};
	COF_AUTO(cof_buf) body = {0};
	pem_private(author, &private);
	pem_cert(author, (int64_t)time(NULL) - 10, (int64_t)time(NULL) + 1000, &cert);
	assert_fails(cof_admin_body_corim(cof_span_str("x"), cof_buf_span(&private), &body, &err), "bad-key");
	assert_int_equal(body.len, 0);
	assert_ok(cof_buf_add(&private, cert.data, cert.len, &err));
	assert_ok(cof_admin_body_corim(cof_span_str("x"), cof_buf_span(&private), &body, &err));
	assert_null(strstr(cof_buf_str(&body), "PRIVATE"));
	assert_null(strstr(cof_buf_str(&body), "CERTIFICATE"));
	assert_non_null(strstr(cof_buf_str(&body), "-----BEGIN PUBLIC KEY-----"));
}

static void t077_whose_key_it_is(void **state)
{
	(void)state;
	refused("key", pem_of(stranger, pem_public), "cose-signature");
	refused("key", pem_of(author, pem_private), "bad-key");
	refused("key", pem_of(author, old_cert), "bad-key");
}

static int parse_text(cof_span body, cof_err *err)
{
	COF_AUTO(cof_owner_references) got = {0};
	return cof_owner_parse_references(body, (int64_t)time(NULL), &got, err);
}

static int parse_body(const cof_buf *body, cof_err *err)
{
	return parse_text(cof_buf_span(body), err);
}

static void t077_other_types_are_not_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"e30=\"}",
		"{\"version\":\"0.1.0\",\"type\":\"swid\",\"payload\":\"e30=\"}",
		"{\"version\":\"0.1.0\",\"type\":\"CORIM\",\"payload\":\"e30=\"}",
		"{\"version\":\"0.1.0\",\"type\":\"coffer-reference-values/2\",\"payload\":\"e30=\"}",
	};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		assert_fails(parse_text(cof_span_str(texts[i]), &err), "reference-malformed");
	assert_true(parse_text(cof_span_str(""), NULL) < 0);
	assert_true(parse_text(cof_span_str("[]"), NULL) < 0);
}

static void t077_unsigned_and_expired_ones(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) plain = {0};
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) old = {0};
	rim_put_tpm(&r, "test/boot");
	pem_public(author, &pem);
	assert_ok(cof_rim_set_id(&r, cof_span_str("g"), &err));
	assert_ok(cof_corim_write(&r, COF_RIM_TPM, &plain, &err));
	assert_ok(cof_admin_body_corim(cof_buf_span(&plain), cof_buf_span(&pem), &body, &err));
	assert_fails(parse_body(&body, &err), "corim-unsigned");
	corim_body(&r, COF_RIM_TPM, author, -5, &old);
	assert_fails(parse_body(&old, &err), "corim-validity");
}

static void a_document_is_still_one_set(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_owner_references) got = {0};
	rim_put_tpm(&r, "test/boot");
	assert_ok(cof_rim_entry_json(&r.entries[0], &doc, &err));
	assert_ok(cof_json_dump(doc, &text, &err));
	assert_ok(cof_admin_body_reference(cof_buf_span(&text), &body, &err));
	assert_ok(cof_owner_parse_references(cof_buf_span(&body), 0, &got, &err));
	assert_int_equal(got.n, 1);
	assert_false(got.from_corim);
	assert_string_equal(got.at[0].name, "test/boot");
	assert_string_equal(cof_buf_str(&got.at[0].document), cof_buf_str(&text));
	assert_string_equal(got.corim, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t077_the_shape_of_a_call),	   cmocka_unit_test(t077_whose_key_it_is),
		cmocka_unit_test(no_private_key_leaves_the_admin), cmocka_unit_test(t077_other_types_are_not_read),
		cmocka_unit_test(t077_unsigned_and_expired_ones),  cmocka_unit_test(a_corim_brings_all_its_sets),
		cmocka_unit_test(a_document_is_still_one_set),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
