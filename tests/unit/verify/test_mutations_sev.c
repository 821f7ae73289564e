/* SPDX-License-Identifier: Apache-2.0 */
/* SEV chains in which one field is wrong: refused, and by the check that is for it. */
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

static void print_failed(void)
{
	for (size_t i = 0; i < checks.n; i++) {
		if (!checks.list[i].passed)
			print_error("failed: %s\n", checks.list[i].name);
	}
}

/* Makes the chain of what was set, and sets everything back. */
static void refused_by(const char *name, size_t n_failed)
{
	soft_sev_make(&own);
	judge();
	if (!failed(name) || checks.failed != n_failed) {
		print_failed();
		fail_msg("not refused by %s alone, but by %zu checks", name, checks.failed);
	}
	soft_sev_reset(&own);
}

/* ---- fields that are wrong and signed so ---- */

typedef void set_fn(soft_sev *s);

typedef struct mutation {
	const char *check;
	set_fn *set;
	size_t failed;
} mutation;

#define SET(name, ...)                                                                                                 \
	static void name(soft_sev *s)                                                                                  \
	{                                                                                                              \
		__VA_ARGS__;                                                                                           \
	}

SET(ark_version, s->ark.version = 2)
SET(ark_reserved, s->ark.reserved[15] = 1)
SET(ark_usage, s->ark.usage = COF_SEV_ASK)
SET(ark_issuer, s->ark.certifying_id[0] ^= 1)
SET(ark_stranger, s->ark.by = s->stranger_rsa)
SET(ark_exponent, s->ark.exponent = 3)
SET(ark_salt, s->ark.salt = 20)
SET(ask_version, s->ask.version = 0)
SET(ask_reserved, s->ask.reserved[0] = 0x80)
SET(ask_usage, s->ask.usage = COF_SEV_ARK)
SET(ask_issuer, s->ask.certifying_id[15] ^= 1)
SET(ask_stranger, s->ask.by = s->stranger_rsa)
SET(ask_by_itself, s->ask.by = s->ask_key)
SET(ask_exponent, s->ask.exponent = 1)
SET(ask_salt, s->ask.salt = 0)
SET(cek_version, s->cek.version = 2)
SET(cek_reserved, s->cek.reserved = 0x100)
SET(cek_usage, s->cek.usage = COF_SEV_PEK)
SET(cek_ecdh, s->cek.algo = COF_SEV_ECDH_SHA256)
SET(cek_unknown_algo, s->cek.algo = 7)
SET(cek_curve, s->cek.curve = 1)
SET(cek_point, s->cek.key_flip = 4)
SET(cek_key_gap, s->cek.key_flip = 4 + 48)
SET(cek_key_end, s->cek.key_flip = COF_SEV_KEY_FIELD_LEN - 1)
SET(cek_stranger, s->cek.by[0].by = s->stranger_rsa)
SET(cek_by_ark, s->cek.by[0].by = s->ark_key)
SET(cek_by_usage, s->cek.by[0].usage = COF_SEV_ARK)
SET(cek_other_hash, (s->cek.by[0].algo = COF_SEV_RSA_SHA384, s->cek.by[0].hash = "SHA384"))
SET(cek_unsigned, s->cek.by[0] = s->cek.by[1])
SET(oca_version, s->oca.version = 0x01000000)
SET(oca_reserved, s->oca.reserved = 1)
SET(oca_usage, s->oca.usage = COF_SEV_CEK)
SET(oca_ecdh, s->oca.algo = COF_SEV_ECDH_SHA384)
SET(oca_point, s->oca.key_flip = 76)
SET(oca_stranger, s->oca.by[0].by = s->stranger)
SET(oca_twice, s->oca.by[1] = s->oca.by[0])
SET(pek_version, s->pek.version = 3)
SET(pek_reserved, s->pek.reserved = 1)
SET(pek_usage, s->pek.usage = COF_SEV_PDH)
SET(pek_point, s->pek.key_flip = 4)
SET(pek_rsa, (s->pek.algo = COF_SEV_RSA_SHA256, s->pek.key = s->stranger_rsa))
SET(pek_oca_stranger, s->pek.by[0].by = s->stranger)
SET(pek_cek_stranger, s->pek.by[1].by = s->stranger)
SET(pek_without_cek, s->pek.by[1] = s->pdh.by[1])
SET(pek_without_oca, s->pek.by[0] = s->pdh.by[1])
SET(pek_oca_twice, s->pek.by[1] = s->pek.by[0])
SET(pek_cek_hash, (s->pek.by[1].algo = COF_SEV_ECDSA_SHA384, s->pek.by[1].hash = "SHA384"))
SET(pek_cek_lies, s->pek.by[1].hash = "SHA384")
SET(pdh_version, s->pdh.version = 2)
SET(pdh_reserved, s->pdh.reserved = 0x8000)
SET(pdh_usage, s->pdh.usage = COF_SEV_OCA)
SET(pdh_ecdsa, s->pdh.algo = COF_SEV_ECDSA_SHA256)
SET(pdh_point, s->pdh.key_flip = 76)
SET(pdh_stranger, s->pdh.by[0].by = s->stranger)
SET(pdh_by_cek, s->pdh.by[0].by = s->cek_key)
SET(pdh_usage_of_signer, s->pdh.by[0].usage = COF_SEV_CEK)
SET(pdh_second, s->pdh.by[1] = (soft_sev_signer){.usage = COF_SEV_NOBODY, .by = s->stranger})
SET(pdh_second_algo, s->pdh.by[1].algo = COF_SEV_ECDSA_SHA256)
SET(pdh_second_usage, s->pdh.by[1].usage = 0)

