/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/document.h"

#include "common/hex.h"
#include "firmware/sev/hashes.h"
#include "tests/unit/launch_vectors.h"

#define H32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H48 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char whole[] =
	"{\"format\":\"coffer-launch/1\",\"firmware\":{\"sha256\":\"" H32 "\",\"size\":4194304,\"release\":202608,"
	"\"sev\":{\"ovmf_hash\":\"" H48 "\",\"reset_eip\":8433668,\"hash_table_gpa\":8457216,\"hash_table_size\":1024,"
	"\"sections\":[{\"type\":1,\"gpa\":8388608,\"size\":36864},{\"type\":16,\"gpa\":8454144,\"size\":4096}]},"
	"\"tdx\":{\"mrtd_page\":\"" H48 "\",\"mrtd_section\":\"" H48 "\",\"cfv_sha384\":\"" H48
	"\",\"vars_empty\":true,"
	"\"sections\":[{\"type\":0,\"data_offset\":4096,\"raw_size\":4096,\"memory_address\":4294963200,"
	"\"memory_size\":4096,\"attributes\":1},{\"type\":2,\"data_offset\":0,\"raw_size\":0,"
	"\"memory_address\":8425472,\"memory_size\":8192,\"attributes\":0}]}},"
	"\"kernel\":{\"sha256\":\"" H32 "\",\"size\":100,\"authenticode_sha384\":\"" H48 "\"},"
	"\"initrd\":{\"sha256\":\"" H32 "\",\"sha384\":\"" H48 "\",\"size\":7},"
	"\"cmdline\":{\"text\":\"console=ttyS0\"}}";

static void parse(const char *text, cof_launch_document *d)
{
	assert_ok(cof_launch_document_parse(cof_span_str(text), d, &err));
}

static void the_documented_shape_comes_back_byte_by_byte(void **state)
{
	(void)state;
	COF_AUTO(cof_launch_document) d = {0};
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO_PTR(json_t) want = NULL;
	parse(whole, &d);
	assert_int_equal(d.release, 202608);
	assert_int_equal(d.sev.meta.n, 2);
	assert_int_equal(d.tdx.tdvf.n, 2);
	assert_int_equal(d.sev.meta.image_size, 4194304);
	assert_true(d.has_authenticode && d.initrd.has_sha384 && !d.kernel.has_sha384);
	assert_string_equal(d.cmdline, "console=ttyS0");
	assert_ok(cof_launch_document_json(&d, &j, &err));
	assert_ok(cof_json_parse(cof_span_str(whole), &want, &err));
	assert_true(json_equal(j, want));
}

/* The text gives the digest that SEV's table holds: the bytes and one NUL. */
static void a_command_line_is_text_or_digest(void **state)
{
	(void)state;
	static const char fw[] = "{\"format\":\"coffer-launch/1\",\"firmware\":{\"sha256\":\"" H32 "\",\"size\":1},"
				 "\"kernel\":{\"sha256\":\"" H32 "\"},";
	COF_AUTO(cof_launch_document) d = {0};
	COF_AUTO(cof_launch_document) e = {0};
	COF_AUTO(cof_launch_document) none = {0};
	char text[512];
	uint8_t sum[COF_SHA256_LEN];
	(void)snprintf(text, sizeof text, "%s\"cmdline\":{\"text\":\"a b\"}}", fw);
	parse(text, &d);
	assert_ok(cof_sha256(cof_span_of("a b", 4), sum, &err));
	assert_true(d.has_cmdline_sha256);
	assert_memory_equal(d.cmdline_sha256, sum, sizeof sum);
	(void)snprintf(text, sizeof text, "%s\"cmdline\":{\"sha256\":\"" H32 "\"}}", fw);
	parse(text, &e);
	assert_null(e.cmdline);
	assert_true(e.has_cmdline_sha256);
	(void)snprintf(text, sizeof text, "%s\"initrd\":{\"sha256\":\"" H32 "\"}}", fw);
	parse(text, &none);
	assert_false(none.has_cmdline_sha256);
	assert_true(none.initrd.given && none.initrd.size == 0 && none.kernel.given && !none.sev.given);
}

typedef struct edit {
	const char *what, *by;
} edit;

