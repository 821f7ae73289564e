/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/inflate.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "tests/unit/test.h"

typedef struct out {
	cof_buf buf;
	size_t max;
} out;

static int on_chunk(void *arg, cof_span in, cof_err *err)
{
	out *o = arg;
	if (o->max != 0 && o->buf.len + in.len > o->max)
		return cof_err_set(err, COF_E_MALFORMED, "layer-too-large", "enough");
	return cof_buf_add(&o->buf, in.data, in.len, err);
}

static int inflate(cof_compression comp, cof_span in, size_t step, out *o, cof_err *err)
{
	COF_AUTO_PTR(cof_inflate) z = NULL;
	o->buf.len = 0;
	int r = cof_inflate_new(&z, comp, on_chunk, o, err);
	for (size_t at = 0; r == 0 && at < in.len; at += step)
		r = cof_inflate_add(z, cof_span_of(in.data + at, in.len - at < step ? in.len - at : step), err);
	return r < 0 ? r : cof_inflate_end(z, err);
}

static void gzip_add(cof_buf *to, const void *data, size_t len)
{
	struct isal_zstream *z = malloc(sizeof *z);
	assert_non_null(z);
	isal_deflate_init(z);
	assert_ok(cof_buf_reserve(to, len + 1024, &err));
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->next_in = (uint8_t *)(uintptr_t)data;
	z->avail_in = (uint32_t)len;
	z->next_out = to->data + to->len;
	z->avail_out = (uint32_t)(len + 1024);
	assert_int_equal(isal_deflate(z), COMP_OK);
	to->len += z->total_out;
	free(z);
}

static void zstd_add(cof_buf *to, const void *data, size_t len)
{
	size_t room = ZSTD_compressBound(len);
	assert_ok(cof_buf_reserve(to, room, &err));
	size_t n = ZSTD_compress(to->data + to->len, room, data, len, 3);
	assert_false(ZSTD_isError(n));
	to->len += n;
}

static const char text[] = "the quick brown fox jumps over the lazy dog, the quick brown fox jumps again and again";

typedef void (*packer)(cof_buf *to, const void *data, size_t len);
static const struct {
	cof_compression comp;
	packer pack;
} kinds[] = {{COF_COMP_GZIP, gzip_add}, {COF_COMP_ZSTD, zstd_add}};

static void every_truncation_fails(void **state)
{
	(void)state;
	for (size_t k = 0; k < COF_COUNT(kinds); k++) {
		COF_AUTO(cof_buf) in = {0};
		out o = {0};
		kinds[k].pack(&in, text, sizeof text);
		for (size_t n = 0; n < in.len; n++)
			for (size_t step = 1; step <= in.len; step += in.len - 1)
				assert_fails(inflate(kinds[k].comp, cof_span_of(in.data, n), step, &o, &err),
					     "layer-inflate");
		cof_buf_release(&o.buf);
	}
}

/* CRC and length see to it that nothing else comes out. */
static void t036_flipped_gzip_never_gives_other_bytes(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) in = {0};
	out o = {0};
	gzip_add(&in, text, sizeof text);
	for (size_t bit = 0; bit < in.len * 8; bit++) {
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (inflate(COF_COMP_GZIP, cof_buf_span(&in), 5, &o, NULL) == 0) {
			assert_int_equal(o.buf.len, sizeof text);
			assert_memory_equal(o.buf.data, text, sizeof text);
		}
		in.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cof_buf_release(&o.buf);
}

