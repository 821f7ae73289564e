/* SPDX-License-Identifier: Apache-2.0 */
/* The owner encrypts; what comes out opens with the right key only, and nothing of the plain text is left in it. */
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/encrypt.h"
#include "tests/unit/image/flatten.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

#define KID "kbs:///default/image-key/demo"

static uint8_t kek[COF_ENC_KEK_LEN] = "0123456789abcdef0123456789abcde";

static int encrypt(const scratch *s, const char *kid, size_t kek_len, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, "plain", true);
	COF_AUTO_PTR(cof_layout) to = layout_at(s->top, "sealed", true);
	layout_demo(from, "v1");
	const cof_encrypt_opts opts = {.kid = kid, .kek = {kek, kek_len}};
	return cof_encrypt_image(from, "v1", to, "v2", &opts, ret, err);
}

static int unpack(const scratch *s, const char *layout, const char *tag, cof_span key, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, layout, false);
	char target[256];
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	return flatten(from, tag, target, key, err);
}

static bool nothing_left(const scratch *s)
{
	char cmd[256];
	(void)snprintf(cmd, sizeof cmd, "%s", s->top);
	int top = open(cmd, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool gone = fstatat(top, "tree", &st, AT_SYMLINK_NOFOLLOW) < 0 && fstat(top, &st) == 0;
	(void)close(top);
	return gone && st.st_nlink == 5; /* plain, sealed, x: no staging folder */
}

static void refuses(void **state)
{
	const scratch *s = *state;
	cof_digest d;
	assert_fails(encrypt(s, KID, 16, &d, &err), "kek-size");
	assert_fails(encrypt(s, KID, 0, &d, &err), "kek-size");
	const char *const kids[] = {"http://a/b/c/d",	"kbs:///a/b", "kbs:///a/../c",
				    "kbs://host/a/b/c", "",	      "kbs:///a/b/c\"x"};
	for (size_t i = 0; i < COF_COUNT(kids); i++)
		assert_true(encrypt(s, kids[i], 32, &d, NULL) < 0);
}

static void there_and_back(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO(cof_buf) text = {0};
	char path[256];
	assert_ok(encrypt(s, KID, sizeof kek, &d, &err));
	assert_ok(unpack(s, "sealed", "v2", cof_span_of(kek, sizeof kek), &err));
	(void)snprintf(path, sizeof path, "%s/tree/etc/secret", s->top);
	assert_ok(cof_file_read(path, 100, &text, &err));
	assert_string_equal(cof_buf_str(&text), "the secret");
	assert_fails(unpack(s, "sealed", "v2", cof_span_of(kek, sizeof kek), &err), "target-exists");
}

static void without_the_key(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	uint8_t other[COF_ENC_KEK_LEN] = {1};
	assert_ok(encrypt(s, KID, sizeof kek, &d, &err));
	assert_fails(unpack(s, "sealed", "v2", cof_span_of(other, 0), &err), "layer-key-refused");
	assert_true(nothing_left(s));
	assert_fails(unpack(s, "sealed", "v2", cof_span_of(other, sizeof other), &err), "layer-key-unwrap");
	assert_true(nothing_left(s));
}

static void what_changes_and_what_stays(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO(cof_image) plain = {0};
	COF_AUTO(cof_image) sealed = {0};
	COF_AUTO(cof_enc_packets) packets = {0};
	assert_ok(encrypt(s, KID, sizeof kek, &d, &err));
	COF_AUTO_PTR(cof_layout) a = layout_at(s->top, "plain", false);
	COF_AUTO_PTR(cof_layout) b = layout_at(s->top, "sealed", false);
	cof_image_source from = cof_layout_source(a), to = cof_layout_source(b);
	assert_ok(cof_image_load(&from, "v1", COF_PLATFORM_DEFAULT, &plain, &err));
	assert_ok(cof_image_load(&to, "v2", COF_PLATFORM_DEFAULT, &sealed, &err));
	assert_true(cof_digest_equal(&sealed.digest, &d));
	assert_true(cof_digest_equal(&plain.manifest.config.digest, &sealed.manifest.config.digest));
	assert_ok(cof_image_require_encrypted(&sealed, &err));
	assert_int_equal(plain.manifest.layers[0].size, sealed.manifest.layers[0].size);
	assert_ok(cof_enc_packets_parse(cof_desc_annotation(&sealed.manifest.layers[0], COF_ENC_ANNOTATION_PROVIDER),
					&packets, &err));
	assert_string_equal(packets.at[0].kid, KID);
	assert_non_null(strstr(cof_buf_str(&sealed.manifest_bytes), "\"kept\":\"yes\""));
	COF_AUTO(cof_buf) blob = {0};
	int fd = -1;
	assert_ok(cof_layout_blob(b, &sealed.manifest.layers[0].digest, &fd, &err));
	assert_ok(cof_fd_read_all(fd, 1 << 20, &blob, &err));
	(void)close(fd);
	assert_null(memmem(blob.data, blob.len, "the secret", 10));
}

static void fresh_every_time(void **state)
{
	const scratch *s = *state;
	cof_digest a = {0}, b = {0};
	assert_ok(encrypt(s, KID, sizeof kek, &a, &err));
	assert_ok(encrypt(s, KID, sizeof kek, &b, &err));
	assert_false(cof_digest_equal(&a, &b));
}

static void encrypted_once_only(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	assert_ok(encrypt(s, KID, sizeof kek, &d, &err));
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "sealed", false);
	const cof_encrypt_opts opts = {.kid = KID, .kek = {kek, sizeof kek}};
	assert_fails(cof_encrypt_image(l, "v2", l, "v3", &opts, &d, &err), "layer-already-encrypted");
}

/* A damaged layout must not become a well-sealed image of damage. */
static void t036_damaged_source(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	cof_image_source source = cof_layout_source(l);
	assert_ok(cof_image_load(&source, "v1", COF_PLATFORM_DEFAULT, &image, &err));
	char path[256], text[COF_DIGEST_STR_MAX];
	cof_digest_str(&image.manifest.layers[0].digest, text);
	(void)snprintf(path, sizeof path, "%s/plain/blobs/sha256/%s", s->top, text + 7);
	assert_ok(cof_file_write(path, cof_span_str("other"), 0644, &err));
	COF_AUTO_PTR(cof_layout) to = layout_at(s->top, "sealed", true);
	const cof_encrypt_opts opts = {.kid = KID, .kek = {kek, sizeof kek}};
	assert_fails(cof_encrypt_image(l, "v1", to, "v2", &opts, &d, &err), "layer-digest-mismatch");
	COF_AUTO(cof_image) none = {0};
	cof_image_source sealed = cof_layout_source(to);
	assert_fails(cof_image_load(&sealed, "v2", COF_PLATFORM_DEFAULT, &none, &err), "tag-missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(refuses),
		T(without_the_key),
		T(t036_damaged_source),
		T(encrypted_once_only),
		T(what_changes_and_what_stays),
		T(fresh_every_time),
		T(there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
