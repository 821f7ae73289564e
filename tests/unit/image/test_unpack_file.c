/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of which nothing is known but their bytes. */
#include "image-decrypt/unpack_file.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

static int unpack(const scratch *s, cof_span bytes, cof_unpack_file_result *ret, cof_err *err)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/layer", s->top);
	if (cof_file_write(path, bytes, 0600, err) < 0)
		return -1;
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(unlink(path), 0);
	const cof_unpack_opts opts = {.root_fd = s->fd, .form = COF_UNPACK_FLAT, .own_ids = geteuid() != 0};
	return cof_unpack_file(fd, &opts, ret, err);
}

static void demo(cof_buf *t)
{
	tar_dir(t, "d");
	tar_file(t, "d/f", "content");
	tar_end(t);
}

/* Appends one member. */
static void gzip_member(cof_span in, cof_buf *ret)
{
	static struct isal_zstream z;
	isal_deflate_stateless_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.flush = NO_FLUSH;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)(uintptr_t)in.data;
	z.avail_in = (uint32_t)in.len;
	assert_ok(cof_buf_reserve(ret, in.len + 4096, &err));
	z.next_out = ret->data + ret->len;
	z.avail_out = (uint32_t)in.len + 4096;
	assert_int_equal(isal_deflate_stateless(&z), COMP_OK);
	ret->len += z.total_out;
}

static void gzip(const cof_buf *t, cof_buf *ret)
{
	gzip_member(cof_buf_span(t), ret);
}

static void zstd(const cof_buf *t, cof_buf *ret)
{
	static const uint8_t skippable[] = {0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'y'};
	assert_ok(cof_buf_add(ret, skippable, sizeof skippable, &err));
	assert_ok(cof_buf_reserve(ret, ZSTD_compressBound(t->len), &err));
	size_t n = ZSTD_compress(ret->data + ret->len, ZSTD_compressBound(t->len), t->data, t->len, 3);
	assert_false(ZSTD_isError(n));
	ret->len += n;
}

static void any_compression(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) gz = {0};
	COF_AUTO(cof_buf) zst = {0};
	cof_digest want;
	demo(&tar);
	gzip(&tar, &gz);
	zstd(&tar, &zst);
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&tar), &want, &err));
	const cof_buf *const forms[] = {&tar, &gz, &zst};
	for (size_t i = 0; i < COF_COUNT(forms); i++) {
		cof_unpack_file_result res;
		cof_digest stored;
		assert_ok(unpack(s, cof_buf_span(forms[i]), &res, &err));
		assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(forms[i]), &stored, &err));
		assert_true(cof_digest_equal(&res.diff_id, &want));
		assert_true(cof_digest_equal(&res.stored, &stored));
		assert_int_equal(res.stored_bytes, forms[i]->len);
		assert_int_equal(res.tar_bytes, tar.len);
		assert_int_equal(res.entries, 2);
		scratch_text(s, "d/f", "content");
	}
}

/* spec: stargz-snapshotter, docs/estargz.md: a member a file, a table, and a footer that is an empty member */
static void estargz_is_an_ordinary_layer(void **state)
{
	const scratch *s = *state;
	static const char footer[] = "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0"
				     "0000000000000400"
				     "STARGZ\x01\0\0\xff\xff\0\0\0\0\0\0\0\0";
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) gz = {0};
	cof_unpack_file_result res;
	cof_digest want;
	assert_int_equal(sizeof footer - 1, 51);
	tar_file(&tar, ".no.prefetch.landmark", "\x0f");
	tar_file(&tar, "f", "content");
	tar_file(&tar, "stargz.index.json", "{\"version\":1}");
	tar_end(&tar);
	for (size_t at = 0; at < tar.len; at += 1024)
		gzip_member(cof_span_of(tar.data + at, tar.len - at < 1024 ? tar.len - at : 1024), &gz);
	assert_ok(cof_buf_add(&gz, footer, sizeof footer - 1, &err));
	assert_ok(unpack(s, cof_buf_span(&gz), &res, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&tar), &want, &err));
	assert_true(cof_digest_equal(&res.diff_id, &want));
	scratch_text(s, "f", "content");
	assert_true(scratch_has(s, ".no.prefetch.landmark") && scratch_has(s, "stargz.index.json"));
}

/* spec: containers/storage, pkg/chunked: a frame a file, and a table and a footer in frames that are skipped */
static void zstd_chunked_is_an_ordinary_layer(void **state)
{
	const scratch *s = *state;
	static const char footer[8 + 64] = "\x50\x2a\x4d\x18\x40\0\0\0";
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) all = {0};
	cof_unpack_file_result res;
	demo(&tar);
	for (size_t at = 0; at < tar.len; at += 512) {
		const cof_buf piece = {.data = tar.data + at, .len = 512};
		zstd(&piece, &all);
	}
	assert_ok(cof_buf_add(&all, footer, sizeof footer, &err));
	assert_ok(unpack(s, cof_buf_span(&all), &res, &err));
	assert_int_equal(res.tar_bytes, tar.len);
	scratch_text(s, "d/f", "content");
}

static void t033_what_is_none(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(cof_buf) gz = {0};
	COF_AUTO(cof_buf) xz = {0};
	cof_unpack_file_result res;
	demo(&tar);
	gzip(&tar, &gz);
	assert_fails(unpack(s, cof_span_of(NULL, 0), &res, &err), "tar-truncated");
	assert_fails(unpack(s, cof_span_of("ab", 2), &res, &err), "tar-truncated");
	assert_fails(unpack(s, cof_span_of(gz.data, gz.len - 1), &res, &err), "layer-inflate");
	/* Never tried, whatever it is: no other program is called to look. */
	assert_ok(cof_buf_add(&xz,
			      "\xfd"
			      "7zXZ\0",
			      6, &err));
	assert_ok(cof_buf_add(&xz, tar.data, tar.len, &err));
	assert_fails(unpack(s, cof_buf_span(&xz), &res, &err), "tar-checksum");
	assert_ok(cof_buf_add_str(&gz, "junk", &err));
	assert_fails(unpack(s, cof_buf_span(&gz), &res, &err), "layer-trailing-bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(any_compression),
		T(estargz_is_an_ordinary_layer),
		T(zstd_chunked_is_an_ordinary_layer),
		T(t033_what_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