static void t033_members_and_frames_follow_one_another(void **state)
{
	(void)state;
	static const uint8_t skippable[] = {0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
	for (size_t k = 0; k < COF_COUNT(kinds); k++) {
		for (size_t step = 1; step < 400; step += 37) {
			COF_AUTO(cof_buf) in = {0};
			out o = {0};
			kinds[k].pack(&in, text, sizeof text);
			if (kinds[k].comp == COF_COMP_ZSTD)
				assert_ok(cof_buf_add(&in, skippable, sizeof skippable, &err));
			kinds[k].pack(&in, "", 0);
			kinds[k].pack(&in, text, sizeof text);
			if (kinds[k].comp == COF_COMP_ZSTD)
				assert_ok(cof_buf_add(&in, skippable, sizeof skippable, &err));
			assert_ok(inflate(kinds[k].comp, cof_buf_span(&in), step, &o, &err));
			assert_int_equal(o.buf.len, 2 * sizeof text);
			assert_memory_equal(o.buf.data + sizeof text, text, sizeof text);
			cof_buf_release(&o.buf);
		}
	}
}

static void t033_bytes_behind_the_end(void **state)
{
	(void)state;
	const char *const tails[] = {"x", "\0\0x", "\x1f", "\x1f\x8b", "\x1f\x8b\x08 and more"};
	const size_t lens[] = {1, 3, 1, 2, 12};
	for (size_t i = 0; i < COF_COUNT(tails); i++) {
		COF_AUTO(cof_buf) in = {0};
		out o = {0};
		gzip_add(&in, text, sizeof text);
		assert_ok(cof_buf_add(&in, tails[i], lens[i], &err));
		assert_true(inflate(COF_COMP_GZIP, cof_buf_span(&in), 1000, &o, NULL) < 0);
		assert_true(inflate(COF_COMP_GZIP, cof_buf_span(&in), 1, &o, NULL) < 0);
		cof_buf_release(&o.buf);
	}
	COF_AUTO(cof_buf) padded = {0};
	out o = {0};
	gzip_add(&padded, text, sizeof text);
	assert_ok(cof_buf_add(&padded, "\0\0\0\0\0\0\0", 7, &err));
	assert_ok(inflate(COF_COMP_GZIP, cof_buf_span(&padded), 3, &o, &err));
	cof_buf_release(&o.buf);
}

static void t035_bombs_meet_the_sink(void **state)
{
	(void)state;
	COF_AUTO_FREE char *zeros = calloc(1, 16 << 20);
	for (size_t k = 0; k < COF_COUNT(kinds); k++) {
		COF_AUTO(cof_buf) in = {0};
		out o = {.max = 1 << 20};
		kinds[k].pack(&in, zeros, 16 << 20);
		assert_true(in.len < 400 << 10);
		assert_fails(inflate(kinds[k].comp, cof_buf_span(&in), in.len, &o, &err), "layer-too-large");
		assert_true(o.buf.len <= 1 << 20);
		o.max = 0;
		assert_ok(inflate(kinds[k].comp, cof_buf_span(&in), in.len, &o, &err));
		assert_int_equal(o.buf.len, 16 << 20);
		cof_buf_release(&o.buf);
	}
}

static void t035_zstd_window(void **state)
{
	(void)state;
	/* spec: RFC 8878 3.1.1.1.2: exponent in the upper five bits over 2^10; one raw last block of a byte */
	for (unsigned log = 24; log <= 31; log++) {
		const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, (uint8_t)((log - 10) << 3),
					 0x09, 0x00, 0x00, 'x'};
		out o = {0};
		if (log <= COF_INFLATE_WINDOW_LOG_MAX)
			assert_ok(inflate(COF_COMP_ZSTD, cof_span_of(frame, sizeof frame), 100, &o, &err));
		else
			assert_fails(inflate(COF_COMP_ZSTD, cof_span_of(frame, sizeof frame), 100, &o, &err),
				     "layer-inflate");
		cof_buf_release(&o.buf);
	}
}

/* Found by fuzzing: libzstd may still read the formats of before 2016, in one piece or another. */
static void zstd_of_old(void **state)
{
	(void)state;
	for (uint8_t version = 0x1e; version <= 0x29; version++) {
		const uint8_t frame[] = {version, 0xb5, 0x2f, 0xfd, 0x00, 0xd0, 0x45, 0x00};
		out o = {0};
		for (size_t step = 1; step <= sizeof frame; step++)
			assert_fails(inflate(COF_COMP_ZSTD, cof_span_of(frame, sizeof frame), step, &o, &err),
				     "layer-inflate");
		cof_buf_release(&o.buf);
	}
}

static void wrong_names(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) gz = {0};
	COF_AUTO(cof_buf) zs = {0};
	out o = {0};
	gzip_add(&gz, text, sizeof text);
	zstd_add(&zs, text, sizeof text);
	assert_fails(inflate(COF_COMP_GZIP, cof_buf_span(&zs), 9, &o, &err), "layer-inflate");
	assert_fails(inflate(COF_COMP_ZSTD, cof_buf_span(&gz), 9, &o, &err), "layer-inflate");
	assert_ok(inflate(COF_COMP_NONE, cof_span_of(text, sizeof text), 9, &o, &err));
	assert_memory_equal(o.buf.data, text, sizeof text);
	cof_buf_release(&o.buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_fails),
		cmocka_unit_test(t036_flipped_gzip_never_gives_other_bytes),
		cmocka_unit_test(t033_members_and_frames_follow_one_another),
		cmocka_unit_test(t033_bytes_behind_the_end),
		cmocka_unit_test(t035_bombs_meet_the_sink),
		cmocka_unit_test(t035_zstd_window),
		cmocka_unit_test(zstd_of_old),
		cmocka_unit_test(wrong_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
