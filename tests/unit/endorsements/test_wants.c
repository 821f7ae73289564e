/* SPDX-License-Identifier: Apache-2.0 */
/* From evidence to what is asked of its maker's vendor. */
#include "tests/unit/endorsements/amd.h"

static uint8_t report[COF_SNP_REPORT_LEN];

/* Signatures are nobody's business here. */
static int wants(cof_snp_line line, cof_endorse_wants *ret, cof_err *err)
{
	return cof_endorse_wants_report(cof_span_of(report, sizeof report), line, ret, err);
}

static void good(void)
{
	const soft_keys none = {0};
	soft_snp s = soft_snp_good(&none);
	memcpy(report, s.report, sizeof report);
}

static void assert_names(const cof_endorse_wants *w, size_t n, const char *const *names)
{
	assert_int_equal(w->n, n);
	for (size_t i = 0; i < n; i++) {
		char name[COF_ENDORSE_NAME_MAX];
		cof_endorse_name(&w->id[i], name);
		assert_string_equal(name, names[i]);
	}
}

static void a_report_wants_chain_list_and_vcek(void **state)
{
	(void)state;
	cof_endorse_wants w;
	good();
	assert_ok(wants(COF_SNP_TURIN, &w, &err)); /* it says itself what it is */
	assert_names(&w, 3,
		     (const char *const[]){"snp/chain/vcek/Milan", "snp/crl/vcek/Milan",
					   "snp/vcek/Milan/" AMD_CHIP "/4.0.24.219"});
}

static void a_vlek_is_not_asked_for(void **state)
{
	(void)state;
	cof_endorse_wants w;
	good();
	soft_put(report, 0x48, 1 << 2, 4);
	memset(report + 0x1a0, 0, 64);
	assert_ok(wants(COF_SNP_LINE_NONE, &w, &err));
	assert_names(&w, 2, (const char *const[]){"snp/chain/vlek/Milan", "snp/crl/vlek/Milan"});
}

static void version_2_is_of_the_named_product(void **state)
{
	(void)state;
	cof_endorse_wants w;
	good();
	soft_put(report, 0, 2, 4);
	soft_put(report, 0x188, 0, 3);
	assert_ok(wants(COF_SNP_LINE_NONE, &w, &err));
	assert_int_equal(w.id[0].line, COF_SNP_MILAN);
	assert_ok(wants(COF_SNP_GENOA, &w, &err));
	assert_int_equal(w.id[2].line, COF_SNP_GENOA);
}

static void who_has_no_certificate_gets_none(void **state)
{
	(void)state;
	cof_endorse_wants w;
	good();
	soft_put(report, 0x48, 7 << 2, 4);
	assert_fails(wants(COF_SNP_LINE_NONE, &w, &err), "report-unsigned");
	good();
	memset(report + 0x1a0, 0, 64);
	assert_fails(wants(COF_SNP_LINE_NONE, &w, &err), "endorsement-none");
	good();
	soft_put(report, 0x188, 0xffffff, 3);
	assert_fails(wants(COF_SNP_LINE_NONE, &w, &err), "endorsement-none");
	soft_put(report, 0, 99, 4);
	assert_fails(wants(COF_SNP_LINE_NONE, &w, &err), "report-version");
	assert_fails(cof_endorse_wants_report(cof_span_of(report, 100), COF_SNP_LINE_NONE, &w, &err), "report-size");
}

static void the_drivers_answer_has_a_report(void **state)
{
	(void)state;
	static uint8_t response[COF_SNP_RESPONSE_LEN];
	cof_endorse_wants w;
	good();
	soft_put(response, 4, COF_SNP_REPORT_LEN, 4);
	memcpy(response + COF_SNP_RESPONSE_HEAD_LEN, report, sizeof report);
	assert_ok(cof_endorse_wants_report(cof_span_of(response, sizeof response), COF_SNP_LINE_NONE, &w, &err));
	assert_int_equal(w.n, 3);
	response[0] = 1;
	assert_fails(cof_endorse_wants_report(cof_span_of(response, sizeof response), COF_SNP_LINE_NONE, &w, &err),
		     "response-status");
}

static void a_quote_wants_four(void **state)
{
	(void)state;
	cof_endorse_wants w;
	const uint8_t fmspc[COF_ENDORSE_FMSPC_LEN] = {0, 0x80, 0x6f, 5, 0, 0};
	cof_endorse_wants_platform(fmspc, true, &w);
	assert_names(&w, 4,
		     (const char *const[]){"tdx/qe-identity", "tdx/tcb-info/00806f050000", "tdx/pck-crl/processor",
					   "tdx/root-crl"});
	assert_fails(cof_endorse_wants_quote(cof_span_str("no quote"), &w, &err), "tdx-quote-length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_wants_chain_list_and_vcek),
		cmocka_unit_test(a_vlek_is_not_asked_for),
		cmocka_unit_test(version_2_is_of_the_named_product),
		cmocka_unit_test(who_has_no_certificate_gets_none),
		cmocka_unit_test(the_drivers_answer_has_a_report),
		cmocka_unit_test(a_quote_wants_four),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
