/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formedness, one rule at a time: the good spelling beside each bad one. */
#include "tests/unit/refvalue/cbor_hex.h"

static void good(const char *hex)
{
	COF_AUTO(cof_buf) b = {0};
	hex_bytes(hex, &b);
	cof_err err = {0};
	if (cof_cbor_check(cof_buf_span(&b), &err) < 0)
		fail_msg("%s: %s", hex, err.text);
}

static void bad(const char *hex, const char *why)
{
	COF_AUTO(cof_buf) b = {0};
	hex_bytes(hex, &b);
	cof_err err = {0};
	if (cof_cbor_check(cof_buf_span(&b), &err) >= 0)
		fail_msg("%s was accepted", hex);
	assert_true(cof_err_is(&err, "cbor-malformed"));
	if (strstr(err.text, why) == NULL)
		fail_msg("%s: '%s', not '%s'", hex, err.text, why);
}

/* examples: RFC 8949, appendix A */
static void plain_items(void **state)
{
	(void)state;
	static const char *const texts[] = {"00",
					    "17",
					    "1818",
					    "1903e8",
					    "1a000f4240",
					    "1bffffffffffffffff",
					    "20",
					    "3863",
					    "3bffffffffffffffff",
					    "40",
					    "4401020304",
					    "60",
					    "6449455446",
					    "62c3bc",
					    "63e6b0b4",
					    "64f0908591",
					    "80",
					    "83010203",
					    "8301820203820405",
					    "a0",
					    "a201020304",
					    "a26161016162820203",
					    "c11a514b67b0",
					    "d818456449455446",
					    "d82076687474703a2f2f7777772e6578616d706c652e636f6d",
					    "f4",
					    "f5",
					    "f6",
					    "d901f5a0"};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		good(texts[i]);
}

static void t079_lengths_are_definite(void **state)
{
	(void)state;
	static const char *const texts[] = {"5f4100ff", "7f6161ff", "9fff",   "9f0102ff", "bfff", "bf6161019fff", "1c",
					    "3d",	"5e",	    "819fff", "1f",	  "3f",	  "df00"};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		bad(texts[i], "indefinite");
	bad("8101ff", "after the item");
	bad("ff", "float");
}

static void t079_counts_fit_what_is_left(void **state)
{
	(void)state;
	good("8100");
	bad("8200", "announced");
	bad("9b7fffffffffffffff", "announced");
	bad("9bffffffffffffffff00", "announced");
	bad("9a0800000000", "announced");
	good("a10000");
	bad("a100", "announced");
	bad("a20000", "announced");
	bad("bb400000000000000000", "announced");
	bad("bb8000000000000000", "announced"); /* twice that is nothing, in 64 bits */
	bad("bbffffffffffffffff00", "announced");
	good("4100");
	bad("41", "longer than");
	bad("5bffffffffffffffff00", "longer than");
	bad("61", "longer than");
	bad("7b7fffffffffffffff61", "longer than");
	bad("c1", "announced");
}

static void t079_heads_are_shortest(void **state)
{
	(void)state;
	static const char *const texts[] = {"1817",   "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff",
					    "3817",   "5800",	"5801ff", "7800",	"9800",
					    "980100", "b800",	"d80100", "d90012a0",	"da000001f5a0"};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		bad(texts[i], "longer than needed");
	good("18ff");
	good("190100");
	good("1a00010000");
	good("1b0000000100000000");
}

static void t079_keys_are_unique(void **state)
{
	(void)state;
	good("a2000001f4");
	bad("a200000001", "twice");
	bad("a3010202030104", "twice");
	bad("a3020101000200", "twice"); /* not side by side, and not in order */
	good("a361610061620061630a");
	bad("a2616100616101", "twice");
	good("a200006000");
	good("a240006000"); /* no bytes and no text are two keys */
	good("a2200000f4");
	bad("a24100004100f4", "twice");
	bad("a2810100810101", "twice"); /* keys that are containers */
	good("a2810100810201");
	bad("a2a1010200a1010200", "twice");
	good("a2a1010200a1010300");
	bad("a2c1186400c1186400", "twice");
	/* each map has its own */
	good("a200a1000001a10000");
	good("82a10000a10000");
	bad("a100a200000001", "twice");
	bad("a201a1000000a1000000", "after the item");
}

