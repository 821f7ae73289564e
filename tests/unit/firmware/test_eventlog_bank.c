/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs by bank and by kind: which there are, and that each replays for itself. */
#include "tests/unit/firmware/make_log.h"
#include "tests/unit/launch_vectors.h"

static const cof_hash all_banks[] = {COF_SHA1, COF_SHA256, COF_SHA384, COF_SHA512, COF_SM3};
/* The same, and one that nobody knows in between. */
static const log_alg all_algs[] = {{0x4, 20}, {0xb, 32}, {0x99, 7}, {0xc, 48}, {0xd, 64}, {0x12, 32}};

static void assert_bank_fails(const cof_buf *b, cof_hash bank, const char *reason)
{
	cof_eventlog log = {.n = 99};
	assert_fails(cof_eventlog_parse(cof_buf_span(b), bank, &log, &err), reason);
	assert_int_equal(log.n, 99);
}

static void parse(const cof_buf *b, cof_hash bank, cof_eventlog *ret)
{
	assert_ok(cof_eventlog_parse(cof_buf_span(b), bank, ret, &err));
	assert_int_equal(ret->bank, bank);
}

/* Digests are made-up: byte i of an algorithm's is its number plus i. */
static void put_all_digests(cof_buf *b, uint32_t reg, size_t n_algs)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u32le(&w, reg);
	cof_wr_u32le(&w, COF_EV_IPL);
	cof_wr_u32le(&w, (uint32_t)n_algs);
	for (size_t i = n_algs; i-- > 0;) { /* the order of a record need not be the head's */
		cof_wr_u16le(&w, all_algs[i].alg);
		for (size_t k = 0; k < all_algs[i].size; k++)
			cof_wr_u8(&w, (uint8_t)(all_algs[i].alg + k));
	}
	cof_wr_u32le(&w, 3);
	cof_wr_bytes(&w, cof_span_str("abc"));
	assert_false(w.failed);
}

static void every_bank_is_taken_for_itself(void **state)
{
	(void)state;
	static const uint8_t numbers[] = {0x4, 0xb, 0xc, 0xd, 0x12};
	COF_AUTO(cof_buf) b = {0};
	cof_log_banks banks;
	put_spec_id(&b, all_algs, COF_COUNT(all_algs));
	put_all_digests(&b, 4, COF_COUNT(all_algs));
	assert_ok(cof_eventlog_banks(cof_buf_span(&b), &banks, &err));
	assert_true(banks.agile && banks.kind == COF_LOG_TPM);
	assert_int_equal(banks.n, COF_COUNT(all_banks));
	for (size_t i = 0; i < COF_COUNT(all_banks); i++) {
		COF_AUTO(cof_eventlog) log = {0};
		assert_int_equal(banks.bank[i], all_banks[i]);
		parse(&b, all_banks[i], &log);
		assert_int_equal(log.n, 1);
		assert_int_equal(log.size, b.len);
		const cof_digest *d = &log.events[0].digest;
		assert_int_equal(d->alg, all_banks[i]);
		for (size_t k = 0; k < cof_hash_len(d->alg); k++)
			assert_int_equal(d->bytes[k], numbers[i] + k);
		assert_span_equal(log.events[0].data, "abc", 3);
	}
}

static void t060_a_bank_that_is_not_there(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	put_spec_id(&b, both_algs, 2);
	put_separator(&b, 0);
	assert_bank_fails(&b, COF_SHA384, "eventlog-bank-missing");
	assert_bank_fails(&b, COF_SHA512, "eventlog-bank-missing");
	assert_bank_fails(&b, COF_SM3, "eventlog-bank-missing");
	/* An event that leaves a bank out ends that bank only. */
	COF_AUTO(cof_buf) gap = {0};
	put_spec_id(&gap, all_algs, 2);
	put_all_digests(&gap, 4, 1);
	assert_bank_fails(&gap, COF_SHA256, "eventlog-bank-missing");
	parse(&gap, COF_SHA1, &log);
	assert_int_equal(log.n, 1);
}

static void put_old_boot(cof_buf *b)
{
	static const uint8_t zeros[4];
	put_old_event(b, 0, COF_EV_S_CRTM_VERSION, cof_span_of("v\0\0\0", 4), cof_span_of("v\0\0\0", 4));
	put_old_event(b, 4, COF_EV_EFI_BOOT_SERVICES_APPLICATION, cof_span_str("kernel"), cof_span_str("a path"));
	put_old_event(b, 4, COF_EV_SEPARATOR, cof_span_of(zeros, 4), cof_span_of(zeros, 4));
}

static void the_old_format_is_sha1_alone(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_log_banks banks;
	put_old_boot(&b);
	assert_ok(cof_eventlog_banks(cof_buf_span(&b), &banks, &err));
	assert_false(banks.agile);
	assert_int_equal(banks.n, 1);
	assert_int_equal(banks.bank[0], COF_SHA1);
	parse(&b, COF_SHA1, &log);
	assert_int_equal(log.kind, COF_LOG_TPM);
	assert_int_equal(log.n, 3);
	assert_ok(cof_eventlog_check_data(&log, &err));
	for (size_t i = 1; i < COF_COUNT(all_banks); i++)
		assert_bank_fails(&b, all_banks[i], "eventlog-bank-missing");
}

