/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdx.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/tdx/make_tdvf.h"

#define MIB(n) ((uint64_t)(n) << 20)

static cof_tdvf metadata(const cof_tdvf_section *s, size_t n)
{
	cof_tdvf t = {.n = n};
	memcpy(t.sections, s, n * sizeof *s);
	return t;
}

static void assert_refused(const cof_tdvf *t, uint64_t memory, const char *reason)
{
	COF_AUTO(cof_buf) b = {0};
	assert_fails(cof_tdx_hob_list(t, memory, &b, &err), reason);
	assert_null(b.data);
}

static void sizes_that_no_machine_has(void **state)
{
	(void)state;
	cof_tdvf t = metadata(tdvf_usual, COF_COUNT(tdvf_usual));
	static const uint64_t sizes[] = {
		0, 1, 4095, MIB(512) + 1, MIB(512) - 1, 1ull << 63, UINT64_MAX, UINT64_MAX - 4095};
	for (size_t i = 0; i < COF_COUNT(sizes); i++)
		assert_refused(&t, sizes[i], "bad-memory-size");
}

/* The firmware's sections must lie in memory, whole, and in one range. */
static void sections_that_do_not_fit(void **state)
{
	(void)state;
	static const struct {
		uint64_t address, size, memory;
	} cases[] = {
		{0x809000, 0x2000, MIB(8)},		    /* behind the end */
		{MIB(512) - 0x1000, 0x2000, MIB(512)},	    /* over the end */
		{0x80000000 - 0x1000, 0x2000, MIB(4096)},   /* into the hole */
		{0xc0000000, 0x2000, MIB(4096)},	    /* in the hole */
		{(1ull << 32) - 0x1000, 0x2000, MIB(4096)}, /* out of it */
		{0xfffffffffffff000, 0x1000, MIB(4096)},
		{0x1000, 0xfffffffffffff000, MIB(4096)},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		cof_tdvf t = metadata(&(cof_tdvf_section){.memory_address = cases[i].address,
							  .memory_size = cases[i].size,
							  .type = COF_TDVF_TD_HOB},
				      1);
		assert_refused(&t, cases[i].memory, "bad-memory-size");
	}
}

static void no_place_for_the_list(void **state)
{
	(void)state;
	cof_tdvf t = metadata(tdvf_usual, 3);
	cof_tdvf_section many[COF_TDVF_SECTIONS_MAX];
	for (size_t i = 0; i < COF_COUNT(many); i++)
		many[i] = (cof_tdvf_section){
			.memory_address = 0x2000 * i, .memory_size = 0x1000, .type = COF_TDVF_TEMP_MEM};
	assert_refused(&t, MIB(512), "firmware-malformed");
	many[0].type = COF_TDVF_TD_HOB;
	cof_tdvf full = metadata(many, COF_COUNT(many));
	assert_refused(&full, MIB(512), "firmware-malformed"); /* one page is too little for 128 ranges */
	COF_AUTO(cof_buf) b = {0};
	full.sections[63].memory_size = 0x10000;
	full.sections[63].type = COF_TDVF_TD_HOB;
	full.sections[0].type = COF_TDVF_TEMP_MEM;
	assert_ok(cof_tdx_hob_list(&full, MIB(512), &b, &err));
	assert_int_equal(b.len, 56 + 48 * 128);
}

static void put_resource(cof_wr *w, uint32_t type, uint64_t start, uint64_t len)
{
	cof_wr_u16le(w, 3);
	cof_wr_u16le(w, 48);
	cof_wr_zeros(w, 4 + 16);
	cof_wr_u32le(w, type);
	cof_wr_u32le(w, 7);
	cof_wr_u64le(w, start);
	cof_wr_u64le(w, len);
}

