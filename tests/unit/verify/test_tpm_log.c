/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_quote.h"

static soft_keys keys;

/* A quote over the registers that this log gives. */
static soft_quote *with_log(void (*put)(cof_buf *))
{
	soft_quote *s = soft_quote_new(&keys);
	s->log.len = 0;
	put(&s->log);
	soft_registers(s);
	return s;
}

/* ---- replay ---- */

static void put_two_more(cof_buf *b)
{
	put_boot(b);
	put_event(b, 14, COF_EV_IPL, cof_span_str("mok"), cof_span_str("mok"));
	put_event(b, 12, COF_EV_IPL, cof_span_str("addon"), cof_span_str("a label"));
}

static void t060_spliced_reordered_truncated(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) boot = {0};
	put_boot(&boot);
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	put_event(&s->log, 5, COF_EV_EFI_ACTION, cof_span_str("x"), cof_span_str("x"));
	assert_quote_alone(s, "one event more", "eventlog-replay");
	for (size_t n = 0; n < boot.len; n += 5) {
		static cof_verdict v;
		s->log.len = 0;
		assert_ok(cof_buf_add(&s->log, boot.data, n, &err));
		soft_quote_make(s);
		soft_judge(s, &v);
		if (v.accepted)
			fail_msg("accepted with %zu bytes of its log", n);
		cof_verdict_release(&v);
	}
	for (size_t at = 0; at < boot.len; at += 3) {
		s->log.len = 0;
		assert_ok(cof_buf_add(&s->log, boot.data, boot.len, &err));
		s->log.data[at] ^= 1;
		static cof_verdict v;
		soft_quote_make(s);
		soft_judge(s, &v);
		/* what no quoted register holds is a label: SHA-1, and data beside its digest */
		if (!v.accepted)
			assert_int_equal(v.checks.list[v.checks.first].stage, COF_STAGE_EVENTLOG);
		cof_verdict_release(&v);
	}
}

static void t060_a_register_that_the_log_leaves_out(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->banks.list[0].pcrs[3][0] ^= 1;
	assert_quote_alone(s, "a firmware's register", "eventlog-replay");
	s->banks.list[0].pcrs[3][0] ^= 1;
	s->select[0].mask = 0x4fff;
	s->banks.list[0].pcrs[11][0] = 5;
	assert_quote(s, "a register of user space, without events", NULL);
	s->banks.list[0].pcrs[9][0] ^= 1;
	assert_quote_alone(s, "a register of user space with events", "eventlog-replay");
	s->policy = "{\"replay_pcrs\":[0,1,2,3,4,5,6,7]}";
	assert_quote(s, "whose events the owner does not ask for", NULL);
	s->policy = "{\"replay_pcrs\":[9]}";
	assert_quote_alone(s, "or does", "eventlog-replay");
	s->policy = "{\"replay_pcrs\":[15]}";
	assert_quote_alone(s, "a register that was not quoted", "eventlog-replay");
}

static void t060_a_lie_in_the_weaker_bank(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->n_select = s->count_select = 2;
	s->banks.list[1].pcrs[2][7] ^= 1;
	assert_quote_alone(s, "SHA-1 beside SHA-256", "eventlog-replay");
}

static void t060_registers_that_nobody_quoted(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = with_log(put_two_more);
	s->select[0].mask = 1u << 11;
	assert_quote_alone(s, "no event is covered", "eventlog-uncovered");
	s->select[0].mask = 1u << 11 | 1u << 12;
	assert_quote(s, "one register's are", NULL);
	/* the log may say of 14 what it likes, and it counts for nothing */
	s->policy = "{\"pcr_values\":{\"sha256\":{\"14\":"
		    "\"0000000000000000000000000000000000000000000000000000000000000000\"}}}";
	assert_quote_alone(s, "of another, nothing", "pcr-value");
}

/* ---- formats ---- */

static void put_ccel(cof_buf *b)
{
	put_cc_boot(b);
}

