/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/logreport.h"

#include <stdio.h>

#include "common/hex.h"
#include "tests/unit/firmware/make_log.h"

enum { EVENTS_MAX = 32 };

/* A boot's log, a reference that is exactly that, and the registers that a machine would have after it. */
typedef struct fixture {
	cof_buf bytes;
	cof_ref_event want[EVENTS_MAX];
	cof_reg_values read;
	cof_eventlog_report_in in;
} fixture;

static void fixture_release(fixture *f)
{
	cof_buf_release(&f->bytes);
}
COF_DEFINE_AUTO(fixture, fixture_release)

static void refer(fixture *f, cof_hash bank)
{
	COF_AUTO(cof_eventlog) log = {0};
	cof_digest regs[COF_REGS_MAX];
	assert_ok(cof_eventlog_parse(cof_buf_span(&f->bytes), bank, &log, &err));
	assert_ok(cof_eventlog_replay(&log, regs, &err));
	assert_true(log.n <= EVENTS_MAX);
	for (size_t i = 0; i < log.n; i++) {
		const cof_log_event *e = &log.events[i];
		f->want[i] = (cof_ref_event){.reg = e->reg, .type = e->type, .digest = e->digest};
		cof_event_name(e, f->want[i].name);
	}
	uint32_t first = log.kind == COF_LOG_CCEL ? 1 : 0;
	for (uint32_t i = first; i < cof_reg_count(log.kind); i++) {
		f->read.has[bank] |= 1u << (i - first);
		f->read.at[bank][i - first] = regs[i];
	}
	f->in = (cof_eventlog_report_in){.log = cof_buf_span(&f->bytes),
					 .want = f->want,
					 .n = log.n,
					 .want_kind = log.kind,
					 .want_bank = bank,
					 .judged = log.kind == COF_LOG_CCEL ? 0xe : 0x2ff,
					 .read = &f->read};
}

static void set_up(fixture *f)
{
	put_boot(&f->bytes);
	refer(f, COF_SHA256);
}

static cof_log_report *make(const fixture *f)
{
	cof_log_report *r = NULL;
	assert_ok(cof_log_report_make(&f->in, &r, &err));
	return r;
}

static void assert_make_fails(const cof_eventlog_report_in *in, const char *reason)
{
	cof_log_report *r = NULL;
	assert_fails(cof_log_report_make(in, &r, &err), reason);
	assert_null(r);
}

static void text_of(const cof_log_report *r, cof_buf *ret)
{
	assert_ok(cof_log_report_text(r, ret, &err));
	for (size_t i = 0; i < ret->len; i++)
		assert_true(ret->data[i] == '\n' || (ret->data[i] >= 0x20 && ret->data[i] <= 0x7e));
}

static void assert_has(const cof_buf *text, const char *part)
{
	if (strstr(cof_buf_str(text), part) == NULL)
		fail_msg("no '%s' in\n%s", part, cof_buf_str(text));
}

/* T-60: text in a log is anybody's: it must not steer the terminal of the person who looks into it. */
static void t060_hostile_text_is_escaped(void **state)
{
	(void)state;
	static const char nasty[] = "grub\x1b]0;own\x07\r\n\x9b"
				    "31m\\ \xe2\x80\xae%s%n";
	static const char wide[] = "v\0\x1b\0"
				   "1\0\x7f\0";
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	put_spec_id(&f.bytes, both_algs, 2);
	put_event(&f.bytes, 8, COF_EV_IPL, cof_span_str("x"), cof_span_str(nasty));
	put_event(&f.bytes, 0, COF_EV_S_CRTM_VERSION, cof_span_str("x"), cof_span_of(wide, sizeof wide - 1));
	put_event(&f.bytes, 1, 0xfeedf00d, cof_span_str("x"), cof_span_of("\0\1\2\3 \x1b", 6));
	f.in.log = cof_buf_span(&f.bytes);
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	text_of(r, &text);
	assert_has(&text, "grub\\x1b]0;own\\x07\\x0d\\x0a\\x9b31m\\x5c \\xe2\\x80\\xae%s%n\n");
	assert_has(&text, "mismatch  v\\x1b1\\x7f\n");
	assert_has(&text, "0xfeedf00d");
	assert_null(strstr(cof_buf_str(&text), "\\x03")); /* more noise than text is not shown */
}