static void t060_old_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	size_t whole = 0;
	put_old_boot(&b);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO(cof_eventlog) log = {0};
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_err ignored = {0};
		memcpy(exact, b.data, n);
		whole += cof_eventlog_parse((cof_span){exact, n}, COF_SHA1, &log, &ignored) == 0;
	}
	assert_int_equal(whole, 2); /* behind each of the records but the last */
}

static void old_record_fields(void **state)
{
	(void)state;
	COF_AUTO(cof_eventlog) log = {0};
	static const uint8_t pad[64] = {0};
	COF_AUTO(cof_buf) b = {0};
	put_old_event(&b, 24, COF_EV_IPL, cof_span_str("x"), cof_span_str("x"));
	assert_bank_fails(&b, COF_SHA1, "eventlog-malformed");
	b.data[0] = 23;
	assert_ok(cof_buf_add(&b, pad, sizeof pad, &err));
	parse(&b, COF_SHA1, &log);
	assert_int_equal(log.n, 1);
	assert_int_equal(log.size, b.len - sizeof pad);
	b.data[28] = 0xff; /* data longer than the log */
	assert_bank_fails(&b, COF_SHA1, "eventlog-malformed");
}

/* Without a signature in front, anything could be called an old log: at the least it must hold a record. */
static void padding_alone_is_no_log(void **state)
{
	(void)state;
	static const uint8_t fills[] = {0x00, 0xff};
	for (size_t i = 0; i < sizeof fills; i++) {
		uint8_t area[4096];
		cof_eventlog log = {.n = 99};
		memset(area, fills[i], sizeof area);
		assert_fails(cof_eventlog_parse(cof_span_of(area, sizeof area), COF_SHA1, &log, &err),
			     "eventlog-malformed");
		assert_fails(cof_eventlog_parse((cof_span){0}, COF_SHA1, &log, &err), "eventlog-malformed");
	}
}

/* Records of nothing but zeros, and a byte at the far end: each must not be taken for the start of the padding. */
static void t060_zeros_that_are_no_padding(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_reserve(&b, COF_EVENTLOG_MAX, &err));
	memset(b.data, 0, COF_EVENTLOG_MAX);
	b.len = COF_EVENTLOG_MAX;
	b.data[b.len - 1] = 1;
	assert_bank_fails(&b, COF_SHA1, "eventlog-too-large"); /* soon: a bound on events, not on time */
}

static void the_old_format_knows_the_locality_too(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	cof_span four = cof_span_of("StartupLocality\0\4", 17);
	put_old_event(&b, 0, COF_EV_NO_ACTION, four, four);
	parse(&b, COF_SHA1, &log);
	assert_ok(cof_eventlog_replay(&log, pcrs, &err));
	assert_int_equal(pcrs[0].bytes[19], 4);
	assert_int_equal(pcrs[0].bytes[18], 0);
	assert_int_equal(pcrs[18].bytes[19], 0xff);
}

static void tdx_logs_are_told_by_their_head(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_log_banks banks;
	put_cc_boot(&b);
	assert_ok(cof_eventlog_banks(cof_buf_span(&b), &banks, &err));
	assert_int_equal(banks.kind, COF_LOG_CCEL);
	assert_int_equal(banks.n, 1);
	parse(&b, COF_SHA384, &log);
	assert_int_equal(log.kind, COF_LOG_CCEL);
	assert_int_equal(log.n, 6);
	assert_ok(cof_eventlog_check_data(&log, &err));
	assert_bank_fails(&b, COF_SHA256, "eventlog-bank-missing");
	b.data[0] = 0; /* the same bytes as a TPM's */
	cof_eventlog_release(&log);
	parse(&b, COF_SHA384, &log);
	assert_int_equal(log.kind, COF_LOG_TPM);
}

/* A head that is neither kind's is refused, so that none can be taken for the other. */
static void t060_heads_between_the_kinds(void **state)
{
	(void)state;
	static const log_alg two[] = {{0xc, 48}, {0xb, 32}};
	static const log_alg sha256[] = {{0xb, 32}};
	COF_AUTO(cof_buf) a = {0};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) c = {0};
	cof_log_banks banks = {.n = 77};
	put_spec_id_of(&a, 1, two, 2);
	assert_bank_fails(&a, COF_SHA384, "eventlog-malformed");
	assert_bank_fails(&a, COF_SHA256, "eventlog-malformed");
	put_spec_id_of(&b, 1, sha256, 1);
	assert_bank_fails(&b, COF_SHA256, "eventlog-malformed");
	put_spec_id_of(&c, 2, sha384_alg, 1);
	assert_bank_fails(&c, COF_SHA384, "eventlog-malformed");
	assert_fails(cof_eventlog_banks(cof_buf_span(&c), &banks, &err), "eventlog-malformed");
	assert_int_equal(banks.n, 77);
}

