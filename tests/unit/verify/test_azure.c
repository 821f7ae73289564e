/* SPDX-License-Identifier: Apache-2.0 */
/* A paravisor on SEV-SNP: the report is signed by the test's own VCEK over what the test put into the runtime data. */
#include "tests/unit/verify/soft_hcl.h"
#include "tests/unit/verify/soft_snp.h"

static soft_keys keys;
static EVP_PKEY *ak, *other, *short_key;

typedef struct azure {
	soft_snp snp;
	hcl_soft hcl;
	const char *policy;
	const char *leave_out; /* a role */
} azure;

static void azure_free(azure *a)
{
	hcl_release(&a->hcl);
	soft_drop(&a->snp);
	free(a);
}
COF_DEFINE_AUTO_PTR(azure, azure_free)

static azure *azure_new(void)
{
	azure *a = calloc(1, sizeof *a);
	assert_non_null(a);
	a->snp = soft_snp_good(&keys);
	a->hcl = hcl_good(ak, COF_HCL_SNP);
	a->policy = "{}";
	return a;
}

static void make(azure *a)
{
	hcl_make_variable(&a->hcl, a->snp.report + 0x50);
	soft_make(&a->snp);
	memcpy(a->hcl.hardware, a->snp.made[0].data, COF_HCL_HARDWARE_LEN);
	hcl_make_report(&a->hcl);
	hcl_make_quote(&a->hcl);
}

static void judge(const azure *a, cof_verdict *v)
{
	static const char *const roles[] = {"vek", "intermediate", "root"};
	cof_role_file files[HCL_FILES + 3];
	size_t n = HCL_FILES;
	hcl_files(&a->hcl, files);
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		if (a->leave_out == NULL || strcmp(a->leave_out, roles[i]) != 0)
			files[n++] = (cof_role_file){roles[i], cof_buf_span(&a->snp.made[i + 1])};
	}
	hcl_judge(files, n, a->policy, a->snp.now, v);
}

static void assert_azure(azure *a, const char *label, const char *want)
{
	static cof_verdict v;
	make(a);
	judge(a, &v);
	hcl_assert(&v, label, want);
	cof_verdict_release(&v);
}

/* ---- */

static void a_good_one(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(azure) a = azure_new();
	a->policy = "{\"nonce\":\"07\",\"tee\":\"snp\",\"vm_unique_id\":\"AB-1\",\"user_data\":\"" HCL_USER_DATA "\","
		    "\"required_pcrs\":{\"sha256\":[0,7]},\"snp\":{\"vmpl\":0,\"allow_smt\":true}}";
	make(a);
	judge(a, &v);
	hcl_assert(&v, "good", NULL);
	assert_string_equal(json_string_value(json_object_get(v.fields, "tier")),
			    "measured by a TPM in a paravisor, which a hardware report vouches for");
	assert_non_null(json_object_get(json_object_get(v.fields, "snp"), "measurement"));
	cof_verdict_release(&v);
}

