/* SPDX-License-Identifier: Apache-2.0 */
/* Where a service may be, and when it may be asked again. What it does is test_fetch.c's. */
#include "attestation/endorsements/service.h"
#include "tests/unit/kbs/tmpdir.h"

static int check(const char *url, cof_err *err)
{
	COF_AUTO_PTR(cof_service) s = NULL;
	const cof_service_opts o = {.base = {[COF_SERVICE_PCCS] = url}};
	return cof_service_new(&o, NULL, &s, err);
}

static void t072_a_service_is_where_its_owner_said(void **state)
{
	(void)state;
	const char *const good[] = {"https://kds.example", "https://kds.example:8443",
				    "https://10.1.2.3",	   "https://mirror.example/amd/kds",
				    "http://127.0.0.1",	   "http://127.0.0.1:8081",
				    "http://[::1]:8081",   "https://[2001:db8::1]:8443"};
	const char *const bad[] = {"",
				   "kds.example",
				   "http://kds.example",
				   "http://localhost",
				   "http://127.0.0.1.kds.example",
				   "http://127.0.0.10",
				   "http://127.0.0.1@kds.example",
				   "http://127.0.0.1:80@kds.example",
				   "https://user@kds.example",
				   "https://",
				   "https:///path",
				   "https://kds.example/",
				   "https://kds.example:",
				   "https://kds.example:123456",
				   "https://kds.example:x",
				   "https://kds.example?x",
				   "https://kds.example/x?y=1",
				   "https://kds.example/x#y",
				   "https://kds.example/ x",
				   "https://kds.example\r\nX: y",
				   "https://[::1",
				   "https://[]",
				   "ftp://127.0.0.1",
				   "file:///etc/passwd",
				   "HTTPS://kds.example"};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		assert_ok(check(good[i], &err));
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(check(bad[i], &err), "service-url");
	char large[300] = "https://";
	memset(large + 8, 'a', sizeof large - 9);
	large[sizeof large - 1] = '\0';
	assert_fails(check(large, &err), "service-url");
}

static void each_type_has_its_service(void **state)
{
	(void)state;
	const cof_service_opts o = {0};
	const cof_service_opts mirror = {.base = {[COF_SERVICE_PCCS] = "https://pccs.example"}};
	COF_AUTO_PTR(cof_service) s = NULL;
	COF_AUTO_PTR(cof_service) m = NULL;
	assert_ok(cof_service_new(&o, NULL, &s, &err));
	assert_string_equal(cof_service_base(s, COF_ENDORSE_SNP_VCEK), COF_ENDORSE_KDS);
	assert_string_equal(cof_service_base(s, COF_ENDORSE_TDX_TCB_INFO), COF_ENDORSE_PCS);
	assert_string_equal(cof_service_base(s, COF_ENDORSE_TDX_ROOT_CRL), COF_ENDORSE_PCS_ROOT);
	assert_ok(cof_service_new(&mirror, NULL, &m, &err));
	assert_string_equal(cof_service_base(m, COF_ENDORSE_SNP_CRL), COF_ENDORSE_KDS);
	assert_string_equal(cof_service_base(m, COF_ENDORSE_TDX_ROOT_CRL), "https://pccs.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t072_a_service_is_where_its_owner_said),
		cmocka_unit_test(each_type_has_its_service),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
