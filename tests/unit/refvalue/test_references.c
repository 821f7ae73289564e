/* SPDX-License-Identifier: Apache-2.0 */
/* Files of reference values: which formats count by whose word. */
#include "tests/unit/refvalue/manifest.h"

#include "attestation/refvalue/rvps.h"
#include "tests/unit/refvalue/references.h"

static cof_references refs; /* too large for a frame */

static int drop_refs(void **state)
{
	(void)state;
	cof_references_release(&refs);
	return 0;
}

static int add(cof_span bytes, bool is_unsigned, cof_err *err)
{
	static const cof_authors nobody;
	const cof_reference_in in = {.bytes = bytes, .authors = &nobody, .is_unsigned = is_unsigned, .now = RIM_NOW};
	return cof_references_add(&refs, &in, err);
}

static int add_text(const char *text, cof_err *err)
{
	return add(cof_span_str(text), true, err);
}

__attribute__((noinline)) static void make_rvps(cof_buf *ret)
{
	COF_AUTO(cof_rim) small = {0};
	COF_AUTO_PTR(json_t) values = NULL;
	assert_ok(cof_rim_set_id(&small, cof_span_str("g"), &err));
	rim_put(&small, rim_snp("a", false));
	rim_put(&small, rim_snp("b", true));
	rim_put(&small, rim_tdx("a", 6, true));
	assert_ok(cof_rvps_message(&small, &values, &err));
	assert_ok(cof_json_dump(values, ret, &err));
}

__attribute__((noinline)) static void make_list(const cof_rim *rim, cof_buf *ret)
{
	COF_AUTO_PTR(json_t) docs = json_array();
	for (size_t i = 0; i < rim->n; i += 2) {
		json_t *o = NULL;
		assert_ok(cof_rim_entry_json(&rim->entries[i], &o, &err));
		assert_int_equal(json_array_append_new(docs, o), 0);
	}
	assert_ok(cof_json_dump(docs, ret, &err));
}

static void each_format(void **state)
{
	(void)state;
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_buf) list = {0};
	COF_AUTO(cof_buf) rvps = {0};
	rim_make(&rim);
	assert_ok(cof_corim_write(&rim, COF_RIM_SNP, &corim, &err));
	document_of(&rim.entries[2], &doc);
	make_list(&rim, &list);
	make_rvps(&rvps);
	assert_ok(add(cof_buf_span(&corim), true, &err));
	assert_ok(add(cof_buf_span(&doc), true, &err));
	assert_ok(add(cof_buf_span(&list), true, &err));
	assert_ok(add(cof_buf_span(&rvps), true, &err));
	assert_int_equal(refs.n, 4);
	assert_int_equal(refs.at[0].corim.rim.n, 2);
	assert_int_equal(refs.at[1].corim.rim.n, 1);
	assert_int_equal(refs.at[2].corim.rim.n, 5);
	assert_int_equal(refs.at[3].corim.rim.n, 2);
	assert_string_equal(refs.at[0].author, "the caller");
	assert_false(refs.at[0].corim.is_signed);
	/* without the word none of them counts */
	assert_fails(add(cof_buf_span(&corim), false, &err), "corim-unsigned");
	assert_fails(add(cof_buf_span(&doc), false, &err), "reference-unsigned");
	assert_fails(add(cof_buf_span(&list), false, &err), "reference-unsigned");
	assert_fails(add(cof_buf_span(&rvps), false, &err), "reference-unsigned");
	assert_int_equal(refs.n, 4);
}

static void t077_what_is_no_reference(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "[]",
					  "{}",
					  "5",
					  "null",
					  "[{}]",
					  "{\"format\":\"coffer-reference-values/3\"}",
					  "{\"format\":5}",
					  "{\"snp_launch_measurement\":[]}",
					  "{\"snp_launch_measurement\":{}}",
					  "{\"snp_launch_measurement\":\"00\"}",
					  "{\"payload\":\"e30=\"}",
					  "{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"e30=\"}",
					  "{\"version\":\"0.1.0\",\"type\":\"sample\",\"payload\":\"*\"}",
					  "{\"version\":\"0.1.0\",\"type\":\"corim\",\"payload\":\"e30=\"}",
					  "{\"version\":\"0.2.0\",\"type\":\"sample\",\"payload\":\"e30=\"}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_err why = {0};
		int rc = add_text(bad[i], &why);
		if (rc >= 0 || !(cof_err_is(&why, "reference-malformed") || cof_err_is(&why, "rim-malformed")))
			fail_msg("%s: %s", bad[i], rc >= 0 ? "accepted" : why.reason);
		assert_int_equal(cof_reference_stage(&why), COF_STAGE_PARSE);
	}
	assert_int_equal(refs.n, 0);
}

