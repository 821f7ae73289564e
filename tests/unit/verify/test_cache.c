/* SPDX-License-Identifier: Apache-2.0 */
/* TDX quotes judged with a cache that has seen others: never an answer from a wrong entry. */
#include "tests/unit/verify/cached.h"
#include "tests/unit/verify/soft_tdx.h"

CACHED_COUNTS

static soft_tdx keys, other_keys;

/* One quote with what belongs to it, as it would be asked of the verifier. */
typedef struct question {
	cof_role_file files[SOFT_FILES_MAX];
	size_t n;
	const char *policy;
	int64_t now;
} question;

static question ask(const soft_tdx *t)
{
	question q = {.now = SOFT_NOW};
	q.n = soft_files(t, q.files);
	return q;
}

static void put(question *q, const char *role, const cof_buf *bytes)
{
	for (size_t i = 0; i < q->n; i++) {
		if (strcmp(q->files[i].role, role) == 0)
			q->files[i].bytes = cof_buf_span(bytes);
	}
}

static bool same_answer(const question *q, cof_verify_cache *cache)
{
	COF_AUTO_PTR(json_t) policy = q->policy == NULL ? NULL : json_loads(q->policy, 0, NULL);
	const cof_verify_in in = {.files = q->files, .n_files = q->n, .policy = policy, .now = q->now, .cache = cache};
	return assert_same_answer("tdx-quote", &in);
}

/* How many parts were judged anew, which a cache was asked for. */
static size_t judged(const question *q, cof_verify_cache *cache, bool accepted)
{
	cof_verify_cache_count before = cof_verify_cache_counted(cache);
	assert_int_equal(same_answer(q, cache), accepted);
	return (size_t)cached_since(cache, before).misses;
}

enum { PARTS = 6 }; /* chain, signer, TCB info, QE identity, two lists */

static void judged_once(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	assert_int_equal(judged(&q, c, true), PARTS);
	assert_int_equal(cof_verify_cache_counted(c).entries, PARTS);
	assert_int_equal(judged(&q, c, true), 0);
	q.now++;
	assert_int_equal(judged(&q, c, true), 0);
	soft_drop(&t);
}

/* A quote is judged each time: nothing of it is in the cache. */
static void never_a_verdict_on_a_quote(void **state)
{
	(void)state;
	static const size_t flips[] = {AT_MR_TD,       AT_REPORT_DATA, AT_SIG + 5, AT_KEY + 5,
				       AT_QE + QE_SVN, AT_QE_SIG + 5,  AT_AUTH};
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	assert_int_equal(judged(&q, c, true), PARTS);
	for (size_t i = 0; i < COF_COUNT(flips); i++) {
		t.quote.data[flips[i]] ^= 1;
		assert_int_equal(judged(&q, c, false), 0);
		t.quote.data[flips[i]] ^= 1;
	}
	assert_int_equal(judged(&q, c, true), 0);
	q.policy = "{\"accept_tcb\":[\"OutOfDate\"]}";
	assert_int_equal(judged(&q, c, false), 0);
	soft_drop(&t);
}

/* Another vendor's files, each alone among the good ones. */
static void files_of_another(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t, o;
	soft_start(&t, &keys);
	soft_finish(&t);
	soft_start(&o, &other_keys);
	soft_finish(&o);
	question good = ask(&t), other = ask(&o);
	assert_true(same_answer(&good, c));
	assert_true(same_answer(&other, c));
	const struct {
		const char *role;
		const cof_buf *bytes;
	} files[] = {{"root", &o.root_der},
		     {"tcb_info", &o.tcb_info},
		     {"qe_identity", &o.qe_identity},
		     {"tcb_signing_chain", &o.signing},
		     {"pck_crl", &o.pck_crl_der},
		     {"root_crl", &o.root_crl_der},
		     {"quote", &o.quote}};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		question q = good;
		put(&q, files[i].role, files[i].bytes);
		assert_false(same_answer(&q, c));
	}
	assert_int_equal(judged(&good, c, true), 0);
	assert_int_equal(judged(&other, c, true), 0);
	/* and the root that decides is the one that is named now */
	question unnamed = good;
	unnamed.n--;
	assert_false(same_answer(&unnamed, c));
	soft_drop(&t);
	soft_drop(&o);
}

/* The same vendor revokes: a new list is never answered by the old one, nor the other way round. */
static void another_list(void **state)
{
	(void)state;
	static const struct {
		bool root;
		long serial;
	} lists[] = {{false, 3}, {true, 2}, {true, 4}};
	for (size_t i = 0; i < COF_COUNT(lists); i++) {
		COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
		soft_tdx t;
		COF_AUTO(cof_buf) revoked = {0};
		soft_start(&t, &keys);
		soft_finish(&t);
		soft_crl list = lists[i].root ? t.root_crl : t.pck_crl;
		list.serial = lists[i].serial;
		soft_put_crl(&t, &list, &revoked);
		question q = ask(&t), r = q;
		put(&r, lists[i].root ? "root_crl" : "pck_crl", &revoked);
		assert_true(same_answer(&q, c));
		/* the list itself is good, and is kept; what it says is compared each time */
		assert_int_equal(judged(&r, c, false), 1);
		assert_int_equal(judged(&r, c, false), 0);
		assert_int_equal(judged(&q, c, true), 0);
		soft_drop(&t);
	}
}

