/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/pe.h"

#include "tests/unit/firmware/make_pe.h"
#include "tests/unit/launch_vectors.h"

static void assert_pe_fails(const cof_buf *b)
{
	cof_digest d = {.bytes = {7}};
	assert_fails(cof_pe_digest(cof_buf_span(b), COF_SHA256, &d, &err), "kernel-malformed");
	assert_int_equal(d.bytes[0], 7);
}

static cof_digest digest(const cof_buf *b, cof_hash alg)
{
	cof_digest d = {0};
	assert_ok(cof_pe_digest(cof_buf_span(b), alg, &d, &err));
	assert_int_equal(d.alg, alg);
	return d;
}

/* What remains when everything that is not hashed is cut out. */
static cof_digest by_hand(const cof_buf *b, size_t cert, cof_hash alg)
{
	cof_digest d = {0};
	COF_AUTO(cof_buf) t = {0};
	assert_ok(cof_buf_add(&t, b->data, PE_CHECKSUM_AT, &err));
	assert_ok(cof_buf_add(&t, b->data + PE_CHECKSUM_AT + 4, PE_SECURITY_AT - PE_CHECKSUM_AT - 4, &err));
	assert_ok(cof_buf_add(&t, b->data + PE_SECURITY_AT + 8, b->len - cert - PE_SECURITY_AT - 8, &err));
	assert_ok(cof_digest_of(alg, cof_buf_span(&t), &d, &err));
	return d;
}

static void every_truncation_is_refused_or_another_image(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_pe(&b, 0, 0);
	(void)digest(&b, COF_SHA256);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_digest d;
		memcpy(exact, b.data, n);
		assert_fails(cof_pe_digest((cof_span){exact, n}, COF_SHA256, &d, &err), "kernel-malformed");
	}
}

static void every_bit_counts_but_checksum_and_certificates(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_pe(&b, 0x30, PE_CERT_LEN);
	cof_digest d = {0}, whole = digest(&b, COF_SHA256);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		size_t at = bit / 8;
		cof_err ignored = {0};
		bool loose = (at >= PE_CHECKSUM_AT && at < PE_CHECKSUM_AT + 4) ||
			     (at >= PE_SECURITY_AT && at < PE_SECURITY_AT + 4) || at >= b.len - PE_CERT_LEN;
		b.data[at] ^= (uint8_t)(1u << (bit % 8));
		int rc = cof_pe_digest(cof_buf_span(&b), COF_SHA256, &d, &ignored);
		b.data[at] ^= (uint8_t)(1u << (bit % 8));
		bool same = rc == 0 && cof_digest_equal(&d, &whole);
		if (same != loose)
			fail_msg("bit %zu of byte 0x%zx", bit % 8, at);
	}
}

static void equals_the_rule_by_hand(void **state)
{
	(void)state;
	static const size_t shapes[][2] = {{0, 0}, {5, 0}, {0x30, PE_CERT_LEN}, {PE_CERT_LEN, PE_CERT_LEN}};
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	for (size_t i = 0; i < COF_COUNT(shapes) * COF_COUNT(algs); i++) {
		const size_t *shape = shapes[i / COF_COUNT(algs)];
		COF_AUTO(cof_buf) b = {0};
		make_pe(&b, shape[0], shape[1]);
		cof_digest got = digest(&b, algs[i % COF_COUNT(algs)]);
		cof_digest want = by_hand(&b, shape[1], algs[i % COF_COUNT(algs)]);
		assert_true(cof_digest_equal(&got, &want));
	}
}

static void few_directories_leave_nothing_out_but_the_checksum(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_buf) t = {0};
	cof_digest want = {0};
	make_pe(&b, 0, 0);
	pe_put(&b, PE_COUNT_AT, 4, 4);
	cof_digest got = digest(&b, COF_SHA256);
	assert_ok(cof_buf_add(&t, b.data, PE_CHECKSUM_AT, &err));
	assert_ok(cof_buf_add(&t, b.data + PE_CHECKSUM_AT + 4, b.len - PE_CHECKSUM_AT - 4, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&t), &want, &err));
	assert_true(cof_digest_equal(&got, &want));
}

static void hostile_fields(void **state)
{
	(void)state;
	static const struct {
		size_t at, width;
		uint64_t value;
	} bad[] = {
		{0, 2, 0x5a4e},
		{0x3c, 4, 0xffffffff},
		{0x3c, 4, 0x2f0},
		{PE_AT, 4, 0x4551},
		{PE_COFF_AT + 2, 2, 97},
		{PE_COFF_AT + 2, 2, 0xffff},
		{PE_COFF_AT + 16, 2, 0},
		{PE_COFF_AT + 16, 2, 0xffff},
		{PE_COFF_AT + 16, 2, 110},
		{PE_COFF_AT + 16, 2, 140}, /* ends before the security entry */
		{PE_OPTIONAL_AT, 2, 0x107},
		{PE_HEADERS_LEN_AT, 4, 0},
		{PE_HEADERS_LEN_AT, 4, PE_SECURITY_AT + 7},
		{PE_HEADERS_LEN_AT, 4, 0xffffffff},
		{PE_HEADERS_LEN_AT, 4, PE_HEADERS_LEN + 1}, /* more than the file holds */
		{PE_SECTIONS_AT + 16, 4, 0xffffffff},
		{PE_SECTIONS_AT + 20, 4, 0xffffffff},
		{PE_SECTIONS_AT + 16, 4, PE_SECTION_LEN + 1},
		{PE_SECTIONS_AT + 80 + 16, 4, 1},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) b = {0};
		make_pe(&b, 0, 0);
		pe_put(&b, bad[i].at, bad[i].width, bad[i].value);
		assert_pe_fails(&b);
	}
}

/* The firmware refuses what is longer than its parts but shorter than parts and certificates. */
static void certificates_that_reach_into_the_image(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	make_pe(&b, 0x10, 0x10);
	pe_put(&b, PE_SECURITY_AT + 4, 4, 0x11);
	assert_pe_fails(&b);
	pe_put(&b, PE_SECURITY_AT + 4, 4, 0xffffffff);
	assert_pe_fails(&b);
}

static void tiny_kernels_have_the_published_digest(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tdx.json");
	json_t *cases = json_object_get(j, "kernel_authenticode"), *v;
	size_t i, done = 0;
	json_array_foreach (cases, i, v) {
		static const cof_hash algs[] = {COF_SHA256, COF_SHA384};
		COF_AUTO(cof_buf) b = {0};
		char file[64];
		(void)snprintf(file, sizeof file, "fixtures/%s.efi", jstr(v, "kernel"));
		vector_read(file, &b);
		for (size_t k = 0; k < COF_COUNT(algs); k++) {
			cof_digest d = digest(&b, algs[k]);
			assert_hex(d.bytes, cof_hash_len(d.alg),
				   jstr(json_object_get(v, "unpatched"), cof_hash_name(d.alg)));
			done++;
		}
	}
	assert_int_equal(done, 2 * json_array_size(cases));
	assert_true(done > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_is_refused_or_another_image),
		cmocka_unit_test(every_bit_counts_but_checksum_and_certificates),
		cmocka_unit_test(hostile_fields),
		cmocka_unit_test(certificates_that_reach_into_the_image),
		cmocka_unit_test(equals_the_rule_by_hand),
		cmocka_unit_test(few_directories_leave_nothing_out_but_the_checksum),
		cmocka_unit_test(tiny_kernels_have_the_published_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
