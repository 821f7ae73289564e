/* SPDX-License-Identifier: Apache-2.0 */
/* A paravisor on TDX: the quote is made by a platform of the test's own, over what the test put into the runtime data.
 */
#include "tests/unit/verify/soft_hcl.h"
#include "tests/unit/verify/soft_tdx.h"

enum { TDREPORT_DATA_AT = 128 };

static soft_tdx keys;
static EVP_PKEY *ak;

typedef struct azure {
	soft_tdx tdx;
	hcl_soft hcl;
	const char *policy;
	bool collateral;
	size_t tdreport_flip; /* plus one; 0: none */
} azure;

static void azure_free(azure *a)
{
	soft_drop(&a->tdx);
	hcl_release(&a->hcl);
	free(a);
}
COF_DEFINE_AUTO_PTR(azure, azure_free)

static azure *azure_new(void)
{
	azure *a = calloc(1, sizeof *a);
	assert_non_null(a);
	soft_start(&a->tdx, &keys);
	a->hcl = hcl_good(ak, COF_HCL_TDX);
	a->policy = "{}";
	a->collateral = true;
	return a;
}

static void make(azure *a)
{
	uint8_t data[64];
	hcl_make_variable(&a->hcl, data);
	memcpy(a->tdx.body.data + AT_REPORT_DATA, data, sizeof data);
	memcpy(a->hcl.hardware + TDREPORT_DATA_AT, data, sizeof data);
	if (a->tdreport_flip > 0)
		a->hcl.hardware[a->tdreport_flip - 1] ^= 1;
	soft_finish(&a->tdx);
	hcl_make_report(&a->hcl);
	hcl_make_quote(&a->hcl);
}

static void judge(const azure *a, cof_verdict *v)
{
	cof_role_file files[HCL_FILES + SOFT_FILES_MAX], tdx[SOFT_FILES_MAX];
	size_t n = HCL_FILES, n_tdx = soft_files(&a->tdx, tdx);
	hcl_files(&a->hcl, files);
	for (size_t i = 0; i < n_tdx; i++) {
		bool is_quote = strcmp(tdx[i].role, "quote") == 0, is_root = strcmp(tdx[i].role, "root") == 0;
		if (a->collateral || is_quote || is_root)
			files[n++] = (cof_role_file){is_quote ? "td_quote" : tdx[i].role, tdx[i].bytes};
	}
	hcl_judge(files, n, a->policy, SOFT_NOW, v);
}

/* Makes, judges and drops. */
static void assert_azure(azure *a, const char *label, const char *want)
{
	static cof_verdict v;
	make(a);
	judge(a, &v);
	hcl_assert(&v, label, want);
	cof_verdict_release(&v);
}

static void good_ones(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(azure) a = azure_new();
	a->policy = "{\"nonce\":\"07\",\"tee\":\"tdx\",\"tdx\":{\"require_sept_ve_disable\":true},"
		    "\"require_collateral\":true}";
	make(a);
	judge(a, &v);
	hcl_assert(&v, "with collateral", NULL);
	assert_string_equal(v.tcb_status, "UpToDate");
	assert_non_null(json_object_get(json_object_get(v.fields, "tdx"), "td"));
	cof_verdict_release(&v);
}

/* Azure hands out none: the answer then has no status, and an owner can refuse it. */
static void t023_without_collateral(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(azure) a = azure_new();
	a->collateral = false;
	make(a);
	judge(a, &v);
	hcl_assert(&v, "chain and signatures", NULL);
	assert_null(v.tcb_status);
	cof_verdict_release(&v);
	static const char *const strict[] = {"{\"require_collateral\":true}", "{\"tdx\":{\"signatures_only\":false}}",
					     "{\"tdx\":{\"signatures_only\":true},\"require_collateral\":true}"};
	for (size_t i = 0; i < COF_COUNT(strict); i++) {
		a->policy = strict[i];
		judge(a, &v);
		hcl_assert(&v, strict[i], "tcb-info-missing");
		cof_verdict_release(&v);
	}
	/* half of it is none */
	COF_AUTO_PTR(azure) half = azure_new();
	half->tdx.leave_out = "root_crl";
	assert_azure(half, "no root CRL", "root-crl-missing");
}

static void t025_t022_single_members(void **state)
{
	(void)state;
	static const hcl_change changes[] = {
		{"digest", HCL_SET(binding_flip, 1), "report-data-binding"},
		{"behind the digest", HCL_SET(binding_tail, 1), "report-data-binding"},
		{"changed later", HCL_SET(variable_flip, 1), "report-data-binding"},
		{"signature", HCL_SET(raw_flip, 1), "quote-signature"},
		{"said to be SNP's", HCL_SET(report_type, COF_HCL_SNP), "report-version"},
	};
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		COF_AUTO_PTR(azure) a = azure_new();
		hcl_set(&a->hcl, &changes[i]);
		assert_azure(a, changes[i].label, changes[i].check);
	}
}

/* Only the quote proves anything, and both must be over one text. */
static void t022_report_and_quote(void **state)
{
	(void)state;
	COF_AUTO_PTR(azure) data = azure_new();
	data->tdreport_flip = TDREPORT_DATA_AT + 64;
	assert_azure(data, "another TDREPORT", "td-report-data");
	COF_AUTO_PTR(azure) padding = azure_new();
	padding->tdreport_flip = COF_HCL_HARDWARE_LEN;
	assert_azure(padding, "bytes behind the TDREPORT", "hcl-tdreport-padding");
	COF_AUTO_PTR(azure) flip = azure_new();
	flip->tdx.flip = 200;
	flip->tdx.flip_with = 1;
	assert_azure(flip, "quote changed after it was signed", "quote-signature");
	COF_AUTO_PTR(azure) debug = azure_new();
	debug->tdx.body.data[AT_ATTRIBUTES] = 1;
	assert_azure(debug, "a TD that the host may read", "debug");
	COF_AUTO_PTR(azure) cut = azure_new();
	cut->tdx.cut = 1;
	assert_azure(cut, "cut", "tdx-quote-length");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(t023_without_collateral),
		cmocka_unit_test(t025_t022_single_members),
		cmocka_unit_test(t022_report_and_quote),
	};
	soft_keys(&keys);
	ak = EVP_RSA_gen(2048);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(ak);
	soft_drop(&keys);
	return failed;
}
