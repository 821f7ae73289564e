/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ccel.h"

#include "tests/unit/firmware/make_log.h"
#include "tests/unit/launch_vectors.h"

enum { AREA_LEN = 64 << 10, SUM_AT = 9, TYPE_AT = 0x24, LEN_AT = 0x28 };

static void fix_sum(cof_buf *b)
{
	uint8_t sum = 0;
	b->data[SUM_AT] = 0;
	for (size_t i = 0; i < b->len; i++)
		sum = (uint8_t)(sum + b->data[i]);
	b->data[SUM_AT] = (uint8_t)(0x100 - sum);
}

static void put_table(cof_buf *b, uint8_t type, uint64_t len)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_bytes(&w, cof_span_str("CCEL"));
	cof_wr_u32le(&w, 56);
	cof_wr_u8(&w, 1);
	cof_wr_u8(&w, 0);
	cof_wr_bytes(&w, cof_span_str("MAKER TABLE  "));
	cof_wr_zeros(&w, 1 + 12);
	cof_wr_u8(&w, type);
	cof_wr_u8(&w, 7);
	cof_wr_u16le(&w, 0);
	cof_wr_u64le(&w, len);
	cof_wr_u64le(&w, 0xbedbf000u);
	assert_false(w.failed);
	fix_sum(b);
}

static void assert_table_fails(cof_span table)
{
	cof_ccel t = {.log_len = 77};
	assert_fails(cof_ccel_parse(table, &t, &err), "ccel-malformed");
	assert_int_equal(t.log_len, 77);
}

static void a_table(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_ccel t;
	put_table(&b, COF_CC_TDX, AREA_LEN);
	assert_int_equal(b.len, COF_CCEL_LEN);
	assert_ok(cof_ccel_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.type, COF_CC_TDX);
	assert_int_equal(t.subtype, 7);
	assert_int_equal(t.log_len, AREA_LEN);
	assert_int_equal(t.log_address, 0xbedbf000u);
	b.data[TYPE_AT] = COF_CC_SEV;
	fix_sum(&b);
	assert_ok(cof_ccel_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.type, COF_CC_SEV);
}

static void every_truncation_and_a_byte_more(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_table(&b, COF_CC_TDX, AREA_LEN);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, b.data, n);
		assert_table_fails((cof_span){exact, n});
	}
	assert_ok(cof_buf_add(&b, "", 1, &err));
	assert_table_fails(cof_buf_span(&b));
}

static void every_bit_flip_breaks_the_checksum(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_table(&b, COF_CC_TDX, AREA_LEN);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_table_fails(cof_buf_span(&b));
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void fields_that_cannot_be(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {{0, 'c'}, {3, 'M'}, {4, 55}, {4, 57}, {7, 1}, {8, 0}, {8, 2}, {TYPE_AT, 0}, {TYPE_AT, 3}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		put_table(&b, COF_CC_TDX, AREA_LEN);
		b.data[bad[i].at] = bad[i].value;
		fix_sum(&b);
		assert_table_fails(cof_buf_span(&b));
	}
}

/* A log in an area that is filled up with one byte. */
static void put_area(cof_buf *b, uint8_t fill)
{
	put_cc_boot(b);
	assert_ok(cof_buf_reserve(b, AREA_LEN - b->len, &err));
	memset(b->data + b->len, fill, AREA_LEN - b->len);
	b->len = AREA_LEN;
}

static void padding_is_cut_off(void **state)
{
	(void)state;
	static const uint8_t fills[] = {0xff, 0x00};
	COF_AUTO(cof_buf) bare = {0};
	put_cc_boot(&bare);
	for (size_t i = 0; i < sizeof fills; i++) {
		COF_AUTO(cof_buf) area = {0};
		cof_span log = {0};
		put_area(&area, fills[i]);
		const cof_ccel t = {.type = COF_CC_TDX, .log_len = AREA_LEN};
		assert_ok(cof_ccel_log(&t, cof_buf_span(&area), &log, &err));
		assert_span_equal(log, bare.data, bare.len);
		area.data[AREA_LEN - 1] ^= 1; /* nothing hides behind it */
		assert_fails(cof_ccel_log(&t, cof_buf_span(&area), &log, &err), "eventlog-malformed");
	}
}

static void areas_that_do_not_fit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) area = {0};
	COF_AUTO(cof_buf) tpm = {0};
	cof_span log = {.len = 77};
	put_area(&area, 0xff);
	const cof_ccel shorter = {.type = COF_CC_TDX, .log_len = AREA_LEN - 1};
	const cof_ccel fits = {.type = COF_CC_TDX, .log_len = AREA_LEN};
	assert_fails(cof_ccel_log(&shorter, cof_buf_span(&area), &log, &err), "ccel-malformed");
	assert_fails(cof_ccel_log(&fits, (cof_span){0}, &log, &err), "eventlog-malformed");
	put_boot(&tpm);
	assert_fails(cof_ccel_log(&fits, cof_buf_span(&tpm), &log, &err), "eventlog-bank-missing");
	tpm.len = 0;
	put_spec_id_of(&tpm, 0, sha384_alg, 1); /* a TPM's log that has this bank */
	assert_fails(cof_ccel_log(&fits, cof_buf_span(&tpm), &log, &err), "ccel-malformed");
	assert_int_equal(log.len, 77);
}

