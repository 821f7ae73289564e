/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signers.h"

#include "tests/unit/test.h"

#define POLICY "{\"default\":[]}"
#define NAME "kbs:///a/b/c"

static void fill(cof_signers *s)
{
	*s = (cof_signers){0};
	assert_ok(cof_buf_add_str(&s->policy, POLICY, &err));
	assert_ok(cof_signers_add(s, NAME, cof_span_str("KEY1"), &err));
	assert_ok(cof_signers_add(s, "kbs:///a/b/d", cof_span_of("\0\xff", 2), &err));
}

static void there_and_back(void **state)
{
	COF_AUTO(cof_signers) in = {0}, out = {0};
	COF_AUTO(cof_buf) record = {0}, key = {0};
	(void)state;
	fill(&in);
	assert_ok(cof_signers_encode(&in, &record, &err));
	assert_ok(cof_signers_parse(cof_buf_span(&record), &out, &err));
	assert_string_equal(cof_buf_str(&out.policy), POLICY);
	assert_int_equal(out.n, 2);
	assert_true(cof_signers_has(&out, NAME) && !cof_signers_has(&out, "kbs:///a/b"));
	assert_ok(cof_signers_read_key(&out, "kbs:///a/b/d", &key, &err));
	assert_span_equal(cof_buf_span(&key), "\0\xff", 2);
}

/* Only between two keys there is an end. */
static void every_cut_is_refused(void **state)
{
	COF_AUTO(cof_signers) in = {0};
	COF_AUTO(cof_buf) record = {0};
	const size_t ends[] = {4 + strlen(POLICY), 4 + strlen(POLICY) + 2 + strlen(NAME) + 4 + strlen("KEY1")};
	(void)state;
	fill(&in);
	assert_ok(cof_signers_encode(&in, &record, &err));
	for (size_t n = 0; n < record.len; n++) {
		COF_AUTO(cof_signers) out = {0};
		int r = cof_signers_parse(cof_span_of(record.data, n), &out, NULL);
		assert_int_equal(r == 0, n == ends[0] || n == ends[1]);
	}
}

static void t039_a_key_that_nobody_brought(void **state)
{
	static const char *const names[] = {"/etc/keys/a.pub", "kbs:///a/b/x", "", "KBS:///a/b/c"};
	COF_AUTO(cof_signers) s = {0};
	COF_AUTO(cof_buf) key = {0};
	(void)state;
	fill(&s);
	for (size_t i = 0; i < COF_COUNT(names); i++)
		assert_fails(cof_signers_read_key(&s, names[i], &key, &err), "signature-key");
	assert_int_equal(key.len, 0);
}

static void t035_keys_have_an_end(void **state)
{
	COF_AUTO(cof_signers) s = {0};
	(void)state;
	for (int i = 0; i < COF_SIGNERS_KEYS_MAX; i++)
		assert_ok(cof_signers_add(&s, "a", cof_span_str("k"), &err));
	assert_fails(cof_signers_add(&s, "a", cof_span_str("k"), &err), "policy-too-large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(t039_a_key_that_nobody_brought),
		cmocka_unit_test(t035_keys_have_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
