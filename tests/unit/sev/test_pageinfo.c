/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/pageinfo.h"

#include <openssl/crypto.h>

#include "common/wr.h"
#include "tests/unit/launch_vectors.h"

static size_t allocations; /* of OpenSSL */

static void *count_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	allocations++;
	return realloc(p, n);
}

static void count_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void fill(uint8_t page[COF_SNP_PAGE_LEN], uint8_t seed)
{
	for (size_t i = 0; i < COF_SNP_PAGE_LEN; i++)
		page[i] = (uint8_t)(i * 3 + seed);
}

/* The table of the specification, written down once more. */
static void by_hand(uint8_t ld[COF_SHA384_LEN], uint8_t type, uint64_t gpa, cof_span page)
{
	COF_AUTO(cof_buf) b = {0};
	cof_digest contents = {0}, d;
	cof_wr w = cof_wr_to(&b);
	if (page.len != 0)
		assert_ok(cof_digest_of(COF_SHA384, page, &contents, &err));
	cof_wr_bytes(&w, cof_span_of(ld, COF_SHA384_LEN));
	cof_wr_bytes(&w, cof_span_of(contents.bytes, COF_SHA384_LEN));
	cof_wr_u16le(&w, 0x70);
	cof_wr_u8(&w, type);
	cof_wr_zeros(&w, 5);
	cof_wr_u64le(&w, gpa);
	assert_ok(cof_wr_done(&w, &err));
	assert_int_equal(b.len, 0x70);
	assert_ok(cof_digest_of(COF_SHA384, cof_buf_span(&b), &d, &err));
	memcpy(ld, d.bytes, COF_SHA384_LEN);
}

static void equals_the_rule_by_hand(void **state)
{
	(void)state;
	static const uint64_t gpas[] = {0, 0x1000, 0xfffff000, 0xfffffffff000, 0x0123456789abc000};
	uint8_t ld[COF_SHA384_LEN] = {0}, page[COF_SNP_PAGE_LEN];
	COF_AUTO(cof_snp_chain) c = {0};
	assert_ok(cof_snp_chain_begin(&c, NULL, &err));
	for (uint8_t type = COF_SNP_PAGE_NORMAL; type <= COF_SNP_PAGE_CPUID; type++) {
		for (size_t i = 0; i < COF_COUNT(gpas); i++) {
			bool full = type <= COF_SNP_PAGE_VMSA;
			fill(page, (uint8_t)(type + i));
			by_hand(ld, type, gpas[i], cof_span_of(page, full ? sizeof page : 0));
			assert_ok(
				cof_snp_chain_add(&c, type, gpas[i], cof_span_of(page, full ? sizeof page : 0), &err));
			assert_memory_equal(c.ld, ld, sizeof ld);
		}
	}
}

static void a_seed_goes_on_where_it_was_taken(void **state)
{
	(void)state;
	uint8_t page[COF_SNP_PAGE_LEN];
	COF_AUTO(cof_snp_chain) whole = {0};
	COF_AUTO(cof_snp_chain) rest = {0};
	fill(page, 9);
	assert_ok(cof_snp_chain_begin(&whole, NULL, &err));
	assert_ok(cof_snp_chain_add(&whole, COF_SNP_PAGE_NORMAL, 0x1000, cof_span_of(page, sizeof page), &err));
	assert_ok(cof_snp_chain_begin(&rest, whole.ld, &err));
	assert_ok(cof_snp_chain_add(&whole, COF_SNP_PAGE_ZERO, 0x2000, (cof_span){0}, &err));
	assert_ok(cof_snp_chain_add(&rest, COF_SNP_PAGE_ZERO, 0x2000, (cof_span){0}, &err));
	assert_memory_equal(whole.ld, rest.ld, sizeof rest.ld);
}

static void a_page_of_the_wrong_length_is_a_bug(void **state)
{
	(void)state;
	uint8_t page[COF_SNP_PAGE_LEN + 1] = {0}, before[COF_SHA384_LEN];
	COF_AUTO(cof_snp_chain) c = {0};
	assert_ok(cof_snp_chain_begin(&c, NULL, &err));
	memcpy(before, c.ld, sizeof before);
	static const size_t bad[] = {0, 1, COF_SNP_PAGE_LEN - 1, COF_SNP_PAGE_LEN + 1};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_span s = cof_span_of(page, bad[i]);
		assert_fails(cof_snp_chain_add(&c, COF_SNP_PAGE_NORMAL, 0, s, &err), "page-length");
		assert_fails(cof_snp_chain_add(&c, COF_SNP_PAGE_VMSA, 0, s, &err), "page-length");
	}
	cof_span full = cof_span_of(page, COF_SNP_PAGE_LEN);
	for (uint8_t type = COF_SNP_PAGE_ZERO; type <= COF_SNP_PAGE_CPUID; type++)
		assert_fails(cof_snp_chain_add(&c, type, 0, full, &err), "page-length");
	assert_memory_equal(c.ld, before, sizeof before);
}