/* Two entries of one name: a reader could not say which one matched. */
static void t077_names_are_unique(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_buf) twice = {0};
	cof_rim_entry e = rim_snp("a", false);
	document_of(&e, &doc);
	cof_rim_entry_release(&e);
	assert_ok(cof_buf_printf(&twice, &err, "[%s,%s]", cof_buf_str(&doc), cof_buf_str(&doc)));
	assert_fails(add(cof_buf_span(&twice), true, &err), "rim-malformed");
}

/* Signed, and named as unsigned: nobody looked at whose signature it is, so it is none. */
static void t077_a_signature_is_never_overlooked(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) corim = {0};
	cof_rim_entry e = rim_snp("a", false);
	sign_entry(&e, author, &corim);
	assert_fails(add(cof_buf_span(&corim), true, &err), "cose-algorithm");
	assert_fails(add(cof_buf_span(&corim), false, &err), "cose-algorithm");
}

static void t079_nesting_and_counts(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) deep = {0};
	COF_AUTO(cof_buf) nested = {0};
	COF_AUTO(cof_buf) many = {0};
	for (size_t i = 0; i < 5000; i++)
		assert_ok(cof_buf_add_str(&deep, "[", &err));
	assert_fails(add(cof_buf_span(&deep), true, &err), "reference-malformed");
	/* a head of 2^63 items; 100 arrays in one another; a map of a thousand keys */
	hex_bytes("d901f5bb8000000000000000", &nested);
	assert_fails(add(cof_buf_span(&nested), true, &err), "cbor-malformed");
	nested.len = 0;
	hex_bytes("d901f5", &nested);
	for (size_t i = 0; i < 100; i++)
		hex_bytes("81", &nested);
	hex_bytes("00", &nested);
	assert_fails(add(cof_buf_span(&nested), true, &err), "cbor-malformed");
	hex_bytes("d901f5b903e8", &many);
	for (unsigned i = 0; i < 1000; i++) {
		cof_wr w = cof_wr_to(&many);
		cof_cbor_put_uint(&w, i);
		cof_cbor_put_uint(&w, 0);
		assert_ok(cof_wr_done(&w, &err));
	}
	assert_fails(add(cof_buf_span(&many), true, &err), "cbor-malformed");
	for (size_t i = 0; i < COF_REFERENCES_MAX; i++)
		assert_ok(add_text("{\"mr_td\":\"" H48("11") "\"}", &err));
	assert_fails(add_text("{\"mr_td\":\"" H48("11") "\"}", &err), "reference-malformed");
}

static void stages(void **state)
{
	(void)state;
	static const struct {
		cof_class cls;
		const char *reason;
		cof_stage stage;
	} wants[] = {{COF_E_POLICY, "corim-validity", COF_STAGE_VALIDITY},
		     {COF_E_POLICY, "corim-profile", COF_STAGE_PROFILE},
		     {COF_E_POLICY, "corim-unsigned", COF_STAGE_SIGNATURE},
		     {COF_E_POLICY, "reference-unsigned", COF_STAGE_SIGNATURE},
		     {COF_E_CRYPTO, "cose-signature", COF_STAGE_SIGNATURE},
		     {COF_E_MALFORMED, "cose-algorithm", COF_STAGE_PARSE},
		     {COF_E_MALFORMED, "corim-malformed", COF_STAGE_PARSE},
		     {COF_E_POLICY, "reference-author", COF_STAGE_POLICY},
		     {COF_E_POLICY, "corim-unsupported", COF_STAGE_POLICY}};
	for (size_t i = 0; i < COF_COUNT(wants); i++) {
		cof_err why = {0};
		(void)!cof_err_set(&why, wants[i].cls, wants[i].reason, "x");
		assert_int_equal(cof_reference_stage(&why), wants[i].stage);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(t077_what_is_no_reference, drop_refs),
		cmocka_unit_test_teardown(t077_names_are_unique, drop_refs),
		cmocka_unit_test_teardown(t077_a_signature_is_never_overlooked, drop_refs),
		cmocka_unit_test_teardown(t079_nesting_and_counts, drop_refs),
		cmocka_unit_test_teardown(each_format, drop_refs),
		cmocka_unit_test(stages),
	};
	return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
