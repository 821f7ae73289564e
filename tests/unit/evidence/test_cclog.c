/* SPDX-License-Identifier: Apache-2.0 */
/* Where a log ends, and records that our own replay reads. */
#include "attestation/evidence/cclog.h"

#include "tests/unit/firmware/make_log.h"
#include "tests/unit/verify/vectors.h"

static void make(cof_buf *b)
{
	put_spec_id_of(b, 1, sha384_alg, 1);
	put_cc_event(b, 1, COF_EV_EFI_ACTION, cof_span_str("a"), cof_span_str("a"));
	put_cc_separator(b, 2);
}

static void pad(cof_buf *b, int value, size_t n)
{
	assert_ok(cof_buf_reserve(b, n, &err));
	memset(b->data + b->len, value, n);
	b->len += n;
}

static void assert_end(const cof_buf *b, size_t want)
{
	cof_span log = {0};
	COF_AUTO(cof_eventlog) theirs = {0};
	assert_ok(cof_cclog_parse(cof_buf_span(b), &log, &err));
	assert_int_equal(log.len, want);
	assert_ptr_equal(log.data, b->data);
	/* And firmware/ sees the same end. */
	assert_ok(cof_eventlog_parse(cof_buf_span(b), COF_SHA384, &theirs, &err));
	assert_int_equal(theirs.size, want);
}

static void padding(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 11, 12, 13, 4096, 60000};
	for (size_t i = 0; i < COF_COUNT(lengths); i++) {
		COF_AUTO(cof_buf) ones = {0};
		COF_AUTO(cof_buf) zeros = {0};
		make(&ones);
		make(&zeros);
		const size_t len = ones.len;
		if (lengths[i] == 0 || lengths[i] >= 12) { /* the separator's own zeros come before */
			pad(&ones, 0xff, lengths[i]);
			assert_end(&ones, len);
			pad(&zeros, 0, lengths[i]);
			assert_end(&zeros, len);
		}
	}
}

/* A log whose last record ends in zeros itself is not cut shorter. */
static void padding_like_the_last_record(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	static const uint8_t zeros[40];
	make(&b);
	put_cc_event(&b, 3, COF_EV_POST_CODE, cof_span_str("x"), cof_span_of(zeros, sizeof zeros));
	const size_t len = b.len;
	assert_end(&b, len);
	pad(&b, 0, 100);
	assert_end(&b, len);
}

static void t060_broken_logs(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_span log;
	make(&b);
	size_t ends = 0;
	for (size_t n = 0; n < b.len; n++) {
		if (cof_cclog_parse(cof_span_of(b.data, n), &log, NULL) == 0)
			ends++; /* between two records */
	}
	assert_int_equal(ends, 2);
	pad(&b, 0xff, 50);
	b.data[b.len - 20] = 0;
	assert_fails(cof_cclog_parse(cof_buf_span(&b), &log, &err), "eventlog-malformed");
	assert_fails(cof_cclog_parse((cof_span){0}, &log, &err), "eventlog-malformed");
}

static void t060_nothing_but_padding(void **state)
{
	(void)state;
	static const int values[] = {0, 0xff};
	for (size_t i = 0; i < COF_COUNT(values); i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_span log;
		pad(&b, values[i], 500);
		assert_fails(cof_cclog_parse(cof_buf_span(&b), &log, &err), "eventlog-malformed");
	}
}

/* Banks: one to eight of them, and of each record no more digests than that. */
static void t060_numbers_of_digests(void **state)
{
	(void)state;
	log_alg algs[9];
	for (uint16_t i = 0; i < 9; i++)
		algs[i] = (log_alg){(uint16_t)(0x100 + i), 4};
	for (size_t n = 0; n <= 9; n++) {
		COF_AUTO(cof_buf) b = {0};
		cof_span log;
		put_spec_id_of(&b, 0, algs, n);
		assert_int_equal(cof_cclog_parse(cof_buf_span(&b), &log, NULL) == 0, n >= 1 && n <= 8);
	}
	for (uint32_t count = 0; count <= 4; count++) {
		COF_AUTO(cof_buf) b = {0};
		cof_wr w = cof_wr_to(&b);
		cof_span log;
		put_spec_id_of(&b, 0, algs, 3);
		cof_wr_u32le(&w, 1);
		cof_wr_u32le(&w, COF_EV_ACTION);
		cof_wr_u32le(&w, count);
		for (uint32_t i = 0; i < count; i++) {
			cof_wr_u16le(&w, (uint16_t)(0x100 + i));
			cof_wr_u32le(&w, 7);
		}
		cof_wr_u32le(&w, 1);
		cof_wr_u8(&w, 'x');
		assert_int_equal(cof_cclog_parse(cof_buf_span(&b), &log, NULL) == 0, count >= 1 && count <= 3);
	}
}

static void t060_too_large(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_span log;
	make(&b);
	pad(&b, 0xff, COF_CCLOG_MAX - b.len);
	assert_ok(cof_cclog_parse(cof_buf_span(&b), &log, &err));
	pad(&b, 0xff, 1);
	assert_fails(cof_cclog_parse(cof_buf_span(&b), &log, &err), "eventlog-malformed");
}