/* OpenSSL 3.0 makes its state anew for each digest; beyond that a page must cost nothing. */
static void a_page_costs_two_digests_and_no_more(void **state)
{
	(void)state;
	uint8_t page[COF_SNP_PAGE_LEN] = {0};
	COF_AUTO(cof_snp_chain) c = {0};
	assert_ok(cof_snp_chain_begin(&c, NULL, &err));
	assert_ok(cof_snp_chain_add(&c, COF_SNP_PAGE_NORMAL, 0, cof_span_of(page, sizeof page), &err));
	assert_true(allocations > 0);
	size_t before = allocations;
	for (uint64_t i = 1; i < 1000; i++)
		assert_ok(cof_snp_chain_add(&c, COF_SNP_PAGE_NORMAL, i << 12, cof_span_of(page, sizeof page), &err));
	assert_true(allocations - before <= 2 * (size_t)999);
}

/* QEMU's page for a section without kernel hashes. */
static enum cof_snp_page_type section_page(json_int_t type)
{
	return type == 2 ? COF_SNP_PAGE_SECRETS : type == 3 ? COF_SNP_PAGE_CPUID : COF_SNP_PAGE_ZERO;
}

static void add_section(cof_snp_chain *c, const json_t *section)
{
	uint64_t gpa = (uint64_t)json_integer_value(json_object_get(section, "gpa"));
	uint64_t size = (uint64_t)json_integer_value(json_object_get(section, "size"));
	enum cof_snp_page_type type = section_page(json_integer_value(json_object_get(section, "type")));
	for (uint64_t at = 0; at < size; at += COF_SNP_PAGE_LEN)
		assert_ok(cof_snp_chain_add(c, type, gpa + at, (cof_span){0}, &err));
}

static void add_image(cof_snp_chain *c, const json_t *firmware)
{
	COF_AUTO(cof_buf) image = {0};
	uint64_t gpa = (uint64_t)json_integer_value(json_object_get(firmware, "load_gpa"));
	if (json_is_string(json_object_get(firmware, "compression")))
		vector_read_xz(jstr(firmware, "file"), &image);
	else
		vector_read(jstr(firmware, "file"), &image);
	for (size_t at = 0; at < image.len; at += COF_SNP_PAGE_LEN)
		assert_ok(cof_snp_chain_add(c, COF_SNP_PAGE_NORMAL, gpa + at,
					    cof_span_of(image.data + at, COF_SNP_PAGE_LEN), &err));
}

static void real_images_have_the_published_digest(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("sev.json");
	const char *name;
	json_t *firmware;
	size_t done = 0;
	json_object_foreach (json_object_get(j, "firmware"), name, firmware) {
		COF_AUTO(cof_snp_chain) c = {0};
		if (jstr(firmware, "snp_ovmf_hash") == NULL)
			continue;
		assert_ok(cof_snp_chain_begin(&c, NULL, &err));
		add_image(&c, firmware);
		assert_hex(c.ld, sizeof c.ld, jstr(firmware, "snp_ovmf_hash"));
		done++;
	}
	assert_true(done >= 4);
}

static void sections_have_the_published_digest(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("sev.json");
	const json_t *v = by_id(json_object_get(j, "cases"), "pub-15-snp-with-ovmfx64-without-default");
	const json_t *firmware = json_object_get(json_object_get(j, "firmware"), jstr(v, "firmware"));
	COF_AUTO(cof_snp_chain) c = {0};
	uint8_t seed[COF_SHA384_LEN];
	size_t i;
	json_t *section;
	assert_ok(cof_unhex(jstr(firmware, "snp_ovmf_hash"), seed, sizeof seed, &err));
	assert_ok(cof_snp_chain_begin(&c, seed, &err));
	json_array_foreach (json_object_get(firmware, "sev_sections"), i, section)
		add_section(&c, section);
	assert_hex(c.ld, sizeof c.ld, jstr(json_object_get(v, "stages"), "after_metadata"));
}

int main(void)
{
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_rule_by_hand),
		cmocka_unit_test(a_seed_goes_on_where_it_was_taken),
		cmocka_unit_test(a_page_of_the_wrong_length_is_a_bug),
		cmocka_unit_test(a_page_costs_two_digests_and_no_more),
		cmocka_unit_test(real_images_have_the_published_digest),
		cmocka_unit_test(sections_have_the_published_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
