/* SPDX-License-Identifier: Apache-2.0 */
/* An area out of a cache and not; what verdicts come of it, test_cache_tpm.c asks. */
#include "tests/unit/verify/cached.h"
#include "tests/unit/verify/soft_quote.h"

#include "attestation/verify/tpm_ak.h"

static soft_keys keys;
static cof_checks checks;

static cof_held *find(cof_verify_cache *cache, cof_span area)
{
	cof_held *h = NULL;
	checks.n = checks.failed = 0;
	assert_ok(cof_tpm_ak_find(&checks, cache, area, &h, &err));
	assert_non_null(h);
	return h;
}

static void put_area(cof_buf *area)
{
	const soft_area a = {0, 0xb, 0x10, 0, 0, 0x14, 0xb, 0x00050072, 0};
	soft_put_area(&a, keys.ak, area);
}

static void t060_what_is_no_area(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO(cof_buf) area = {0};
	static uint8_t large[COF_TPM_PUBLIC_MAX + 2];
	put_area(&area);
	memcpy(large, area.data, area.len);
	const cof_span bad[] = {{0},
				cof_span_of(large, 1),
				cof_span_of(area.data, area.len - 1),
				cof_span_of(large, area.len + 1),
				cof_span_of(large, sizeof large)};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(cof_held) h = find(c, bad[i]);
		assert_null(h->object);
		assert_int_equal(checks.n, 1);
		assert_int_equal(checks.failed, 1);
		assert_string_equal(checks.list[0].name, "ak-malformed");
		cof_tpm_ak_keep(c, h);
	}
	assert_int_equal(cof_verify_cache_counted(c).entries, 0);
}

/* A point that is none of its curve is a sound area, and no key. */
static void t060_numbers_that_are_no_key(void **state)
{
	(void)state;
	const soft_area a = {0, 0xb, 0x10, 0, 0, 0x18, 0xb, 0x00050072, 0};
	COF_AUTO(cof_buf) area = {0};
	EVP_PKEY *key = EVP_EC_gen("P-256");
	soft_put_area(&a, key, &area);
	area.data[area.len - 1] ^= 1;
	COF_AUTO_PTR(cof_held) h = find(NULL, cof_buf_span(&area));
	assert_null(h->object);
	assert_int_equal(checks.failed, 1);
	EVP_PKEY_free(key);
}

static void kept_when_it_is_asked_for(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO(cof_buf) area = {0};
	put_area(&area);
	cof_held *first = find(c, cof_buf_span(&area));
	const cof_tpm_ak *a = first->object;
	assert_int_equal(checks.n, 0);
	assert_non_null(a->key);
	assert_true(a->pub.modulus.data >= a->area.data && a->pub.modulus.data < a->area.data + a->area.len);
	assert_int_equal(cof_verify_cache_counted(c).entries, 0);
	cof_tpm_ak_keep(NULL, first);
	cof_tpm_ak_keep(c, NULL);
	assert_int_equal(cof_verify_cache_counted(c).entries, 0);
	cof_tpm_ak_keep(c, first);
	cof_tpm_ak_keep(c, first);
	assert_int_equal(cof_verify_cache_counted(c).entries, 1);
	COF_AUTO_PTR(cof_held) again = find(c, cof_buf_span(&area));
	assert_ptr_equal(again, first);
	assert_int_equal(checks.n, 0);
	cof_held_release(first);
	area.data[4] ^= 1;
	COF_AUTO_PTR(cof_held) other = find(c, cof_buf_span(&area));
	assert_ptr_not_equal(other, again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_what_is_no_area),
		cmocka_unit_test(t060_numbers_that_are_no_key),
		cmocka_unit_test(kept_when_it_is_asked_for),
	};
	soft_keys_make(&keys);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	soft_keys_drop(&keys);
	return failed;
}
