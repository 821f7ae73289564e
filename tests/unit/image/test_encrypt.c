/* SPDX-License-Identifier: Apache-2.0 */
/* The owner encrypts; what comes out opens with the right key only, and nothing of the plain text is left in it. */
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/encrypt.h"
#include "tests/unit/image/flatten.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/registry_up.h"
#include "tests/unit/image/remade.h"
#include "tests/unit/image/scratch.h"

#define KID "kbs:///default/image-key/demo"

static uint8_t kek[COF_ENC_KEK_LEN] = "0123456789abcdef0123456789abcde";

static int encrypt(const scratch *s, const char *kid, size_t kek_len, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, "plain", true);
	COF_AUTO_PTR(cof_enc_to) recipients = NULL;
	layout_demo(from, "v1");
	assert_int_equal(cof_enc_to_new(&recipients, NULL), 0);
	int r = cof_enc_to_add_kek(recipients, kid, cof_span_of(kek, kek_len), err);
	const cof_encrypt_opts opts = {.to = recipients};
	return r < 0 ? r : remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, ret, err);
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

static cof_enc_to *for_kek(void)
{
	cof_enc_to *to = NULL;
	assert_ok(cof_enc_to_new(&to, &err));
	assert_ok(cof_enc_to_add_kek(to, KID, cof_span_of(kek, sizeof kek), &err));
	return to;
}

static void encrypted_once_only(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	COF_AUTO_PTR(cof_enc_keys) none = NULL;
	const cof_encrypt_opts without = {.to = to};
	assert_ok(encrypt(s, KID, sizeof kek, &d, &err));
	assert_fails(remake_encrypt(s, "oci:sealed:v2", "oci:sealed:v3", &without, &d, &err),
		     "layer-already-encrypted");
	assert_ok(cof_enc_keys_new(&none, &err));
	const cof_encrypt_opts empty = {.to = to, .keys = none};
	assert_fails(remake_encrypt(s, "oci:sealed:v2", "oci:sealed:v3", &empty, &d, &err), "layer-already-encrypted");
}

static void needs_somebody(void **state)
{
	const scratch *s = *state;
	cof_digest d = {0};
	COF_AUTO_PTR(cof_enc_to) nobody = NULL;
	assert_ok(cof_enc_to_new(&nobody, &err));
	const cof_encrypt_opts opts = {.to = nobody}, none = {0};
	assert_fails(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, &d, &err), "no-recipient");
	assert_fails(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &none, &d, &err), "no-recipient");
}

/* --- several layers --- */

static void three_layers(const scratch *s, const char *type, const char *manifest_type)
{
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	cof_buf tars[3] = {0};
	for (size_t i = 0; i < 3; i++) {
		tar_file(&tars[i], "layer", i == 0 ? "first" : i == 1 ? "second" : "third");
		tar_end(&tars[i]);
	}
	layout_layers(l, "v1", tars, 3, type, manifest_type);
	for (size_t i = 0; i < 3; i++)
		cof_buf_release(&tars[i]);
}

static void load(const scratch *s, const char *layout, const char *tag, cof_image *ret)
{
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, layout, false);
	const cof_image_source source = cof_layout_source(l);
	assert_ok(cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, ret, &err));
}

static void chosen_layers(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	cof_digest d = {0};
	static const struct {
		long layers[2];
		size_t n;
		bool encrypted[3];
	} cases[] = {{{0, 0}, 1, {true, false, false}},
		     {{-1, 0}, 1, {false, false, true}},
		     {{-3, 1}, 2, {true, true, false}},
		     {{0, 0}, 0, {true, true, true}}};
	three_layers(s, OCI_TAR, OCI_MANIFEST);
	for (size_t c = 0; c < COF_COUNT(cases); c++) {
		COF_AUTO(cof_image) image = {0};
		const cof_encrypt_opts opts = {.to = to, .layers = cases[c].layers, .n_layers = cases[c].n};
		assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, &d, &err));
		load(s, "sealed", "v2", &image);
		for (size_t i = 0; i < 3; i++) {
			const cof_desc *l = &image.manifest.layers[i];
			assert_int_equal(l->media->encrypted, cases[c].encrypted[i]);
			assert_int_equal(cof_desc_annotation(l, COF_ENC_ANNOTATION_PUBOPTS) != NULL,
					 cases[c].encrypted[i]);
		}
	}
	const long bad[] = {3, -4};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		const cof_encrypt_opts opts = {.to = to, .layers = &bad[i], .n_layers = 1};
		assert_fails(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v9", &opts, &d, &err), "layer-index");
	}
}