/* What the hardware report is over, and so what it vouches for: all of it is as the attacker wants it. */
static const hcl_change changes[] = {
	{"header's version", HCL_SET(header_version, 3), "hcl-version"},
	{"no version", HCL_SET(header_version, 0), "hcl-version"},
	{"runtime data's version", HCL_SET(runtime_version, 2), "hcl-version"},
	{"request", HCL_SET(request_type, 1), "hcl-request"},
	{"status", HCL_SET(status, 1), "hcl-request"},
	{"reserved bytes", HCL_SET(reserved, 1), "hcl-reserved"},
	{"behind the report", HCL_SET(padding, 1), "hcl-padding"},
	{"hash of 384 bits", HCL_SET(hash_type, 2), "hcl-hash-type"},
	{"no hash", HCL_SET(hash_type, 0), "hcl-hash-type"},
	{"report of another kind", HCL_SET(report_type, 3), "hcl-report-type"},
	{"report's size", HCL_SET(size_off, 1), "hcl-malformed"},
	{"data's size", HCL_SET(data_off, 1), "hcl-malformed"},
	{"variable data's size", HCL_SET(var_off, 1), "hcl-malformed"},
	{"digest", HCL_SET(binding_flip, 1), "report-data-binding"},
	{"behind the digest", HCL_SET(binding_tail, 1), "report-data-binding"},
	{"runtime data changed later", HCL_SET(variable_flip, 1), "report-data-binding"},
	{"no JSON", HCL_TEXT(claims, "no JSON"), "hcl-claims-malformed"},
	{"no object", HCL_TEXT(claims, "[]"), "hcl-claims-malformed"},
	{"no keys", HCL_TEXT(claims, "{}"), "hcl-ak"},
	{"keys that are none", HCL_TEXT(claims, "{\"keys\":{\"kid\":\"HCLAkPub\"}}"), "hcl-ak"},
	{"an AK without a modulus",
	 HCL_TEXT(claims, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\"}]}"), "hcl-ak"},
	{"a short AK",
	 HCL_TEXT(claims, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"_____w\"}]}"),
	 "hcl-ak"},
	{"an AK on a curve", HCL_TEXT(claims, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"EC\",\"crv\":\"P-256\"}]}"),
	 "hcl-ak"},
	{"an AK of exponent 1", HCL_TEXT(exponent, "AQ"), "hcl-ak"},
	{"an AK of exponent 3", HCL_TEXT(exponent, "Aw"), "hcl-ak"},
	{"another name", HCL_TEXT(kid, "HCLEkPub"), "hcl-ak"},
	{"two AKs", HCL_SET(twice, 1), "hcl-ak"},
	{"magic", HCL_SET(magic, 0xff544346), "quote-magic"},
	{"type", HCL_SET(type, 0x8017), "quote-type"},
	{"signature", HCL_SET(raw_flip, 1), "quote-signature"},
	{"value", HCL_SET(value_flip, 1), "pcr-digest"},
	{"16 and 23 alone", HCL_SET(mask, 0x810000), "pcr-selection-empty"},
};

static void t025_t022_single_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(changes); i++) {
		COF_AUTO_PTR(azure) a = azure_new();
		hcl_set(&a->hcl, &changes[i]);
		assert_azure(a, changes[i].label, changes[i].check);
	}
}

/* A genuine report of a genuine machine, and the attacker's key beside it. */
static void t025_swapped_key_with_a_genuine_report(void **state)
{
	(void)state;
	static cof_verdict v;
	uint8_t data[64];
	COF_AUTO_PTR(azure) a = azure_new();
	make(a);
	/* the runtime data is another's, and so is the quote; the hardware report stays */
	a->hcl.ak = a->hcl.signer = other;
	hcl_make_variable(&a->hcl, data);
	hcl_make_report(&a->hcl);
	hcl_make_quote(&a->hcl);
	judge(a, &v);
	hcl_assert(&v, "swapped", "report-data-binding");
	/* and such a key is not even tried */
	bool tried = false;
	for (size_t i = 0; i < v.checks.n; i++)
		tried |= strcmp(v.checks.list[i].name, "quote-signature") == 0 && v.checks.list[i].passed;
	assert_false(tried);
	cof_verdict_release(&v);
	COF_AUTO_PTR(azure) b = azure_new();
	b->hcl.signer = other;
	assert_azure(b, "a quote by another key", "quote-signature");
	COF_AUTO_PTR(azure) c = azure_new();
	c->hcl.ak = c->hcl.signer = short_key;
	assert_azure(c, "an AK of 1024 bits", "hcl-ak");
}

static void t022_the_hardware_report_comes_first(void **state)
{
	(void)state;
	static const char *const roles[] = {"vek", "intermediate", "root"};
	static const char *const checks[] = {"vek-certificate", "intermediate-certificate", "root-certificate"};
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		COF_AUTO_PTR(azure) a = azure_new();
		a->leave_out = roles[i];
		assert_azure(a, roles[i], checks[i]);
	}
	COF_AUTO_PTR(azure) flip = azure_new();
	flip->snp.after = 0x90;
	assert_azure(flip, "changed after it was signed", "report-signature");
	COF_AUTO_PTR(azure) vmpl = azure_new();
	soft_put(vmpl->snp.report, 0x30, 2, 4);
	assert_azure(vmpl, "not the paravisor's own level", "vmpl");
	vmpl->policy = "{\"snp\":{\"vmpl\":2}}";
	assert_azure(vmpl, "the level that the owner named", NULL);
	COF_AUTO_PTR(azure) debug = azure_new();
	soft_put(debug->snp.report, 8, 0xb001f, 8);
	assert_azure(debug, "a guest that the host may read", "debug-allowed");
	COF_AUTO_PTR(azure) root = azure_new();
	root->snp.root.by = root->snp.root.key = keys.stranger;
	assert_azure(root, "another's root", "intermediate-signature");
}

