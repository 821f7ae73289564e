/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/smbios.h"

#include "common/wr.h"
#include "tests/unit/launch_vectors.h"
#include "tests/unit/test.h"

/* A structure with a body of zeros and these strings ("a\0b\0" and its length). */
static void put_structure(cof_buf *b, uint8_t type, uint8_t len, cof_span strings)
{
	cof_wr w = cof_wr_to(b);
	cof_wr_u8(&w, type);
	cof_wr_u8(&w, len);
	cof_wr_zeros(&w, (size_t)len - 2);
	cof_wr_bytes(&w, strings);
	cof_wr_zeros(&w, strings.len == 0 ? 2 : 1);
	assert_false(w.failed);
}

static void digest(const cof_buf *b, uint8_t out[COF_SHA256_LEN])
{
	cof_digest d = {0};
	assert_ok(cof_smbios_digest(cof_buf_span(b), COF_SHA256, &d, &err));
	memcpy(out, d.bytes, COF_SHA256_LEN);
}

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_structure(&b, 1, 27, cof_span_of("maker\0serial\0", 13));
	put_structure(&b, 127, 4, (cof_span){0});
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		cof_digest d;
		memcpy(exact, b.data, n);
		assert_fails(cof_smbios_digest((cof_span){exact, n}, COF_SHA256, &d, &err), "smbios-malformed");
	}
}

static void hostile_lengths(void **state)
{
	(void)state;
	static const uint8_t lengths[] = {0, 3, 200, 255};
	for (size_t i = 0; i < sizeof lengths; i++) {
		COF_AUTO(cof_buf) b = {0};
		cof_digest d;
		put_structure(&b, 1, 27, (cof_span){0});
		b.data[1] = lengths[i];
		assert_fails(cof_smbios_digest(cof_buf_span(&b), COF_SHA256, &d, &err), "smbios-malformed");
	}
	COF_AUTO(cof_buf) endless = {0};
	cof_digest d;
	put_structure(&endless, 1, 27, (cof_span){0}); /* no end marker */
	assert_fails(cof_smbios_digest(cof_buf_span(&endless), COF_SHA256, &d, &err), "smbios-malformed");
}

static void serials_do_not_count_but_makers_do(void **state)
{
	(void)state;
	uint8_t base[COF_SHA256_LEN], d[COF_SHA256_LEN];
	COF_AUTO(cof_buf) b = {0};
	put_structure(&b, 1, 27, cof_span_of("maker\0serial\0", 13));
	put_structure(&b, 127, 4, (cof_span){0});
	b.data[4] = 1; /* manufacturer */
	b.data[7] = 2; /* serial number */
	digest(&b, base);
	memcpy(b.data + 27 + 6, "SERIAL", 6);
	b.data[8] = 0x99; /* UUID */
	digest(&b, d);
	assert_memory_equal(d, base, sizeof d);
	b.data[27] = 'M';
	digest(&b, d);
	assert_memory_not_equal(d, base, sizeof d);
}

static void a_string_index_beyond_the_strings_is_harmless(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	uint8_t d[COF_SHA256_LEN];
	put_structure(&b, 1, 27, cof_span_of("one\0", 4));
	b.data[7] = 200;
	put_structure(&b, 127, 4, (cof_span){0});
	digest(&b, d);
}

static void vendor_types_and_what_follows_the_end_do_not_count(void **state)
{
	(void)state;
	static const uint8_t blank[] = {11, 15, 18, 31, 33, 128, 255};
	for (size_t i = 0; i < sizeof blank; i++) {
		uint8_t base[COF_SHA256_LEN], d[COF_SHA256_LEN];
		COF_AUTO(cof_buf) b = {0};
		put_structure(&b, blank[i], 8, cof_span_of("x\0", 2));
		put_structure(&b, 127, 4, (cof_span){0});
		digest(&b, base);
		b.data[5] = 1;
		b.data[8] = 'y';
		assert_ok(cof_buf_add(&b, "tail", 4, &err));
		digest(&b, d);
		assert_memory_equal(d, base, sizeof d);
	}
}

/* One filter, any bank: a TD's register is made of SHA-384. */
static void every_algorithm_hashes_the_same_bytes(void **state)
{
	(void)state;
	static const cof_hash algs[] = {COF_SHA256, COF_SHA384, COF_SHA512};
	COF_AUTO(cof_buf) b = {0};
	put_structure(&b, 1, 27, (cof_span){0});
	put_structure(&b, 127, 4, (cof_span){0});
	for (size_t i = 0; i < COF_COUNT(algs); i++) {
		cof_digest got = {0}, want = {0};
		assert_ok(cof_smbios_digest(cof_buf_span(&b), algs[i], &got, &err));
		assert_ok(cof_digest_of(algs[i], cof_buf_span(&b), &want, &err));
		assert_true(cof_digest_equal(&got, &want));
	}
}

static void real_tables(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	size_t i, k, done = 0;
	json_t *v, *e;
	json_array_foreach (json_object_get(j, "captures"), i, v) {
		const char *file = jstr(json_object_get(json_object_get(v, "files"), "smbios_table"), "file");
		if (file == NULL)
			continue;
		json_array_foreach (json_object_get(v, "events"), k, e) {
			COF_AUTO(cof_buf) b = {0};
			uint8_t d[COF_SHA256_LEN];
			if (json_integer_value(json_array_get(e, 1)) != 0x80000009)
				continue;
			vector_read_xz(file, &b);
			digest(&b, d);
			assert_hex(d, sizeof d, json_string_value(json_array_get(e, 3)));
			done++;
		}
	}
	assert_true(done >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(hostile_lengths),
		cmocka_unit_test(serials_do_not_count_but_makers_do),
		cmocka_unit_test(a_string_index_beyond_the_strings_is_harmless),
		cmocka_unit_test(vendor_types_and_what_follows_the_end_do_not_count),
		cmocka_unit_test(every_algorithm_hashes_the_same_bytes),
		cmocka_unit_test(real_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