/* spec: docker's types have no encrypted form: the whole manifest becomes OCI's, layers that stay plain too */
static void docker_becomes_oci(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	COF_AUTO(cof_image) image = {0};
	cof_digest d = {0};
	const long top = -1;
	const cof_encrypt_opts opts = {.to = to, .layers = &top, .n_layers = 1};
	three_layers(s, "application/vnd.docker.image.rootfs.diff.tar",
		     "application/vnd.docker.distribution.manifest.v2+json");
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, &d, &err));
	load(s, "sealed", "v2", &image);
	assert_null(strstr(cof_buf_str(&image.manifest_bytes), "docker"));
	assert_string_equal(image.manifest.layers[0].media_type, OCI_TAR);
	assert_string_equal(image.manifest.layers[2].media_type, OCI_TAR "+encrypted");
	assert_string_equal(image.manifest.config.media_type, "application/vnd.oci.image.config.v1+json");
}

/* A recipient more: bytes and public options stay, both keys open. */
static void recipients_join(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) first = for_kek();
	COF_AUTO_PTR(cof_enc_to) second = NULL;
	COF_AUTO_PTR(cof_enc_keys) keys = NULL;
	COF_AUTO_PTR(cof_enc_keys) other = NULL;
	COF_AUTO(cof_image) was = {0};
	COF_AUTO(cof_image) now = {0};
	uint8_t kek2[COF_ENC_KEK_LEN] = {9};
	cof_digest d = {0};
	three_layers(s, OCI_TAR, OCI_MANIFEST);
	const long top = 2;
	const cof_encrypt_opts one = {.to = first, .layers = &top, .n_layers = 1};
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &one, &d, &err));
	assert_ok(cof_enc_to_new(&second, &err));
	assert_ok(cof_enc_to_add_kek(second, "kbs:///x/y/z", cof_span_of(kek2, sizeof kek2), &err));
	assert_ok(cof_enc_keys_new(&keys, &err));
	assert_ok(cof_enc_keys_new(&other, &err));
	assert_ok(cof_enc_keys_add_kek(other, cof_span_of(kek2, sizeof kek2), &err));
	const cof_encrypt_opts wrong = {.to = second, .keys = other, .layers = &top, .n_layers = 1};
	assert_fails(remake_encrypt(s, "oci:sealed:v2", "oci:sealed:v3", &wrong, &d, &err), "layer-key-unwrap");
	assert_ok(cof_enc_keys_add_kek(keys, cof_span_of(kek, sizeof kek), &err));
	const cof_encrypt_opts two = {.to = second, .keys = keys, .layers = &top, .n_layers = 1};
	assert_ok(remake_encrypt(s, "oci:sealed:v2", "oci:sealed:v3", &two, &d, &err));
	load(s, "sealed", "v2", &was);
	load(s, "sealed", "v3", &now);
	const cof_desc *a = &was.manifest.layers[2], *b = &now.manifest.layers[2];
	assert_true(cof_digest_equal(&a->digest, &b->digest));
	assert_string_equal(cof_desc_annotation(a, COF_ENC_ANNOTATION_PUBOPTS),
			    cof_desc_annotation(b, COF_ENC_ANNOTATION_PUBOPTS));
	COF_AUTO(cof_layer_key) by_first = {0};
	COF_AUTO(cof_layer_key) by_second = {0};
	assert_ok(cof_enc_open(b, keys, false, &by_first, &err));
	assert_ok(cof_enc_open(b, other, false, &by_second, &err));
	assert_true(cof_ct_equal(cof_secret_span(&by_first.key), cof_secret_span(&by_second.key)));
}

/* Packets that lie beside a plain layer are not carried along as if they were this encryption's. */
static void t038_old_annotations(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	COF_AUTO(cof_image) image = {0};
	cof_digest d = {0};
	const cof_encrypt_opts opts = {.to = to};
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	COF_AUTO(cof_buf) tar = {0};
	tar_end(&tar);
	layout_annotated(l, "v1", &tar, "\"" COF_ENC_ANNOTATION_KEYS "jwe\":\"e30=\",\"kept\":\"yes\"");
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, &d, &err));
	load(s, "sealed", "v2", &image);
	assert_null(cof_desc_annotation(&image.manifest.layers[0], COF_ENC_ANNOTATION_KEYS "jwe"));
	assert_non_null(cof_desc_annotation(&image.manifest.layers[0], "kept"));
}

