/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/verify/evidence.h"
#include "attestation/verify/tpm.h"

static json_t *good(void)
{
	json_t *pcrs = json_array();
	for (int i = 0; i < 24; i++)
		(void)json_array_append_new(
			pcrs, json_string("00000000000000000000000000000000000000000000000000000000000000ff"));
	return json_pack("{s:{s:s, s:s, s:o}, s:s, s:s, s:s, s:n, s:s}", "tpm_quote", "signature", "AAAA", "message",
			 "AQID", "pcrs", pcrs, "ak_public", "BBBB", "ak_tpm_public", "CCCC", "ek_cert", "DDDD",
			 "eventlog", "activation", "EEEE");
}

static int parse(const json_t *o, cof_tpm_evidence_in *e, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	int r = cof_json_dump(o, &text, err);
	return r < 0 ? r : cof_tpm_evidence_parse(cof_buf_span(&text), e, err);
}

static void refused(json_t *o)
{
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	assert_fails(parse(o, &e, &err), "evidence-malformed");
	json_decref(o);
}

static void t079_members_of_the_wrong_kind(void **state)
{
	(void)state;
	static const char *const outer[] = {"tpm_quote", "ak_public"}, *const inner[] = {"signature", "message",
											 "pcrs"};
	static const char *const all[] = {"ak_public", "ak_tpm_public", "ek_cert", "eventlog", "activation"};
	for (size_t i = 0; i < COF_COUNT(outer); i++) {
		json_t *o = good();
		(void)json_object_del(o, outer[i]);
		refused(o);
	}
	for (size_t i = 0; i < COF_COUNT(inner); i++) {
		json_t *o = good();
		(void)json_object_del(json_object_get(o, "tpm_quote"), inner[i]);
		refused(o);
	}
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		json_t *o = good();
		(void)json_object_set_new(o, all[i], json_string("not base64"));
		refused(o);
		o = good();
		(void)json_object_set_new(o, all[i], json_integer(1));
		refused(o);
	}
}

static void t060_registers(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "00", "zz",
					  "00000000000000000000000000000000000000000000000000000000000000f",
					  "00000000000000000000000000000000000000000000000000000000000000fff"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		json_t *o = good();
		(void)json_array_set_new(json_object_get(json_object_get(o, "tpm_quote"), "pcrs"), 23,
					 json_string(bad[i]));
		refused(o);
	}
	json_t *o = good();
	(void)json_array_remove(json_object_get(json_object_get(o, "tpm_quote"), "pcrs"), 0);
	refused(o);
	o = good();
	json_t *pcrs = json_object_get(json_object_get(o, "tpm_quote"), "pcrs");
	(void)json_array_append(pcrs, json_array_get(pcrs, 0));
	refused(o);
	o = good();
	(void)json_array_set_new(json_object_get(json_object_get(o, "tpm_quote"), "pcrs"), 0, json_null());
	refused(o);
}

static void t079_text_that_is_no_evidence(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "null", "[]", "{", "{}", "{\"tpm_quote\":{},\"tpm_quote\":{}}", "\"x\""};
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_tpm_evidence_parse(cof_span_str(bad[i]), &e, &err), "evidence-malformed");
	assert_fails(cof_tpm_evidence_parse((cof_span){(const uint8_t *)"", COF_TPM_EVIDENCE_MAX + 1}, &e, &err),
		     "evidence-malformed");
}

static void what_is_read(void **state)
{
	(void)state;
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	COF_AUTO_PTR(json_t) o = good();
	(void)json_object_set_new(o, "later", json_true());
	assert_ok(parse(o, &e, &err));
	assert_span_equal(cof_buf_span(&e.message), "\1\2\3", 3);
	assert_int_equal(e.pcrs[23][31], 0xff);
	assert_int_equal(e.eventlog.len, 0);
	assert_int_equal(e.activation.len, 3);
	assert_int_equal(e.ek_cert.len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_members_of_the_wrong_kind),
		cmocka_unit_test(t060_registers),
		cmocka_unit_test(t079_text_that_is_no_evidence),
		cmocka_unit_test(what_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
