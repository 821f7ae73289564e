/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/launch_vectors.h"

static void assert_log_fails(const cof_buf *b, const char *reason)
{
	cof_eventlog log = {.n = 99};
	assert_fails(cof_eventlog_parse(cof_buf_span(b), COF_SHA256, &log, &err), reason);
	assert_int_equal(log.n, 99);
}

static void assert_log_ok(const cof_buf *b, size_t n)
{
	COF_AUTO(cof_eventlog) log = {0};
	assert_ok(cof_eventlog_parse(cof_buf_span(b), COF_SHA256, &log, &err));
	assert_int_equal(log.n, n);
}

static void u32_at(cof_buf *b, size_t at, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		b->data[at + i] = (uint8_t)(v >> (8 * i));
}

/* Offsets in a log of put_spec_id(both_algs): the first record and its parts. */
enum {
	SPEC_LEN = 32 + 37,
	R_PCR = SPEC_LEN,
	R_TYPE = R_PCR + 4,
	R_COUNT = R_TYPE + 4,
	R_ALG1 = R_COUNT + 4,
	R_ALG2 = R_ALG1 + 22,
	R_SIZE = R_ALG2 + 34
};

/* T-60: a log that ends anywhere but between two records is refused. */
static void t060_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_boot(&b);
	size_t whole = 0;
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO(cof_eventlog) log = {0};
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_err ignored = {0};
		memcpy(exact, b.data, n);
		whole += cof_eventlog_parse((cof_span){exact, n}, COF_SHA256, &log, &ignored) == 0;
	}
	assert_int_equal(whole, 13); /* behind the header and behind each of the records but the last */
}

static bool same_log(const cof_eventlog *a, const cof_eventlog *b)
{
	bool same = a->n == b->n && a->locality == b->locality;
	for (size_t i = 0; same && i < a->n; i++) {
		const cof_log_event *x = &a->events[i], *y = &b->events[i];
		same = x->reg == y->reg && x->type == y->type && x->data.len == y->data.len &&
		       cof_digest_equal(&x->digest, &y->digest) && memcmp(x->data.data, y->data.data, x->data.len) == 0;
	}
	return same;
}

/* T-60: the only bits that may change unseen are the other bank's digests and the header's version fields. */
static void t060_every_bit_flip(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) kept = {0};
	COF_AUTO(cof_eventlog) good = {0};
	size_t unseen = 0;
	put_boot(&b);
	put_boot(&kept);
	assert_ok(cof_eventlog_parse(cof_buf_span(&kept), COF_SHA256, &good, &err));
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		COF_AUTO(cof_eventlog) log = {0};
		cof_err ignored = {0};
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		unseen +=
			cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &ignored) == 0 && same_log(&log, &good);
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_int_equal(unseen, (20 + 4 + 4 + good.n * 20) * 8);
}

static void t060_moved_and_repeated_events_change_the_replay(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest want[COF_REGS_MAX], got[COF_REGS_MAX];
	put_boot(&b);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
	assert_ok(cof_eventlog_replay(&log, want, &err));
	for (size_t i = 0; i + 1 < log.n; i++) {
		cof_log_event kept = log.events[i];
		if (kept.reg != log.events[i + 1].reg)
			continue;
		log.events[i] = log.events[i + 1];
		log.events[i + 1] = kept;
		assert_ok(cof_eventlog_replay(&log, got, &err));
		assert_false(cof_digest_equal(&got[kept.reg], &want[kept.reg]));
		log.events[i + 1] = log.events[i];
		log.events[i] = kept;
	}
}

static void t060_wrong_bank(void **state)
{
	(void)state;
	static const log_alg sha1[] = {{0x4, 20}};
	COF_AUTO(cof_buf) old = {0};
	COF_AUTO(cof_buf) b = {0};
	put_spec_id(&old, sha1, 1);
	assert_log_fails(&old, "eventlog-bank-missing");
	old.data[32] = 's'; /* the old format has no Spec ID, and SHA-1 alone */
	assert_log_fails(&old, "eventlog-bank-missing");

	put_spec_id(&b, both_algs, 2);
	put_separator(&b, 0);
	b.data[R_COUNT] = 1; /* SHA-1 alone, and the rest shifted into place */
	memmove(b.data + R_ALG2, b.data + R_SIZE, 8);
	b.len -= 34;
	assert_log_fails(&b, "eventlog-bank-missing");
}

