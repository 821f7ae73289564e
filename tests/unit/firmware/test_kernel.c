/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/kernel.h"

#include "firmware/pe.h"
#include "tests/unit/firmware/make_pe.h"
#include "tests/unit/launch_vectors.h"

enum { LEN = 0x600 };

static void make_kernel(cof_buf *b, uint32_t protocol, uint8_t flags)
{
	assert_ok(cof_buf_reserve(b, LEN, &err));
	b->len = LEN;
	memset(b->data, 0xa5, LEN);
	pe_put(b, 0x202, 4, 0x53726448);
	pe_put(b, 0x206, 2, protocol);
	pe_put(b, 0x211, 1, flags);
	pe_put(b, 0x22c, 4, 0x7fffffff);
	pe_put(b, 0x236, 2, 2);
}

static uint32_t field(const cof_buf *b, size_t at, size_t width)
{
	uint32_t v = 0;
	for (size_t i = width; i-- > 0;)
		v = v << 8 | b->data[at + i];
	return v;
}

static void patch(const cof_buf *in, const cof_kernel_boot *boot, cof_buf *ret)
{
	assert_ok(cof_kernel_patch(cof_buf_span(in), boot, ret, &err));
	assert_int_equal(ret->len, in->len);
}

static void hostile_sizes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_kernel_boot boot = {.low_memory = 512 << 20};
	make_kernel(&b, 0x20f, 1);
	for (size_t n = 0; n < 0x400; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, b.data, n);
		assert_fails(cof_kernel_patch((cof_span){exact, n}, &boot, &out, &err), "kernel-malformed");
	}
	boot.low_memory = 0;
	assert_fails(cof_kernel_patch(cof_buf_span(&b), &boot, &out, &err), "bad-memory-size");
	boot.low_memory = 1ull << 32;
	assert_fails(cof_kernel_patch(cof_buf_span(&b), &boot, &out, &err), "bad-memory-size");
	assert_null(out.data);
}

static void initrds_that_cannot_be(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_kernel_boot boot = {.low_memory = 16 << 20, .has_initrd = true, .initrd_size = 16 << 20};
	make_kernel(&b, 0x20f, 1);
	assert_fails(cof_kernel_patch(cof_buf_span(&b), &boot, &out, &err), "initrd-too-large");
	boot.initrd_size = UINT32_MAX;
	assert_fails(cof_kernel_patch(cof_buf_span(&b), &boot, &out, &err), "initrd-too-large");
	boot.initrd_size = 1;
	b.data[0x202] = 'x'; /* no boot protocol: no place for an initrd */
	assert_fails(cof_kernel_patch(cof_buf_span(&b), &boot, &out, &err), "kernel-malformed");
}

static void only_the_named_fields_change(void **state)
{
	(void)state;
	static const size_t fields[][2] = {{0x210, 2}, {0x218, 8}, {0x224, 2}, {0x228, 4}};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) out = {0};
	cof_kernel_boot boot = {.low_memory = 512 << 20, .has_initrd = true, .initrd_size = 70000, .cmdline = "a"};
	make_kernel(&b, 0x20f, 1);
	patch(&b, &boot, &out);
	assert_int_equal(field(&out, 0x210, 1), 0xb0);
	assert_int_equal(field(&out, 0x211, 1), 0x81);
	assert_int_equal(field(&out, 0x218, 4), (0x20000000u - 0x28000 - 1 - 70000) & ~0xfffu);
	assert_int_equal(field(&out, 0x21c, 4), 70000);
	assert_int_equal(field(&out, 0x224, 2), 0xfe00);
	assert_int_equal(field(&out, 0x228, 4), 0x20000);
	for (size_t i = 0; i < COF_COUNT(fields); i++)
		memcpy(out.data + fields[i][0], b.data + fields[i][0], fields[i][1]);
	assert_memory_equal(out.data, b.data, b.len);
}

static void the_initrd_limit_follows_the_protocol(void **state)
{
	(void)state;
	static const struct {
		uint32_t protocol, xload, max, want;
	} cases[] = {
		{0x20f, 2, 0x1000000, 0x7ffd7000}, /* anywhere below 4 GiB: memory decides */
		{0x20f, 0, 0x1000000, 0x00fff000},
		{0x20b, 2, 0x1000000, 0x00fff000}, /* too old for the flag */
		{0x202, 2, 0x1000000, 0x37fff000},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_buf) out = {0};
		cof_kernel_boot boot = {.low_memory = 2048ull << 20, .has_initrd = true, .initrd_size = 1};
		make_kernel(&b, cases[i].protocol, 1);
		pe_put(&b, 0x22c, 4, cases[i].max);
		pe_put(&b, 0x236, 2, cases[i].xload);
		patch(&b, &boot, &out);
		if (cases[i].want == 0x00fff000)
			assert_int_equal(field(&out, 0x218, 4), (cases[i].max - 1) & ~0xfffu);
		else
			assert_int_equal(field(&out, 0x218, 4), cases[i].want);
	}
}