/* Where a key is none, what it signed has no signature either, and where a signer is missing, its signature too. */
static const mutation mutations[] = {
	{"ark-version", ark_version, 1},
	{"ark-reserved", ark_reserved, 1},
	{"ark-usage", ark_usage, 1},
	{"ark-issuer", ark_issuer, 1},
	{"ark-by-ark", ark_stranger, 1},
	{"ark-key", ark_exponent, 3},
	{"ark-by-ark", ark_salt, 1},
	{"ask-version", ask_version, 1},
	{"ask-reserved", ask_reserved, 1},
	{"ask-usage", ask_usage, 1},
	{"ask-issuer", ask_issuer, 1},
	{"ask-by-ark", ask_stranger, 1},
	{"ask-by-ark", ask_by_itself, 1},
	{"ask-key", ask_exponent, 3},
	{"ask-by-ark", ask_salt, 1},
	{"cek-version", cek_version, 1},
	{"cek-reserved", cek_reserved, 1},
	{"cek-usage", cek_usage, 1},
	{"cek-algorithm", cek_ecdh, 4},
	{"cek-algorithm", cek_unknown_algo, 5},
	{"cek-key", cek_curve, 3},
	{"cek-key", cek_point, 3},
	{"cek-key", cek_key_gap, 3},
	{"cek-key", cek_key_end, 3},
	{"cek-by-ask", cek_stranger, 1},
	{"cek-by-ask", cek_by_ark, 1},
	{"cek-signers", cek_by_usage, 3},
	{"cek-signers", cek_other_hash, 3},
	{"cek-signers", cek_unsigned, 3},
	{"oca-version", oca_version, 1},
	{"oca-reserved", oca_reserved, 1},
	{"oca-usage", oca_usage, 1},
	{"oca-algorithm", oca_ecdh, 7},
	{"oca-key", oca_point, 5},
	{"oca-by-oca", oca_stranger, 1},
	{"oca-signers", oca_twice, 3},
	{"pek-version", pek_version, 1},
	{"pek-reserved", pek_reserved, 1},
	{"pek-usage", pek_usage, 1},
	{"pek-algorithm", pek_rsa, 4},
	{"pek-key", pek_point, 3},
	{"pek-by-oca", pek_oca_stranger, 1},
	{"pek-by-cek", pek_cek_stranger, 1},
	{"pek-signers", pek_without_cek, 3},
	{"pek-signers", pek_without_oca, 3},
	{"pek-signers", pek_oca_twice, 4},
	{"pek-signers", pek_cek_hash, 3},
	{"pek-by-cek", pek_cek_lies, 1},
	{"pdh-version", pdh_version, 1},
	{"pdh-reserved", pdh_reserved, 1},
	{"pdh-usage", pdh_usage, 1},
	{"pdh-algorithm", pdh_ecdsa, 1},
	{"pdh-key", pdh_point, 1},
	{"pdh-by-pek", pdh_stranger, 1},
	{"pdh-by-pek", pdh_by_cek, 1},
	{"pdh-signers", pdh_usage_of_signer, 3},
	{"pdh-signers", pdh_second, 1},
	{"pdh-signers", pdh_second_algo, 1},
	{"pdh-signers", pdh_second_usage, 1},
};

static void one_thing_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(mutations); i++) {
		mutations[i].set(&own);
		refused_by(mutations[i].check, mutations[i].failed);
	}
}

/* ---- bytes that are changed afterwards ---- */

/* Behind R, behind S, behind both; behind an RSA signature. */
static void padding(void **state)
{
	(void)state;
	static const struct {
		int file;
		size_t at;
		const char *check;
	} places[] = {
		{SOFT_SEV_CEK, 0x414 + 8 + 256, "cek-signature-padding"},
		{SOFT_SEV_CEK, 0x414 + 8 + 511, "cek-signature-padding"},
		{SOFT_SEV_OCA, 0x414 + 8 + 48, "oca-signature-padding"},
		{SOFT_SEV_PEK, 0x414 + 8 + 71, "pek-signature-padding"},
		{SOFT_SEV_PEK, 0x414 + 520 + 8 + 72 + 48, "pek-signature-padding"},
		{SOFT_SEV_PDH, 0x414 + 8 + 144, "pdh-signature-padding"},
		{SOFT_SEV_PDH, 0x414 + 8 + 511, "pdh-signature-padding"},
		{SOFT_SEV_PDH, 0x414 + 520 + 8, "pdh-signers"},
		{SOFT_SEV_PDH, COF_SEV_CERT_LEN - 1, "pdh-signers"},
	};
	soft_sev_make(&own);
	for (size_t i = 0; i < COF_COUNT(places); i++) {
		own.files[places[i].file].data[places[i].at] = 1;
		judge();
		assert_true(failed(places[i].check));
		own.files[places[i].file].data[places[i].at] = 0;
	}
}

/* A byte more, and a byte less. */
static void sizes(void **state)
{
	(void)state;
	static const char *const names[SOFT_SEV_FILES] = {"ark-certificate", "ask-certificate", "cek-certificate",
							  "oca-certificate", "pek-certificate", "pdh-certificate"};
	soft_sev_make(&own);
	for (size_t f = 0; f < SOFT_SEV_FILES; f++) {
		own.files[f].len--;
		judge();
		assert_true(failed(names[f]));
		own.files[f].len++;
		assert_ok(cof_buf_add(&own.files[f], "", 1, &err));
		judge();
		assert_true(failed(names[f]));
		own.files[f].len--;
	}
	judge();
	assert_true(cof_checks_passed(&checks));
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_thing_wrong), cmocka_unit_test(padding),
					   cmocka_unit_test(sizes)};
	return cmocka_run_group_tests(tests, setup, teardown);
}
