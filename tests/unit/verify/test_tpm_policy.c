/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/tpm_policy.h"

static soft_keys keys;

/* ---- words that nobody should have written ---- */

static void half_a_policy_is_none(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"{\"noncce\":\"00\"}",
		"{\"nonce\":\"\"}",
		"{\"nonce\":\"0\"}",
		"{\"nonce\":\"zz\"}",
		"{\"nonce\":5}",
		"{\"nonce\":null}",
		"{\"trust_ak\":1}",
		"{\"trust_ak\":\"true\"}",
		"{\"require_ek\":null}",
		"{\"require_event_log\":[]}",
		"{\"required_pcrs\":[0]}",
		"{\"required_pcrs\":{\"sha256\":[]}}",
		"{\"required_pcrs\":{\"sha256\":[24]}}",
		"{\"required_pcrs\":{\"sha256\":[-1]}}",
		"{\"required_pcrs\":{\"sha256\":[\"0\"]}}",
		"{\"required_pcrs\":{\"sha256\":7}}",
		"{\"required_pcrs\":{\"sm3\":[0]}}",
		"{\"required_pcrs\":{\"SHA256\":[0]}}",
		"{\"pcr_values\":{\"sha256\":{\"0\":\"00\"}}}",
		"{\"pcr_values\":{\"sha256\":{}}}",
		"{\"pcr_values\":{\"sha1\":{\"0\":\"0000000000000000000000000000000000000000\"}}}",
		"{\"pcr_values\":[]}",
		"{\"replay_pcrs\":{}}",
		"{\"replay_pcrs\":[]}",
		"{\"same_boot\":{}}",
		"{\"same_boot\":{\"reset_count\":1}}",
		"{\"same_boot\":{\"reset_count\":1,\"restart_count\":-1}}",
		"{\"same_boot\":{\"reset_count\":1,\"restart_count\":4294967296}}",
		"{\"same_boot\":{\"reset_count\":1,\"restart_count\":0,\"clock\":3}}",
		"{\"ak_names\":\"000b\"}",
		"{\"ak_names\":[\"000b\"]}",
		"{\"ak_names\":[7]}",
		"{\"ak_names\":[\"0004da39a3ee5e6b4b0d3255bfef95601890afd80709\"]}",
		"{\"ek_names\":{}}",
		"{\"ek_names\":[\"\"]}",
		"[]",
		"\"nonce\"",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) p = json_loads(bad[i], JSON_DECODE_ANY, NULL);
		static cof_tpm_demands d;
		cof_err err = {0};
		assert_non_null(p);
		if (cof_tpm_demands_read(p, NULL, &d, &err) >= 0 || !cof_err_is(&err, "policy-word"))
			fail_msg("%s: %s", bad[i], err.reason);
	}
	static cof_tpm_demands d;
	assert_ok(cof_tpm_demands_read(NULL, NULL, &d, &err));
}

/* T-61: user space resets these, so that who demands them believes in what anybody can write. */
static void t061_registers_that_anybody_resets_are_no_basis(void **state)
{
	(void)state;
	static const char *const formats[] = {
		"{\"required_pcrs\":{\"sha256\":[7,%d]}}", "{\"replay_pcrs\":[%d]}",
		"{\"pcr_values\":{\"sha256\":{\"%d\":"
		"\"0000000000000000000000000000000000000000000000000000000000000000\"}}}"};
	for (size_t i = 0; i < COF_COUNT(formats); i++) {
		for (int pcr = 15; pcr < 24; pcr++) {
			COF_AUTO(cof_buf) text = {0};
			static cof_tpm_demands d;
			COF_AUTO_PTR(json_t) p = NULL;
			/* one number, at one of three places */
			const char *at = strchr(formats[i], '%');
			assert_ok(cof_buf_add(&text, formats[i], (size_t)(at - formats[i]), &err));
			assert_ok(cof_buf_printf(&text, &err, "%d%s", pcr, at + 2));
			assert_ok(cof_json_parse(cof_buf_span(&text), &p, &err));
			if (pcr == 16 || pcr == 23)
				assert_fails(cof_tpm_demands_read(p, NULL, &d, &err), "policy-word");
			else
				assert_ok(cof_tpm_demands_read(p, NULL, &d, &err));
		}
	}
}

/* ---- demands that the evidence does not meet ---- */

typedef struct demand {
	const char *policy;
	const char *check;
} demand;

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define NONCE "0102030000000000000000000000000000000000000000000000000000000000"
#define SOME_NAME "000b" ZEROS

static const demand demands[] = {
	{"{\"nonce\":\"" NONCE "\"}", NULL},
	{"{\"nonce\":\"" ZEROS "\"}", "nonce"},
	{"{\"nonce\":\"010203\"}", "nonce"},
	{"{\"nonce\":\"" NONCE "00\"}", "nonce"},
	{"{\"same_boot\":{\"reset_count\":8,\"restart_count\":1}}", "reset-count"},
	{"{\"same_boot\":{\"reset_count\":6,\"restart_count\":1}}", "reset-count"},
	{"{\"same_boot\":{\"reset_count\":7,\"restart_count\":0}}", "restart-count"},
	{"{\"required_pcrs\":{\"sha256\":[0,10]}}", "required-pcr-missing"},
	{"{\"required_pcrs\":{\"sha384\":[0]}}", "required-pcr-missing"},
	{"{\"required_pcrs\":{\"sha256\":[0],\"sha1\":[0]}}", "required-pcr-missing"},
	{"{\"pcr_values\":{\"sha256\":{\"9\":\"" ZEROS "\"}}}", "pcr-value"},
	{"{\"pcr_values\":{\"sha256\":{\"11\":\"" ZEROS "\"}}}", "pcr-value"},
	{"{\"ak_names\":[]}", "ak-not-enrolled"},
	{"{\"ak_names\":[\"" SOME_NAME "\"]}", "ak-not-enrolled"},
	{"{\"ek_names\":[]}", "ek-not-enrolled"},
	{"{\"ek_names\":[\"" SOME_NAME "\"]}", "ek-not-enrolled"},
	{"{\"replay_pcrs\":[8]}", "eventlog-replay"},
	{"{\"replay_pcrs\":[0,7]}", NULL},
	{"{\"require_activation\":true}", "activation-missing"},
	{"{\"require_activation\":false}", NULL},
	{"{\"require_secure_boot\":true}", "secure-boot"},
	{"{\"require_ek\":true}", NULL},
	{"{\"require_event_log\":true,\"require_event_data\":true}", NULL},
};

