/* SPDX-License-Identifier: Apache-2.0 */
#include "common/hex.h"
#include "firmware/igvm_int.h"
#include "tests/unit/firmware/make_igvm.h"

/* Of make_igvm_all, computed by another implementation. */
#define ALL_DIGEST "9aa353b582beeb3ea0f3d9de4d51515c41bc6d69f32e46bf754306b16879579ae9b9a9b05c9da6aeddbff9793a101726"
#define ALL_ZERO_DIGEST                                                                                                \
	"d1ac092ccbe0f6da1f56e7044964e5c28c67bffeccf3d9a156385d2006af852a3b3e20633b89841df30299ef800effbd"

enum { ALL_DATA_PAGES = 6, SKIP_TYPE = (int)0x80000999 };

static void assert_malformed(const cof_buf *b)
{
	cof_igvm_stats s = {.n_headers = 99};
	uint8_t d[COF_SHA384_LEN] = {0x55};
	const cof_igvm_measure_in in = {.file = cof_buf_span(b)};
	assert_fails(cof_igvm_parse(cof_buf_span(b), &s, &err), "igvm-malformed");
	assert_fails(cof_igvm_snp_measure(&in, d, &err), "igvm-malformed");
	assert_int_equal(s.n_headers, 99);
	assert_int_equal(d[0], 0x55);
}

static void assert_made_malformed(const make_igvm *m)
{
	COF_AUTO(cof_buf) b = {0};
	igvm_end(m, &b);
	assert_malformed(&b);
}

static void measure(const cof_buf *b, bool zero_pages, uint8_t ret[COF_SHA384_LEN])
{
	const cof_igvm_measure_in in = {.file = cof_buf_span(b), .zero_pages = zero_pages};
	assert_ok(cof_igvm_snp_measure(&in, ret, &err));
}

static void measure_made(const make_igvm *m, bool zero_pages, uint8_t ret[COF_SHA384_LEN])
{
	COF_AUTO(cof_buf) b = {0};
	igvm_end(m, &b);
	measure(&b, zero_pages, ret);
}

static void assert_digest(const cof_buf *b, bool zero_pages, const char *want)
{
	uint8_t d[COF_SHA384_LEN];
	measure(b, zero_pages, d);
	COF_AUTO_FREE char *hex = cof_hex_dup(cof_span_of(d, sizeof d));
	assert_string_equal(hex, want);
}

/* A file for SNP with nothing in it yet. */
static make_igvm begin(void)
{
	make_igvm m = {0};
	igvm_platform(&m, IGVM_SNP_MASK, COF_IGVM_SNP);
	return m;
}

/* --- what is right --- */

