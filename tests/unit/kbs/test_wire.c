/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "attestation/kbs/wire.h"

#define S(text) cof_span_str(text)

static const cof_kb_attest sample = {.peer = {(const uint8_t *)"10.0.0.1", 8},
				     .session = {(const uint8_t *)"0123456789abcdef0123456789abcdef", 32},
				     .nonce = {(const uint8_t *)"bm9uY2U=", 8},
				     .key_x = {(const uint8_t *)"x", 1},
				     .key_y = {(const uint8_t *)"y", 1},
				     .has_initdata = 1,
				     .initdata = {(const uint8_t *)"version", 7},
				     .evidence = {(const uint8_t *)"{}", 2}};

static cof_span body_of(const cof_buf *frame)
{
	return cof_span_of(frame->data + COF_KB_HEAD_LEN, frame->len - COF_KB_HEAD_LEN);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	assert_ok(cof_kb_encode(COF_KB_ATTEST, 1, &sample, &f, &err));
	cof_span whole = body_of(&f);
	for (size_t n = 0; n < whole.len; n++) {
		cof_kb_attest m;
		memset(&m, 0xaa, sizeof m);
		assert_fails(cof_kb_decode(COF_KB_ATTEST, cof_span_of(whole.data, n), &m, &err), "frame-malformed");
		assert_null(m.evidence.data); /* nothing half read is left behind */
	}
}

static void leftovers_are_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	cof_kb_attest m;
	assert_ok(cof_kb_encode(COF_KB_ATTEST, 1, &sample, &f, &err));
	assert_ok(cof_buf_add(&f, "", 1, &err));
	assert_fails(cof_kb_decode(COF_KB_ATTEST, body_of(&f), &m, &err), "frame-malformed");
}

/* No flipped bit crashes or reads outside; what decodes has every span inside the frame. */
static void flipped_bits_stay_inside(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	assert_ok(cof_kb_encode(COF_KB_ATTEST, 1, &sample, &f, &err));
	cof_span b = body_of(&f);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		cof_kb_attest m;
		f.data[COF_KB_HEAD_LEN + bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (cof_kb_decode(COF_KB_ATTEST, b, &m, NULL) == 0) {
			assert_true(m.evidence.data >= b.data && m.evidence.data + m.evidence.len <= b.data + b.len);
			assert_true(m.has_initdata <= 1);
		}
		f.data[COF_KB_HEAD_LEN + bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void a_flag_beyond_one_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	cof_kb_attest m = sample;
	m.has_initdata = 2;
	assert_fails(cof_kb_encode(COF_KB_ATTEST, 1, &m, &f, &err), "frame-too-large");
}

static void each_field_has_its_limit(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	uint8_t big[COF_KB_SEGMENT_MAX + 1] = {0};
	cof_kb_resource m = {.repo = cof_span_of(big, sizeof big)};
	assert_fails(cof_kb_encode(COF_KB_RESOURCE, 1, &m, &f, &err), "frame-too-large");
	m.repo.len--;
	assert_ok(cof_kb_encode(COF_KB_RESOURCE, 1, &m, &f, &err));
}

static void a_length_of_4_gib_is_refused(void **state)
{
	(void)state;
	static const uint8_t body[] = {0xff, 0xff, 0xff, 0xff, 'x'};
	cof_kb_auth m;
	assert_fails(cof_kb_decode(COF_KB_AUTH, cof_span_of(body, sizeof body), &m, &err), "frame-malformed");
}

static void heads_have_a_known_type_and_size(void **state)
{
	(void)state;
	static const uint8_t zero_type[COF_KB_HEAD_LEN] = {0};
	static const uint8_t too_long[COF_KB_HEAD_LEN] = {1, 0, 64, 0, 0, 0, 0, 0, 1, 0};
	static const uint8_t bad_type[COF_KB_HEAD_LEN] = {0, 0, 0, 0, 0, 0, 0, 0, COF_KB_TYPES, 0};
	static const uint8_t good[COF_KB_HEAD_LEN] = {5, 0, 0, 0, 9, 0, 0, 0, COF_KB_AUTH, 0};
	cof_kb_head h;
	assert_fails(cof_kb_head_parse(cof_span_of(zero_type, sizeof zero_type), &h, &err), "frame-malformed");
	assert_fails(cof_kb_head_parse(cof_span_of(too_long, sizeof too_long), &h, &err), "frame-malformed");
	assert_fails(cof_kb_head_parse(cof_span_of(bad_type, sizeof bad_type), &h, &err), "frame-malformed");
	assert_fails(cof_kb_head_parse(cof_span_of(good, sizeof good - 1), &h, &err), "frame-malformed");
	assert_ok(cof_kb_head_parse(cof_span_of(good, sizeof good), &h, &err));
	assert_int_equal(h.len, 5);
	assert_int_equal(h.id, 9);
	assert_int_equal(h.type, COF_KB_AUTH);
}

static void an_unknown_type_does_not_decode(void **state)
{
	(void)state;
	cof_kb_auth m;
	assert_fails(cof_kb_decode((enum cof_kb_type)0, S(""), &m, &err), "frame-malformed");
	assert_fails(cof_kb_decode(COF_KB_TYPES, S(""), &m, &err), "frame-malformed");
	assert_string_equal(cof_kb_type_name((enum cof_kb_type)99), "unknown");
}

static void messages_survive_the_way(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) f = {0};
	cof_kb_reply in = {.status = 403,
			   .retry_after = 7,
			   .variant = S("PolicyDeny"),
			   .reason = S("pcr-mismatch"),
			   .pcr = 4,
			   .event = S("kernel"),
			   .body = S("")},
		     out;
	assert_ok(cof_kb_encode(COF_KB_REPLY, 77, &in, &f, &err));
	assert_ok(cof_kb_decode(COF_KB_REPLY, body_of(&f), &out, &err));
	assert_int_equal(out.status, 403);
	assert_int_equal(out.retry_after, 7);
	assert_int_equal(out.pcr, 4);
	assert_span_equal(out.variant, "PolicyDeny", 10);
	assert_span_equal(out.event, "kernel", 6);
	assert_int_equal(out.token.len, 0);
}

static void t070_segments_are_plain_names(void **state)
{
	(void)state;
	static const char *const bad[] = {"",	  ".",	      "..",  ".a",  "a/b", "a%2eb", "a b",
					  "a\\b", "\xc3\xa9", "a\n", "a?b", "a#b", "a:b",   "a,b"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_false(cof_kb_segment_ok(S(bad[i])));
	assert_false(cof_kb_segment_ok(cof_span_of("a\0b", 3)));
	assert_false(
		cof_kb_segment_ok(S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))); /* 65 */
	static const char *const good[] = {"a", "_", "-", "image-key", "v1.2..3", "0"};
	for (size_t i = 0; i < COF_COUNT(good); i++)
		assert_true(cof_kb_segment_ok(S(good[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_is_refused),	    cmocka_unit_test(leftovers_are_refused),
		cmocka_unit_test(flipped_bits_stay_inside),	    cmocka_unit_test(a_flag_beyond_one_is_refused),
		cmocka_unit_test(each_field_has_its_limit),	    cmocka_unit_test(a_length_of_4_gib_is_refused),
		cmocka_unit_test(heads_have_a_known_type_and_size), cmocka_unit_test(an_unknown_type_does_not_decode),
		cmocka_unit_test(messages_survive_the_way),	    cmocka_unit_test(t070_segments_are_plain_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