static void t004_t017_single_demands(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(demands); i++) {
		static cof_verdict v;
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->policy = demands[i].policy;
		soft_quote_make(s);
		soft_judge(s, &v);
		/* one that trusts by name loses its trust with it */
		if (demands[i].check != NULL && strncmp(demands[i].check, "ek-", 3) == 0)
			assert_verdict(&v, s->policy, demands[i].check);
		else
			assert_alone(&v, s->policy, demands[i].check);
		cof_verdict_release(&v);
	}
}

static void t017_what_is_demanded_must_come(void **state)
{
	(void)state;
	static const demand absent[] = {
		{"{\"require_event_log\":true,\"trust_ak\":true}", "eventlog-missing"},
		{"{\"require_event_data\":true,\"trust_ak\":true}", "eventlog-missing"},
		{"{\"replay_pcrs\":[0],\"trust_ak\":true}", "eventlog-missing"},
		{"{\"require_secure_boot\":true,\"trust_ak\":true}", "secure-boot"},
		{"{\"require_ek\":true,\"trust_ak\":true}", "ek-missing"},
		{"{\"trust_ak\":true}", NULL},
		{"{}", "ak-untrusted"},
	};
	for (size_t i = 0; i < COF_COUNT(absent); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->send_log = s->send_ek_cert = false;
		s->policy = absent[i].policy;
		assert_quote_alone(s, s->policy, absent[i].check);
	}
}

/* ---- trust in keys ---- */

static void name_policy(const soft_area *a, EVP_PKEY *key, const char *word, cof_buf *ret)
{
	COF_AUTO(cof_buf) area = {0};
	cof_tpm_public p;
	char hex[2 * COF_TPM_NAME_MAX + 1];
	soft_put_area(a, key, &area);
	assert_ok(cof_tpm_public_parse(cof_buf_span(&area), &p, &err));
	cof_hex(cof_tpm_public_name(&p), hex);
	ret->len = 0;
	assert_ok(cof_buf_printf(ret, &err, "{\"%s\":[\"" SOME_NAME "\",\"%s\"]}", word, hex));
	assert_ok(cof_buf_add(ret, "", 1, &err));
}

static void t025_keys_enrolled_by_name(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->send_ek_cert = s->send_between = s->send_root = false;
	assert_quote_alone(s, "nobody", "ak-untrusted");
	name_policy(&s->ak_area, s->ak, "ak_names", &text);
	s->policy = (const char *)text.data;
	assert_quote(s, "AK by name", NULL);
	/* the attributes are part of the name: the same key in another dress is another AK */
	s->ak_area.attributes ^= 0x400;
	assert_quote(s, "AK of another name", "ak-not-enrolled");
	name_policy(&s->ek_area, s->ek, "ek_names", &text);
	s->policy = (const char *)text.data;
	assert_quote(s, "EK by name", NULL);
	s->ek_area.attributes ^= 0x400;
	assert_quote(s, "EK of another name", "ek-not-enrolled");
	s->send_ek_public = false;
	assert_quote(s, "EK by name without its area", "ek-not-enrolled");
}

/* A public key alone does not tell whether it signs forgeries: names and EKs cannot help. */
static void t025_a_key_without_its_area(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->send_ak_public = false;
	s->send_ak_pem = true;
	assert_quote_alone(s, "PEM and an EK", "ak-public-missing");
	s->policy = "{\"ak_names\":[\"" SOME_NAME "\"]}";
	assert_quote(s, "PEM and names", "ak-public-missing");
	s->policy = "{\"trust_ak\":true}";
	assert_quote(s, "PEM and the caller's word", NULL);
	s->other_pem = true;
	assert_quote_alone(s, "another PEM", "quote-signature");
}

static void t025_half_an_activation_is_none(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	static cof_verdict v;
	s->activate = true;
	for (int i = 0; i < 3; i++) {
		soft_quote_make(s);
		cof_role_file *credential = &s->files[s->n_files - 2], *answer = &s->files[s->n_files - 1];
		if (i == 0)
			s->n_files--;
		else if (i == 1)
			*credential = *answer;
		else
			credential->bytes.len--;
		s->n_files -= i == 1;
		soft_judge(s, &v);
		assert_alone(&v, "half", "activation-mismatch");
		cof_verdict_release(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_policy_is_none),
		cmocka_unit_test(t061_registers_that_anybody_resets_are_no_basis),
		cmocka_unit_test(t004_t017_single_demands),
		cmocka_unit_test(t017_what_is_demanded_must_come),
		cmocka_unit_test(t025_keys_enrolled_by_name),
		cmocka_unit_test(t025_a_key_without_its_area),
		cmocka_unit_test(t025_half_an_activation_is_none),
	};
	soft_keys_make(&keys);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	soft_keys_drop(&keys);
	return failed;
}
