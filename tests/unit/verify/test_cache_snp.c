/* SPDX-License-Identifier: Apache-2.0 */
/* SNP reports judged with a cache that has seen others. */
#include "tests/unit/verify/cached.h"
#include "tests/unit/verify/soft_snp.h"

CACHED_COUNTS

static soft_keys keys;

static const char *const roles[SOFT_ROLES] = {"report", "vek", "intermediate", "root", "crl"};

static bool same_answer(const soft_snp *s, cof_verify_cache *cache)
{
	cof_role_file files[SOFT_ROLES];
	COF_AUTO_PTR(json_t) policy = json_loads(s->policy, 0, NULL);
	for (size_t i = 0; i < SOFT_ROLES; i++)
		files[i] = (cof_role_file){roles[i], cof_buf_span(&s->made[i])};
	const cof_verify_in in = {.files = files,
				  .n_files = s->crl.given ? SOFT_ROLES : SOFT_ROLES - 1,
				  .policy = policy,
				  .now = s->now,
				  .cache = cache};
	return assert_same_answer("snp-report", &in);
}

static size_t judged(const soft_snp *s, cof_verify_cache *cache, bool accepted)
{
	cof_verify_cache_count before = cof_verify_cache_counted(cache);
	assert_int_equal(same_answer(s, cache), accepted);
	return (size_t)cached_since(cache, before).misses;
}

static soft_snp good(bool crl)
{
	soft_snp s = soft_snp_good(&keys);
	s.crl.given = crl;
	soft_make(&s);
	return s;
}

static void judged_once(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_snp s = good(true);
	assert_int_equal(judged(&s, c, true), 2);
	assert_int_equal(judged(&s, c, true), 0);
	s.now++;
	(void)same_answer(&s, c);
	soft_drop(&s);
}

static void never_a_verdict_on_a_report(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_snp s = good(false);
	assert_int_equal(judged(&s, c, true), 1);
	for (size_t at = 0; at < s.made[0].len; at += 13) {
		s.made[0].data[at] ^= 1;
		(void)same_answer(&s, c);
		s.made[0].data[at] ^= 1;
	}
	assert_int_equal(judged(&s, c, true), 0);
	s.policy = "{\"vmpl\":1}";
	assert_int_equal(judged(&s, c, false), 0);
	soft_drop(&s);
}

/* The same leaf under another root, and another leaf under the same one. */
static void certificates_of_another(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	static soft_snp s, o, mixed; /* too large for a frame */
	s = good(false);
	o = soft_snp_good(&keys);
	o.root.by = o.root.key = o.middle.by = keys.stranger;
	soft_make(&o);
	assert_true(same_answer(&s, c));
	assert_true(same_answer(&o, c));
	for (size_t role = 1; role <= 3; role++) {
		mixed = s;
		mixed.made[role] = o.made[role];
		(void)same_answer(&mixed, c);
		mixed = o;
		mixed.made[role] = s.made[role];
		(void)same_answer(&mixed, c);
	}
	mixed = s;
	mixed.made[3] = o.made[3];
	assert_false(same_answer(&mixed, c));
	assert_int_equal(judged(&s, c, true), 0);
	assert_int_equal(judged(&o, c, true), 0);
	soft_drop(&s);
	soft_drop(&o);
}

static void other_bytes(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_snp s = good(true);
	assert_true(same_answer(&s, c));
	for (size_t role = 1; role < SOFT_ROLES; role++) {
		cof_buf *b = &s.made[role];
		b->len--;
		assert_false(same_answer(&s, c));
		b->len++;
		b->data[b->len - 1] ^= 1;
		assert_false(same_answer(&s, c));
		b->data[b->len - 1] ^= 1;
		assert_ok(cof_buf_add(b, "", 1, &err));
		assert_false(same_answer(&s, c));
		b->len--;
	}
	assert_int_equal(judged(&s, c, true), 0);
	soft_drop(&s);
}

/* A list that is demanded, given, and another one: each has an answer of its own. */
static void revocation(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	static soft_snp s, revoked, mixed;
	s = good(true);
	revoked = soft_snp_good(&keys);
	revoked.crl.given = true;
	revoked.crl.revoked = 0x10001;
	soft_make(&revoked);
	assert_true(same_answer(&s, c));
	assert_false(same_answer(&revoked, c));
	/* the same chain, with the list that revokes it */
	mixed = s;
	mixed.made[4] = revoked.made[4];
	assert_false(same_answer(&mixed, c));
	assert_false(same_answer(&mixed, c));
	mixed = s;
	mixed.crl.given = false;
	assert_true(same_answer(&mixed, c));
	mixed.policy = "{\"require_crl\":true}";
	assert_false(same_answer(&mixed, c));
	s.policy = mixed.policy;
	assert_int_equal(judged(&s, c, true), 0);
	soft_drop(&s);
	soft_drop(&revoked);
}

static void its_time_alone(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_snp s = good(true);
	int64_t now = s.now;
	assert_true(same_answer(&s, c));
	for (int64_t days = -40000; days <= 40000; days += 97) {
		s.now = now + days * 86400;
		(void)same_answer(&s, c);
	}
	s.now = now;
	assert_int_equal(judged(&s, c, true), 0);
	soft_drop(&s);
}

static int setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

static void nothing_is_allocated_when_all_is_known(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	cof_role_file files[SOFT_ROLES];
	soft_snp s = good(true);
	for (size_t i = 0; i < SOFT_ROLES; i++)
		files[i] = (cof_role_file){roles[i], cof_buf_span(&s.made[i])};
	const cof_verify_in in = {.files = files, .n_files = SOFT_ROLES, .now = s.now, .cache = c};
	assert_true(cached_allocations_of("snp-report", &in) > 0);
	assert_int_equal(cached_allocations_of("snp-report", &in), 0);
	soft_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_allocated_when_all_is_known),
		cmocka_unit_test(judged_once),
		cmocka_unit_test(never_a_verdict_on_a_report),
		cmocka_unit_test(certificates_of_another),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(revocation),
		cmocka_unit_test(its_time_alone),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