static void one_of_everything(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	make_igvm_all(&m);
	igvm_end(&m, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	assert_int_equal(s.version, 1);
	assert_int_equal(s.n_headers, 16);
	assert_int_equal(s.n_platforms, 2);
	assert_int_equal(s.platforms[0].platform, COF_IGVM_SNP);
	assert_int_equal(s.platforms[0].mask, IGVM_SNP_MASK);
	assert_int_equal(s.platforms[0].shared_boundary, (uint64_t)1 << 46);
	assert_int_equal(s.platforms[1].platform, COF_IGVM_SEV);
	assert_int_equal(s.n_pages, 9);
	assert_int_equal(s.n_unmeasured, 4);
	assert_int_equal(s.n_contexts, 1);
	assert_false(s.has_idblock);
	assert_true(s.has_policy);
	assert_int_equal(s.policy, 0x30000);
	assert_digest(&b, false, ALL_DIGEST);
	assert_digest(&b, true, ALL_ZERO_DIGEST);
}

static void an_empty_launch_is_all_zeros(void **state)
{
	(void)state;
	static const uint8_t zeros[COF_SHA384_LEN] = {0};
	COF_AUTO(make_igvm) m = begin();
	uint8_t d[COF_SHA384_LEN];
	measure_made(&m, false, d);
	assert_memory_equal(d, zeros, sizeof d);
}

static void a_large_page_is_512_small_ones(void **state)
{
	(void)state;
	COF_AUTO_FREE uint8_t *large = malloc(512 * IGVM_PAGE);
	COF_AUTO(make_igvm) one = begin();
	COF_AUTO(make_igvm) many = begin();
	uint8_t a[COF_SHA384_LEN], b[COF_SHA384_LEN];
	igvm_fill(large, 512 * IGVM_PAGE, 1);
	igvm_add_page(&one, (igvm_page){0x200000, 1, IGVM_2MIB, 0, cof_span_of(large, 512 * IGVM_PAGE)});
	igvm_add_page(&one, (igvm_page){0x400000, 1, IGVM_2MIB, 0, {0}});
	many.data.max = one.data.max = 8 << 20;
	assert_ok(cof_buf_add(&many.data, large, 512 * IGVM_PAGE, &err));
	for (uint64_t i = 0; i < 1024; i++) {
		COF_AUTO(cof_buf) body = {0};
		cof_wr w = cof_wr_to(&body);
		cof_wr_u64le(&w, 0x200000 + i * IGVM_PAGE);
		cof_wr_u32le(&w, 1);
		/* 1024 headers of 32 bytes and the platform's lie before the data */
		cof_wr_u32le(&w, (uint32_t)(i < 512 ? IGVM_FIXED + 24 + 1024 * 32 + i * IGVM_PAGE : 0));
		cof_wr_zeros(&w, 8);
		igvm_header(&many, 0x302, cof_buf_span(&body));
	}
	for (int zero = 0; zero < 2; zero++) {
		measure_made(&one, zero != 0, a);
		measure_made(&many, zero != 0, b);
		assert_memory_equal(a, b, sizeof a);
	}
}

static void order_and_address_count(void **state)
{
	(void)state;
	uint8_t digests[4][COF_SHA384_LEN];
	static const uint64_t gpas[4][2] = {{0x1000, 0x2000}, {0x2000, 0x1000}, {0x1000, 0x3000}, {0x1000, 0x1000}};
	for (size_t i = 0; i < COF_COUNT(gpas); i++) {
		COF_AUTO(make_igvm) m = begin();
		igvm_add_page(&m, (igvm_page){gpas[i][0], 1, 0, 0, {0}});
		igvm_add_page(&m, (igvm_page){gpas[i][1], 1, 0, 0, {0}});
		measure_made(&m, false, digests[i]);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(digests[i], digests[k], sizeof digests[i]);
	}
}

static void what_may_be_ignored_is(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	make_igvm_all(&m);
	igvm_header(&m, (uint32_t)SKIP_TYPE, cof_span_str("whatever"));
	igvm_header(&m, (uint32_t)SKIP_TYPE, (cof_span){0});
	igvm_header(&m, (uint32_t)SKIP_TYPE, cof_span_str("odd"));
	igvm_end(&m, &b);
	assert_digest(&b, false, ALL_DIGEST);
}

static void headers_that_load_nothing(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	static const uint8_t big[864] = {1}; /* its first word is a mask */
	cof_igvm_stats s;
	make_igvm_all(&m);
	igvm_header(&m, 0x305, cof_span_of(big, 24)); /* refused below: its gpa is 1 */
	assert_made_malformed(&m);
	make_igvm_release(&m);
	make_igvm_all(&m);
	igvm_header(&m, 0x30b, cof_span_of(big, 696));
	igvm_header(&m, 0x30d, cof_span_of((uint8_t[16]){0}, 16));
	igvm_header(&m, 0x305, cof_span_of((uint8_t[24]){0}, 24));
	igvm_header(&m, 0x311, cof_span_of(big, 864));
	igvm_end(&m, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	assert_true(s.has_idblock);
	assert_digest(&b, false, ALL_DIGEST);
	igvm_header(&m, 0x30b, cof_span_of(big, 696)); /* a second one for the same platform */
	assert_made_malformed(&m);
}

static void files_for_others(void **state)
{
	(void)state;
	static const uint8_t platforms[] = {0, 1, COF_IGVM_TDX, COF_IGVM_SEV, COF_IGVM_SEVES};
	for (size_t i = 0; i < COF_COUNT(platforms); i++) {
		COF_AUTO(make_igvm) m = {0};
		COF_AUTO(cof_buf) b = {0};
		uint8_t d[COF_SHA384_LEN] = {0x55};
		cof_igvm_stats s;
		igvm_platform(&m, 1, platforms[i]);
		igvm_add_page(&m, (igvm_page){0x1000, 1, 0, 0, {0}});
		igvm_end(&m, &b);
		assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
		const cof_igvm_measure_in in = {.file = cof_buf_span(&b)};
		assert_fails(cof_igvm_snp_measure(&in, d, &err), "igvm-platform-missing");
		assert_int_equal(d[0], 0x55);
	}
}

/* --- what is hostile --- */

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	make_igvm_all(&m);
	igvm_end(&m, &b);
	for (size_t n = 0; n < b.len; n += n < 1024 ? 1 : 13) {
		COF_AUTO(cof_buf) cut = {0};
		assert_ok(cof_buf_reserve(&cut, n + IGVM_FIXED, &err));
		assert_ok(cof_buf_add(&cut, b.data, n, &err));
		assert_fails(cof_igvm_parse(cof_buf_span(&cut), &s, &err), "igvm-malformed");
		if (n < IGVM_FIXED + m.headers.len)
			continue;
		igvm_put32(&cut, 16, (uint32_t)n); /* as if it had been made so */
		igvm_seal(&cut, m.headers.len);
		assert_malformed(&cut);
	}
}

static void every_bit_of_the_headers_is_under_the_checksum(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	make_igvm_all(&m);
	igvm_end(&m, &b);
	for (size_t bit = 0; bit < (IGVM_FIXED + m.headers.len) * 8; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		assert_fails(cof_igvm_parse(cof_buf_span(&b), &s, &err), "igvm-malformed");
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

/* Without meaning for SNP by design: pages of other platforms, unmeasured and shared ones, a CPUID page's content. */
static void every_byte_of_measured_data_counts(void **state)
{
	(void)state;
	static const bool counts[ALL_DATA_PAGES] = {true, false, false, false, false, true};
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	uint8_t whole[COF_SHA384_LEN], d[COF_SHA384_LEN];
	make_igvm_all(&m);
	assert_int_equal(m.data.len, ALL_DATA_PAGES * IGVM_PAGE);
	igvm_end(&m, &b);
	measure(&b, false, whole);
	for (size_t i = 0; i < m.data.len; i += 7) {
		uint8_t *at = &b.data[IGVM_FIXED + m.headers.len + i];
		*at ^= 0x10;
		measure(&b, false, d);
		*at ^= 0x10;
		if ((memcmp(d, whole, sizeof d) != 0) != counts[i / IGVM_PAGE])
			fail_msg("byte 0x%zx of the data", i);
	}
}

/* Every single bit of the headers, under a good checksum: another digest, or no file, or a member that SNP does not
 * measure. Nothing may make the reader fall. */
static void every_bit_of_the_headers_behind_the_checksum(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = {0};
	COF_AUTO(cof_buf) b = {0};
	uint8_t d[COF_SHA384_LEN];
	size_t refused = 0;
	make_igvm_all(&m);
	igvm_end(&m, &b);
	const cof_igvm_measure_in in = {.file = cof_buf_span(&b)};
	for (size_t bit = 0; bit < m.headers.len * 8; bit++) {
		cof_err err;
		b.data[IGVM_FIXED + bit / 8] ^= (uint8_t)(1u << (bit % 8));
		igvm_seal(&b, m.headers.len);
		refused += cof_igvm_snp_measure(&in, d, &err) < 0;
		b.data[IGVM_FIXED + bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
	assert_true(refused > m.headers.len);
}

static void hostile_fixed_headers(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint32_t value;
	} bad[] = {
		{0, 0x4d564748},  {4, 0},  {4, 2},  {4, 0x10001},     {8, 0},		{8, 16},
		{8, 28},	  {8, 32}, {8, 25}, {8, 0xfffffff8},  {12, 4},		{12, 0xfffffff8},
		{12, 0xffffffff}, {16, 0}, {16, 1}, {16, 0xffffffff}, {12, 0x7fffffff}, {8, 0x80000000},
	};
	COF_AUTO(make_igvm) m = {0};
	make_igvm_all(&m);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		igvm_end(&m, &b);
		igvm_put32(&b, bad[i].at, bad[i].value);
		igvm_seal(&b, m.headers.len);
		assert_malformed(&b);
	}
	cof_igvm_stats s;
	assert_fails(cof_igvm_parse(cof_span_of("", (size_t)COF_IGVM_MAX + 1), &s, &err), "igvm-malformed");
}

/* Headers may begin later, but nothing may hide before them: the checksum is blind there. */
static void a_gap_before_the_headers(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = begin();
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) gap = {0};
	cof_igvm_stats s;
	igvm_end(&m, &b);
	assert_ok(cof_buf_add(&gap, b.data, IGVM_FIXED, &err));
	assert_ok(cof_buf_add(&gap, (uint8_t[8]){0}, 8, &err));
	assert_ok(cof_buf_add(&gap, b.data + IGVM_FIXED, b.len - IGVM_FIXED, &err));
	igvm_put32(&gap, 8, IGVM_FIXED + 8);
	igvm_put32(&gap, 16, (uint32_t)gap.len);
	igvm_put32(&gap, 20, 0);
	uint32_t crc = lzma_crc32(gap.data, IGVM_FIXED, 0);
	igvm_put32(&gap, 20, lzma_crc32(gap.data + IGVM_FIXED + 8, m.headers.len, crc));
	assert_ok(cof_igvm_parse(cof_buf_span(&gap), &s, &err));
	gap.data[IGVM_FIXED + 7] = 1;
	assert_malformed(&gap);
}

static void hostile_platforms(void **state)
{
	(void)state;
	static const struct {
		uint32_t mask;
		uint8_t platform;
	} bad[] = {{0, 3}, {3, 3}, {0x80000001, 3}, {IGVM_SNP_MASK, 3}, {2, COF_IGVM_SNP}, {2, 6}, {2, 0xff}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(make_igvm) m = begin();
		igvm_platform(&m, bad[i].mask, bad[i].platform);
		assert_made_malformed(&m);
	}
	COF_AUTO(make_igvm) none = {0};
	assert_made_malformed(&none);
	COF_AUTO(make_igvm) many = {0};
	for (uint32_t i = 0; i < 9; i++)
		igvm_platform(&many, 1u << i, (uint8_t)i);
	assert_made_malformed(&many);
	/* another version, a privilege level that is none */
	static const size_t at[] = {IGVM_FIXED + 8 + 4, IGVM_FIXED + 8 + 6, IGVM_FIXED + 8 + 7};
	for (size_t i = 0; i < COF_COUNT(at); i++) {
		COF_AUTO(make_igvm) m = begin();
		COF_AUTO(cof_buf) b = {0};
		igvm_end(&m, &b);
		b.data[at[i]] = 3;
		igvm_seal(&b, m.headers.len);
		assert_malformed(&b);
	}
}

static void headers_of_wrong_type_or_length(void **state)
{
	(void)state;
	static const uint32_t types[] = {0,	0x2,   0x100, 0x104, 0x200, 0x201,	0x300,	    0x306,
					 0x314, 0x400, 0x401, 0x30,  0x999, 0x7fffffff, 0x80000302, 0x80000304};
	static const uint8_t zeros[900] = {0};
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		for (size_t len = 0; len <= 24; len += 8) {
			COF_AUTO(make_igvm) m = begin();
			igvm_header(&m, types[i], cof_span_of(zeros, len));
			assert_made_malformed(&m);
		}
	}
	static const uint32_t known[][2] = {{0x101, 16}, {0x102, 48},  {0x103, 32}, {0x301, 16},
					    {0x302, 24}, {0x303, 16},  {0x304, 20}, {0x305, 24},
					    {0x307, 8},	 {0x30b, 696}, {0x30d, 16}, {0x311, 864}};
	for (size_t i = 0; i < COF_COUNT(known); i++) {
		const size_t lens[] = {0, known[i][1] - 1, known[i][1] + 1, known[i][1] - 8, known[i][1] + 8};
		for (size_t k = 0; k < COF_COUNT(lens); k++) {
			COF_AUTO(make_igvm) m = begin();
			igvm_header(&m, known[i][0], cof_span_of(zeros, lens[k]));
			assert_made_malformed(&m);
		}
	}
}

static void headers_that_do_not_end(void **state)
{
	(void)state;
	static const uint32_t lens[] = {1, 8, 9, 0xfffffff0, 0xfffffff8, 0xffffffff};
	for (size_t i = 0; i < COF_COUNT(lens); i++) {
		COF_AUTO(make_igvm) m = begin();
		igvm_header(&m, (uint32_t)SKIP_TYPE, (cof_span){0});
		igvm_put32(&m.headers, m.headers.len - 4, lens[i]);
		assert_made_malformed(&m);
	}
	COF_AUTO(make_igvm) m = begin();
	igvm_header(&m, (uint32_t)SKIP_TYPE, cof_span_str("odd"));
	for (size_t i = 1; i <= 5; i++) {
		m.headers.data[m.headers.len - i] = 1; /* padding */
		assert_made_malformed(&m);
		m.headers.data[m.headers.len - i] = 0;
	}
}

static void sections_in_their_order(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) late_platform = begin();
	COF_AUTO(make_igvm) late_policy = begin();
	COF_AUTO(make_igvm) between = begin();
	igvm_policy(&late_platform, 1, 0x30000);
	igvm_platform(&late_platform, 2, COF_IGVM_TDX);
	assert_made_malformed(&late_platform);
	igvm_add_page(&late_policy, (igvm_page){0x1000, 1, 0, 0, {0}});
	igvm_policy(&late_policy, 1, 0x30000);
	assert_made_malformed(&late_policy);
	igvm_add_page(&between, (igvm_page){0x1000, 1, 0, 0, {0}});
	igvm_platform(&between, 2, COF_IGVM_TDX);
	assert_made_malformed(&between);
}

