/* SPDX-License-Identifier: Apache-2.0 */
/* What AMD's service is asked, and what of its answers is taken. */
#include "attestation/endorsements/vendor.h"
#include "tests/unit/test.h"

static void asks(const char *name, const char *want)
{
	cof_endorse_id id = {0};
	COF_AUTO(cof_buf) path = {0};
	assert_ok(cof_endorse_name_parse(cof_span_str(name), &id, &err));
	assert_ok(cof_kds_path(&id, &path, &err));
	assert_string_equal(cof_buf_str(&path), want);
}

#define HEX64                                                                                                          \
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"                                             \
	"000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static void paths_are_the_kdss(void **state)
{
	(void)state;
	asks("snp/chain/vcek/Milan", "/vcek/v1/Milan/cert_chain");
	asks("snp/chain/vlek/Genoa", "/vlek/v1/Genoa/cert_chain");
	asks("snp/crl/vcek/Turin", "/vcek/v1/Turin/crl");
	asks("snp/crl/vlek/Milan", "/vlek/v1/Milan/crl");
	asks("snp/vcek/Milan/" HEX64 "/4.0.24.219",
	     "/vcek/v1/Milan/" HEX64 "?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219");
	/* Turin: eight bytes of the chip id, and FMC first */
	asks("snp/vcek/Turin/0001020304050607/1.4.0.3.72",
	     "/vcek/v1/Turin/0001020304050607?fmcSPL=01&blSPL=04&teeSPL=00&snpSPL=03&ucodeSPL=72");
}

static void an_answer_of_another_shape_is_none(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"\n",
		"<html>later</html>",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_endorsement) e = {.id = {.type = COF_ENDORSE_SNP_CHAIN, .line = COF_SNP_MILAN}};
		COF_AUTO(cof_http_resp) resp = {.status = 200};
		assert_ok(cof_buf_add_str(&resp.body, bad[i], &err));
		assert_fails(cof_kds_take(&resp, &e, &err), "endorsement-answer");
	}
	COF_AUTO(cof_endorsement) e = {.id = {.type = COF_ENDORSE_SNP_CRL}};
	cof_http_resp empty = {.status = 200};
	assert_fails(cof_kds_take(&empty, &e, &err), "endorsement-answer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_the_kdss),
		cmocka_unit_test(an_answer_of_another_shape_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
