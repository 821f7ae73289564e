/* SPDX-License-Identifier: Apache-2.0 */
/* SEV chains as a whole: every byte counts, every size, every place; and what may differ. */
#include "tests/unit/verify/soft_sev.h"

static soft_sev own;
static cof_checks checks;

static void judge(void)
{
	COF_AUTO(cof_sev_chain) chain = {0};
	const cof_sev_chain_in in = soft_sev_in(&own);
	checks = (cof_checks){0};
	assert_ok(cof_sev_chain_check(&in, &checks, &chain, &err));
}

static bool failed(const char *name)
{
	return soft_sev_failed(&checks, name);
}

/* ---- bytes that are changed afterwards ---- */

static const char *const names[SOFT_SEV_FILES] = {"ark", "ask", "cek", "oca", "pek", "pdh"};

/* Every byte counts: what is signed, who signed, the signatures and what lies behind them. */
static void every_byte(void **state)
{
	(void)state;
	soft_sev_make(&own);
	for (size_t f = 0; f < SOFT_SEV_FILES; f++) {
		for (size_t at = f; at < own.files[f].len; at += 47) {
			own.files[f].data[at] ^= 1;
			judge();
			if (cof_checks_passed(&checks))
				fail_msg("%s: byte %zu does not count", names[f], at);
			own.files[f].data[at] ^= 1;
		}
	}
	judge();
	assert_true(cof_checks_passed(&checks));
}

/* R and S of nothing, and from the order on; the other S of a signature is another signature, and holds. */
static void numbers_out_of_range(void **state)
{
	(void)state;
	uint8_t *sig;
	BIGNUM *order = NULL;
	soft_sev_make(&own);
	sig = own.files[SOFT_SEV_PDH].data + 0x414 + 8;
	assert_int_equal(EVP_PKEY_get_bn_param(own.pek_key, OSSL_PKEY_PARAM_EC_ORDER, &order), 1);
	BIGNUM *s = BN_lebin2bn(sig + 72, 72, NULL), *other = BN_new();
	assert_int_equal(BN_sub(other, order, s), 1);
	assert_int_equal(BN_bn2lebinpad(other, sig + 72, 72), 72);
	judge();
	assert_true(cof_checks_passed(&checks));
	assert_int_equal(BN_add(other, order, s), 1);
	assert_int_equal(BN_bn2lebinpad(other, sig + 72, 72), 72);
	judge();
	assert_true(failed("pdh-by-pek"));
	for (size_t half = 0; half < 2; half++) {
		soft_sev_make(&own);
		sig = own.files[SOFT_SEV_PDH].data + 0x414 + 8 + 72 * half;
		memset(sig, 0, 72);
		judge();
		assert_true(failed("pdh-by-pek"));
		assert_int_equal(BN_bn2lebinpad(order, sig, 72), 72);
		judge();
		assert_true(failed("pdh-by-pek"));
	}
	BN_free(order);
	BN_free(s);
	BN_free(other);
}

static void sizes(void **state)
{
	(void)state;
	soft_sev_make(&own);
	for (size_t f = 0; f < SOFT_SEV_FILES; f++) {
		char name[32];
		cof_buf whole = own.files[f];
		(void)snprintf(name, sizeof name, "%s-certificate", names[f]);
		for (size_t len = 0; len < whole.len; len += len < 4 ? 1 : 131) {
			own.files[f].len = len;
			judge();
			assert_true(failed(name));
		}
		own.files[f].len = whole.len;
		assert_ok(cof_buf_add(&own.files[f], "", 1, &err));
		judge();
		assert_true(failed(name));
		own.files[f].len--;
	}
	judge();
	assert_true(cof_checks_passed(&checks));
}

/* Sizes of AMD's numbers that others may have: never read as a smaller or larger key. */
static void sizes_of_numbers(void **state)
{
	(void)state;
	static const uint32_t bad[] = {1, 8, 1024, 2040, 2047, 2049, 3072, 4096, 8192, 0x80000000, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		own.ask.exponent_bits = bad[i];
		soft_sev_make(&own);
		judge();
		assert_true(failed("ask-certificate"));
		own.ask.modulus_bits = bad[i];
		soft_sev_make(&own);
		judge();
		assert_true(failed("ask-certificate"));
		soft_sev_reset(&own);
	}
}