static void digest_lists(void **state)
{
	(void)state;
	static const struct {
		log_alg algs[3];
		size_t n;
	} bad[] = {
		{{{0xb, 32}, {0xb, 32}}, 2},  {{{0xb, 20}}, 1},
		{{{0xb, 32}, {0x4, 32}}, 2},  {{{0xb, 32}, {0x99, 0}}, 2},
		{{{0xb, 32}, {0x99, 65}}, 2},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		put_spec_id(&b, bad[i].algs, bad[i].n);
		assert_log_fails(&b, "eventlog-malformed");
	}
	COF_AUTO(cof_buf) b = {0};
	static const log_alg unknown_too[] = {{0x99, 64}, {0xb, 32}};
	put_spec_id(&b, unknown_too, 2);
	assert_log_ok(&b, 0);
	u32_at(&b, 56, 0);
	assert_log_fails(&b, "eventlog-malformed");
	u32_at(&b, 56, 9);
	assert_log_fails(&b, "eventlog-malformed");
	u32_at(&b, 56, UINT32_MAX);
	assert_log_fails(&b, "eventlog-malformed");
}

static void header_lengths(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_spec_id(&b, both_algs, 2);
	u32_at(&b, 28, 36);
	assert_log_fails(&b, "eventlog-malformed");
	u32_at(&b, 28, UINT32_MAX);
	assert_log_fails(&b, "eventlog-malformed");
	u32_at(&b, 28, 37);
	b.data[b.len - 1] = 1; /* vendor bytes that are not there */
	assert_log_fails(&b, "eventlog-malformed");
	b.data[b.len - 1] = 0;
	b.data[4] = 4; /* first record of another type */
	assert_log_fails(&b, "eventlog-bank-missing");
}

static void record_fields(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint32_t value;
		const char *reason;
	} bad[] = {
		{R_PCR, 24, "eventlog-malformed"},	     {R_PCR, 0xfffffffe, "eventlog-malformed"},
		{R_COUNT, 0, "eventlog-malformed"},	     {R_COUNT, 3, "eventlog-malformed"},
		{R_COUNT, UINT32_MAX, "eventlog-malformed"}, {R_SIZE, 5, "eventlog-malformed"},
		{R_SIZE, UINT32_MAX, "eventlog-malformed"},  {R_SIZE, COF_EVENT_DATA_MAX + 1, "eventlog-malformed"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		put_spec_id(&b, both_algs, 2);
		put_separator(&b, 3);
		assert_log_ok(&b, 1);
		u32_at(&b, bad[i].at, bad[i].value);
		assert_log_fails(&b, bad[i].reason);
	}
}

static void unannounced_and_repeated_digests(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_spec_id(&b, both_algs, 2);
	put_separator(&b, 3);
	b.data[R_ALG1] = 0xc;
	assert_log_fails(&b, "eventlog-malformed");
	b.data[R_ALG1] = 0x4;
	b.data[R_ALG2] = 0x4;
	assert_log_fails(&b, "eventlog-malformed");
}

static void padding_ends_a_log_and_nothing_hides_behind_it(void **state)
{
	(void)state;
	static const uint8_t fill[] = {0x00, 0xff};
	for (size_t i = 0; i < sizeof fill; i++) {
		COF_AUTO(cof_buf) b = {0};
		uint8_t pad[64];
		memset(pad, fill[i], sizeof pad);
		put_boot(&b);
		assert_ok(cof_buf_add(&b, pad, sizeof pad, &err));
		assert_log_ok(&b, 13);
		put_separator(&b, 4);
		assert_log_fails(&b, "eventlog-malformed");
	}
}

