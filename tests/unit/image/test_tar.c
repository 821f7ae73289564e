/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/tar.h"
#include "tests/unit/image/mktar.h"

/* Everything that was told, as text. */
typedef struct heard {
	cof_buf text;
	int entries;
} heard;

static int on_entry(void *arg, const cof_tar_entry *e, cof_err *err)
{
	heard *h = arg;
	h->entries++;
	return cof_buf_printf(&h->text, err, "[%d %s>%s %o %u:%u %lld.%u %llu%s", (int)e->type, e->path, e->link,
			      e->mode, e->uid, e->gid, (long long)e->mtime, e->mtime_ns, (unsigned long long)e->size,
			      e->sparse ? " sparse" : "");
}

static int on_data(void *arg, uint64_t offset, cof_span in, cof_err *err)
{
	heard *h = arg;
	int r = 0;
	for (size_t i = 0; r == 0 && i < in.len && i < 8; i++)
		r = cof_buf_printf(&h->text, err, " %llu:%c", (unsigned long long)offset + i, in.data[i]);
	return r;
}

static int on_done(void *arg, cof_err *err)
{
	heard *h = arg;
	return cof_buf_add_str(&h->text, "]", err);
}

static int read_tar(cof_span in, size_t step, heard *h, cof_err *err)
{
	const cof_tar_sink sink = {h, on_entry, on_data, on_done};
	COF_AUTO_PTR(cof_tar) t = NULL;
	h->text.len = 0;
	h->entries = 0;
	int r = cof_tar_new(&t, &sink, err);
	for (size_t at = 0; r == 0 && at < in.len; at += step)
		r = cof_tar_add(t, cof_span_of(in.data + at, in.len - at < step ? in.len - at : step), err);
	return r < 0 ? r : cof_tar_end(t, err);
}

static void expect(const cof_buf *t, const char *want)
{
	heard h = {0};
	assert_ok(read_tar(cof_buf_span(t), t->len, &h, &err));
	assert_string_equal(cof_buf_str(&h.text), want);
	cof_buf_release(&h.text);
}

static void refuse(const cof_buf *t, const char *reason)
{
	heard h = {0};
	const size_t steps[] = {t->len + 1, 512, 13};
	for (size_t i = 0; i < COF_COUNT(steps); i++)
		assert_fails(read_tar(cof_buf_span(t), steps[i], &h, &err), reason);
	cof_buf_release(&h.text);
}

static void ordinary(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	tar_put(&t, (tar_spec){.type = '5', .name = "d/", .mode = 0755, .mtime = 9});
	tar_put(&t, (tar_spec){.type = '0', .name = "d/f", .data = "ab", .uid = 1, .gid = 2});
	tar_put(&t, (tar_spec){.type = '2', .name = "l", .link = "d", .mode = 0777});
	tar_put(&t, (tar_spec){.type = '0', .name = "old/", .mode = 0700}); /* before there was a type for it */
	tar_end(&t);
	expect(&t, "[4 d/> 755 0:0 9.0 0][0 d/f> 644 1:2 0.0 2 0:a 1:b][2 l>d 777 0:0 0.0 0][4 old/> 700 0:0 0.0 0]");
}

static void t033_one_face_in_every_piece_size(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	heard whole = {0}, pieces = {0};
	tar_pax(&t, 'x', "path", "long/name", 9);
	tar_file(&t, "short", "abc");
	tar_file(&t, "x", "");
	tar_end(&t);
	assert_ok(read_tar(cof_buf_span(&t), t.len, &whole, &err));
	for (size_t step = 1; step < 1100; step += 41) {
		assert_ok(read_tar(cof_buf_span(&t), step, &pieces, &err));
		assert_int_equal(pieces.entries, whole.entries);
	}
	cof_buf_release(&whole.text);
	cof_buf_release(&pieces.text);
}

static void t033_pax_size_wins(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO(cof_buf) inner = {0};
	tar_file(&inner, "smuggled", "");
	tar_pax(&t, 'x', "size", "512", 3);
	tar_put(&t, (tar_spec){.type = '0', .name = "f", .mode = 0600}); /* says 0 */
	assert_ok(cof_buf_add(&t, inner.data, 512, &err));
	tar_file(&t, "after", "");
	tar_end(&t);
	heard h = {0};
	assert_ok(read_tar(cof_buf_span(&t), 512, &h, &err));
	assert_int_equal(h.entries, 2);
	assert_null(strstr(cof_buf_str(&h.text), "smuggled>"));
	cof_buf_release(&h.text);
}