static void t060_registers_that_tdx_does_not_extend(void **state)
{
	(void)state;
	static const uint32_t bad[] = {0, 5, 23, UINT32_MAX - 1};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		put_spec_id_of(&b, 1, sha384_alg, 1);
		put_cc_separator(&b, bad[i]);
		assert_bank_fails(&b, COF_SHA384, "eventlog-malformed");
	}
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	put_spec_id_of(&b, 1, sha384_alg, 1);
	for (uint32_t reg = 1; reg <= 4; reg++)
		put_cc_separator(&b, reg);
	put_cc_event(&b, 0, COF_EV_NO_ACTION, cof_span_str("x"), cof_span_str("a remark on MRTD"));
	parse(&b, COF_SHA384, &log);
	assert_int_equal(log.n, 4);
	put_cc_event(&b, 5, COF_EV_NO_ACTION, cof_span_str("x"), cof_span_str("a remark"));
	assert_bank_fails(&b, COF_SHA384, "eventlog-malformed");
}

static void tdx_has_no_localities(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	cof_span three = cof_span_of("StartupLocality\0\3", 17);
	put_spec_id_of(&b, 1, sha384_alg, 1);
	put_cc_event(&b, 0, COF_EV_NO_ACTION, three, three);
	assert_bank_fails(&b, COF_SHA384, "eventlog-malformed");
}

static void tdx_registers_replay(void **state)
{
	(void)state;
	static const char separated[] = /* 48 zeros extended by the digest of four zero bytes */
		"518923b0f955d08da077c96aaba522b9decede61c599cea6c41889cfbea4ae4d50529d96fe4d1afdafb65e7f95bf23c4";
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	static const uint8_t zeros[COF_SHA384_LEN];
	put_spec_id_of(&b, 1, sha384_alg, 1);
	put_cc_separator(&b, 4);
	parse(&b, COF_SHA384, &log);
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	assert_hex(regs[4].bytes, COF_SHA384_LEN, separated);
	for (uint32_t i = 0; i < 4; i++)
		assert_memory_equal(regs[i].bytes, zeros, sizeof zeros);
}

static void check_bank(const cof_buf *b, const json_t *want, cof_hash bank, bool captured)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest pcrs[COF_REGS_MAX];
	const char *key;
	json_t *hex;
	parse(b, bank, &log);
	assert_ok(cof_eventlog_replay(&log, pcrs, &err));
	if (captured)
		assert_ok(cof_eventlog_check_data(&log, &err));
	json_t *loose = json_deep_copy(want);
	(void)json_object_del(loose, "10"); /* Linux's IMA goes on extending it */
	json_object_foreach (loose, key, hex)
		assert_hex(pcrs[strtoul(key, NULL, 10)].bytes, cof_hash_len(bank), json_string_value(hex));
	json_decref(loose);
}

/* Returns how many banks the vector has registers of. */
static size_t check_vector(const json_t *v, bool captured)
{
	COF_AUTO(cof_buf) b = {0};
	json_t *want = json_object_get(v, "pcrs");
	cof_log_banks banks;
	size_t done = 0;
	vector_read(captured ? jstr(v, "log") : jstr(v, "file"), &b);
	assert_ok(cof_eventlog_banks(cof_buf_span(&b), &banks, &err));
	assert_int_equal(banks.kind, COF_LOG_TPM);
	for (size_t i = 0; i < banks.n; i++) {
		const json_t *pcrs = json_object_get(want, cof_hash_name(banks.bank[i]));
		if (pcrs == NULL)
			continue;
		check_bank(&b, pcrs, banks.bank[i], captured);
		done++;
	}
	assert_int_equal(done, json_object_size(want));
	if (!banks.agile)
		assert_bank_fails(&b, COF_SHA256, "eventlog-bank-missing");
	return done;
}

static void real_logs_replay_in_every_bank(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	size_t i, banks = 0;
	json_t *v;
	json_array_foreach (json_object_get(j, "captures"), i, v)
		banks += check_vector(v, true);
	assert_true(i >= 22 && banks >= 2 * i);
	json_array_foreach (json_object_get(j, "public"), i, v)
		banks += check_vector(v, false);
	assert_true(i >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_bank_is_taken_for_itself),
		cmocka_unit_test(t060_a_bank_that_is_not_there),
		cmocka_unit_test(the_old_format_is_sha1_alone),
		cmocka_unit_test(t060_old_every_truncation),
		cmocka_unit_test(old_record_fields),
		cmocka_unit_test(padding_alone_is_no_log),
		cmocka_unit_test(t060_zeros_that_are_no_padding),
		cmocka_unit_test(the_old_format_knows_the_locality_too),
		cmocka_unit_test(tdx_logs_are_told_by_their_head),
		cmocka_unit_test(t060_heads_between_the_kinds),
		cmocka_unit_test(t060_registers_that_tdx_does_not_extend),
		cmocka_unit_test(tdx_has_no_localities),
		cmocka_unit_test(tdx_registers_replay),
		cmocka_unit_test(real_logs_replay_in_every_bank),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
