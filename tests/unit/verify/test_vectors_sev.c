/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_sev.h"
#include "tests/unit/verify/walk.h"

#include "attestation/verify/sev_chain.h"

static void every_case(void **state)
{
	(void)state;
	static const char *const kinds[] = {"sev-legacy-chain", "sev-legacy-kat", NULL};
	walk_kinds(kinds, 2);
}

static void read_root(const char *line, cof_buf *ret)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/evidence/roots/amd/%s/ark.der", vectors_dir(), line));
	assert_ok(cof_file_read(path, 8192, ret, &err));
}

/* AMD's key in this format is known; somebody who has the key's public half alone signs nothing. */
static void amd_keys_are_known(void **state)
{
	(void)state;
	static const char *const lines[] = {"milan", "genoa", "turin"};
	static cof_checks checks;
	EVP_PKEY *stranger = EVP_RSA_gen(4096);
	for (size_t i = 0; i < COF_COUNT(lines); i++) {
		COF_AUTO(cof_buf) der = {0};
		COF_AUTO(cof_buf) ark = {0};
		COF_AUTO(cof_sev_chain) chain = {0};
		read_root(lines[i], &der);
		const uint8_t *at = der.data;
		X509 *x = d2i_X509(NULL, &at, (long)der.len);
		const soft_sev_ca ca = {.version = 1, .key = X509_get0_pubkey(x), .by = stranger, .salt = -1};
		soft_sev_ca_make(&ca, &ark);
		const cof_sev_chain_in in = {.ark = cof_buf_span(&ark)};
		checks = (cof_checks){0};
		assert_ok(cof_sev_chain_check(&in, &checks, &chain, &err));
		assert_int_not_equal(chain.line, COF_SNP_LINE_NONE);
		assert_false(cof_checks_passed(&checks));
		X509_free(x);
	}
	EVP_PKEY_free(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_case), cmocka_unit_test(amd_keys_are_known)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