static void t033_what_readers_disagree_about(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) two_pax = {0};
	tar_pax(&two_pax, 'x', "path", "a", 1);
	tar_pax(&two_pax, 'x', "path", "b", 1);
	tar_file(&two_pax, "c", "");
	refuse(&two_pax, "tar-malformed");
	COF_AUTO(cof_buf) both = {0};
	tar_put(&both, (tar_spec){.type = 'L', .name = "L", .data = "gnu", .size = 4});
	tar_pax(&both, 'x', "path", "pax", 3);
	tar_file(&both, "c", "");
	refuse(&both, "tar-malformed");
	COF_AUTO(cof_buf) alone = {0};
	tar_pax(&alone, 'x', "path", "a", 1);
	tar_end(&alone);
	refuse(&alone, "tar-malformed");
	COF_AUTO(cof_buf) last = {0};
	tar_pax(&last, 'x', "path", "a", 1);
	refuse(&last, "tar-truncated");
	const char kinds[] = {'2', '3', '5', '6'};
	for (size_t i = 0; i < sizeof kinds; i++) {
		COF_AUTO(cof_buf) data = {0};
		tar_put(&data, (tar_spec){.type = kinds[i], .name = "x", .link = "y", .data = "zz"});
		refuse(&data, "tar-malformed");
	}
}

/* Old writers leave a hard link's size in its header, without data. */
static void t033_hard_links_with_a_size(void **state)
{
	(void)state;
	uint8_t h[512];
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "f", "");
	tar_put(&t, (tar_spec){.type = '1', .name = "h", .link = "f", .size = 700});
	tar_file(&t, "after", "");
	tar_put(&t, (tar_spec){.type = '1', .name = "last", .link = "f", .size = 9});
	tar_end(&t);
	expect(&t, "[0 f> 644 0:0 0.0 0][1 h>f 644 0:0 0.0 0][0 after> 644 0:0 0.0 0][1 last>f 644 0:0 0.0 0]");
	COF_AUTO(cof_buf) data = {0}; /* so it was data after all */
	tar_put(&data, (tar_spec){.type = '1', .name = "h", .link = "f", .data = "zz"});
	refuse(&data, "tar-checksum");
	COF_AUTO(cof_buf) pax = {0}; /* where such data is legal */
	tar_pax(&pax, 'x', "mtime", "1", 1);
	tar_file(&pax, "f", "");
	tar_put(&pax, (tar_spec){.type = '1', .name = "h", .link = "f", .size = 700});
	refuse(&pax, "tar-malformed");
	COF_AUTO(cof_buf) size = {0};
	tar_pax(&size, 'x', "size", "512", 3);
	tar_put(&size, (tar_spec){.type = '1', .name = "h", .link = "f"});
	refuse(&size, "tar-malformed");
	COF_AUTO(cof_buf) old = {0};
	tar_put(&old, (tar_spec){.type = '1', .name = "h", .link = "f", .size = 700});
	tar_header(h, &(tar_spec){.type = '0', .name = "v7"});
	memset(h + 257, 0, 8);
	tar_checksum(h);
	assert_ok(cof_buf_add(&old, h, sizeof h, &err));
	tar_end(&old);
	refuse(&old, "tar-malformed");
}

static void t033_behind_the_end(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) more = {0};
	tar_file(&more, "a", "");
	tar_end(&more);
	tar_file(&more, "hidden", "");
	refuse(&more, "tar-trailing-bytes");
	COF_AUTO(cof_buf) lone = {0};
	static const uint8_t zero[512];
	tar_file(&lone, "a", "");
	assert_ok(cof_buf_add(&lone, zero, sizeof zero, &err));
	tar_file(&lone, "hidden", "");
	refuse(&lone, "tar-trailing-bytes");
	COF_AUTO(cof_buf) zeros = {0};
	tar_file(&zeros, "a", "");
	tar_end(&zeros);
	tar_end(&zeros);
	assert_ok(cof_buf_add(&zeros, zero, 100, &err)); /* not even whole blocks */
	expect(&zeros, "[0 a> 644 0:0 0.0 0]");
}

static void t033_no_end_is_an_end_at_a_header(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "a", "xyz");
	expect(&t, "[0 a> 644 0:0 0.0 3 0:x 1:y 2:z]");
	heard h = {0};
	for (size_t n = 1; n < t.len; n++) {
		if (n >= 512 + 3)
			continue; /* the padding alone is missing: judged below */
		assert_fails(read_tar(cof_span_of(t.data, n), 100, &h, &err), "tar-truncated");
	}
	assert_fails(read_tar(cof_span_of(t.data, t.len - 1), 100, &h, &err), "tar-truncated");
	assert_ok(read_tar(cof_span_of(t.data, 0), 1, &h, &err)); /* an empty layer */
	cof_buf_release(&h.text);
}

