/* SPDX-License-Identifier: Apache-2.0 */
/* The rules by which platform, TDX module and quoting enclave become one status. */
#include "tests/unit/verify/soft_tdx.h"

#include "attestation/verify/tdx_tcb.h"

typedef struct platform {
	soft_tdx t;
	cof_tdx_tcb_info info;
	cof_tdx_qe_identity identity;
	cof_tdx_pck pck;
	cof_tdx_quote quote;
	cof_tdx_tcb tcb;
} platform;

/* The good platform of soft_tdx.h, of which texts, bytes and SVNs can be changed before judge(). */
static void start(platform *p)
{
	static soft_tdx keys;
	if (keys.keys[0] == NULL)
		soft_keys(&keys);
	*p = (platform){.pck = {.components = {7, 7, 2, 2}, .pcesvn = 11}};
	soft_start(&p->t, &keys);
	soft_add(&p->t.chain, "PEM");
}

static void judge(platform *p)
{
	soft_put_quote(&p->t);
	assert_ok(cof_tdx_quote_parse(cof_buf_span(&p->t.quote), &p->quote, &err));
	assert_ok(cof_tdx_tcb_info_parse(cof_buf_span(&p->t.info), &p->info, &err));
	assert_ok(cof_tdx_qe_identity_parse(cof_buf_span(&p->t.identity), &p->identity, &err));
	const cof_tdx_tcb_in in = {&p->info, &p->identity, &p->pck, &p->quote};
	cof_tdx_tcb_judge(&in, &p->tcb);
}

static void drop(platform *p)
{
	soft_drop(&p->t);
	cof_tdx_tcb_info_release(&p->info);
	cof_tdx_qe_identity_release(&p->identity);
}

static void assert_status(platform *p, const char *status)
{
	judge(p);
	assert_string_equal(cof_tdx_status_name(p->tcb.status), status);
	drop(p);
}

static void put_svn(platform *p, size_t component, uint8_t then, uint8_t now)
{
	p->t.body.data[AT_SVN + component] = then;
	p->t.body.data[AT_SVN2 + component] = now;
}

static void first_level_says(platform *p, const char *status)
{
	COF_AUTO(cof_buf) to = {0};
	assert_ok(cof_buf_printf(&to, &err, "\"%s\",\"adv", status));
	soft_replace(&p->t.info, "\"UpToDate\",\"adv", cof_buf_str(&to));
}

static void up_to_date(void **state)
{
	(void)state;
	platform p;
	start(&p);
	judge(&p);
	assert_int_equal(p.tcb.status, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.platform, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.sgx_level, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.module, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.qe, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.evaluation, 20);
	drop(&p);
}

/* T-20: each component by one, in certificate and module: never up to date. */
static void t020_each_component_lower(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		platform p;
		start(&p);
		p.pck.components[i]--;
		judge(&p);
		assert_int_equal(p.tcb.status, i < 2 ? COF_TDX_OUT_OF_DATE : COF_TDX_REVOKED);
		drop(&p);
	}
	platform p;
	start(&p);
	p.pck.pcesvn = 10;
	assert_status(&p, "OutOfDate");
	start(&p);
	p.pck.pcesvn = 4;
	assert_status(&p, "NotSupported");
	start(&p);
	put_svn(&p, 2, 5, 5);
	assert_status(&p, "OutOfDate");
}

/* Every one of the 16 counts: the last as well as the first. */
static void t020_all_sixteen_components(void **state)
{
	(void)state;
	platform p;
	start(&p);
	soft_replace(&p.t.info, "{\"svn\":0}],\"pcesvn\":11", "{\"svn\":1}],\"pcesvn\":11");
	assert_status(&p, "OutOfDate");
	start(&p);
	soft_replace(&p.t.info, "{\"svn\":0}]},", "{\"svn\":1}]},");
	assert_status(&p, "OutOfDate");
	start(&p);
	soft_replace(&p.t.info, "{\"svn\":0}]},", "{\"svn\":1}]},");
	put_svn(&p, 15, 1, 1);
	assert_status(&p, "UpToDate");
}

/* A module without an identity of its own is judged by components 0 and 1. */
static void module_of_version_0(void **state)
{
	(void)state;
	platform p;
	start(&p);
	put_svn(&p, 1, 0, 0);
	judge(&p);
	assert_int_equal(p.tcb.status, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.module, COF_TDX_NO_STATUS);
	drop(&p);
	start(&p);
	put_svn(&p, 1, 0, 0);
	put_svn(&p, 0, 4, 4);
	assert_status(&p, "Revoked");
	start(&p);
	put_svn(&p, 1, 0, 0);
	p.t.body.data[AT_MR_SIGNER_SEAM] = 1;
	assert_status(&p, "ModuleMismatch");
}

/* An old platform stays old under a new module. */
static void t020_module_does_not_cover_up_the_platform(void **state)
{
	(void)state;
	platform p;
	start(&p);
	p.pck.components[0] = 6;
	judge(&p);
	assert_int_equal(p.tcb.module, COF_TDX_UP_TO_DATE);
	assert_int_equal(p.tcb.platform, COF_TDX_OUT_OF_DATE);
	assert_int_equal(p.tcb.status, COF_TDX_OUT_OF_DATE);
	drop(&p);
}