static void every_part_has_its_time(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	assert_true(same_answer(&q, c));
	static const int64_t days[] = {-101, -100, -14, -13, -11, -10, 0, 10, 11, 16, 17, 100, 101, 1000, -1000};
	for (size_t i = 0; i < COF_COUNT(days); i++) {
		for (int64_t more = -1; more <= 1; more++) {
			q.now = SOFT_NOW + days[i] * SOFT_DAY + more;
			(void)same_answer(&q, c);
		}
	}
	q.now = SOFT_NOW;
	assert_int_equal(judged(&q, c, true), 0);
	q.now = SOFT_NOW + 10 * SOFT_DAY;
	assert_int_equal(judged(&q, c, true), 0);
	q.now++;
	/* both lists end here, and nothing else does */
	assert_int_equal(judged(&q, c, false), 2);
	soft_drop(&t);
}

/* One byte more, one fewer, one changed: of every file. */
static void other_bytes(void **state)
{
	(void)state;
	static const char *const roles[] = {"tcb_info", "qe_identity", "tcb_signing_chain",
					    "pck_crl",	"root_crl",    "root"};
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	assert_true(same_answer(&q, c));
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		for (size_t f = 0; f < q.n; f++) {
			if (strcmp(q.files[f].role, roles[i]) != 0)
				continue;
			COF_AUTO(cof_buf) b = {0};
			question r = q;
			assert_ok(cof_buf_add(&b, q.files[f].bytes.data, q.files[f].bytes.len, &err));
			soft_add(&b, "}");
			put(&r, roles[i], &b);
			assert_false(same_answer(&r, c));
			b.len -= 2;
			put(&r, roles[i], &b);
			(void)same_answer(&r, c); /* a chain without its last newline is whole */
			b.data[b.len / 2] ^= 1;
			put(&r, roles[i], &b);
			assert_false(same_answer(&r, c));
			b.len = 0;
			put(&r, roles[i], &b);
			(void)same_answer(&r, c);
		}
	}
	assert_int_equal(judged(&q, c, true), 0);
	soft_drop(&t);
}

/* Words of the policy that go into a part. */
static void another_policy(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t), strict = q, just = q;
	strict.policy = "{\"min_tcb_evaluation\":21}";
	just.policy = "{\"min_tcb_evaluation\":20}";
	assert_true(same_answer(&q, c));
	assert_false(same_answer(&strict, c));
	assert_true(same_answer(&just, c));
	assert_false(same_answer(&strict, c));
	assert_true(same_answer(&q, c));
	soft_drop(&t);
}

/* A platform of another family under the same collateral. */
static void another_platform(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t, o;
	soft_start(&t, &keys);
	soft_finish(&t);
	soft_start(&o, &keys);
	soft_replace(&o.cert[SOFT_PCK].ext, "FORMAT:HEX,OCTETSTRING:00806f050000",
		     "FORMAT:HEX,OCTETSTRING:00806f050001");
	soft_finish(&o);
	question q = ask(&t), r = q;
	put(&r, "quote", &o.quote);
	assert_true(same_answer(&q, c));
	assert_false(same_answer(&r, c));
	assert_int_equal(judged(&q, c, true), 0);
	soft_drop(&t);
	soft_drop(&o);
}

/* With fewer places than one quote has parts. */
static void a_cache_that_is_too_small(void **state)
{
	(void)state;
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	for (size_t n = 1; n <= PARTS; n++) {
		COF_AUTO_PTR(cof_verify_cache) c = cached_new(n);
		for (int i = 0; i < 3; i++)
			assert_true(same_answer(&q, c));
		assert_int_equal(cof_verify_cache_counted(c).entries, n);
	}
	soft_drop(&t);
}

static int setup(void **state)
{
	(void)state;
	soft_keys(&keys);
	soft_keys(&other_keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_drop(&keys);
	soft_drop(&other_keys);
	return 0;
}

static void nothing_is_allocated_when_all_is_known(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_tdx t;
	soft_start(&t, &keys);
	soft_finish(&t);
	question q = ask(&t);
	const cof_verify_in in = {.files = q.files, .n_files = q.n, .now = q.now, .cache = c};
	assert_true(cached_allocations_of("tdx-quote", &in) > 0);
	assert_int_equal(cached_allocations_of("tdx-quote", &in), 0);
	soft_drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_allocated_when_all_is_known),
		cmocka_unit_test(judged_once),
		cmocka_unit_test(never_a_verdict_on_a_quote),
		cmocka_unit_test(files_of_another),
		cmocka_unit_test(another_list),
		cmocka_unit_test(every_part_has_its_time),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(another_policy),
		cmocka_unit_test(another_platform),
		cmocka_unit_test(a_cache_that_is_too_small),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