static void long_data_are_cut(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	char bytes[500], all[4 * 48 + 5] = "";
	memset(bytes, 0xfe, sizeof bytes);
	for (size_t i = 0; i < 48; i += 2) {
		bytes[i] = 'a';
		(void)snprintf(all + strlen(all), sizeof all - strlen(all), "a\\xfe");
	}
	put_spec_id(&f.bytes, both_algs, 2);
	put_event(&f.bytes, 8, COF_EV_IPL, cof_span_str("x"), cof_span_of(bytes, sizeof bytes));
	f.in.log = cof_buf_span(&f.bytes);
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	text_of(r, &text);
	(void)snprintf(all + strlen(all), sizeof all - strlen(all), "...\n");
	assert_has(&text, all);
}

static void a_boot_as_expected(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	set_up(&f);
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	assert_ok(cof_log_report_check(r, &err));
	assert_true(r->compared && !r->differs && r->read && !r->odd);
	text_of(r, &text);
	assert_has(&text, "TPM event log, 13 events, banks: sha1 sha256\n");
	assert_has(&text, "   2  PCR 4   EV_EFI_ACTION                     boot-attempt              ");
	assert_has(&text, "\nsha1 replays to");
	assert_has(&text, "  PCR 2   3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969\n");
	assert_has(&text, "every event is as expected\n");
	assert_has(&text, "the log replays to every one");
	assert_int_equal(cof_eventlog_report(&f.in), 0);
	f.in.json = true;
	assert_int_equal(cof_eventlog_report(&f.in), 0);
}

/* T-17: the answer is no, and names where. */
static void t017_every_changed_event(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	for (size_t i = 0; i < f.in.n; i++) {
		cof_err why = {0};
		f.want[i].digest.bytes[7] ^= 1;
		COF_AUTO_PTR(cof_log_report) r = make(&f);
		assert_true(cof_log_report_check(r, &why) < 0);
		assert_string_equal(why.reason, "eventlog-differs");
		assert_int_equal(why.cls, COF_E_POLICY);
		assert_non_null(strstr(why.text, f.want[i].name));
		f.want[i].digest.bytes[7] ^= 1;
	}
	f.want[0].digest.bytes[7] ^= 1;
	assert_int_equal(cof_eventlog_report(&f.in), 1);
}

static void surplus_and_missing_are_told(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) less = {0};
	cof_err why = {0};
	set_up(&f);
	f.in.read = NULL;
	f.in.n--;
	COF_AUTO_PTR(cof_log_report) surplus = make(&f);
	assert_true(cof_log_report_check(surplus, &why) < 0);
	assert_non_null(strstr(why.text, "not in the reference"));
	text_of(surplus, &text);
	assert_has(&text, "PCR 9, event 'initrd' differs\n  expected  nothing\n  found     EV_EVENT_TAG ");
	f.in.n++;
	f.want[f.in.n++] = f.want[0];
	COF_AUTO_PTR(cof_log_report) missing = make(&f);
	assert_true(cof_log_report_check(missing, &why) < 0);
	assert_non_null(strstr(why.text, "was not measured"));
	text_of(missing, &less);
	assert_has(&less, "PCR 0, event 'crtm-version' differs\n  expected  EV_S_CRTM_VERSION ");
	assert_has(&less, "\n  found     nothing\n");
}

/* T-60: the first register that differs is named, in every bank; PCR 10 and those that no log covers do not count. */
static void t060_registers_that_differ(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		bool counts = i <= 7 || i == 9 || (i >= 11 && i <= 15);
		char name[COF_REG_NAME_MAX];
		cof_err why = {0};
		f.read.at[COF_SHA256][i].bytes[31] ^= 1;
		COF_AUTO_PTR(cof_log_report) r = make(&f);
		assert_int_equal(cof_log_report_check(r, &why) < 0, counts);
		f.read.at[COF_SHA256][i].bytes[31] ^= 1;
		if (!counts)
			continue;
		cof_reg_name(COF_LOG_TPM, i, name);
		assert_string_equal(why.reason, "eventlog-replay");
		assert_int_equal(why.cls, COF_E_CRYPTO);
		assert_int_equal(strncmp(why.text, name, strlen(name)), 0);
		assert_non_null(strstr(why.text, "sha256"));
	}
	f.read.at[COF_SHA256][4].bytes[31] ^= 1;
	f.read.at[COF_SHA256][9].bytes[31] ^= 1;
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	assert_int_equal(r->odd_reg, 4);
	assert_int_equal(cof_eventlog_report(&f.in), 1);
}

static void registers_that_the_log_extends_count_too(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	put_boot(&f.bytes);
	put_separator(&f.bytes, 8);
	put_separator(&f.bytes, 10);
	refer(&f, COF_SHA256);
	COF_AUTO_PTR(cof_log_report) same = make(&f);
	assert_false(same->odd);
	f.read.at[COF_SHA256][10].bytes[0] ^= 1;
	COF_AUTO_PTR(cof_log_report) ima = make(&f);
	assert_false(ima->odd);
	f.read.at[COF_SHA256][8].bytes[0] ^= 1;
	COF_AUTO_PTR(cof_log_report) grub = make(&f);
	assert_true(grub->odd);
	assert_int_equal(grub->odd_reg, 8);
}