static void configuration_and_old_module(void **state)
{
	(void)state;
	platform p;
	start(&p);
	first_level_says(&p, "ConfigurationNeeded");
	put_svn(&p, 0, 3, 3);
	assert_status(&p, "OutOfDateConfigurationNeeded");
	start(&p);
	first_level_says(&p, "ConfigurationAndSWHardeningNeeded");
	p.t.qe.data[QE_SVN] = 2;
	assert_status(&p, "OutOfDateConfigurationNeeded");
	start(&p);
	first_level_says(&p, "SWHardeningNeeded");
	put_svn(&p, 0, 3, 3);
	assert_status(&p, "OutOfDate");
}

/* ---- relaunch ---- */

static void relaunch(void **state)
{
	(void)state;
	platform p;
	start(&p);
	put_svn(&p, 0, 3, 5);
	assert_status(&p, "TDRelaunchAdvised");
	start(&p);
	first_level_says(&p, "SWHardeningNeeded");
	put_svn(&p, 0, 3, 5);
	assert_status(&p, "TDRelaunchAdvised");
	start(&p);
	first_level_says(&p, "ConfigurationNeeded");
	put_svn(&p, 0, 3, 5);
	assert_status(&p, "TDRelaunchAdvisedConfigurationNeeded");
	/* to a module of version 0 */
	start(&p);
	put_svn(&p, 0, 3, 5);
	put_svn(&p, 1, 1, 0);
	assert_status(&p, "TDRelaunchAdvised");
}

static void t020_no_relaunch(void **state)
{
	(void)state;
	platform p;
	/* what is loaded now is old too: its SVN, its microcode, or a module that nobody knows */
	start(&p);
	put_svn(&p, 0, 3, 4);
	assert_status(&p, "OutOfDate");
	start(&p);
	put_svn(&p, 0, 3, 5);
	put_svn(&p, 2, 6, 5);
	assert_status(&p, "OutOfDate");
	start(&p);
	put_svn(&p, 0, 3, 9);
	put_svn(&p, 1, 1, 2);
	assert_status(&p, "OutOfDate");
	/* the platform is old as well */
	start(&p);
	put_svn(&p, 0, 3, 5);
	p.pck.components[0] = 6;
	assert_status(&p, "OutOfDate");
	/* the quoting enclave is old, or worse */
	start(&p);
	put_svn(&p, 0, 3, 5);
	p.t.qe.data[QE_SVN] = 2;
	assert_status(&p, "OutOfDate");
	start(&p);
	put_svn(&p, 0, 3, 5);
	p.t.qe.data[QE_SVN] = 1;
	assert_status(&p, "Revoked");
	/* a revoked module is not cured */
	start(&p);
	put_svn(&p, 0, 2, 5);
	assert_status(&p, "Revoked");
}

/* A report 1.0 does not say what is loaded now. */
static void t020_no_relaunch_for_a_report_1_0(void **state)
{
	(void)state;
	platform p;
	start(&p);
	put_svn(&p, 0, 3, 5);
	p.t.body.len -= 64;
	p.t.body.data[48] = 2;
	p.t.body.data[50] = 584 & 0xff;
	assert_status(&p, "OutOfDate");
}

static void advisories_sorted_and_once(void **state)
{
	(void)state;
	platform p;
	json_t *o = NULL;
	start(&p);
	soft_replace(&p.t.identity, "\"UpToDate\"}", "\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-00001\",\"A\"]}");
	judge(&p);
	assert_ok(cof_tdx_tcb_json(&p.tcb, &o, &err));
	const json_t *list = json_object_get(o, "advisories");
	assert_int_equal(json_array_size(list), 3);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "A");
	assert_string_equal(json_string_value(json_array_get(list, 1)), "INTEL-SA-00001");
	json_decref(o);
	drop(&p);
}

static void times(void **state)
{
	(void)state;
	static const char *const bad[] = {"",
					  "2027-01-01",
					  "2027-01-01T00:00:00",
					  "2027-01-01T00:00:00Zz",
					  "2027-01-01T00:00:00.0Z",
					  " 2027-01-01T00:00:00Z",
					  "2027-02-29T00:00:00Z",
					  "2027-1-1T0:0:0Z",
					  "2027-01-01T24:00:00Z",
					  "2027-01-01T00:00:00+00:00"};
	int64_t t = 0;
	assert_ok(cof_tdx_time_parse("2027-01-15T08:00:00Z", &t, &err));
	assert_int_equal(t, SOFT_NOW);
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_tdx_time_parse(bad[i], &t, &err), "json-type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_to_date),
		cmocka_unit_test(t020_each_component_lower),
		cmocka_unit_test(t020_all_sixteen_components),
		cmocka_unit_test(module_of_version_0),
		cmocka_unit_test(t020_module_does_not_cover_up_the_platform),
		cmocka_unit_test(configuration_and_old_module),
		cmocka_unit_test(relaunch),
		cmocka_unit_test(t020_no_relaunch),
		cmocka_unit_test(t020_no_relaunch_for_a_report_1_0),
		cmocka_unit_test(advisories_sorted_and_once),
		cmocka_unit_test(times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