/* Whatever a host writes: an end that both readers agree on, or a refusal. */
static void t060_every_bit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make(&b);
	pad(&b, 0xff, 16);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		cof_span log;
		COF_AUTO(cof_eventlog) theirs = {0};
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (cof_eventlog_parse(cof_buf_span(&b), COF_SHA384, &theirs, NULL) == 0) {
			assert_ok(cof_cclog_parse(cof_buf_span(&b), &log, &err));
			assert_int_equal(log.len, theirs.size);
		}
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void t060_events_that_are_none(void **state)
{
	(void)state;
	char word[130], content[4098];
	memset(word, 'w', 129);
	memset(content, 'c', 4097);
	word[129] = content[4097] = '\0';
	const cof_runtime_event bad[] = {{"", "o", "c", -1},	  {"d", "", "c", -1},	 {"d d", "o", "c", -1},
					 {"d", "o\n", "c", -1},	  {"d", "o", "c\n", -1}, {"d", "o", "\x1b[2J", -1},
					 {"d\x80", "o", "c", -1}, {word, "o", "c", -1},	 {"d", word, "c", -1},
					 {"d", "o", content, -1}, {"d", "o", "\x7f", -1}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) r = {0};
		cof_digest d;
		assert_fails(cof_cclog_record(&bad[i], 4, COF_SHA384, &d, &r, &err), "runtime-event");
		assert_int_equal(r.len, 0);
	}
	word[128] = content[4096] = '\0';
	COF_AUTO(cof_buf) r = {0};
	cof_digest d;
	assert_ok(cof_cclog_record(&(cof_runtime_event){word, word, content, -1}, 4, COF_SHA384, &d, &r, &err));
}

/* The attestation agent's format, byte by byte. */
static void a_record(void **state)
{
	(void)state;
	static const cof_runtime_event e = {"github.com/confidential-containers", "PullImage", "{\"image\":\"a b\"}",
					    -1};
	static const char line[] = "github.com/confidential-containers PullImage {\"image\":\"a b\"}";
	COF_AUTO(cof_buf) r = {0};
	cof_digest d, want;
	assert_ok(cof_cclog_record(&e, 4, COF_SHA384, &d, &r, &err));
	assert_memory_equal(r.data, "\4\0\0\0\6\0\0\0\1\0\0\0\x0c\0", 14);
	assert_memory_equal(r.data + 14 + 48 + 4, "\x4c\x45\x41\x41", 4);
	assert_int_equal(r.data[14 + 48], 8 + sizeof line - 1);
	assert_memory_equal(r.data + 14 + 48 + 4 + 8, line, sizeof line - 1);
	assert_int_equal(r.len, 14 + 48 + 4 + 8 + sizeof line - 1);
	assert_ok(cof_digest_of(COF_SHA384, cof_span_of(r.data + 14 + 48 + 4, 8 + sizeof line - 1), &want, &err));
	assert_memory_equal(d.bytes, want.bytes, 48);
	assert_memory_equal(r.data + 14, want.bytes, 48);
}

static void behind_a_firmware_log(void **state)
{
	(void)state;
	static const cof_runtime_event e = {"d", "o", "", -1};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest d, want = {.alg = COF_SHA384}, regs[COF_REGS_MAX];
	make(&b);
	assert_ok(cof_cclog_record(&e, 4, COF_SHA384, &d, &b, &err));
	assert_end(&b, b.len);
	assert_ok(cof_eventlog_parse(cof_buf_span(&b), COF_SHA384, &log, &err));
	assert_int_equal(log.n, 3);
	assert_int_equal(log.events[2].type, COF_EV_EVENT_TAG);
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	assert_ok(cof_reg_extend(&want, &d, &err));
	assert_true(cof_digest_equal(&regs[4], &want));
}

static void a_real_log(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, n = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO(cof_buf) in = {0};
		COF_AUTO(cof_eventlog) theirs = {0};
		cof_span log;
		if (!vector_has(v, "event_log"))
			continue;
		vector_file(v, "event_log", &in);
		if (cof_eventlog_parse(cof_buf_span(&in), COF_SHA384, &theirs, NULL) < 0)
			continue;
		assert_ok(cof_cclog_parse(cof_buf_span(&in), &log, &err));
		assert_int_equal(log.len, theirs.size);
		n++;
	}
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(padding),
		cmocka_unit_test(padding_like_the_last_record),
		cmocka_unit_test(t060_broken_logs),
		cmocka_unit_test(t060_nothing_but_padding),
		cmocka_unit_test(t060_numbers_of_digests),
		cmocka_unit_test(t060_too_large),
		cmocka_unit_test(t060_every_bit),
		cmocka_unit_test(t060_events_that_are_none),
		cmocka_unit_test(a_record),
		cmocka_unit_test(behind_a_firmware_log),
		cmocka_unit_test(a_real_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