/* A body that is right: zeros, with regions at 0x1000 and aligned to it. */
static void good_body(uint32_t type, uint8_t body[704])
{
	memset(body, 0, 704);
	if (type == 0x102 || type == 0x103)
		body[9] = body[17] = 0x10;
	if (type == 0x102)
		body[25] = 0x10;
}

static void hostile_members(void **state)
{
	(void)state;
	static const struct {
		uint32_t type;
		size_t len, at, width;
		uint64_t value;
	} bad[] = {
		{0x101, 16, 12, 4, 1},
		{0x102, 48, 6, 1, 3},
		{0x102, 48, 7, 1, 8},
		{0x102, 48, 8, 8, 0},
		{0x102, 48, 8, 8, 0x800},
		{0x102, 48, 16, 8, 0x800},
		{0x102, 48, 16, 8, 0xfffffffffffff000},
		{0x102, 48, 24, 8, 0x800},
		{0x102, 48, 32, 8, 0x800},
		{0x102, 48, 40, 8, 0x800},
		{0x103, 32, 6, 1, 3},
		{0x103, 32, 7, 1, 1},
		{0x103, 32, 8, 8, 0x800},
		{0x103, 32, 8, 8, 0xfffffffffffff000},
		{0x103, 32, 16, 8, 0x800},
		{0x103, 32, 24, 8, 0x800},
		{0x103, 32, 24, 8, 0x2000},
		{0x305, 24, 0, 8, 0x800},
		{0x305, 24, 12, 4, 0x800},
		{0x305, 24, 16, 4, 2},
		{0x305, 24, 20, 4, 1},
		{0x30d, 16, 0, 8, 1},
		{0x30d, 16, 12, 4, 1},
		{0x30b, 696, 4, 1, 2},
		{0x30b, 696, 5, 1, 1},
		{0x30b, 696, 7, 1, 0x80},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		uint8_t body[704];
		COF_AUTO(make_igvm) good = begin();
		COF_AUTO(make_igvm) m = begin();
		COF_AUTO(cof_buf) file = {0};
		cof_igvm_stats s;
		good_body(bad[i].type, body);
		igvm_header(&good, bad[i].type, cof_span_of(body, bad[i].len));
		igvm_end(&good, &file);
		assert_ok(cof_igvm_parse(cof_buf_span(&file), &s, &err));
		for (size_t k = 0; k < bad[i].width; k++)
			body[bad[i].at + k] = (uint8_t)(bad[i].value >> (8 * k));
		igvm_header(&m, bad[i].type, cof_span_of(body, bad[i].len));
		assert_made_malformed(&m);
	}
	COF_AUTO(make_igvm) twice = begin();
	igvm_policy(&twice, 3, 0x30000);
	igvm_policy(&twice, 2, 0x30000);
	assert_made_malformed(&twice);
}

