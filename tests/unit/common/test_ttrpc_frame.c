/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "common/hex.h"
#include "common/ttrpc_frame.h"

static const uint8_t good[COF_FRAME_HEADER] = {0, 0, 0, 20, 0, 0, 0, 1, 1, 0};

static void t046_refuses_headers_that_lie(void **state)
{
	(void)state;
	const struct {
		size_t at;
		uint8_t value;
	} lies[] = {{0, 1}, {1, 0x40}, {0, 0xff}, {8, 0}, {8, 4}, {8, 0xff}, {7, 0}};
	cof_frame f = {0};
	assert_ok(cof_frame_parse(good, COF_TTRPC_FRAME_MAX, &f, &err));
	assert_int_equal(f.len, 20);
	assert_int_equal(f.stream, 1);
	for (size_t i = 0; i < COF_COUNT(lies); i++) {
		uint8_t bad[COF_FRAME_HEADER];
		memcpy(bad, good, sizeof bad);
		bad[lies[i].at] = lies[i].value;
		f = (cof_frame){0};
		assert_fails(cof_frame_parse(bad, COF_TTRPC_FRAME_MAX, &f, &err), "ttrpc-frame");
		assert_int_equal(f.stream, 0);
	}
	assert_fails(cof_frame_parse(good, 19, &f, &err), "ttrpc-frame");
	assert_ok(cof_frame_parse(good, 20, &f, &err));
}

static void t046_the_limit_is_inclusive(void **state)
{
	(void)state;
	const uint8_t max[COF_FRAME_HEADER] = {0, 0x40, 0, 0, 0, 0, 0, 1, 1, 0},
		      over[] = {0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0};
	cof_frame f = {0};
	assert_ok(cof_frame_parse(max, COF_TTRPC_FRAME_MAX, &f, &err));
	assert_fails(cof_frame_parse(over, COF_TTRPC_FRAME_MAX, &f, &err), "ttrpc-frame");
}

static void is_hex(const cof_buf *b, const char *want)
{
	COF_AUTO_FREE char *have = cof_hex_dup(cof_buf_span(b));
	assert_string_equal(have, want);
}

/* The bytes that containerd's and Kata's implementations write for the same calls. */
static void writes_the_known_bytes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) request = {0};
	COF_AUTO(cof_buf) answer = {0};
	COF_AUTO(cof_buf) refusal = {0};
	cof_frame_call call = {1, "grpc.Health", "Check", {0}, 0};
	assert_ok(cof_frame_request(&call, COF_TTRPC_FRAME_MAX, &request, &err));
	is_hex(&request, "00000014000000010100"
			 "0a0b677270632e4865616c7468"
			 "1205436865636b");
	cof_frame_reply yes = {1, COF_RPC_OK, NULL, cof_span_of("\x08\x01", 2)};
	assert_ok(cof_frame_response(&yes, COF_TTRPC_FRAME_MAX, &answer, &err));
	is_hex(&answer, "0000000400000001020012020801");
	cof_frame_reply no = {1, COF_RPC_PERMISSION_DENIED, "x", {0}};
	assert_ok(cof_frame_response(&no, COF_TTRPC_FRAME_MAX, &refusal, &err));
	is_hex(&refusal, "000000070000000102000a050807120178");
}

static void refuses_to_write_what_a_peer_would_not_read(void **state)
{
	(void)state;
	static uint8_t large[4096];
	COF_AUTO(cof_buf) out = {0};
	cof_frame_call call = {1, "s", "m", cof_span_of(large, sizeof large), 0};
	assert_fails(cof_frame_request(&call, sizeof large, &out, &err), "ttrpc-too-large");
	assert_int_equal(out.len, 0);
}

static void hunts_the_hello(void **state)
{
	(void)state;
	const char magic[] = COF_HELLO_MAGIC;
	assert_int_equal(sizeof magic, 9);
	char noisy[64];
	for (size_t lead = 0; lead < 40; lead++) {
		memset(noisy, 0x89, sizeof noisy); /* every byte could be a beginning */
		memcpy(noisy + lead, magic, 8);
		assert_int_equal(cof_hello_skip(cof_span_of(noisy, lead + 8)), lead);
	}
	for (size_t n = 1; n < 8; n++) {
		assert_true(cof_hello_begins(cof_span_of(magic, n)));
		assert_int_equal(cof_hello_skip(cof_span_of(magic, n)), 0);
	}
	assert_int_equal(cof_hello_skip(cof_span_of("abcdef", 6)), 6);
	assert_int_equal(cof_hello_skip(cof_span_of("", 0)), 0);
	assert_false(cof_hello_begins(cof_span_of("\0", 1)));
}

static void every_class_has_a_code(void **state)
{
	(void)state;
	for (int cls = COF_OK; cls <= COF_E_INTERNAL; cls++) {
		cof_err err = {.cls = (cof_class)cls};
		assert_int_not_equal(cof_ttrpc_code_of(&err), COF_RPC_UNKNOWN);
		assert_true((cof_ttrpc_code_of(&err) == COF_RPC_OK) == (cls == COF_OK));
	}
	cof_err odd = {.cls = (cof_class)99};
	assert_int_equal(cof_ttrpc_code_of(&odd), COF_RPC_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t046_refuses_headers_that_lie),
		cmocka_unit_test(t046_the_limit_is_inclusive),
		cmocka_unit_test(writes_the_known_bytes),
		cmocka_unit_test(refuses_to_write_what_a_peer_would_not_read),
		cmocka_unit_test(hunts_the_hello),
		cmocka_unit_test(every_class_has_a_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
