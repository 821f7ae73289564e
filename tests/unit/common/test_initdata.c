/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/initdata.h"

#define DOC "version = \"0.1.0\"\nalgorithm = \"%s\"\n\n[data]\n\"aa.toml\" = '''\n[x]\n'''\n\"own\" = \"kept\"\n"

static char *doc(const char *alg)
{
	char *out = NULL;
	assert_true(asprintf(&out, DOC, alg) > 0);
	return out;
}

static int parse(const char *text, cof_err *err)
{
	COF_AUTO(cof_initdata) d = {0};
	return cof_initdata_parse(cof_span_str(text), &d, err);
}

static void reads_a_document(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = doc("sha384");
	COF_AUTO(cof_initdata) d = {0};
	cof_digest want = {0};
	assert_ok(cof_initdata_parse(cof_span_str(text), &d, &err));
	assert_ok(cof_digest_of(COF_SHA384, cof_span_str(text), &want, &err));
	assert_true(cof_digest_equal(&d.digest, &want));
	assert_string_equal(cof_initdata_entry(&d, "aa.toml"), "[x]\n");
	assert_string_equal(cof_initdata_entry(&d, "own"), "kept");
	assert_null(cof_initdata_entry(&d, "policy.json"));
}

static void t003_every_byte_counts(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = doc("sha256");
	COF_AUTO_FREE char *more = NULL;
	COF_AUTO(cof_initdata) a = {0};
	COF_AUTO(cof_initdata) b = {0};
	assert_true(asprintf(&more, "%s\n", text) > 0);
	assert_ok(cof_initdata_parse(cof_span_str(text), &a, &err));
	assert_ok(cof_initdata_parse(cof_span_str(more), &b, &err));
	assert_false(cof_digest_equal(&a.digest, &b.digest));
}

static void other_documents_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"x",
		"version = \"0.1.0\"\n",
		"version = \"0.2.0\"\nalgorithm = \"sha256\"\n[data]\n",
		"version = 1\nalgorithm = \"sha256\"\n[data]\n",
		"version = \"0.1.0\"\nalgorithm = \"md5\"\n[data]\n",
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\n",
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\ndata = 1\n",
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\nmore = 1\n[data]\n",
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\nx = 1\n",
		"version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data.x]\ny = \"z\"\n",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(parse(bad[i], &err), "initdata-malformed");
}

static void limits_hold(void **state)
{
	(void)state;
	COF_AUTO_FREE uint8_t *big = calloc(1, COF_INITDATA_MAX + 1);
	COF_AUTO(cof_initdata) d = {0};
	COF_AUTO(cof_buf) disk = {0};
	COF_AUTO(cof_buf) many = {0};
	cof_span all = cof_span_of(big, COF_INITDATA_MAX + 1);
	assert_fails(cof_initdata_parse(all, &d, &err), "initdata-too-large");
	assert_fails(cof_initdata_pack(all, &disk, &err), "initdata-too-large");
	assert_ok(cof_buf_add_str(&many, "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n", &err));
	for (int i = 0; i <= COF_INITDATA_ENTRIES_MAX; i++)
		assert_ok(cof_buf_printf(&many, &err, "k%d = \"\"\n", i));
	assert_fails(cof_initdata_parse(cof_buf_span(&many), &d, &err), "initdata-malformed");
}

