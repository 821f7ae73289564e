/* SPDX-License-Identifier: Apache-2.0 */
/* CoMID and concise evidence by themselves. */
#include "tests/unit/token/make_token.h"

#define ENV "a100a1016161"
#define RECORD "82" ENV "81a101a10101"
#define COMID                                                                                                          \
	"a201a10061610"                                                                                                \
	"4a10081" RECORD
#define SWID                                                                                                           \
	"82" ENV "81a20061610"                                                                                         \
	"1a11001"

static void judged(const char *kind, const char *role, const char *hex, const char *reason)
{
	COF_AUTO(cof_buf) b = {0};
	hex_bytes(hex, &b);
	const ask a = {.kind = kind, .role = role, .token = cof_buf_span(&b)};
	if (reason == NULL)
		assert_accepted(&a);
	else
		assert_refused(&a, reason, "parse");
}

static void comids(void **state)
{
	(void)state;
	judged("comid", "comid", COMID, NULL);
	judged("comid", "comid", "", "cbor-malformed");
	judged("comid", "comid", COMID "00", "cbor-malformed");
	judged("comid", "comid", "d901fa" COMID, "comid-malformed");
	judged("comid", "comid", "a0", "comid-malformed");
}

static void evidence(void **state)
{
	(void)state;
	static const char *const good[] = {"d9023ba100a10081" RECORD, "d9023ba100a10481" SWID,
					   "d9023ba100a20081" RECORD "0481" SWID, "d9023ba200a10081" RECORD "0101"};
	static const char *const bad[] = {"a100a10081" RECORD,
					  "d9023aa100a10081" RECORD,
					  "d9023ba0",
					  "d9023b80",
					  "d9023ba100a0",
					  "d9023ba10101",
					  "d9023ba100a10080",
					  "d9023ba100a1008101",
					  "d9023ba100a10081"
					  "82" ENV "80",
					  "d9023ba100a10981" RECORD,
					  "d9023ba200a10081" RECORD "0300",
					  "d9023ba100a10480",
					  "d9023ba100a1048182" ENV "80",
					  "d9023ba100a1048182" ENV "81a1006161",
					  "d9023ba100a1048182" ENV "81a200616101a0",
					  "d9023ba100a1048182" ENV "81a300616101a110010280"};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		judged("concise-evidence", "ce", good[i], NULL);
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		judged("concise-evidence", "ce", bad[i], "evidence-malformed");
}

static void decoded_only_and_without_policy(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_verdict *v = verdict_new();
	hex_bytes(COMID, &b);
	ask a = {.kind = "comid", .role = "comid", .token = cof_buf_span(&b)};
	assert_ok(verdict_on(&a, v, &err));
	assert_true(v->accepted && v->decoded_only);
	cof_verdict_release(v);
	a.policy = "{\"vmpl\":0}";
	assert_fails(verdict_on(&a, v, &err), "policy-word");
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comids),
		cmocka_unit_test(evidence),
		cmocka_unit_test(decoded_only_and_without_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
