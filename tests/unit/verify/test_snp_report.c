/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_fields.h"

#include "tests/unit/test.h"

#include "attestation/verify/kind.h"
#include "common/json.h"

/* Every byte of a field is its own: offsets that are mixed up show. */
static void fill(uint8_t report[COF_SNP_REPORT_LEN])
{
	for (size_t i = 0; i < 0x208; i++)
		report[i] = (uint8_t)(i * 7 + 1);
	memset(report + 0x208, 0, COF_SNP_REPORT_LEN - 0x208);
	memcpy(report, "\5\0\0\0", 4);
	memcpy(report + 0x34, "\1\0\0\0", 4);
	for (uint8_t i = 0; i < 48; i++) {
		report[0x2a0 + i] = (uint8_t)(1 + i);
		report[0x2e8 + i] = (uint8_t)(101 + i);
	}
}

static void every_field_from_its_place(void **state)
{
	(void)state;
	uint8_t raw[COF_SNP_REPORT_LEN];
	cof_snp_report r;
	fill(raw);
	assert_ok(cof_snp_report_parse(cof_span_of(raw, sizeof raw), &r, &err));
	assert_int_equal(r.version, 5);
	assert_int_equal(r.guest_svn, 0x322b241d);
	assert_true(r.policy == 0x6a635c554e474039);
	assert_memory_equal(r.family_id, raw + 0x10, 16);
	assert_memory_equal(r.image_id, raw + 0x20, 16);
	assert_int_equal(r.vmpl, 0x665f5851);
	assert_true(r.current_tcb == 0xbab3aca59e979089);
	assert_true(r.platform_info == 0xf2ebe4ddd6cfc8c1);
	assert_int_equal(r.key_info, 0x0e0700f9);
	assert_int_equal(r.author_key_en, 1);
	assert_int_equal(r.mask_chip_key, 0);
	assert_int_equal(r.signing_key, 6);
	assert_memory_equal(r.report_data, raw + 0x50, 64);
	assert_memory_equal(r.measurement, raw + 0x90, 48);
	assert_memory_equal(r.host_data, raw + 0xc0, 32);
	assert_memory_equal(r.id_key_digest, raw + 0xe0, 48);
	assert_memory_equal(r.author_key_digest, raw + 0x110, 48);
	assert_memory_equal(r.report_id, raw + 0x140, 32);
	assert_memory_equal(r.report_id_ma, raw + 0x160, 32);
	assert_true(r.reported_tcb == 0xb2aba49d968f8881);
	assert_int_equal(r.cpuid_family, 0xb9);
	assert_int_equal(r.cpuid_model, 0xc0);
	assert_int_equal(r.cpuid_stepping, 0xc7);
	assert_memory_equal(r.chip_id, raw + 0x1a0, 64);
	assert_true(r.committed_tcb == 0x524b443d362f2821);
	assert_int_equal(r.current.build, 0x59);
	assert_int_equal(r.current.minor, 0x60);
	assert_int_equal(r.current.major, 0x67);
	assert_int_equal(r.committed.build, 0x75);
	assert_int_equal(r.committed.minor, 0x7c);
	assert_int_equal(r.committed.major, 0x83);
	assert_true(r.launch_tcb == 0xc2bbb4ada69f9891);
	assert_true(r.launch_mit_vector == 0xfaf3ece5ded7d0c9);
	assert_true(r.current_mit_vector == 0x322b241d160f0801);
	assert_int_equal(r.r[0], 48);
	assert_int_equal(r.r[47], 1);
	assert_int_equal(r.s[0], 148);
	assert_int_equal(r.s[47], 101);
	assert_true(r.scalars_fit);
	assert_int_equal(r.reserved_set, 0x4c);
}

static void assert_refused(uint8_t *raw, size_t at, uint8_t value, const char *reason)
{
	cof_snp_report r = {.version = 77};
	uint8_t old = raw[at];
	raw[at] = value;
	assert_fails(cof_snp_report_parse(cof_span_of(raw, COF_SNP_REPORT_LEN), &r, &err), reason);
	assert_int_equal(r.version, 77); /* written only on success */
	raw[at] = old;
}