/* T-003: every algorithm's digest in every field: HOST_DATA and a PCR hold 32 bytes, MRCONFIGID 48. */
static void t003_fields_are_cut_or_padded(void **state)
{
	(void)state;
	static const struct {
		cof_hash alg;
		size_t width, kept;
	} cases[] = {
		{COF_SHA256, COF_INITDATA_HOST_DATA, 32},  {COF_SHA384, COF_INITDATA_HOST_DATA, 32},
		{COF_SHA512, COF_INITDATA_HOST_DATA, 32},  {COF_SHA256, COF_INITDATA_MRCONFIGID, 32},
		{COF_SHA384, COF_INITDATA_MRCONFIGID, 48}, {COF_SHA512, COF_INITDATA_MRCONFIGID, 48},
		{COF_SHA256, COF_DIGEST_MAX, 32},	   {COF_SHA384, COF_DIGEST_MAX, 48},
		{COF_SHA512, COF_DIGEST_MAX, 64},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		uint8_t field[COF_DIGEST_MAX + 1];
		cof_digest d = {0};
		memset(field, 0xee, sizeof field);
		assert_ok(cof_digest_of(cases[i].alg, cof_span_str("initdata"), &d, &err));
		assert_ok(cof_initdata_field(&d, cases[i].width, field, &err));
		assert_memory_equal(field, d.bytes, cases[i].kept);
		for (size_t k = cases[i].kept; k < cases[i].width; k++)
			assert_int_equal(field[k], 0);
		assert_int_equal(field[cases[i].width], 0xee);
	}
}

/* T-003: zeros stand for "nothing was bound", so no document may come to them; and the tail of a longer digest counts.
 */
static void t003_no_field_is_zero_or_half(void **state)
{
	(void)state;
	uint8_t field[COF_DIGEST_MAX] = {7}, padded[COF_DIGEST_MAX], whole[COF_DIGEST_MAX];
	cof_digest zero = {.alg = COF_SHA384}, longer = {.alg = COF_SHA384}, shorter = {.alg = COF_SHA256};
	assert_fails(cof_initdata_field(&zero, 48, field, &err), "initdata-malformed");
	memset(longer.bytes, 1, 48);
	memset(shorter.bytes, 1, 32);
	assert_fails(cof_initdata_field(&longer, 0, field, &err), "bad-width");
	assert_fails(cof_initdata_field(&longer, 65, field, &err), "bad-width");
	assert_int_equal(field[0], 7);
	assert_ok(cof_initdata_field(&longer, 48, whole, &err));
	assert_ok(cof_initdata_field(&shorter, 48, padded, &err));
	assert_memory_equal(whole, padded, 32);
	assert_memory_not_equal(whole, padded, 48);
}

static void the_field_of_a_document(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = doc("sha384");
	COF_AUTO(cof_initdata) d = {0};
	uint8_t field[COF_INITDATA_MRCONFIGID];
	cof_digest want = {0};
	assert_ok(cof_initdata_parse(cof_span_str(text), &d, &err));
	assert_ok(cof_initdata_field(&d.digest, sizeof field, field, &err));
	assert_ok(cof_digest_of(COF_SHA384, cof_span_str(text), &want, &err));
	assert_memory_equal(field, want.bytes, sizeof field);
}

/* --- the disk --- */

static void disks_go_both_ways(void **state)
{
	(void)state;
	COF_AUTO_FREE uint8_t *noise = malloc(COF_INITDATA_MAX);
	const size_t sizes[] = {0, 1, 511, 512, 65536, COF_INITDATA_MAX};
	uint32_t x = 1;
	for (size_t i = 0; i < COF_INITDATA_MAX; i++) {
		x = x * 1664525 + 1013904223; /* does not compress */
		noise[i] = (uint8_t)(x >> 24);
	}
	for (size_t i = 0; i < COF_COUNT(sizes); i++) {
		COF_AUTO(cof_buf) disk = {0};
		COF_AUTO(cof_buf) back = {0};
		assert_ok(cof_initdata_pack(cof_span_of(noise, sizes[i]), &disk, &err));
		assert_int_equal(disk.len % 512, 0);
		assert_true(disk.len <= COF_INITDATA_DISK_MAX);
		assert_ok(cof_initdata_unpack(cof_buf_span(&disk), &back, &err));
		assert_int_equal(back.len, sizes[i]);
		if (back.len > 0)
			assert_memory_equal(back.data, noise, back.len);
	}
}

static int unpack(cof_span disk, cof_err *err)
{
	COF_AUTO(cof_buf) back = {0};
	int r = cof_initdata_unpack(disk, &back, err);
	if (r < 0)
		assert_int_equal(back.len, 0);
	return r;
}

