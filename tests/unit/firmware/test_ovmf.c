/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ovmf.h"

#include "common/digest.h"
#include "tests/unit/firmware/make_ovmf.h"
#include "tests/unit/launch_vectors.h"

static void assert_image_fails(cof_span image)
{
	cof_ovmf o = {0};
	assert_fails(cof_ovmf_open(image, &o, &err), "firmware-malformed");
	assert_null(o.stream.data);
}

static void every_truncation(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_ovmf(&b);
	for (size_t n = 0; n < b.len; n++) {
		COF_AUTO_FREE uint8_t *exact = malloc(n + 1);
		memcpy(exact, b.data, n);
		assert_image_fails((cof_span){exact, n});
	}
}

/* Whatever a flipped bit makes of the image, it is refused or gives two volumes inside the stream. */
static void every_bit_flip(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	put_ovmf(&b);
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		COF_AUTO(cof_ovmf) o = {0};
		cof_err ignored = {0};
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		if (cof_ovmf_open(cof_buf_span(&b), &o, &ignored) == 0) {
			assert_true(o.peifv.data >= o.stream.data);
			assert_true(o.peifv.data + o.peifv.len <= o.stream.data + o.stream.len);
			assert_true(o.dxefv.data >= o.stream.data);
			assert_true(o.dxefv.data + o.dxefv.len <= o.stream.data + o.stream.len);
		}
		b.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static void streams_without_the_two_volumes(void **state)
{
	(void)state;
	static const uint8_t *const names[][2] = {
		{NULL, NULL},
		{name_peifv, NULL},
		{NULL, name_dxefv},
		{name_peifv, name_peifv},
		{name_dxefv, name_dxefv},
		{guid_of_lzma, name_dxefv},
	};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) stream = {0};
		COF_AUTO(cof_buf) image = {0};
		put_stream(&stream, names[i][0], names[i][1]);
		put_image(&image, cof_buf_span(&stream));
		assert_image_fails(cof_buf_span(&image));
	}
}

/* A size field that asks for more memory than an image may take, or for none. */
static void compressed_sizes(void **state)
{
	(void)state;
	static const uint64_t sizes[] = {0, COF_OVMF_STREAM_MAX + 1ull, UINT64_MAX, 1, 1 << 20};
	COF_AUTO(cof_buf) b = {0};
	put_ovmf(&b);
	size_t at = 0;
	for (size_t i = 0; at == 0 && i + 16 < b.len; i++)
		at = memcmp(b.data + i, guid_of_lzma, 16) == 0 ? i + 20 + 5 : 0;
	assert_true(at != 0);
	for (size_t k = 0; k < COF_COUNT(sizes); k++) {
		for (size_t i = 0; i < 8; i++)
			b.data[at + i] = (uint8_t)(sizes[k] >> (8 * i));
		assert_image_fails(cof_buf_span(&b));
	}
}

static void what_is_no_image(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_image_fails((cof_span){0});
	assert_image_fails(cof_span_str("text"));
	put_fv(&b, NULL, cof_span_str("a volume without files in it"));
	assert_image_fails(cof_buf_span(&b));
}

static void finds_both_volumes_behind_another(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_ovmf) o = {0};
	put_fv(&b, NULL, cof_span_str("variables"));
	put_ovmf(&b);
	assert_ok(cof_ovmf_open(cof_buf_span(&b), &o, &err));
	assert_int_equal(o.peifv.len, FV_HEADER + 24 + 20);
	assert_memory_equal(o.peifv.data + FV_HEADER + 24, "first volume's files", 20);
	assert_memory_equal(o.dxefv.data + FV_HEADER + 24, "and the second one's", 20);
}

static void check_vector(const json_t *firmware, const char *key, const char *file, size_t skip)
{
	const json_t *v = json_object_get(firmware, key);
	COF_AUTO(cof_buf) b = {0};
	COF_AUTO(cof_ovmf) o = {0};
	uint8_t d[COF_SHA256_LEN];
	vector_read_xz(file, &b);
	assert_ok(cof_ovmf_open((cof_span){b.data + skip, b.len - skip}, &o, &err));
	assert_ok(cof_sha256(o.peifv, d, &err));
	assert_hex(d, sizeof d, jstr(json_object_get(v, "peifv"), "sha256"));
	assert_ok(cof_sha256(o.dxefv, d, &err));
	assert_hex(d, sizeof d, jstr(json_object_get(v, "dxefv"), "sha256"));
}

static void real_images(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) j = vector_json("tpm.json");
	const json_t *f = json_object_get(j, "firmware");
	check_vector(f, "ovmf-2022.11-4m", "fixtures/ovmf-2022.11-code4m.fd.xz", 0);
	check_vector(f, "ovmf-2025.02", "fixtures/ovmf-2025.02.fd.xz", 0x84000);
	check_vector(f, "ovmf-2025.02", "fixtures/ovmf-2025.02.fd.xz", 0); /* code behind variables */
	check_vector(f, "ovmf-2026.08", "fixtures/ovmf-2026.08-generic.fd.xz", 0x84000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_bit_flip),
		cmocka_unit_test(streams_without_the_two_volumes),
		cmocka_unit_test(compressed_sizes),
		cmocka_unit_test(what_is_no_image),
		cmocka_unit_test(finds_both_volumes_behind_another),
		cmocka_unit_test(real_images),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