static void t024_single_demands(void **state)
{
	(void)state;
	static const struct {
		const char *policy, *check;
	} demands[] = {
		{"{\"nonce\":\"08\"}", "nonce"},
		{"{\"tee\":\"tdx\"}", "tee-mismatch"},
		{"{\"vm_unique_id\":\"AB-2\"}", "vm-unique-id"},
		{"{\"user_data\":\"" HCL_USER_DATA "\"}", NULL},
		{"{\"user_data\":\"0011111111111111111111111111111111111111111111111111111111111111"
		 "2222222222222222222222222222222222222222222222222222222222222222\"}",
		 "user-data"},
		{"{\"snp\":{\"min_guest_svn\":3}}", "guest-svn"},
		{"{\"snp\":{\"products\":[\"Genoa\"]}}", "product-not-allowed"},
		{"{\"require_collateral\":true,\"tdx\":{}}", NULL},
		{"{\"require_event_log\":true}", "eventlog-missing"},
		{"{\"required_pcrs\":{\"sha384\":[0]}}", "required-pcr-missing"},
	};
	for (size_t i = 0; i < COF_COUNT(demands); i++) {
		COF_AUTO_PTR(azure) a = azure_new();
		a->policy = demands[i].policy;
		assert_azure(a, demands[i].policy, demands[i].check);
	}
	COF_AUTO_PTR(azure) a = azure_new();
	a->hcl.claims = "{\"keys\":[]}";
	a->policy = "{\"user_data\":\"" HCL_USER_DATA "\"}";
	assert_azure(a, "no user data", "user-data");
	a->policy = "{\"vm_unique_id\":\"AB-1\"}";
	assert_azure(a, "no configuration", "vm-unique-id");
}

static void half_a_policy_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"snp\":[]}",
		"{\"snp\":{\"vmpl\":\"0\"}}",
		"{\"snp\":{\"word\":0}}",
		"{\"tdx\":{\"word\":0}}",
		"{\"tdx\":1}",
		"{\"tee\":\"sgx\"}",
		"{\"tee\":1}",
		"{\"vm_unique_id\":1}",
		"{\"user_data\":\"11\"}",
		"{\"user_data\":1}",
		"{\"require_collateral\":1}",
		"{\"trust_ak\":false}",
		"{\"ak_names\":[]}",
		"{\"ek_names\":[]}",
		"{\"require_ek\":true}",
		"{\"require_ek_crl\":true}",
		"{\"require_activation\":true}",
		"{\"word\":1}",
	};
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(azure) a = azure_new();
	make(a);
	cof_role_file files[HCL_FILES];
	hcl_files(&a->hcl, files);
	assert_ok(cof_kind_find("azure-hcl", &kind, &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		static cof_verdict v;
		cof_err err = {0};
		COF_AUTO_PTR(json_t) policy = json_loads(bad[i], 0, NULL);
		const cof_verify_in in = {.files = files, .n_files = HCL_FILES, .policy = policy, .now = SOFT_NOW};
		if (cof_verify(kind, &in, &v, &err) >= 0 || !cof_err_is(&err, "policy-word"))
			fail_msg("%s: %s", bad[i], err.reason);
	}
}

static void t079_every_truncation(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(azure) a = azure_new();
	make(a);
	size_t len = a->hcl.report.len;
	for (size_t n = 0; n<len - 100; n += n> 64 && n < 1200 ? 61 : 1) {
		a->hcl.report.len = n;
		judge(a, &v);
		hcl_assert(&v, "cut", "hcl-malformed");
		cof_verdict_release(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_one),
		cmocka_unit_test(t025_t022_single_members),
		cmocka_unit_test(t025_swapped_key_with_a_genuine_report),
		cmocka_unit_test(t022_the_hardware_report_comes_first),
		cmocka_unit_test(t024_single_demands),
		cmocka_unit_test(half_a_policy_is_none),
		cmocka_unit_test(t079_every_truncation),
	};
	soft_keys_make(&keys);
	ak = EVP_RSA_gen(2048);
	other = EVP_RSA_gen(2048);
	short_key = EVP_RSA_gen(1024);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(ak);
	EVP_PKEY_free(other);
	EVP_PKEY_free(short_key);
	soft_keys_drop(&keys);
	return failed;
}