static void a_list_by_hand(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) got = {0};
	COF_AUTO(cof_buf) want = {0};
	cof_tdvf t = metadata(tdvf_usual, COF_COUNT(tdvf_usual));
	cof_wr w = cof_wr_to(&want);
	cof_wr_u16le(&w, 1);
	cof_wr_u16le(&w, 56);
	cof_wr_u32le(&w, 0);
	cof_wr_u32le(&w, 9);
	cof_wr_zeros(&w, 4 + 4 * 8);
	cof_wr_u64le(&w, 0x809000 + 56 + 6 * 48 + 8); /* counts the end marker, which is not among the bytes */
	put_resource(&w, 7, 0, 0x809000);
	put_resource(&w, 0, 0x809000, 0x2000);
	put_resource(&w, 7, 0x80b000, 0x5000);
	put_resource(&w, 0, 0x810000, 0x2000);
	put_resource(&w, 7, 0x812000, 0x80000000 - 0x812000);
	put_resource(&w, 7, 1ull << 32, MIB(1024));
	assert_ok(cof_wr_done(&w, &err));
	assert_ok(cof_tdx_hob_list(&t, MIB(3072), &got, &err));
	assert_span_equal(cof_buf_span(&got), want.data, want.len);
}

/* Pieces that meet are not joined, and a piece of no length is none. */
static void neighbours_stay_apart(void **state)
{
	(void)state;
	static const cof_tdvf_section s[] = {
		{.memory_address = 0, .memory_size = 0x1000, .type = COF_TDVF_TEMP_MEM},
		{.memory_address = 0x1000, .memory_size = 0x1000, .type = COF_TDVF_TD_HOB},
		{.memory_address = MIB(16) - 0x1000, .memory_size = 0x1000, .type = COF_TDVF_TEMP_MEM},
		{.memory_address = 0xffffd000, .memory_size = 0x1000, .type = COF_TDVF_CFV},
	};
	COF_AUTO(cof_buf) b = {0};
	cof_tdvf t = metadata(s, COF_COUNT(s));
	assert_ok(cof_tdx_hob_list(&t, MIB(16), &b, &err));
	assert_int_equal(b.len, 56 + 4 * 48);
}

/* --- vectors --- */

static void check_list(const cof_tdvf *t, const json_t *v)
{
	COF_AUTO(cof_buf) b = {0};
	cof_digest d = {0};
	assert_string_equal(jstr(v, "machine"), "q35");
	assert_ok(cof_tdx_hob_list(t, MIB(json_integer_value(json_object_get(v, "memory_mib"))), &b, &err));
	assert_int_equal(b.len, json_integer_value(json_object_get(v, "measured_length")));
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_buf_span(&b));
	assert_memory_equal(hex, jstr(v, "hob_list_hex"), 2 * b.len);
	assert_ok(cof_digest_of(COF_SHA384, cof_buf_span(&b), &d, &err));
	assert_hex(d.bytes, COF_SHA384_LEN, jstr(v, "sha384"));
}

static void lists_of_real_firmware(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *lists = json_object_get(j, "td_hob"), *list, *v;
	const char *name;
	size_t i, done = 0;
	json_object_foreach (lists, name, list) {
		COF_AUTO(cof_buf) b = {0};
		cof_tdvf t = {0};
		vector_read_xz(jstr(json_object_get(json_object_get(j, "firmware"), name), "file"), &b);
		assert_ok(cof_tdvf_parse(cof_buf_span(&b), &t, &err));
		json_array_foreach (list, i, v) {
			check_list(&t, v);
			done++;
		}
	}
	assert_true(done > 0);
}

static void lists_of_real_machines(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *list = json_object_get(j, "td_hob_hardware"), *v, *s;
	size_t i, k;
	assert_true(json_array_size(list) > 0);
	json_array_foreach (list, i, v) {
		cof_tdvf t = {.n = json_array_size(json_object_get(v, "sections"))};
		json_array_foreach (json_object_get(v, "sections"), k, s)
			t.sections[k] = (cof_tdvf_section){
				.memory_address = (uint64_t)json_integer_value(json_object_get(s, "memory_address")),
				.memory_size = (uint64_t)json_integer_value(json_object_get(s, "memory_size")),
				.type = (uint32_t)json_integer_value(json_object_get(s, "type")),
			};
		check_list(&t, v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_that_no_machine_has), cmocka_unit_test(sections_that_do_not_fit),
		cmocka_unit_test(no_place_for_the_list),     cmocka_unit_test(a_list_by_hand),
		cmocka_unit_test(neighbours_stay_apart),     cmocka_unit_test(lists_of_real_firmware),
		cmocka_unit_test(lists_of_real_machines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