static void put_old(cof_buf *b)
{
	put_old_event(b, 0, COF_EV_S_CRTM_VERSION, cof_span_str("v"), cof_span_str("v"));
	put_old_event(b, 7, COF_EV_SEPARATOR, cof_span_of("\0\0\0\0", 4), cof_span_of("\0\0\0\0", 4));
}

static void put_nothing(cof_buf *b)
{
	(void)b;
}

static void put_head(cof_buf *b)
{
	put_spec_id(b, both_algs, 2);
}

/* T-35: a reader has an end before a log has. */
static void put_endless(cof_buf *b)
{
	put_boot(b);
	while (b->len <= COF_EVENTLOG_MAX)
		put_event(b, 12, COF_EV_IPL, cof_span_str("x"), cof_span_str("x"));
}

static void t060_logs_of_another_kind(void **state)
{
	(void)state;
	static const struct {
		const char *label;
		void (*put)(cof_buf *);
		const char *check;
	} cases[] = {
		{"a TD's", put_ccel, "eventlog-kind"},		{"SHA-1 alone", put_old, "eventlog-format"},
		{"empty", put_nothing, "eventlog-malformed"},	{"no event", put_head, "eventlog-uncovered"},
		{"endless", put_endless, "eventlog-too-large"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_PTR(soft_quote) s = with_log(cases[i].put);
		assert_quote_alone(s, cases[i].label, cases[i].check);
	}
}

static void t060_a_bank_that_the_log_has_not(void **state)
{
	(void)state;
	COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
	s->select[0] = (soft_select){0xc, 3, 0xff};
	assert_quote_alone(s, "SHA-384 quoted", "eventlog-bank-missing");
}

/* ---- what events say ---- */

static void put_failed_separator(cof_buf *b)
{
	put_boot(b);
	put_event(b, 4, COF_EV_SEPARATOR, cof_span_of("\xff\xff\xff\xff", 4), cof_span_of("\xff\xff\xff\xff", 4));
}

static void put_short_separator(cof_buf *b)
{
	put_boot(b);
	put_event(b, 4, COF_EV_SEPARATOR, cof_span_of("\0\0\0", 3), cof_span_of("\0\0\0", 3));
}

static void put_other_separator(cof_buf *b)
{
	put_boot(b);
	put_event(b, 12, COF_EV_SEPARATOR, cof_span_str("WBCL"), cof_span_str("WBCL"));
}

static void put_lie(cof_buf *b)
{
	put_boot(b);
	put_event(b, 4, COF_EV_EFI_ACTION, cof_span_str("what happened"), cof_span_str("what is said"));
}

static void t060_data_that_was_not_measured(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(soft_quote) failed = with_log(put_failed_separator);
	assert_quote_alone(failed, "the firmware failed", "eventlog-separator");
	COF_AUTO_PTR(soft_quote) cut = with_log(put_short_separator);
	assert_quote_alone(cut, "a separator of three bytes", "eventlog-separator");
	COF_AUTO_PTR(soft_quote) other = with_log(put_other_separator);
	assert_quote(other, "a loader's own separator", NULL);
	COF_AUTO_PTR(soft_quote) s = with_log(put_lie);
	soft_quote_make(s);
	soft_judge(s, &v);
	assert_true(v.accepted);
	assert_int_equal(json_integer_value(json_object_get(v.fields, "unverified_event_pcr")), 4);
	/* the kernel's path, two labels of the stub, and the lie */
	assert_int_equal(json_integer_value(json_object_get(v.fields, "unverified_events")), 4);
	cof_verdict_release(&v);
	s->policy = "{\"require_event_data\":true}";
	assert_quote_alone(s, "the owner wants none", "eventlog-data-mismatch");
}

/* ---- secure boot ---- */

static const uint8_t global[] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
				 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

typedef struct secure_boot {
	const char *label;
	const char *name;
	uint8_t state;
	uint8_t len;
	bool ours; /* the GUID */
	bool late, twice, measured_otherwise;
	uint32_t pcr, type;
	const char *check;
} secure_boot;

static void put_secure_boot(cof_buf *b, const secure_boot *c)
{
	COF_AUTO(cof_buf) var = {0};
	const uint8_t data[2] = {c->state, 0};
	put_variable(&var, c->name, cof_span_of(data, c->len));
	if (c->ours)
		memcpy(var.data, global, sizeof global);
	cof_span measured = c->measured_otherwise ? cof_span_str("off") : cof_buf_span(&var);
	put_event(b, c->pcr, c->type, measured, cof_buf_span(&var));
	if (c->twice)
		put_event(b, c->pcr, c->type, measured, cof_buf_span(&var));
}

static void put_secure_log(cof_buf *b, const secure_boot *c)
{
	put_spec_id(b, both_algs, 2);
	if (!c->late)
		put_secure_boot(b, c);
	for (uint32_t pcr = 0; pcr <= 7; pcr++)
		put_separator(b, pcr);
	if (c->late)
		put_secure_boot(b, c);
}

static void t060_secure_boot_is_what_was_measured_first(void **state)
{
	(void)state;
	const uint32_t config = COF_EV_EFI_VARIABLE_DRIVER_CONFIG;
	const secure_boot cases[] = {
		{"on", "SecureBoot", 1, 1, true, false, false, false, 7, config, NULL},
		{"off", "SecureBoot", 0, 1, true, false, false, false, 7, config, "secure-boot"},
		{"two", "SecureBoot", 2, 1, true, false, false, false, 7, config, "secure-boot"},
		{"two bytes", "SecureBoot", 1, 2, true, false, false, false, 7, config, "secure-boot"},
		{"no byte", "SecureBoot", 1, 0, true, false, false, false, 7, config, "secure-boot"},
		{"another's variable", "SecureBoot", 1, 1, false, false, false, false, 7, config, "secure-boot"},
		{"another name", "SecureBoox", 1, 1, true, false, false, false, 7, config, "secure-boot"},
		{"a longer name", "SecureBootX", 1, 1, true, false, false, false, 7, config, "secure-boot"},
		{"after others", "SecureBoot", 1, 1, true, true, false, false, 7, config, "secure-boot"},
		{"twice", "SecureBoot", 1, 1, true, false, true, false, 7, config, "secure-boot"},
		{"said, not measured", "SecureBoot", 1, 1, true, false, false, true, 7, config, "secure-boot"},
		{"in another register", "SecureBoot", 1, 1, true, false, false, false, 1, config, "secure-boot"},
		{"as an authority", "SecureBoot", 1, 1, true, false, false, false, 7, COF_EV_EFI_VARIABLE_AUTHORITY,
		 "secure-boot"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO_PTR(soft_quote) s = soft_quote_new(&keys);
		s->log.len = 0;
		put_secure_log(&s->log, &cases[i]);
		soft_registers(s);
		s->policy = "{\"require_secure_boot\":true}";
		assert_quote_alone(s, cases[i].label, cases[i].check);
		if (i > 0)
			continue;
		s->select[0].mask = 0x3ff & ~(1u << 7);
		assert_quote_alone(s, "PCR 7 was not quoted", "secure-boot");
		s->select[0].mask = 0x3ff;
		s->banks.list[0].pcrs[7][0] ^= 1;
		s->policy = "{\"require_secure_boot\":true,\"replay_pcrs\":[0]}";
		assert_quote_alone(s, "PCR 7 holds something else", "secure-boot");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t060_spliced_reordered_truncated),
		cmocka_unit_test(t060_a_register_that_the_log_leaves_out),
		cmocka_unit_test(t060_a_lie_in_the_weaker_bank),
		cmocka_unit_test(t060_registers_that_nobody_quoted),
		cmocka_unit_test(t060_logs_of_another_kind),
		cmocka_unit_test(t060_a_bank_that_the_log_has_not),
		cmocka_unit_test(t060_data_that_was_not_measured),
		cmocka_unit_test(t060_secure_boot_is_what_was_measured_first),
	};
	soft_keys_make(&keys);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	soft_keys_drop(&keys);
	return failed;
}