static void versions_and_algorithms(void **state)
{
	(void)state;
	uint8_t raw[COF_SNP_REPORT_LEN];
	fill(raw);
	for (unsigned v = 0; v < 256; v++) {
		if (v < 2 || v > 5)
			assert_refused(raw, 0, (uint8_t)v, "report-version");
	}
	assert_refused(raw, 3, 1, "report-version");
	for (unsigned v = 0; v < 256; v++) {
		if (v != 1)
			assert_refused(raw, 0x34, (uint8_t)v, "report-algorithm");
	}
	assert_refused(raw, 0x37, 1, "report-algorithm");
	for (size_t at = 0x330; at < COF_SNP_REPORT_LEN; at++)
		assert_refused(raw, at, 1, "report-padding");
}

static void padding_of_r_and_s(void **state)
{
	(void)state;
	uint8_t raw[COF_SNP_REPORT_LEN];
	cof_snp_report r;
	fill(raw);
	for (size_t at = 0x2a0; at < 0x330; at++) {
		bool inside = (at >= 0x2a0 && at < 0x2d0) || (at >= 0x2e8 && at < 0x318);
		uint8_t old = raw[at];
		raw[at] = 0x80;
		assert_ok(cof_snp_report_parse(cof_span_of(raw, sizeof raw), &r, &err));
		assert_int_equal(r.scalars_fit, inside);
		raw[at] = old;
	}
}

static void every_length(void **state)
{
	(void)state;
	uint8_t raw[COF_SNP_REPORT_LEN + 1];
	cof_snp_report r;
	memset(raw, 0, sizeof raw);
	fill(raw);
	for (size_t n = 0; n <= sizeof raw; n++) {
		if (n == COF_SNP_REPORT_LEN)
			assert_ok(cof_snp_report_parse(cof_span_of(raw, n), &r, &err));
		else
			assert_fails(cof_snp_report_parse(cof_span_of(raw, n), &r, &err), "report-size");
	}
}

/* ---- the driver's buffer ---- */

static void fill_response(uint8_t b[COF_SNP_RESPONSE_LEN])
{
	memset(b, 0, COF_SNP_RESPONSE_LEN);
	b[4] = 0xa0;
	b[5] = 0x04;
	fill(b + 32);
}

static void responses(void **state)
{
	(void)state;
	static uint8_t b[COF_SNP_RESPONSE_LEN + 1];
	cof_span got = {0};
	fill_response(b);
	assert_ok(cof_snp_response_parse(cof_span_of(b, COF_SNP_RESPONSE_LEN), &got, &err));
	assert_span_equal(got, b + 32, COF_SNP_REPORT_LEN);
	for (size_t n = 0; n <= sizeof b; n++) {
		if (n != COF_SNP_RESPONSE_LEN)
			assert_fails(cof_snp_response_parse(cof_span_of(b, n), &got, &err), "response-size");
	}
	for (size_t at = 0; at < COF_SNP_RESPONSE_LEN; at++) {
		const char *why = at < 4 ? "response-status" : at < 8 ? "response-report-size" : "response-reserved";
		if (at >= 32 && at < 32 + COF_SNP_REPORT_LEN)
			continue;
		b[at] ^= 1;
		assert_fails(cof_snp_response_parse(cof_span_of(b, COF_SNP_RESPONSE_LEN), &got, &err), why);
		b[at] ^= 1;
	}
}

/* ---- kinds ---- */

