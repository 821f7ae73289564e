/* SPDX-License-Identifier: Apache-2.0 */
/* Every bit of a report, and of everything beside it, changed by a host that has no key. */
#include "tests/unit/verify/judge_snp.h"

/* Which check has to see a bit that changed behind the signature; NULL: any. */
static const char *check_of(size_t at)
{
	if (at >= 0x330)
		return "report-padding";
	if (at >= 0x34 && at < 0x38)
		return "report-algorithm";
	return at >= 4 && at < 0x2a0 ? "report-signature+" : NULL;
}

/* In what is signed, what signs, and the zeros around: no bit may change. */
static void every_bit_of_a_report(void **state)
{
	(void)state;
	static cof_verdict v;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	for (size_t bit = 0, step = unit_stride(); bit < (size_t)8 * COF_SNP_REPORT_LEN; bit += step) {
		uint8_t *byte = s.made[0].data + bit / 8;
		*byte ^= (uint8_t)(1u << bit % 8);
		soft_verify(&s, &v);
		const cof_check *bad = soft_failed(&v);
		assert_false(v.accepted);
		assert_true(bad->stage == COF_STAGE_PARSE || bad->stage == COF_STAGE_SIGNATURE);
		if (check_of(bit / 8) != NULL && !soft_is_refused_by(&v, check_of(bit / 8)))
			fail_msg("bit %zu: %s", bit, bad->name);
		cof_verdict_release(&v);
		*byte ^= (uint8_t)(1u << bit % 8);
	}
	soft_drop(&s);
}

/* Cut or with one bit changed, here and there, no certificate and no list vouches for the report. */
static void certificates_and_lists(void **state)
{
	(void)state;
	static cof_verdict v;
	soft_snp s = soft_snp_good(&keys);
	s.crl.given = true;
	soft_make(&s);
	for (size_t role = 1, step = unit_stride(); role < SOFT_ROLES; role++) {
		cof_buf *b = &s.made[role];
		size_t whole = b->len;
		for (size_t n = 0; n < whole; n += 5 * step) {
			b->len = n;
			soft_verify(&s, &v);
			assert_false(v.accepted);
			cof_verdict_release(&v);
			b->len = whole;
			b->data[n] ^= (uint8_t)(1 << n % 8);
			soft_verify(&s, &v);
			if (v.accepted)
				fail_msg("byte %zu of role %zu", n, role);
			cof_verdict_release(&v);
			b->data[n] ^= (uint8_t)(1 << n % 8);
		}
	}
	soft_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bit_of_a_report),
		cmocka_unit_test(certificates_and_lists),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
