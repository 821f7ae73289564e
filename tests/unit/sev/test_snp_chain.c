/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/snp_chain.h"

#include "tests/unit/firmware/make_footer.h"
#include "tests/unit/sev/plain.h"

static void assert_digest(const cof_snp_chain *c, const uint8_t want[COF_SHA384_LEN])
{
	uint8_t d[COF_SHA384_LEN];
	cof_snp_chain_digest(c, d);
	assert_memory_equal(d, want, sizeof d);
}

/* Links of all types in a row: none leaves anything behind for the next. */
static void links_of_every_type(void **state)
{
	(void)state;
	static const struct {
		enum cof_snp_page_type type;
		uint64_t gpa;
		bool has_contents;
	} links[] = {
		{COF_SNP_NORMAL, 0, true},
		{COF_SNP_ZERO, 0xffc00000, false},
		{COF_SNP_VMSA, UINT64_MAX << 12, true},
		{COF_SNP_UNMEASURED, 0x1000, false},
		{COF_SNP_SECRETS, 0x2000, false},
		{COF_SNP_CPUID, 0x8070605040302000, false},
		{COF_SNP_NORMAL, 0x3000, true},
	};
	COF_AUTO(cof_snp_chain) c = {0};
	uint8_t page[COF_SNP_PAGE], contents[COF_SHA384_LEN], want[COF_SHA384_LEN] = {0};
	memset(page, 0x5a, sizeof page);
	assert_ok(cof_snp_chain_open(&c, NULL, &err));
	assert_digest(&c, want);
	for (size_t i = 0; i < COF_COUNT(links); i++) {
		page[i]++;
		assert_ok(cof_snp_chain_hash(&c, cof_span_of(page, sizeof page), contents, &err));
		assert_ok(cof_snp_chain_add(&c, links[i].type, links[i].gpa, links[i].has_contents ? contents : NULL,
					    &err));
		plain_link(want, (uint8_t)links[i].type, links[i].gpa, links[i].has_contents ? page : NULL);
		assert_digest(&c, want);
	}
}

static void goes_on_from_a_digest(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) image = {0};
	COF_AUTO(cof_snp_chain) whole = {0};
	COF_AUTO(cof_snp_chain) rest = {0};
	uint8_t d[COF_SHA384_LEN];
	make_image(&image, 4 * 4096);
	assert_ok(cof_snp_chain_open(&whole, NULL, &err));
	assert_ok(cof_snp_chain_add_pages(&whole, (cof_span){image.data, 4096}, 0x10000, &err));
	cof_snp_chain_digest(&whole, d);
	assert_ok(cof_snp_chain_open(&rest, d, &err));
	assert_digest(&rest, d);
	assert_ok(cof_snp_chain_add_pages(&whole, (cof_span){image.data + 4096, 3 * 4096}, 0x11000, &err));
	assert_ok(cof_snp_chain_add_pages(&rest, (cof_span){image.data + 4096, 3 * 4096}, 0x11000, &err));
	cof_snp_chain_digest(&whole, d);
	assert_digest(&rest, d);
	memset(d, 0, sizeof d);
	plain_pages(d, cof_buf_span(&image), 0x10000);
	assert_digest(&whole, d);
}

static void whole_pages_only(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 63, 64, 4095, 4097, 8191};
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		COF_AUTO(cof_snp_chain) c = {0};
		COF_AUTO_FREE uint8_t *exact = calloc(1, sizes[i]);
		assert_ok(cof_snp_chain_open(&c, NULL, &err));
		assert_fails(cof_snp_chain_add_pages(&c, (cof_span){exact, sizes[i]}, 0, &err), "firmware-malformed");
	}
}

static void no_pages_are_no_link(void **state)
{
	(void)state;
	static const uint8_t zero[COF_SHA384_LEN];
	COF_AUTO(cof_snp_chain) c = {0};
	assert_ok(cof_snp_chain_open(&c, NULL, &err));
	assert_ok(cof_snp_chain_add_pages(&c, (cof_span){0}, 0, &err));
	assert_digest(&c, zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_of_every_type),
		cmocka_unit_test(goes_on_from_a_digest),
		cmocka_unit_test(whole_pages_only),
		cmocka_unit_test(no_pages_are_no_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
