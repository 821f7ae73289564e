/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/kbs/tmpdir.h"

#include "attestation/kbs/audit.h"

enum { LINES = 6 };

typedef struct log {
	cof_buf line[LINES];
} log;

static void log_release(log *l)
{
	for (size_t i = 0; i < LINES; i++)
		cof_buf_release(&l->line[i]);
}
COF_DEFINE_AUTO(log, log_release)

static log make_log(void)
{
	log l = {0};
	cof_audit_head head = {0};
	for (int i = 0; i < LINES; i++) {
		COF_AUTO_PTR(json_t) d = json_pack("{s:s, s:i}", "event", "attest", "n", i);
		assert_ok(cof_audit_line(&head, 1000 + i, d, &l.line[i], &err));
		assert_ok(cof_audit_check(&head, cof_buf_span(&l.line[i]), &err));
	}
	return l;
}

static void a_chain_holds(void **state)
{
	(void)state;
	COF_AUTO(log) l = make_log();
	cof_audit_head head = {0};
	for (size_t i = 0; i < LINES; i++)
		assert_ok(cof_audit_check(&head, cof_buf_span(&l.line[i]), &err));
	assert_int_equal(head.seq, LINES);
	assert_int_equal(strlen(head.hash), COF_AUDIT_HASH_HEX);
}

static void any_flipped_bit_shows(void **state)
{
	(void)state;
	COF_AUTO(log) l = make_log();
	cof_audit_head first = {0};
	assert_ok(cof_audit_check(&first, cof_buf_span(&l.line[0]), &err));
	for (size_t bit = 0; bit < l.line[1].len * 8; bit++) {
		cof_audit_head head = first;
		l.line[1].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_fails(cof_audit_check(&head, cof_buf_span(&l.line[1]), &err), "audit-broken");
		assert_int_equal(head.seq, 1);
		l.line[1].data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void any_truncation_shows(void **state)
{
	(void)state;
	COF_AUTO(log) l = make_log();
	for (size_t n = 0; n < l.line[0].len; n++) {
		cof_audit_head head = {0};
		assert_fails(cof_audit_check(&head, cof_span_of(l.line[0].data, n), &err), "audit-broken");
	}
}

static void gaps_swaps_and_repeats_show(void **state)
{
	(void)state;
	COF_AUTO(log) l = make_log();
	static const int orders[][3] = {{0, 2, 3}, {1, 0, 2}, {0, 0, 1}, {0, 1, 1}, {2, 3, 4}};
	for (size_t o = 0; o < COF_COUNT(orders); o++) {
		cof_audit_head head = {0};
		int rc = 0;
		for (size_t i = 0; i < 3 && rc == 0; i++)
			rc = cof_audit_check(&head, cof_buf_span(&l.line[orders[o][i]]), NULL);
		assert_true(rc < 0);
	}
}

/* A forger who recomputes one line's hash still breaks the next line. */
static void a_rewritten_line_breaks_the_next(void **state)
{
	(void)state;
	COF_AUTO(log) l = make_log();
	COF_AUTO(cof_buf) forged = {0};
	cof_audit_head head = {0};
	assert_ok(cof_audit_check(&head, cof_buf_span(&l.line[0]), &err));
	COF_AUTO_PTR(json_t) d = json_pack("{s:s}", "event", "nothing happened");
	assert_ok(cof_audit_line(&head, 1001, d, &forged, &err));
	assert_ok(cof_audit_check(&head, cof_buf_span(&forged), &err));
	assert_fails(cof_audit_check(&head, cof_buf_span(&l.line[2]), &err), "audit-broken");
}

static void t074_text_cannot_forge_a_line(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) line = {0};
	cof_audit_head head = {0};
	COF_AUTO_PTR(json_t) d = json_pack("{s:s}", "peer", "x\"}\n{\"seq\":2,\"prev\":\"\",\"hash\":\"0\"}\r\n");
	assert_ok(cof_audit_line(&head, 1, d, &line, &err));
	assert_null(memchr(line.data, '\n', line.len));
	assert_null(memchr(line.data, '\r', line.len));
	assert_ok(cof_audit_check(&head, cof_buf_span(&line), &err));
}

static void details_cannot_replace_the_chain(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) line = {0};
	cof_audit_head head = {0};
	COF_AUTO_PTR(json_t) d = json_pack("{s:i, s:s, s:i}", "seq", 99, "prev", "x", "time", 5);
	assert_ok(cof_audit_line(&head, 7, d, &line, &err));
	assert_ok(cof_audit_check(&head, cof_buf_span(&line), &err));
	assert_int_equal(head.seq, 1);
}

static void a_store_keeps_and_loads_the_chain(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	COF_AUTO_PTR(cof_store) s = NULL;
	cof_audit_head head = {0}, loaded = {0};
	COF_AUTO_PTR(json_t) d = json_pack("{s:s}", "event", "x");
	assert_ok(cof_store_create(tmpdir_path(&t, "s", path), &s, &err));
	for (int i = 0; i < 5; i++)
		assert_ok(cof_audit_append(s, &head, i, d, &err));
	assert_ok(cof_audit_load(s, &loaded, &err));
	assert_int_equal(loaded.seq, 5);
	assert_string_equal(loaded.hash, head.hash);
	/* a line that somebody put behind the chain's back */
	assert_ok(cof_store_audit_add(s, 6, cof_span_str("{\"seq\":6}"), &err));
	assert_fails(cof_audit_load(s, &loaded, &err), "audit-broken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_holds),
		cmocka_unit_test(any_flipped_bit_shows),
		cmocka_unit_test(any_truncation_shows),
		cmocka_unit_test(gaps_swaps_and_repeats_show),
		cmocka_unit_test(a_rewritten_line_breaks_the_next),
		cmocka_unit_test(t074_text_cannot_forge_a_line),
		cmocka_unit_test(details_cannot_replace_the_chain),
		cmocka_unit_test(a_store_keeps_and_loads_the_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