static void header_bits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	tar_file(&t, "name", "");
	for (size_t bit = 0; bit < 512 * 8; bit += 3) {
		heard h = {0};
		if (bit / 8 >= 148 && bit / 8 < 156)
			continue; /* the checksum itself: some of its digits may be spaces as well */
		t.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(read_tar(cof_buf_span(&t), 512, &h, NULL) < 0);
		t.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cof_buf_release(&h.text);
	}
}

static void t035_announced_sizes(void **state)
{
	(void)state;
	const char kinds[] = {'x', 'g', 'L', 'K'};
	for (size_t i = 0; i < sizeof kinds; i++) {
		COF_AUTO(cof_buf) huge = {0};
		COF_AUTO(cof_buf) none = {0};
		tar_put(&huge, (tar_spec){.type = kinds[i], .name = "x", .size = 1 << 30});
		tar_put(&none, (tar_spec){.type = kinds[i], .name = "x"});
		refuse(&huge, i < 2 ? "tar-pax" : "tar-name-too-long");
		refuse(&none, i < 2 ? "tar-pax" : "tar-name-too-long");
	}
}

static void t035_name_lengths(void **state)
{
	(void)state;
	char name[COF_TAR_NAME_MAX + 3];
	for (size_t n = COF_TAR_NAME_MAX - 1; n <= COF_TAR_NAME_MAX + 1; n++) {
		COF_AUTO(cof_buf) t = {0};
		heard h = {0};
		memset(name, 'n', n);
		tar_pax(&t, 'x', "path", name, n);
		tar_file(&t, "f", "");
		if (n <= COF_TAR_NAME_MAX)
			assert_ok(read_tar(cof_buf_span(&t), 512, &h, &err));
		else
			refuse(&t, "tar-name-too-long");
		cof_buf_release(&h.text);
	}
}

static void gnu_long_names(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	tar_put(&t, (tar_spec){.type = 'L', .name = "L", .data = "a/long/name", .size = 12});
	tar_put(&t, (tar_spec){.type = 'K', .name = "K", .data = "its/target", .size = 11});
	tar_put(&t, (tar_spec){.type = '2', .name = "short", .link = "cut", .mode = 0777});
	tar_file(&t, "next", "");
	expect(&t, "[2 a/long/name>its/target 777 0:0 0.0 0][0 next> 644 0:0 0.0 0]");
	COF_AUTO(cof_buf) twice = {0};
	tar_put(&twice, (tar_spec){.type = 'L', .name = "L", .data = "a", .size = 2});
	tar_put(&twice, (tar_spec){.type = 'L', .name = "L", .data = "b", .size = 2});
	refuse(&twice, "tar-malformed");
	COF_AUTO(cof_buf) open_end = {0};
	tar_put(&open_end, (tar_spec){.type = 'L', .name = "L", .data = "abcd", .size = 4});
	tar_file(&open_end, "c", "");
	refuse(&open_end, "tar-malformed");
	COF_AUTO(cof_buf) hidden = {0};
	tar_put(&hidden, (tar_spec){.type = 'L', .name = "L", .data = "a\0b", .size = 4});
	refuse(&hidden, "tar-malformed");
}

static void unknown_types(void **state)
{
	(void)state;
	const char kinds[] = {'8', 'A', 'D', 'M', 'N', 'V', 'X', 'z', '\xff'};
	for (size_t i = 0; i < sizeof kinds; i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_put(&t, (tar_spec){.type = kinds[i], .name = "x"});
		refuse(&t, "tar-type");
	}
}

static void sparse_version_one(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) t = {0};
	char block[1024] = "2\n5\n1\n20\n0\n"; /* and a hole to the end */
	COF_AUTO(cof_buf) body = {0};
	block[512] = 'A';
	assert_ok(cof_buf_add_str(&body,
				  "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n24 GNU.sparse.name=real\n"
				  "26 GNU.sparse.realsize=20\n",
				  &err));
	tar_put(&t, (tar_spec){.type = 'x', .name = "pax", .data = (const char *)body.data, .size = body.len});
	tar_put(&t, (tar_spec){.type = '0', .name = "GNUSparseFile.0/real", .data = block, .size = 513});
	tar_end(&t);
	expect(&t, "[0 real> 644 0:0 0.0 20 sparse 5:A]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t033_what_readers_disagree_about),
		cmocka_unit_test(t033_hard_links_with_a_size),
		cmocka_unit_test(t033_behind_the_end),
		cmocka_unit_test(t033_no_end_is_an_end_at_a_header),
		cmocka_unit_test(t033_pax_size_wins),
		cmocka_unit_test(t033_one_face_in_every_piece_size),
		cmocka_unit_test(header_bits),
		cmocka_unit_test(t035_announced_sizes),
		cmocka_unit_test(t035_name_lengths),
		cmocka_unit_test(gnu_long_names),
		cmocka_unit_test(unknown_types),
		cmocka_unit_test(sparse_version_one),
		cmocka_unit_test(ordinary),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