static void old_protocols(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) low = {0};
	COF_AUTO(cof_buf) none = {0};
	cof_kernel_boot boot = {.low_memory = 512 << 20, .cmdline = "0123456789abcdef"};
	make_kernel(&b, 0x201, 0);
	patch(&b, &boot, &low);
	assert_int_equal(field(&low, 0x20, 2), 0xa33f);
	assert_int_equal(field(&low, 0x22, 2), 0x9a000 - 32 - 0x90000);
	assert_int_equal(field(&low, 0x224, 2), 0x9a000 - 32 - 0x90000 - 0x200);
	assert_int_equal(field(&low, 0x228, 4), 0xa5a5a5a5);
	b.data[0x202] = 'x';
	patch(&b, &boot, &none);
	assert_int_equal(field(&none, 0x20, 2), 0xa33f);
	assert_int_equal(field(&none, 0x210, 1), 0xa5);
	assert_int_equal(field(&none, 0x211, 1), 0);
}

static void video_modes(void **state)
{
	(void)state;
	static const struct {
		const char *cmdline;
		uint32_t want;
	} cases[] = {
		{"quiet", 0xa5a5},	  {"vga=normal", 0xffff}, {"x vga=ext y", 0xfffe}, {"vga=ask", 0xfffd},
		{"vga=791", 791},	  {"vga=0x317", 0x317},	  {"vga=010", 8},	   {"vga=", 0},
		{"novga=normal", 0xffff},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) b = {0};
		COF_AUTO(cof_buf) out = {0};
		cof_kernel_boot boot = {.low_memory = 512 << 20, .cmdline = cases[i].cmdline};
		make_kernel(&b, 0x20f, 1);
		patch(&b, &boot, &out);
		assert_int_equal(field(&out, 0x1fa, 2), cases[i].want);
	}
}

static void low_memory_of_q35(void **state)
{
	(void)state;
	assert_int_equal(cof_q35_low_memory(512ull << 20), 512ull << 20);
	assert_int_equal(cof_q35_low_memory(0xaffff000u), 0xaffff000u);
	assert_int_equal(cof_q35_low_memory(0xb0000000u), 0x80000000u);
	assert_int_equal(cof_q35_low_memory(64ull << 30), 0x80000000u);
}

static void check_patched(const json_t *v)
{
	json_t *initrd = json_object_get(v, "initrd_size");
	cof_kernel_boot boot = {
		.low_memory = cof_q35_low_memory((uint64_t)json_integer_value(json_object_get(v, "memory_mib")) << 20),
		.initrd_size = (uint32_t)json_integer_value(initrd),
		.has_initrd = json_is_integer(initrd),
		.cmdline = jstr(v, "append"),
	};
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) out = {0};
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384};
	char file[64];
	(void)snprintf(file, sizeof file, "fixtures/%s.efi", jstr(v, "kernel"));
	vector_read(file, &b);
	patch(&b, &boot, &out);
	assert_hex(out.data + 0x1f0, 0x70, jstr(v, "patched_header_0x1f0_0x260"));
	if (boot.has_initrd)
		assert_int_equal(field(&out, 0x218, 4), json_integer_value(json_object_get(v, "initrd_addr")));
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		cof_digest d = {0};
		assert_ok(cof_pe_digest(cof_buf_span(&out), algs[i], &d, &err));
		assert_hex(d.bytes, cof_hash_len(d.alg), jstr(json_object_get(v, "patched"), cof_hash_name(d.alg)));
	}
}

static void published_headers(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *cases = json_object_get(j, "kernel_authenticode"), *v;
	size_t i;
	assert_true(json_array_size(cases) > 3);
	json_array_foreach (cases, i, v) {
		assert_string_equal(jstr(v, "machine"), "q35");
		check_patched(v);
	}
}

static void who_gets_a_patched_copy(void **state)
{
	(void)state;
	assert_true(cof_kernel_is_patched(7, false));
	assert_true(cof_kernel_is_patched(9, false));
	assert_false(cof_kernel_is_patched(10, false));
	assert_false(cof_kernel_is_patched(7, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_a_patched_copy),
		cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(initrds_that_cannot_be),
		cmocka_unit_test(only_the_named_fields_change),
		cmocka_unit_test(the_initrd_limit_follows_the_protocol),
		cmocka_unit_test(old_protocols),
		cmocka_unit_test(video_modes),
		cmocka_unit_test(low_memory_of_q35),
		cmocka_unit_test(published_headers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