static void t079_texts_are_utf8(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"6180",	      "61ff",	  "62c3",	"62c328",     "62c080",	    /* NUL in two bytes */
		"62c1bf",     "63e08080", "63e09fbf",	"63eda080",		    /* half a surrogate pair */
		"63edbfbf",   "63e282",	  "64f0808080", "64f08fbfbf", "64f4908080", /* beyond the last plane */
		"64f8888080", "61c3",	  "62e282",	"6261c3"};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		COF_AUTO(cof_buf) b = {0};
		hex_bytes(texts[i], &b);
		assert_fails(cof_cbor_check(cof_buf_span(&b), &err), "cbor-malformed");
	}
	bad("62c328", "UTF-8");
	good("62c280");
	good("62dfbf");
	good("63e0a080");
	good("63ed9fbf");
	good("63ee8080");
	good("63efbfbf");
	good("64f0908080");
	good("64f48fbfbf");
	good("6100"); /* what a text may hold is its reader's matter */
	good("4180");
}

static void t079_no_floats_and_no_unassigned_values(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"f97e00", "f93c00", "fa47c35000", "fb3ff0000000000000", "f7", "e0", "f3", "f8ff", "f820", "f8", "f818"};
	for (size_t i = 0; i < COF_COUNT(texts); i++)
		bad(texts[i], "float");
}

static void t079_one_item_and_nothing_else(void **state)
{
	(void)state;
	bad("", "cut off");
	bad("0000", "after the item");
	bad("a0a0", "after the item");
	bad("800000", "after the item");
	bad("18", "cut off");
	bad("1b00000000000000", "cut off");
	bad("8201", "announced");
	bad("8219", "announced");
	bad("820019", "cut off");
}

static void nested(uint8_t head, size_t depth, bool ok)
{
	COF_AUTO(cof_buf) b = {0};
	for (size_t i = 0; i < depth; i++)
		assert_ok(cof_buf_add(&b, &head, 1, &err));
	assert_ok(cof_buf_add(&b, "", 1, &err));
	if (ok)
		assert_ok(cof_cbor_check(cof_buf_span(&b), &err));
	else
		assert_fails(cof_cbor_check(cof_buf_span(&b), &err), "cbor-malformed");
}

static void t079_nesting_ends(void **state)
{
	(void)state;
	nested(0x81, COF_CBOR_DEPTH_MAX, true);
	nested(0x81, COF_CBOR_DEPTH_MAX + 1, false);
	nested(0x81, 5000, false);
	nested(0xc1, COF_CBOR_DEPTH_MAX, true);
	nested(0xc1, COF_CBOR_DEPTH_MAX + 1, false);
}

/* An array of n small items, or a map of n keys. */
static void many(uint8_t lead, size_t n, cof_buf *ret)
{
	const uint8_t head[] = {(uint8_t)(lead | 26), (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
				(uint8_t)n};
	const uint8_t small[] = {(uint8_t)(lead | 25), (uint8_t)(n >> 8), (uint8_t)n};
	ret->len = 0;
	assert_ok(n > 0xffff ? cof_buf_add(ret, head, sizeof head, &err) : cof_buf_add(ret, small, sizeof small, &err));
	for (size_t i = 0; i < n; i++) {
		const uint8_t pair[] = {0x19, (uint8_t)((i + 256) >> 8), (uint8_t)i, 0};
		assert_ok(cof_buf_add(ret, lead == 0xa0 ? pair : pair + 3, lead == 0xa0 ? 4 : 1, &err));
	}
}

static void t079_items_and_keys_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	many(0x80, COF_CBOR_ITEMS_MAX - 1, &b); /* and the array itself */
	assert_ok(cof_cbor_check(cof_buf_span(&b), &err));
	many(0x80, COF_CBOR_ITEMS_MAX, &b);
	assert_fails(cof_cbor_check(cof_buf_span(&b), &err), "cbor-malformed");
	many(0xa0, COF_CBOR_KEYS_MAX, &b);
	assert_ok(cof_cbor_check(cof_buf_span(&b), &err));
	many(0xa0, COF_CBOR_KEYS_MAX + 1, &b);
	assert_fails(cof_cbor_check(cof_buf_span(&b), &err), "cbor-malformed");
	b.len = 0;
	static const uint8_t key[] = {0xa1, 0x59, 0x01, 0x00};
	assert_ok(cof_buf_add(&b, key, sizeof key, &err));
	assert_ok(cof_buf_reserve(&b, 257, &err));
	memset(b.data + b.len, 0, 257);
	b.len += 257;
	assert_fails(cof_cbor_check(cof_buf_span(&b), &err), "cbor-malformed"); /* 259 bytes of key */
}