/* Certificates of one another's places. */
static void swapped(void **state)
{
	(void)state;
	soft_sev_make(&own);
	for (size_t a = SOFT_SEV_CEK; a < SOFT_SEV_FILES; a++) {
		for (size_t b = a + 1; b < SOFT_SEV_FILES; b++) {
			char usage[32];
			cof_buf held = own.files[a];
			(void)snprintf(usage, sizeof usage, "%s-usage", names[a]);
			own.files[a] = own.files[b];
			own.files[b] = held;
			judge();
			assert_true(failed(usage));
			own.files[b] = own.files[a];
			own.files[a] = held;
		}
	}
	cof_buf held = own.files[SOFT_SEV_ARK];
	own.files[SOFT_SEV_ARK] = own.files[SOFT_SEV_ASK];
	own.files[SOFT_SEV_ASK] = held;
	judge();
	assert_true(failed("ark-usage") && failed("ask-usage"));
	own.files[SOFT_SEV_ASK] = own.files[SOFT_SEV_ARK];
	own.files[SOFT_SEV_ARK] = held;
}

/* A platform of the same owner and AMD, with a PDH of another one. */
static void t022_another_platforms_key(void **state)
{
	(void)state;
	soft_sev_make(&own);
	EVP_PKEY *cek = own.cek_key, *pek = own.pek_key;
	COF_AUTO(cof_buf) pdh = own.files[SOFT_SEV_PDH];
	own.files[SOFT_SEV_PDH] = (cof_buf){0};
	own.cek_key = EVP_EC_gen("P-384");
	own.pek_key = EVP_EC_gen("P-384");
	soft_sev_reset(&own);
	soft_sev_make(&own);
	judge();
	assert_true(cof_checks_passed(&checks));
	cof_buf_release(&own.files[SOFT_SEV_PDH]);
	own.files[SOFT_SEV_PDH] = pdh;
	pdh = (cof_buf){0};
	judge();
	assert_true(failed("pdh-by-pek"));
	assert_int_equal(checks.failed, 1);
	EVP_PKEY_free(own.cek_key);
	EVP_PKEY_free(own.pek_key);
	own.cek_key = cek;
	own.pek_key = pek;
	soft_sev_reset(&own);
}

/* ---- what may differ ---- */

static void what_is_fine(void **state)
{
	(void)state;
	/* Either signer of a PEK may come first. */
	soft_sev_signer held = own.pek.by[0];
	own.pek.by[0] = own.pek.by[1];
	own.pek.by[1] = held;
	soft_sev_make(&own);
	judge();
	assert_true(cof_checks_passed(&checks));
	soft_sev_reset(&own);
	/* An owner's CA may have an RSA key. */
	own.oca.algo = COF_SEV_RSA_SHA256;
	own.oca.key = own.stranger_rsa;
	own.oca.by[0] = own.pek.by[0] = (soft_sev_signer){COF_SEV_OCA, COF_SEV_RSA_SHA256, own.stranger_rsa, "SHA256"};
	soft_sev_make(&own);
	judge();
	assert_true(cof_checks_passed(&checks));
	own.oca.key_flip = 4 + 512 + 256;
	soft_sev_make(&own);
	judge();
	assert_true(failed("oca-key"));
	soft_sev_reset(&own);
	/* And hashes of 384 bits. */
	own.cek.algo = own.pek.by[1].algo = COF_SEV_ECDSA_SHA384;
	own.pek.by[1].hash = "SHA384";
	own.pdh.algo = COF_SEV_ECDH_SHA384;
	soft_sev_make(&own);
	judge();
	assert_true(cof_checks_passed(&checks));
	soft_sev_reset(&own);
}

static void large_keys(void **state)
{
	(void)state;
	soft_sev *large = calloc(1, sizeof *large);
	COF_AUTO(cof_sev_chain) chain = {0};
	soft_sev_new(large, 4096);
	cof_sev_chain_in in = soft_sev_in(large);
	checks = (cof_checks){0};
	assert_ok(cof_sev_chain_check(&in, &checks, &chain, &err));
	assert_true(cof_checks_passed(&checks));
	assert_int_equal(chain.line, COF_SNP_LINE_NONE);
	/* An ASK of one size below an ARK of the other. */
	COF_AUTO(cof_sev_chain) mixed = {0};
	in.ask = cof_buf_span(&own.files[SOFT_SEV_ASK]);
	checks = (cof_checks){0};
	assert_ok(cof_sev_chain_check(&in, &checks, &mixed, &err));
	assert_true(failed("ask-size"));
	soft_sev_drop(large);
	free(large);
}

static int setup(void **state)
{
	(void)state;
	soft_sev_new(&own, 2048);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_sev_drop(&own);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte),	cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(sizes),	cmocka_unit_test(sizes_of_numbers),
		cmocka_unit_test(swapped),	cmocka_unit_test(t022_another_platforms_key),
		cmocka_unit_test(what_is_fine), cmocka_unit_test(large_keys),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
