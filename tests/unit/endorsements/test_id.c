/* SPDX-License-Identifier: Apache-2.0 */
/* Names of endorsements: one for each, and nothing else is one. */
#include "attestation/endorsements/id.h"
#include "tests/unit/test.h"

#define HEX64                                                                                                          \
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"                                             \
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static const char *const names[] = {
	"snp/chain/vcek/Milan",
	"snp/chain/vlek/Genoa",
	"snp/crl/vcek/Turin",
	"snp/vcek/Milan/" HEX64 "/4.0.24.219",
	"snp/vcek/Genoa/" HEX64 "/0.0.0.0",
	"snp/vcek/Turin/0001020304050607/1.255.0.3.72",
	"tdx/tcb-info/00806f050000",
	"tdx/qe-identity",
	"tdx/pck-crl/platform",
	"tdx/pck-crl/processor",
	"tdx/root-crl",
};

static void names_come_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		cof_endorse_id id = {0};
		char again[COF_ENDORSE_NAME_MAX];
		assert_ok(cof_endorse_name_parse(cof_span_str(names[i]), &id, &err));
		cof_endorse_name(&id, again);
		assert_string_equal(again, names[i]);
	}
}

static void nothing_else_is_a_name(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"/",
		"snp",
		"snp/",
		"snp/chain",
		"snp/chain/vcek/",
		"snp/chain/vcek/Rome",
		"snp/chain/VCEK/Milan",
		"snp/chain/vcek/Milan/",
		"snp/chain/vcek/Milan/x",
		"snp/vcek/Milan/" HEX64,
		"snp/vcek/Milan/" HEX64 "/4.0.24",
		"snp/vcek/Milan/" HEX64 "/4.0.24.219.1",
		"snp/vcek/Milan/" HEX64 "/4.0.24.256",
		"snp/vcek/Milan/" HEX64 "/04.0.24.219",
		"snp/vcek/Milan/" HEX64 "/4.0.24.-1",
		"snp/vcek/Milan/0001020304050607/4.0.24.219",
		"snp/vcek/Turin/" HEX64 "/1.4.0.24.219",
		"snp/vcek/Turin/0001020304050607/4.0.24.219",
		"tdx/tcb-info/00806F050000",
		"tdx/tcb-info/00806f0500",
		"tdx/tcb-info/../../x",
		"tdx/pck-crl",
		"tdx/pck-crl/root",
		"tdx/root-crl/",
		"tdx/anything",
		"../tdx/root-crl",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_endorse_id id = {0};
		assert_fails(cof_endorse_name_parse(cof_span_str(bad[i]), &id, &err), "endorsement-name");
	}
	cof_endorse_id id = {0};
	assert_fails(cof_endorse_name_parse(cof_span_of("tdx/root-crl\0", 13), &id, &err), "endorsement-name");
}

/* Every change of one byte of a name is no name, or another's. */
static void no_two_write_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		char text[COF_ENDORSE_NAME_MAX], again[COF_ENDORSE_NAME_MAX];
		for (size_t at = 0; at < strlen(names[i]); at++) {
			for (int c = 0; c < 256; c++) {
				cof_endorse_id id = {0};
				(void)strcpy(text, names[i]);
				text[at] = (char)c;
				if (cof_endorse_name_parse(cof_span_of(text, strlen(names[i])), &id, NULL) < 0)
					continue;
				cof_endorse_name(&id, again);
				assert_string_equal(again, text);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_back),
		cmocka_unit_test(nothing_else_is_a_name),
		cmocka_unit_test(no_two_write_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