/* Each edit of the good document makes it one that nobody may believe. */
static void t017_documents_with_gaps_or_more_are_refused(void **state)
{
	static const edit edits[] = {
		{"coffer-launch/1", "coffer-launch/2"},
		{"\"size\":4194304", "\"size\":-1"},
		{"\"size\":4194304", "\"size\":99999999999"},
		{"\"size\":4194304", "\"size\":4194304.0"},
		{"\"size\":4194304,", ""},
		{"\"sha256\":\"" H32 "\",\"size\":4194304", "\"sha256\":\"" H48 "\",\"size\":4194304"},
		{"\"ovmf_hash\":\"" H48 "\",", ""},
		{"\"ovmf_hash\"", "\"ovmf-hash\""},
		{"\"gpa\":8388608", "\"gpa\":8388609"},
		{"\"gpa\":8454144", "\"gpa\":8388608"},
		{"\"gpa\":8388608", "\"gpa\":4294967296"},
		{"\"gpa\":8388608,", ""},
		{"\"size\":36864", "\"size\":4294963200"},
		{"\"reset_eip\":8433668,", ""},
		{"\"memory_address\":4294963200", "\"memory_address\":4294963201"},
		{"\"data_offset\":4096", "\"data_offset\":4194304"},
		{"\"memory_size\":8192", "\"memory_size\":9223372036854775807"},
		{"\"mrtd_page\"", "\"mrtd\""},
		{"\"text\":\"console=ttyS0\"", "\"text\":\"a\",\"sha256\":\"" H32 "\""},
		{"\"text\":\"console=ttyS0\"", ""},
		{"\"text\":\"console=ttyS0\"", "\"text\":7"},
		{"\"kernel\":", "\"kernal\":"},
		{"\"kernel\":{", "\"kernel\":[{"},
		{"\"kernel\":{\"sha256\":\"" H32 "\",\"size\":100,\"authenticode_sha384\":\"" H48 "\"},", ""},
		{"\"initrd\":{\"sha256\"", "\"initrd\":{\"sha1\""},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(edits); i++) {
		COF_AUTO(cof_buf) text = {0};
		cof_launch_document d = {.release = 7};
		cof_err err = {0};
		const char *at = strstr(whole, edits[i].what);
		assert_non_null(at);
		assert_int_equal(cof_buf_add(&text, whole, (size_t)(at - whole), &err), 0);
		assert_int_equal(cof_buf_add_str(&text, edits[i].by, &err), 0);
		assert_int_equal(cof_buf_add_str(&text, at + strlen(edits[i].what), &err), 0);
		if (cof_launch_document_parse(cof_buf_span(&text), &d, &err) == 0)
			fail_msg("taken with '%s' for '%s'", edits[i].by, edits[i].what);
		assert_string_equal(err.reason, "launch-document-malformed");
		assert_int_equal(d.release, 7);
	}
}

static void truncated_at_every_byte(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		COF_AUTO(cof_launch_document) d = {0};
		assert_fails(cof_launch_document_parse((cof_span){(const uint8_t *)whole, n}, &d, &err),
			     "launch-document-malformed");
	}
}

/* An image gives the very document that stands for it. */
static void images_become_documents(void **state)
{
	static const char *const images[] = {"fixtures/ovmf-2025.02.fd.xz", "fixtures/ovmf-2026.08-amdsev.fd.xz",
					     "fixtures/ovmf-2026.08-inteltdx.fd.xz"};
	static const unsigned releases[] = {202502, 202608, 202608};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(images); i++) {
		COF_AUTO(cof_buf) image = {0};
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO(cof_launch_document) d = {0};
		COF_AUTO(cof_launch_document) back = {0};
		COF_AUTO_PTR(json_t) j = NULL;
		vector_read_xz(images[i], &image);
		assert_ok(cof_launch_firmware(cof_buf_span(&image), COF_PARTS_ALL, &d, &err));
		assert_int_equal(d.release, releases[i]);
		assert_ok(cof_launch_document_json(&d, &j, &err));
		assert_ok(cof_json_dump(j, &text, &err));
		assert_ok(cof_launch_document_parse(cof_buf_span(&text), &back, &err));
		assert_memory_equal(back.sev.ovmf_hash, d.sev.ovmf_hash, COF_SHA384_LEN);
		assert_int_equal(back.sev.meta.n, d.sev.meta.n);
		assert_memory_equal(&back.sev.meta.sections, &d.sev.meta.sections,
				    d.sev.meta.n * sizeof d.sev.meta.sections[0]);
		assert_int_equal(back.tdx.tdvf.n, d.tdx.tdvf.n);
		assert_memory_equal(back.tdx.mrtd, d.tdx.mrtd, sizeof d.tdx.mrtd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_shape_comes_back_byte_by_byte),
		cmocka_unit_test(a_command_line_is_text_or_digest),
		cmocka_unit_test(t017_documents_with_gaps_or_more_are_refused),
		cmocka_unit_test(truncated_at_every_byte),
		cmocka_unit_test(images_become_documents),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