static void judge(const char *name, const char *role, cof_span bytes, const json_t *policy, cof_verdict *ret)
{
	const cof_kind *kind = NULL;
	const cof_role_file file = {role, bytes};
	const cof_verify_in in = {.files = &file, .n_files = 1, .policy = policy};
	assert_ok(cof_kind_find(name, &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
	assert_true(ret->decoded_only);
}

/* What may be in a real report. */
static void clean(uint8_t *raw)
{
	memset(raw + 0x4c, 0, 4);
	memset(raw + 0x48, 0, 4);
	memcpy(raw + 8, "\x1f\0\3\0\0\0\0\0", 8);
	memcpy(raw + 0x188, "\x19\1\1", 3);
	memset(raw + 0x18b, 0, 21);
	raw[0x1eb] = raw[0x1ef] = 0;
	static const size_t tcbs[] = {0x38, 0x180, 0x1e0, 0x1f0};
	for (size_t i = 0; i < COF_COUNT(tcbs); i++)
		memset(raw + tcbs[i] + 2, 0, 4);
}

static void a_decoder_refuses_too(void **state)
{
	(void)state;
	static cof_verdict v;
	static uint8_t b[COF_SNP_RESPONSE_LEN];
	fill_response(b);
	judge("snp-msg-report-rsp", "response", cof_span_of(b, sizeof b), NULL, &v);
	assert_false(v.accepted); /* reserved bytes of the report */
	cof_verdict_release(&v);
	clean(b + 32);
	judge("snp-msg-report-rsp", "response", cof_span_of(b, sizeof b), NULL, &v);
	assert_true(v.accepted);
	assert_int_equal(json_integer_value(json_object_get(v.fields, "report_offset")), 32);
	cof_verdict_release(&v);
	judge("snp-report-parse", "report", cof_span_of(b + 32, COF_SNP_REPORT_LEN), NULL, &v);
	assert_true(v.accepted);
	assert_string_equal(json_string_value(json_object_get(v.fields, "product_line")), "Milan");
	assert_string_equal(json_string_value(json_object_get(v.fields, "policy")), "000000000003001f");
	assert_string_equal(json_string_value(json_object_get(v.fields, "reported_tcb")), "818800000000abb2");
	assert_string_equal(json_string_value(json_object_get(v.fields, "current_version")), "103.96.89");
	cof_verdict_release(&v);
	b[32 + 0x2d0] = 1;
	judge("snp-report-parse", "report", cof_span_of(b + 32, COF_SNP_REPORT_LEN), NULL, &v);
	assert_false(v.accepted);
	assert_string_equal(v.checks.list[v.checks.first].name, "signature-padding");
	cof_verdict_release(&v);
	judge("snp-report-parse", "report", cof_span_of(b, 10), NULL, &v);
	assert_false(v.accepted);
	assert_null(v.fields);
	cof_verdict_release(&v);
}

static void a_decoder_of_responses_refuses_too(void **state)
{
	(void)state;
	static cof_verdict v;
	static uint8_t b[COF_SNP_RESPONSE_LEN];
	static const struct {
		size_t at;
		const char *check;
	} rows[] = {{0, "response-status"},
		    {4, "response-report-size"},
		    {8, "response-reserved"},
		    {3999, "response-reserved"}};
	fill_response(b);
	clean(b + 32);
	judge("snp-msg-report-rsp", "response", cof_span_of(b, sizeof b - 1), NULL, &v);
	assert_false(v.accepted);
	assert_string_equal(v.checks.list[v.checks.first].name, "response-size");
	cof_verdict_release(&v);
	for (size_t i = 0; i < COF_COUNT(rows); i++) {
		b[rows[i].at] ^= 1;
		judge("snp-msg-report-rsp", "response", cof_span_of(b, sizeof b), NULL, &v);
		assert_false(v.accepted);
		assert_string_equal(v.checks.list[v.checks.first].name, rows[i].check);
		assert_null(v.fields);
		cof_verdict_release(&v);
		b[rows[i].at] ^= 1;
	}
}

static void a_decoder_takes_no_policy(void **state)
{
	(void)state;
	static cof_verdict v;
	COF_AUTO_PTR(json_t) policy = json_pack("{s:i}", "vmpl", 0);
	const cof_role_file files[] = {{"report", {0}}, {"response", {0}}};
	static const char *const names[] = {"snp-report-parse", "snp-msg-report-rsp"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		const cof_kind *kind = NULL;
		const cof_verify_in in = {.files = &files[i], .n_files = 1, .policy = policy};
		assert_ok(cof_kind_find(names[i], &kind, &err));
		assert_fails(cof_verify(kind, &in, &v, &err), "policy-word");
	}
}

/* ---- lines and TCBs ---- */

static void lines_by_cpuid(void **state)
{
	(void)state;
	static const struct {
		uint8_t family, model;
		cof_snp_line line;
	} rows[] = {
		{0x19, 0x00, COF_SNP_MILAN},	 {0x19, 0x0f, COF_SNP_MILAN},	  {0x19, 0x10, COF_SNP_GENOA},
		{0x19, 0x1f, COF_SNP_GENOA},	 {0x19, 0x20, COF_SNP_LINE_NONE}, {0x19, 0xa0, COF_SNP_GENOA},
		{0x19, 0xaf, COF_SNP_GENOA},	 {0x19, 0xb0, COF_SNP_LINE_NONE}, {0x1a, 0x00, COF_SNP_TURIN},
		{0x1a, 0x11, COF_SNP_TURIN},	 {0x1a, 0x12, COF_SNP_LINE_NONE}, {0x1a, 0x50, COF_SNP_VENICE},
		{0x1a, 0xc7, COF_SNP_VENICE},	 {0x1a, 0xc8, COF_SNP_LINE_NONE}, {0x17, 0x31, COF_SNP_LINE_NONE},
		{0x1b, 0x00, COF_SNP_LINE_NONE}, {0x00, 0x00, COF_SNP_LINE_NONE},
	};
	for (size_t i = 0; i < COF_COUNT(rows); i++)
		assert_int_equal(cof_snp_line_by_cpuid(rows[i].family, rows[i].model), rows[i].line);
	for (cof_snp_line l = COF_SNP_MILAN; l < COF_SNP_LINES; l++)
		assert_int_equal(cof_snp_line_by_name(cof_span_str(cof_snp_line_name(l))), l);
	assert_int_equal(cof_snp_line_by_name(cof_span_str("unknown")), COF_SNP_LINE_NONE);
	assert_int_equal(cof_snp_line_by_name(cof_span_str("")), COF_SNP_LINE_NONE);
}

/* A higher number is not a higher TCB. */
static void t020_tcbs_are_compared_part_by_part(void **state)
{
	(void)state;
	char text[COF_SNP_TCB_TEXT_MAX];
	cof_snp_tcb a = cof_snp_tcb_of(0xdb18000000000004, COF_SNP_MILAN);
	cof_snp_tcb b = cof_snp_tcb_of(0xff17000000000004, COF_SNP_MILAN);
	cof_snp_tcb t = cof_snp_tcb_of(0x5100000004030201, COF_SNP_TURIN);
	assert_false(cof_snp_tcb_covers(&b, &a));
	assert_false(cof_snp_tcb_covers(&a, &b));
	assert_true(cof_snp_tcb_covers(&a, &a));
	assert_true(cof_snp_tcb_equal(&a, &a));
	assert_false(cof_snp_tcb_equal(&a, &b));
	/* layouts do not mix */
	assert_false(cof_snp_tcb_covers(&a, &t));
	assert_false(cof_snp_tcb_equal(&t, &a));
	cof_snp_tcb_text("", &t, text);
	assert_string_equal(text, "fmc 1, bootloader 2, tee 3, snp 4, microcode 81");
	cof_snp_tcb all = {.part = {255, 255, 255, 255, 255}, .has = 0x1f};
	cof_snp_tcb_text("at least ", &all, text);
	assert_string_equal(text, "at least fmc 255, bootloader 255, tee 255, snp 255, microcode 255");
	assert_true(cof_snp_tcb_is_clean(0xffff00000000ffff, COF_SNP_MILAN));
	assert_true(cof_snp_tcb_is_clean(0xff000000ffffffff, COF_SNP_TURIN));
	for (unsigned byte = 0; byte < 8; byte++) {
		uint64_t word = (uint64_t)0x80 << 8 * byte;
		assert_int_equal(cof_snp_tcb_is_clean(word, COF_SNP_MILAN), byte < 2 || byte > 5);
		assert_int_equal(cof_snp_tcb_is_clean(word, COF_SNP_TURIN), byte < 4 || byte > 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_from_its_place),
		cmocka_unit_test(versions_and_algorithms),
		cmocka_unit_test(padding_of_r_and_s),
		cmocka_unit_test(every_length),
		cmocka_unit_test(responses),
		cmocka_unit_test(a_decoder_refuses_too),
		cmocka_unit_test(a_decoder_of_responses_refuses_too),
		cmocka_unit_test(a_decoder_takes_no_policy),
		cmocka_unit_test(lines_by_cpuid),
		cmocka_unit_test(t020_tcbs_are_compared_part_by_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