static void banks_of_values_and_logs(void **state)
{
	(void)state;
	static const cof_hash sha1 = COF_SHA1, sha256 = COF_SHA256, sha512 = COF_SHA512;
	COF_AUTO(fixture) f = {0};
	set_up(&f);
	f.in.want = NULL;
	f.read.has[COF_SHA1] = 1u << 3;
	f.read.at[COF_SHA1][3] = (cof_digest){.alg = COF_SHA1, .bytes = {9}};
	COF_AUTO_PTR(cof_log_report) both = make(&f);
	assert_true(both->odd);
	assert_int_equal(both->banks[both->odd_bank].log.bank, COF_SHA1);
	f.in.bank = &sha256;
	COF_AUTO_PTR(cof_log_report) one = make(&f);
	assert_false(one->odd);
	f.in.bank = &sha1;
	COF_AUTO_PTR(cof_log_report) other = make(&f);
	assert_true(other->odd);
	assert_int_equal(other->banks[other->shown].log.bank, COF_SHA1);
	f.in.bank = &sha512;
	assert_make_fails(&f.in, "eventlog-bank-missing");
	f.in.bank = NULL;
	memset(f.read.has, 0, sizeof f.read.has);
	assert_make_fails(&f.in, "pcrs-no-bank");
	f.read.has[COF_SHA512] = 1;
	assert_make_fails(&f.in, "pcrs-no-bank");
	f.read.has[COF_SHA256] = 1u << 10; /* a register that does not count */
	assert_make_fails(&f.in, "pcrs-no-bank");
}

static void logs_that_cannot_be_read(void **state)
{
	(void)state;
	static const log_alg unknown[] = {{0x99, 20}};
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) odd = {0};
	set_up(&f);
	f.in.log = (cof_span){0};
	assert_make_fails(&f.in, "eventlog-malformed");
	f.in.log = (cof_span){f.bytes.data, f.bytes.len - 1};
	assert_make_fails(&f.in, "eventlog-malformed");
	put_spec_id(&odd, unknown, 1);
	f.in.log = cof_buf_span(&odd);
	f.in.want = NULL;
	assert_make_fails(&f.in, "eventlog-bank-missing");
	f.in.json = true;
	assert_int_equal(cof_eventlog_report(&f.in), 1);
}

/* A bank with a gap is named; the others are read all the same. */
static void a_bank_with_a_gap(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	put_spec_id(&f.bytes, both_algs, 2);
	cof_wr w = cof_wr_to(&f.bytes);
	cof_wr_u32le(&w, 3);
	cof_wr_u32le(&w, COF_EV_IPL);
	cof_wr_u32le(&w, 1);
	cof_wr_u16le(&w, 0xb);
	cof_wr_zeros(&w, 32 + 4);
	assert_false(w.failed);
	f.in.log = cof_buf_span(&f.bytes);
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	text_of(r, &text);
	assert_has(&text, "sha1 cannot be replayed: eventlog-bank-missing\n");
	assert_ok(cof_log_report_json(r, &j, &err));
	assert_null(json_object_get(json_object_get(j, "pcrs"), "sha1"));
	assert_non_null(json_object_get(json_object_get(j, "pcrs"), "sha256"));
	static const cof_hash sha1 = COF_SHA1;
	f.in.bank = &sha1;
	assert_make_fails(&f.in, "eventlog-bank-missing");
}

static void tdx_logs_count_rtmrs_from_zero(void **state)
{
	(void)state;
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	cof_err why = {0};
	put_cc_boot(&f.bytes);
	refer(&f, COF_SHA384);
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	assert_ok(cof_log_report_check(r, &err));
	text_of(r, &text);
	assert_has(&text, "TDX event log (CCEL), 6 events, banks: sha384\n");
	assert_has(&text, "   0  RTMR0   EV_EFI_HANDOFF_TABLES2 ");
	assert_has(&text, "  RTMR3   0000");
	assert_ok(cof_log_report_json(r, &j, &err));
	assert_string_equal(json_string_value(json_object_get(j, "kind")), "ccel");
	assert_null(json_object_get(j, "pcrs"));
	const json_t *rtmrs = json_object_get(json_object_get(j, "rtmrs"), "sha384");
	assert_int_equal(json_object_size(rtmrs), 4);
	assert_int_equal(strlen(json_string_value(json_object_get(rtmrs, "0"))), 96);
	const json_t *e = json_array_get(json_object_get(j, "events"), 5);
	assert_int_equal(json_integer_value(json_object_get(e, "register")), 2);
	f.read.at[COF_SHA384][3].bytes[0] ^= 1; /* RTMR3 is the guest's own */
	COF_AUTO_PTR(cof_log_report) own = make(&f);
	assert_false(own->odd);
	f.read.at[COF_SHA384][2].bytes[0] ^= 1;
	COF_AUTO_PTR(cof_log_report) odd = make(&f);
	assert_true(cof_log_report_check(odd, &why) < 0);
	assert_int_equal(strncmp(why.text, "RTMR2 ", 6), 0);
}