static void hostile_pages(void **state)
{
	(void)state;
	uint8_t page[IGVM_PAGE] = {0};
	cof_span data = cof_span_of(page, sizeof page);
	const igvm_page bad[] = {
		{0x1001, 1, 0, 0, {0}},
		{0x800, 1, 0, 0, {0}},
		{0xfffffffffffff000, 1, 0, 0, {0}},
		{0xffffffffffe00000, 1, IGVM_2MIB, 0, {0}},
		{0x1000, 1, IGVM_2MIB, 0, {0}},
		{0x200000, 1, IGVM_2MIB, 0, data}, /* 4 KiB for 2 MiB */
		{0x200000, 1, IGVM_2MIB, 1, {0}},
		{0x200000, 1, IGVM_2MIB, 2, {0}},
		{0x1000, 1, 8, 0, {0}},
		{0x1000, 1, 0x80000000, 0, {0}},
		{0x1000, 1, 0, 4, {0}},
		{0x1000, 1, 0, 0xffff, {0}},
		{0x1000, 1, 0, 0, cof_span_of(page, IGVM_PAGE - 1)},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(make_igvm) m = begin();
		igvm_add_page(&m, bad[i]);
		assert_made_malformed(&m);
	}
}

static void data_that_lies_elsewhere(void **state)
{
	(void)state;
	static const uint32_t offsets[] = {1,	       IGVM_FIXED, IGVM_FIXED + 55, IGVM_FIXED + 57,
					   0x7fffffff, 0xfffff000, 0xffffffff};
	uint8_t page[IGVM_PAGE] = {0};
	COF_AUTO(make_igvm) m = begin();
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	igvm_add_page(&m, (igvm_page){0x1000, 1, 0, 0, cof_span_of(page, sizeof page)});
	igvm_end(&m, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	for (size_t i = 0; i < COF_COUNT(offsets); i++) {
		igvm_put32(&b, IGVM_FIXED + 24 + 8 + 12, offsets[i]);
		igvm_seal(&b, m.headers.len);
		assert_malformed(&b);
	}
}

static void hostile_parameters(void **state)
{
	(void)state;
	static const struct {
		uint64_t size;
		uint32_t use, offset;
	} bad[] = {{IGVM_PAGE + 1, 7, 0},      {0x800, 7, 0}, {IGVM_PAGE, 8, 0},	  {IGVM_PAGE, 7, IGVM_PAGE},
		   {IGVM_PAGE, 7, 0xffffffff}, {0, 7, 0},     {UINT64_MAX - 0xfff, 7, 0}, {(uint64_t)1 << 33, 7, 0}};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(make_igvm) m = begin();
		igvm_area(&m, 7, bad[i].size);
		igvm_parameter(&m, 0x307, bad[i].use, bad[i].offset);
		assert_made_malformed(&m);
	}
	COF_AUTO(make_igvm) twice = begin();
	igvm_area(&twice, 7, IGVM_PAGE);
	igvm_area(&twice, 7, IGVM_PAGE);
	assert_made_malformed(&twice);
	COF_AUTO(make_igvm) many = begin();
	for (uint32_t i = 0; i <= 256; i++)
		igvm_area(&many, i, IGVM_PAGE);
	assert_made_malformed(&many);
}