static void into_an_archive(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	COF_AUTO_PTR(cof_enc_keys) keys = NULL;
	cof_digest d = {0};
	const cof_encrypt_opts opts = {.to = to};
	three_layers(s, OCI_TAR, OCI_MANIFEST);
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci-archive:sealed.tar:v2", &opts, &d, &err));
	assert_ok(cof_enc_keys_new(&keys, &err));
	assert_ok(cof_enc_keys_add_kek(keys, cof_span_of(kek, sizeof kek), &err));
	const cof_decrypt_opts back = {.keys = keys};
	assert_ok(remake_decrypt(s, "oci-archive:sealed.tar:v2", "oci:back:v1", &back, &d, &err));
	assert_fails(remake_encrypt(s, "oci:plain:v1", "docker-archive:x.tar:v2", &opts, &d, &err), "depot-read-only");
	char pinned[COF_DIGEST_STR_MAX], name[COF_DIGEST_STR_MAX + 16];
	cof_digest_str(&d, pinned);
	(void)snprintf(name, sizeof name, "oci:sealed@%s", pinned);
	assert_fails(remake_encrypt(s, "oci:plain:v1", name, &opts, &d, &err), "image-name");
}

static registry_up up;
static bool running;

/* Before any test leaves this folder. */
static int all_begin(void **state)
{
	(void)state;
	running = registry_start(&up);
	return 0;
}

static int all_end(void **state)
{
	(void)state;
	if (running)
		registry_stop(&up);
	return 0;
}

/* Into a registry and out of it, and a recipient who joins there. */
static void a_registry(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_to) to = for_kek();
	COF_AUTO_PTR(cof_enc_keys) keys = NULL;
	COF_AUTO(cof_image_name) plain = {0};
	COF_AUTO(cof_image_name) there = {0};
	COF_AUTO(cof_image_name) back = {0};
	char name[128];
	cof_digest a, b, c;
	if (!running)
		skip();
	const cof_depot_opts depot = {.ca_pem = cof_buf_span(&up.ca), .resolve = up.resolves};
	three_layers(s, OCI_TAR, OCI_MANIFEST);
	remade_name(s, "oci:plain:v1", &plain);
	remade_name(s, "oci:back:v1", &back);
	(void)snprintf(name, sizeof name, "docker://" REGISTRY_NAME ":%u/team/sealed:v1", up.port);
	assert_ok(cof_image_name_parse(name, COF_DEPOT_LAYOUT, &there, &err));
	assert_ok(cof_enc_keys_new(&keys, &err));
	assert_ok(cof_enc_keys_add_kek(keys, cof_span_of(kek, sizeof kek), &err));
	const cof_encrypt_opts seal = {.to = to}, more = {.to = to, .keys = keys};
	const cof_decrypt_opts open = {.keys = keys};
	assert_ok(
		cof_encrypt_image(&(cof_remake_opts){.from = &plain, .to = &there, .depot = &depot}, &seal, &a, &err));
	assert_ok(
		cof_encrypt_image(&(cof_remake_opts){.from = &there, .to = &there, .depot = &depot}, &more, &b, &err));
	assert_false(cof_digest_equal(&a, &b));
	assert_ok(cof_decrypt_image(&(cof_remake_opts){.from = &there, .to = &back, .depot = &depot}, &open, &c, &err));
	COF_AUTO(cof_image) was = {0};
	COF_AUTO(cof_image) is = {0};
	load(s, "plain", "v1", &was);
	load(s, "back", "v1", &is);
	assert_true(cof_digest_equal(&was.digest, &is.digest));
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
	COF_AUTO_PTR(cof_enc_to) recipients = for_kek();
	const cof_encrypt_opts opts = {.to = recipients};
	assert_fails(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, &d, &err), "blob-size-mismatch");
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
		T(needs_somebody),
		T(chosen_layers),
		T(docker_becomes_oci),
		T(recipients_join),
		T(t038_old_annotations),
		T(into_an_archive),
		T(a_registry),
		T(what_changes_and_what_stays),
		T(fresh_every_time),
		T(there_and_back),
	};
	return cmocka_run_group_tests(tests, all_begin, all_end);
}