static void assert_same_types(const json_t *types, const cof_eventlog *log)
{
	size_t i, at = 0;
	json_t *e;
	json_array_foreach (types, i, e) {
		if (json_integer_value(json_array_get(e, 1)) == COF_EV_NO_ACTION)
			continue;
		assert_true(at < log->n);
		assert_int_equal(log->events[at].reg, json_integer_value(json_array_get(e, 0)));
		assert_int_equal(log->events[at].type, json_integer_value(json_array_get(e, 1)));
		assert_int_equal(log->events[at].data.len, json_integer_value(json_array_get(e, 2)));
		at++;
	}
	assert_int_equal(at, log->n);
}

static void check_log(const json_t *v)
{
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	const cof_ccel t = {.type = COF_CC_TDX, .log_len = AREA_LEN};
	cof_digest regs[COF_REGS_MAX];
	cof_span cut;
	vector_read(jstr(v, "file"), &b);
	assert_ok(cof_ccel_log(&t, cof_buf_span(&b), &cut, &err));
	assert_int_equal(cut.len, json_integer_value(json_object_get(v, "log_length")));
	assert_ok(cof_eventlog_parse(cut, COF_SHA384, &log, &err));
	assert_int_equal(log.kind, COF_LOG_CCEL);
	assert_same_types(json_object_get(v, "event_types"), &log);
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	for (uint32_t i = 0; i < 4; i++) {
		const char key[2] = {(char)('0' + i), 0};
		assert_hex(regs[i + 1].bytes, COF_SHA384_LEN, jstr(json_object_get(v, "rtmr"), key));
	}
}

static void real_logs_replay(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	size_t i, done = 0;
	json_t *v;
	json_array_foreach (json_object_get(j, "ccel"), i, v) {
		if (jstr(v, "file") == NULL || json_object_get(v, "rtmr") == NULL)
			continue;
		check_log(v);
		done++;
	}
	assert_true(done >= 4);
}

static void a_real_table(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	const json_t *v = by_id(json_object_get(j, "ccel"), "ccel-acpi-table");
	const json_t *want = json_object_get(v, "acpi_table");
	COF_AUTO(cof_buf) b = {0};
	cof_ccel t;
	vector_read(jstr(v, "file"), &b);
	assert_ok(cof_ccel_parse(cof_buf_span(&b), &t, &err));
	assert_int_equal(t.type, json_integer_value(json_object_get(want, "cc_type")));
	assert_int_equal(t.subtype, json_integer_value(json_object_get(want, "cc_subtype")));
	assert_int_equal(t.log_len, json_integer_value(json_object_get(want, "laml")));
	assert_int_equal(t.log_address, json_integer_value(json_object_get(want, "lasa")));
}

/* The event lists that came with signed quotes, without a log's bytes: they replay to what was signed. */
static void check_quote(const json_t *v)
{
	json_t *events = json_object_get(v, "events"), *e;
	size_t i;
	cof_digest regs[COF_CC_REGS];
	for (i = 0; i < COF_CC_REGS; i++)
		cof_reg_start(COF_LOG_CCEL, COF_SHA384, (uint32_t)i, 0, &regs[i]);
	json_array_foreach (events, i, e) {
		cof_digest d = {.alg = COF_SHA384};
		json_int_t reg = json_integer_value(json_object_get(e, "rtmr")) + 1;
		assert_true(cof_reg_is_extended(COF_LOG_CCEL, (uint32_t)reg));
		assert_ok(cof_unhex(jstr(e, "digest"), d.bytes, COF_SHA384_LEN, &err));
		assert_ok(cof_reg_extend(&regs[reg], &d, &err));
	}
	const char *key;
	json_object_foreach (json_object_get(v, "rtmr"), key, e)
		assert_hex(regs[strtoul(key, NULL, 10) + 1].bytes, COF_SHA384_LEN, json_string_value(e));
}

static void signed_quotes_replay(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	size_t i;
	json_t *v;
	json_array_foreach (json_object_get(j, "quotes"), i, v)
		check_quote(v);
	assert_true(i >= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_and_a_byte_more),
		cmocka_unit_test(every_bit_flip_breaks_the_checksum),
		cmocka_unit_test(fields_that_cannot_be),
		cmocka_unit_test(areas_that_do_not_fit),
		cmocka_unit_test(a_table),
		cmocka_unit_test(padding_is_cut_off),
		cmocka_unit_test(real_logs_replay),
		cmocka_unit_test(a_real_table),
		cmocka_unit_test(signed_quotes_replay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