static void an_area_is_taken_once(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) m = begin();
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	igvm_area(&m, 7, IGVM_PAGE);
	igvm_insert(&m, 0x1000, 1, 7);
	igvm_insert(&m, 0x1000, 2, 7); /* for another platform */
	igvm_end(&m, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	igvm_insert(&m, 0x2000, 3, 7);
	assert_made_malformed(&m);
	COF_AUTO(make_igvm) late = begin();
	igvm_area(&late, 7, IGVM_PAGE);
	igvm_insert(&late, 0x1000, 1, 7);
	igvm_parameter(&late, 0x308, 7, 0);
	assert_made_malformed(&late);
	COF_AUTO(make_igvm) absent = begin();
	igvm_insert(&absent, 0x1000, 1, 0);
	assert_made_malformed(&absent);
	COF_AUTO(make_igvm) odd = begin();
	igvm_area(&odd, 7, IGVM_PAGE);
	igvm_insert(&odd, 0x1800, 1, 7);
	assert_made_malformed(&odd);
	COF_AUTO(make_igvm) end = begin();
	igvm_area(&end, 7, 2 * IGVM_PAGE);
	igvm_insert(&end, 0xfffffffffffff000, 1, 7);
	assert_made_malformed(&end);
}

static void more_than_a_machine_has(void **state)
{
	(void)state;
	COF_AUTO(make_igvm) pages = begin();
	igvm_area(&pages, 7, (uint64_t)COF_IGVM_PAGES_MAX * IGVM_PAGE);
	igvm_area(&pages, 8, IGVM_PAGE);
	igvm_insert(&pages, 0, 2, 7); /* for no platform of the file: counted all the same */
	COF_AUTO(cof_buf) b = {0};
	cof_igvm_stats s;
	igvm_end(&pages, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	assert_int_equal(s.n_pages, COF_IGVM_PAGES_MAX);
	igvm_insert(&pages, 0, 2, 8);
	assert_made_malformed(&pages);
	COF_AUTO(make_igvm) headers = begin();
	for (size_t i = 1; i < COF_IGVM_HEADERS_MAX; i++)
		igvm_header(&headers, (uint32_t)SKIP_TYPE, (cof_span){0});
	igvm_end(&headers, &b);
	assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
	assert_int_equal(s.n_headers, COF_IGVM_HEADERS_MAX);
	igvm_header(&headers, (uint32_t)SKIP_TYPE, (cof_span){0});
	igvm_end(&headers, &b);
	assert_fails(cof_igvm_parse(cof_buf_span(&b), &s, &err), "igvm-malformed");
}

static void hostile_contexts(void **state)
{
	(void)state;
	uint8_t page[IGVM_PAGE] = {0};
	const struct {
		uint8_t platform;
		uint64_t gpa;
		size_t len;
		uint32_t count; /* of a VSM context's registers */
		bool good;
	} cases[] = {
		{COF_IGVM_SNP, 0xfffffffff000, IGVM_PAGE, 0, true},
		{COF_IGVM_SNP, 0xfffffffff000, IGVM_PAGE - 1, 0, false},
		{COF_IGVM_SNP, 0xfffffffff000, 0, 0, false},
		{COF_IGVM_SNP, 0xfffffffff001, IGVM_PAGE, 0, false},
		{COF_IGVM_SNP, 0xfffffffffffff000, IGVM_PAGE, 0, false},
		{COF_IGVM_TDX, 0, IGVM_PAGE, 0, false},
		{COF_IGVM_SEVES, 0, IGVM_PAGE, 0, true},
		{0, 0, IGVM_PAGE, 0, true},
		{1, 0, 4 + 32, 1, true},
		{1, 0, 4 + 31, 1, false},
		{1, 0, 3, 0, false},
		{1, 0, 4, 0, false},
		{1, 0, IGVM_PAGE, 0x08000000, false},
		{1, 0, IGVM_PAGE, 0xffffffff, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(make_igvm) m = {0};
		COF_AUTO(cof_buf) b = {0};
		cof_igvm_stats s;
		cof_buf first = {.data = page, .len = sizeof page};
		igvm_put32(&first, 0, cases[i].count);
		igvm_platform(&m, 1, cases[i].platform);
		igvm_context(&m, cases[i].gpa, 1, cof_span_of(page, cases[i].len));
		igvm_end(&m, &b);
		if (cases[i].good)
			assert_ok(cof_igvm_parse(cof_buf_span(&b), &s, &err));
		else
			assert_malformed(&b);
	}
	COF_AUTO(make_igvm) both = begin();
	igvm_platform(&both, 2, 1);
	igvm_context(&both, 0, 3, cof_span_of(page, sizeof page));
	assert_made_malformed(&both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_everything),
		cmocka_unit_test(an_empty_launch_is_all_zeros),
		cmocka_unit_test(a_large_page_is_512_small_ones),
		cmocka_unit_test(order_and_address_count),
		cmocka_unit_test(what_may_be_ignored_is),
		cmocka_unit_test(headers_that_load_nothing),
		cmocka_unit_test(files_for_others),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_bit_of_the_headers_is_under_the_checksum),
		cmocka_unit_test(every_byte_of_measured_data_counts),
		cmocka_unit_test(every_bit_of_the_headers_behind_the_checksum),
		cmocka_unit_test(hostile_fixed_headers),
		cmocka_unit_test(a_gap_before_the_headers),
		cmocka_unit_test(hostile_platforms),
		cmocka_unit_test(headers_of_wrong_type_or_length),
		cmocka_unit_test(headers_that_do_not_end),
		cmocka_unit_test(sections_in_their_order),
		cmocka_unit_test(hostile_members),
		cmocka_unit_test(hostile_pages),
		cmocka_unit_test(data_that_lies_elsewhere),
		cmocka_unit_test(hostile_parameters),
		cmocka_unit_test(an_area_is_taken_once),
		cmocka_unit_test(more_than_a_machine_has),
		cmocka_unit_test(hostile_contexts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