static void references_of_another_kind(void **state)
{
	(void)state;
	static const cof_hash sha384 = COF_SHA384;
	COF_AUTO(fixture) f = {0};
	put_cc_boot(&f.bytes);
	refer(&f, COF_SHA384);
	f.in.want_kind = COF_LOG_TPM;
	assert_make_fails(&f.in, "reference-kind");
	f.in.want_bank = COF_SHA256;
	assert_make_fails(&f.in, "eventlog-bank-missing");
	f.in.bank = &sha384;
	assert_make_fails(&f.in, "reference-kind");
	f.in.want_kind = COF_LOG_CCEL;
	assert_make_fails(&f.in, "reference-bank");
}

static void the_documented_shape(void **state)
{
	(void)state;
	static const char want[] =
		"{\"format\":\"coffer-eventlog/1\",\"kind\":\"tpm\",\"banks\":[\"sha1\"],\"pcrs\":{\"sha1\":{"
		"\"0\":\"0000000000000000000000000000000000000000\",";
	static const char tail[] =
		"\"events\":[{\"register\":4,\"type\":\"EV_IPL\",\"name\":\"boot-loader\",\"digests\":{\"sha1\":"
		"\"11f6ad8ec52a2984abaafd7c3b516503785c2072\"},\"data\":\"1b5b\",\"data_is\":\"label\"},"
		"{\"register\":4,\"type\":\"0x99\",\"name\":\"event-0x99\",\"digests\":{\"sha1\":"
		"\"95cb0bfd2977c761298d9624e4b4d4c72a39974a\"},\"data\":\"\",\"data_is\":\"label\"}],"
		"\"replays\":null,\"matches\":false,\"diff\":{\"register\":4,\"name\":\"kernel\",\"missing\":false,"
		"\"surplus\":false,\"expected\":{\"type\":\"EV_ACTION\",\"digest\":"
		"\"0000000000000000000000000000000000000000\"},\"found\":{\"type\":\"EV_IPL\",\"digest\":"
		"\"11f6ad8ec52a2984abaafd7c3b516503785c2072\"}}}";
	COF_AUTO(fixture) f = {0};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	put_old_event(&f.bytes, 4, COF_EV_IPL, cof_span_str("x"), cof_span_str("\x1b["));
	put_old_event(&f.bytes, 4, 0x99, cof_span_str("y"), (cof_span){0});
	f.want[0] = (cof_ref_event){.reg = 4, .type = COF_EV_ACTION, .name = "kernel", .digest = {.alg = COF_SHA1}};
	f.in = (cof_eventlog_report_in){
		.log = cof_buf_span(&f.bytes), .want = f.want, .n = 1, .want_bank = COF_SHA1, .judged = 0x10};
	COF_AUTO_PTR(cof_log_report) r = make(&f);
	assert_ok(cof_log_report_json(r, &j, &err));
	assert_ok(cof_json_dump(j, &text, &err));
	assert_memory_equal(text.data, want, sizeof want - 1);
	assert_true(text.len > sizeof tail);
	assert_string_equal(cof_buf_str(&text) + text.len - (sizeof tail - 1), tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_hostile_text_is_escaped),
		cmocka_unit_test(long_data_are_cut),
		cmocka_unit_test(logs_that_cannot_be_read),
		cmocka_unit_test(t017_every_changed_event),
		cmocka_unit_test(surplus_and_missing_are_told),
		cmocka_unit_test(t060_registers_that_differ),
		cmocka_unit_test(registers_that_the_log_extends_count_too),
		cmocka_unit_test(banks_of_values_and_logs),
		cmocka_unit_test(a_bank_with_a_gap),
		cmocka_unit_test(a_boot_as_expected),
		cmocka_unit_test(tdx_logs_count_rtmrs_from_zero),
		cmocka_unit_test(references_of_another_kind),
		cmocka_unit_test(the_documented_shape),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