static void limits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) big = {0};
	put_spec_id(&b, both_algs, 2);
	for (int i = 0; i < COF_EVENTS_MAX; i++)
		put_separator(&b, 11);
	assert_log_ok(&b, COF_EVENTS_MAX);
	put_separator(&b, 11);
	assert_log_fails(&b, "eventlog-too-large");
	assert_ok(cof_buf_reserve(&big, COF_EVENTLOG_MAX + 1, &err));
	big.len = COF_EVENTLOG_MAX + 1;
	memset(big.data, 0, big.len);
	assert_log_fails(&big, "eventlog-too-large");
}

static void no_action_is_not_extended_but_locality_counts(void **state)
{
	(void)state;
	cof_digest pcrs[COF_REGS_MAX];
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_span three = cof_span_of("StartupLocality\0\3", 17);
	put_spec_id(&b, both_algs, 2);
	put_event(&b, 0, COF_EV_NO_ACTION, three, three);
	put_event(&b, 5, COF_EV_NO_ACTION, three, cof_span_str("a remark"));
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
	assert_int_equal(log.n, 0);
	assert_int_equal(log.locality, 3);
	assert_ok(cof_eventlog_replay(&log, pcrs, &err));
	assert_int_equal(pcrs[0].bytes[31], 3);
	assert_int_equal(pcrs[1].bytes[31], 0);
	assert_int_equal(pcrs[17].bytes[0], 0xff);
	assert_int_equal(pcrs[22].bytes[31], 0xff);
	assert_int_equal(pcrs[23].bytes[31], 0);
}

static void locality_records_that_lie(void **state)
{
	(void)state;
	static const struct {
		uint32_t pcr;
		const char *data;
		size_t len;
		bool twice, late;
	} bad[] = {
		{0, "StartupLocality\0\1", 17, false, false},	{0, "StartupLocality\0", 16, false, false},
		{0, "StartupLocality\0\3\0", 18, false, false}, {1, "StartupLocality\0\3", 17, false, false},
		{0, "StartupLocality\0\3", 17, true, false},	{0, "StartupLocality\0\3", 17, false, true},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_span data = cof_span_of(bad[i].data, bad[i].len);
		put_spec_id(&b, both_algs, 2);
		if (bad[i].late)
			put_separator(&b, 0);
		put_event(&b, bad[i].pcr, COF_EV_NO_ACTION, data, data);
		if (bad[i].twice)
			put_event(&b, bad[i].pcr, COF_EV_NO_ACTION, data, data);
		assert_log_fails(&b, "eventlog-malformed");
	}
}

static void extending_is_hashing(void **state)
{
	(void)state;
	cof_digest pcr;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	put_spec_id(&b, both_algs, 2);
	put_separator(&b, 2);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA256, &log, &err));
	assert_ok(cof_eventlog_replay(&log, pcrs, &err));
	assert_hex(pcrs[2].bytes, COF_SHA256_LEN, "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
	cof_reg_start(COF_LOG_TPM, COF_SHA256, 2, 0, &pcr);
	assert_ok(cof_reg_extend(&pcr, &log.events[0].digest, &err));
	assert_true(cof_digest_equal(&pcr, &pcrs[2]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_every_truncation),
		cmocka_unit_test(t060_every_bit_flip),
		cmocka_unit_test(t060_moved_and_repeated_events_change_the_replay),
		cmocka_unit_test(t060_wrong_bank),
		cmocka_unit_test(digest_lists),
		cmocka_unit_test(header_lengths),
		cmocka_unit_test(record_fields),
		cmocka_unit_test(unannounced_and_repeated_digests),
		cmocka_unit_test(padding_ends_a_log_and_nothing_hides_behind_it),
		cmocka_unit_test(limits),
		cmocka_unit_test(no_action_is_not_extended_but_locality_counts),
		cmocka_unit_test(locality_records_that_lie),
		cmocka_unit_test(extending_is_hashing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