static void every_cut_of_a_disk_is_refused(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = doc("sha256");
	COF_AUTO(cof_buf) disk = {0};
	assert_ok(cof_initdata_pack(cof_span_str(text), &disk, &err));
	size_t used = 16 + disk.data[8] + 256u * disk.data[9];
	for (size_t n = 0; n < used; n++)
		assert_true(unpack(cof_span_of(disk.data, n), NULL) < 0);
	assert_ok(unpack(cof_span_of(disk.data, used), &err));
}

/* CRC and size make a flipped bit in the stream an error; nothing may crash. */
static void every_flipped_bit_is_found(void **state)
{
	(void)state;
	COF_AUTO_FREE char *text = doc("sha256");
	COF_AUTO(cof_buf) disk = {0};
	size_t accepted = 0;
	assert_ok(cof_initdata_pack(cof_span_str(text), &disk, &err));
	size_t used = 16 + disk.data[8] + 256u * disk.data[9];
	for (size_t i = 0; i < 8 * used; i++) {
		COF_AUTO(cof_buf) back = {0};
		disk.data[i / 8] ^= (uint8_t)(1 << (i % 8));
		if (cof_initdata_unpack(cof_buf_span(&disk), &back, NULL) == 0) {
			accepted++; /* bits that mean nothing to gzip or deflate: the text must be the same */
			assert_string_equal(cof_buf_str(&back), text);
		}
		disk.data[i / 8] ^= (uint8_t)(1 << (i % 8));
	}
	assert_true(accepted < 100);
}

static void foreign_disks_are_refused(void **state)
{
	(void)state;
	uint8_t lying[16] = "initdata";
	uint8_t zeros[512] = {0};
	assert_fails(unpack((cof_span){0}, &err), "initdata-absent");
	assert_fails(unpack(cof_span_of(zeros, sizeof zeros), &err), "initdata-absent");
	assert_fails(unpack(cof_span_str("initdat"), &err), "initdata-absent");
	assert_fails(unpack(cof_span_str("initdata"), &err), "initdata-malformed");
	memset(lying + 8, 0xff, 8);
	assert_fails(unpack(cof_span_of(lying, sizeof lying), &err), "initdata-too-large");
	memset(lying + 8, 0, 8);
	assert_fails(unpack(cof_span_of(lying, sizeof lying), &err), "initdata-malformed");
}

/* A kilobyte that wants to become a gigabyte. */
static void a_bomb_is_cut_at_the_limit(void **state)
{
	(void)state;
	COF_AUTO_FREE uint8_t *zeros = calloc(1, COF_INITDATA_MAX);
	COF_AUTO(cof_buf) disk = {0};
	COF_AUTO(cof_buf) bomb = {0};
	assert_ok(cof_initdata_pack(cof_span_of(zeros, COF_INITDATA_MAX), &disk, &err));
	size_t used = 16 + disk.data[8] + 256u * disk.data[9] + 65536u * disk.data[10];
	/* two members in one stream: the second is left over, and refused */
	assert_ok(cof_buf_add(&bomb, disk.data, used, &err));
	assert_ok(cof_buf_add(&bomb, disk.data + 16, used - 16, &err));
	uint64_t both = 2 * (used - 16);
	for (int i = 0; i < 8; i++)
		bomb.data[8 + i] = (uint8_t)(both >> (8 * i));
	assert_fails(unpack(cof_buf_span(&bomb), &err), "initdata-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_document),
		cmocka_unit_test(t003_every_byte_counts),
		cmocka_unit_test(other_documents_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(t003_fields_are_cut_or_padded),
		cmocka_unit_test(t003_no_field_is_zero_or_half),
		cmocka_unit_test(the_field_of_a_document),
		cmocka_unit_test(disks_go_both_ways),
		cmocka_unit_test(every_cut_of_a_disk_is_refused),
		cmocka_unit_test(every_flipped_bit_is_found),
		cmocka_unit_test(foreign_disks_are_refused),
		cmocka_unit_test(a_bomb_is_cut_at_the_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