static void t079_size_ends(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	const size_t n = COF_CBOR_MAX - 5;
	const uint8_t head[] = {0x5a, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
	assert_ok(cof_buf_reserve(&b, COF_CBOR_MAX + 1, &err));
	memset(b.data, 0, COF_CBOR_MAX + 1);
	memcpy(b.data, head, sizeof head);
	assert_ok(cof_cbor_check(cof_span_of(b.data, COF_CBOR_MAX), &err));
	b.data[4]++;
	assert_fails(cof_cbor_check(cof_span_of(b.data, COF_CBOR_MAX + 1), &err), "cbor-malformed");
}

static void t079_every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	hex_bytes("a3008301820203820405182a6449455446613fd901f5a1616181f6", &b);
	assert_ok(cof_cbor_check(cof_buf_span(&b), &err));
	for (size_t n = 0; n < b.len; n++)
		assert_fails(cof_cbor_check(cof_span_of(b.data, n), &err), "cbor-malformed");
}

static void ordered(const char *hex, bool ok)
{
	COF_AUTO(cof_buf) b = {0};
	hex_bytes(hex, &b);
	assert_ok(cof_cbor_check(cof_buf_span(&b), &err));
	if (ok)
		assert_ok(cof_cbor_check_ordered(cof_buf_span(&b), &err));
	else
		assert_fails(cof_cbor_check_ordered(cof_buf_span(&b), &err), "cbor-malformed");
}

/* The example of RFC 8949, 4.2.1: 10, 100, -1, "z", "aa", [100], [-1], false. */
static void keys_in_order(void **state)
{
	(void)state;
	ordered("a80a001864002000617a006261610081186400812000f400", true);
	ordered("a21864000a00", false);
	ordered("a220000100", false);
	ordered("a2617a000100", false);
	ordered("a262616100617a00", false);
	ordered("82a10100a10000", true);
	ordered("a100a220000100", false);
}

/* Only where the caller lets them through, and then whole. */
static void t079_floats_of_claims(void **state)
{
	(void)state;
	static const char *const fine[] = {"f90000", "f97e00", "fa00000000", "fb0000000000000000", "a1f9000001", "f6"};
	static const char *const bad_floats[] = {"f9",	 "f900",     "fa000000", "fb00000000000000",  "f7",
						 "f820", "f90000f6", "fc",	 "a2f9000001f9000001"};
	for (size_t i = 0; i < COF_COUNT(fine); i++) {
		COF_AUTO(cof_buf) b = {0};
		hex_bytes(fine[i], &b);
		assert_ok(cof_cbor_check_floats(cof_buf_span(&b), &err));
	}
	for (size_t i = 0; i < COF_COUNT(bad_floats); i++) {
		COF_AUTO(cof_buf) b = {0};
		hex_bytes(bad_floats[i], &b);
		assert_fails(cof_cbor_check_floats(cof_buf_span(&b), &err), "cbor-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_lengths_are_definite),
		cmocka_unit_test(t079_counts_fit_what_is_left),
		cmocka_unit_test(t079_heads_are_shortest),
		cmocka_unit_test(t079_keys_are_unique),
		cmocka_unit_test(t079_texts_are_utf8),
		cmocka_unit_test(t079_no_floats_and_no_unassigned_values),
		cmocka_unit_test(t079_floats_of_claims),
		cmocka_unit_test(t079_one_item_and_nothing_else),
		cmocka_unit_test(t079_nesting_ends),
		cmocka_unit_test(t079_items_and_keys_end),
		cmocka_unit_test(t079_size_ends),
		cmocka_unit_test(t079_every_truncation),
		cmocka_unit_test(plain_items),
		cmocka_unit_test(keys_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
