/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's way back to a plain image, from what we and what peers encrypted. */
#include "image-decrypt/decrypt.h"

#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/remade.h"
#include "tests/unit/image/vec.h"

#define KID "kbs:///default/image-key/demo"

static uint8_t kek[32] = "0123456789abcdef0123456789abcde";

static cof_enc_keys *keys_with(const uint8_t *raw)
{
	cof_enc_keys *k = NULL;
	assert_ok(cof_enc_keys_new(&k, &err));
	if (raw != NULL)
		assert_ok(cof_enc_keys_add_kek(k, cof_span_of(raw, 32), &err));
	return k;
}

static void encrypted(const scratch *s, cof_digest *ret)
{
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	assert_ok(cof_enc_to_new(&to, &err));
	assert_ok(cof_enc_to_add_kek(to, KID, cof_span_of(kek, sizeof kek), &err));
	const cof_encrypt_opts opts = {.to = to};
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &opts, ret, &err));
}

/* Of a layout that may not be there. */
static int load(const scratch *s, const char *layout, const char *tag, cof_image *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) l = NULL;
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", s->top, layout);
	if (cof_layout_open(&l, path, false, err) < 0)
		return -1;
	const cof_image_source source = cof_layout_source(l);
	return cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, ret, err);
}

/* The manifest is, byte for byte, the one that was encrypted. */
static void there_and_back(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_with(kek);
	COF_AUTO(cof_image) was = {0};
	COF_AUTO(cof_image) is = {0};
	cof_digest d;
	const cof_decrypt_opts opts = {.keys = keys};
	encrypted(s, &d);
	assert_ok(remake_decrypt(s, "oci:sealed:v2", "oci:back:v1", &opts, &d, &err));
	assert_ok(load(s, "plain", "v1", &was, &err));
	assert_ok(load(s, "back", "v1", &is, &err));
	assert_string_equal(cof_buf_str(&was.manifest_bytes), cof_buf_str(&is.manifest_bytes));
	assert_true(cof_digest_equal(&is.digest, &d));
}

static void refuses(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_with(kek);
	COF_AUTO_PTR(cof_enc_keys) none = keys_with(NULL);
	COF_AUTO_PTR(cof_enc_keys) wrong = keys_with((const uint8_t *)"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	COF_AUTO(cof_image) image = {0};
	cof_digest d;
	const cof_decrypt_opts with = {.keys = keys}, without = {.keys = none}, other = {.keys = wrong};
	encrypted(s, &d);
	assert_fails(remake_decrypt(s, "oci:sealed:v2", "oci:back:v1", &without, &d, &err), "layer-key-refused");
	assert_fails(remake_decrypt(s, "oci:sealed:v2", "oci:back:v1", &other, &d, &err), "layer-key-unwrap");
	assert_fails(remake_decrypt(s, "oci:sealed:absent", "oci:back:v1", &with, &d, &err), "tag-missing");
	assert_fails(load(s, "back", "v1", &image, &err), "layout-malformed"); /* it is not even there */
}

/* T-38: somebody has put a plain image in the encrypted one's place. */
static void t038_downgrade(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_with(kek);
	cof_digest d;
	const cof_decrypt_opts opts = {.keys = keys};
	encrypted(s, &d);
	assert_fails(remake_decrypt(s, "oci:plain:v1", "oci:back:v1", &opts, &d, &err), "layer-not-encrypted");
}

static void t038_damaged_layer(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_with(kek);
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_image) none = {0};
	COF_AUTO(cof_buf) blob = {0};
	char path[256], text[COF_DIGEST_STR_MAX];
	cof_digest d;
	const cof_decrypt_opts opts = {.keys = keys};
	encrypted(s, &d);
	assert_ok(load(s, "sealed", "v2", &image, &err));
	cof_digest_str(&image.manifest.layers[0].digest, text);
	(void)snprintf(path, sizeof path, "%s/sealed/blobs/sha256/%s", s->top, text + strlen("sha256:"));
	assert_ok(cof_file_read(path, 1 << 20, &blob, &err));
	blob.data[700] ^= 1;
	assert_ok(cof_file_write(path, cof_buf_span(&blob), 0644, &err));
	assert_fails(remake_decrypt(s, "oci:sealed:v2", "oci:back:v1", &opts, &d, &err), "blob-digest-mismatch");
	assert_fails(load(s, "back", "v1", &none, &err), "tag-missing");
}

static json_t *notes_of(json_t *manifest, size_t layer)
{
	return json_object_get(json_array_get(json_object_get(manifest, "layers"), layer), "annotations");
}

/* The manifest's two layers exchange what they have under this name. */
static void exchange(const scratch *s, const char *name, const char *tag)
{
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	cof_digest d;
	assert_ok(load(s, "sealed", "v2", &image, &err));
	assert_ok(cof_json_parse(cof_buf_span(&image.manifest_bytes), &doc, &err));
	json_t *a = json_incref(json_object_get(notes_of(doc, 0), name));
	json_t *b = json_incref(json_object_get(notes_of(doc, 1), name));
	assert_int_equal(json_object_set_new(notes_of(doc, 0), name, b), 0);
	assert_int_equal(json_object_set_new(notes_of(doc, 1), name, a), 0);
	assert_ok(cof_json_dump(doc, &text, &err));
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "sealed", false);
	assert_ok(cof_layout_put(l, cof_buf_span(&text), &d, &err));
	assert_ok(cof_layout_tag(l, tag, OCI_MANIFEST, &d, text.len, &err));
}

/* T-38: another layer's wrapped key, or another layer's MAC: each is genuine, and neither is this layer's. */
static void t038_exchanged(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_enc_keys) keys = keys_with(kek);
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	cof_buf tars[2] = {0};
	cof_digest d;
	const cof_decrypt_opts opts = {.keys = keys};
	for (size_t i = 0; i < 2; i++) {
		tar_file(&tars[i], "name", i == 0 ? "lower" : "upper");
		tar_end(&tars[i]);
	}
	layout_layers(l, "v1", tars, 2, OCI_TAR, OCI_MANIFEST);
	cof_buf_release(&tars[0]);
	cof_buf_release(&tars[1]);
	assert_ok(cof_enc_to_new(&to, &err));
	assert_ok(cof_enc_to_add_kek(to, KID, cof_span_of(kek, sizeof kek), &err));
	const cof_encrypt_opts seal = {.to = to};
	assert_ok(remake_encrypt(s, "oci:plain:v1", "oci:sealed:v2", &seal, &d, &err));
	assert_ok(remake_decrypt(s, "oci:sealed:v2", "oci:back:v1", &opts, &d, &err));
	exchange(s, COF_ENC_ANNOTATION_PROVIDER, "keys");
	assert_fails(remake_decrypt(s, "oci:sealed:keys", "oci:back:v2", &opts, &d, &err), "layer-hmac-mismatch");
	exchange(s, COF_ENC_ANNOTATION_PUBOPTS, "macs");
	assert_fails(remake_decrypt(s, "oci:sealed:macs", "oci:back:v2", &opts, &d, &err), "layer-hmac-mismatch");
}

/* --- what peers encrypted --- */

static cof_enc_keys *vector_keys(void)
{
	static const char *const names[] = {"rsa3072.key.pem", "ec256.key.pem", "rsa3072.crt.pem"};
	cof_enc_keys *k = keys_with(NULL);
	COF_AUTO_FREE char *dir = NULL;
	assert_ok(cof_path(&dir, &err, "%s/image/keys/kek", vectors_dir()));
	assert_ok(cof_enc_keys_add_dir(k, dir, &err));
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO_FREE char *path = NULL;
		assert_ok(cof_path(&path, &err, "%s/image/keys/%s", vectors_dir(), names[i]));
		assert_ok(cof_enc_keys_add(k, path, &err));
	}
	return k;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int decrypt_vector(const scratch *s, const json_t *c, const cof_enc_keys *keys, cof_err *err)
{
	COF_AUTO(cof_image_name) from = {0};
	COF_AUTO(cof_image_name) to = {0};
	COF_AUTO_FREE char *name = NULL;
	cof_digest d;
	assert_int_equal(
		cof_path(&name, NULL, "oci:%s/image/%s:%s", vectors_dir(), text_of(c, "layout"), text_of(c, "ref")), 0);
	assert_int_equal(cof_image_name_parse(name, COF_DEPOT_LAYOUT, &from, NULL), 0);
	remade_name(s, "oci:back:v1", &to);
	const cof_remake_opts places = {.from = &from, .to = &to, .platform = COF_PLATFORM_DEFAULT};
	const cof_decrypt_opts opts = {.keys = keys};
	return cof_decrypt_image(&places, &opts, &d, err);
}

/* Every layer is the blob that was encrypted, of its plain type, without a trace of the encryption. */
static void check_plain(const scratch *s, const json_t *c)
{
	COF_AUTO(cof_image) image = {0};
	size_t i = 0;
	const json_t *want = NULL;
	assert_ok(load(s, "back", "v1", &image, &err));
	json_array_foreach (json_object_get(c, "layers"), i, want) {
		const cof_desc *d = &image.manifest.layers[i];
		const char *plain = text_of(want, "plain_digest");
		char found[COF_DIGEST_STR_MAX];
		cof_digest_str(&d->digest, found);
		if (plain != NULL)
			assert_string_equal(found, plain);
		assert_false(d->media->encrypted);
		assert_null(strstr(cof_buf_str(&image.manifest_bytes), COF_ENC_ANNOTATION_PREFIX));
	}
}

static void vectors(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i = 0, n = 0;
	const json_t *c = NULL;
	if (cases == NULL)
		skip();
	COF_AUTO_PTR(cof_enc_keys) keys = vector_keys();
	json_array_foreach (cases, i, c) {
		static const char *const ids[] = {"b-gz-jwe-rsa",  "b-gz-jwe-two",  "b-gz-pkcs7",   "b-gz-provider",
						  "b-gz-pkcs11",   "b-zst-jwe",	    "b-raw-jwe",    "b-gz-top-only",
						  "b-zst-lib-two", "m-two-schemes", "m-provider-v2"};
		cof_err err = {0};
		for (size_t k = 0; k < COF_COUNT(ids); k++) {
			if (strcmp(text_of(c, "id"), ids[k]) != 0)
				continue;
			if (decrypt_vector(s, c, keys, &err) < 0)
				fail_msg("%s: %s: %s", ids[k], err.reason, err.text);
			check_plain(s, c);
			n++;
		}
	}
	assert_int_equal(n, 11);
}

static void t038_vectors_that_must_not_open(void **state)
{
	const scratch *s = *state;
	static const struct {
		const char *id, *reason;
	} bad[] = {
		{"neg-flip-first", "layer-hmac-mismatch"},
		{"neg-flip-middle", "layer-hmac-mismatch"},
		{"neg-flip-last", "layer-hmac-mismatch"},
		{"neg-hmac-wrong", "layer-hmac-mismatch"},
		{"neg-hmac-absent", "layer-pubopts-malformed"},
		{"neg-hmac-of-plaintext", "layer-hmac-mismatch"},
		{"neg-truncated", "layer-hmac-mismatch"},
		{"neg-extended", "layer-hmac-mismatch"},
		{"neg-empty", "layer-hmac-mismatch"},
		{"neg-nonce-in-pubopts", "layer-pubopts-malformed"},
		{"neg-diffid-mismatch", "layer-diffid-mismatch"},
		{"neg-inner-other-tar", "layer-diffid-mismatch"},
		{"neg-inner-gzip-crc", "layer-inflate"},
		{"neg-size-too-small", "blob-size-mismatch"},
		{"neg-downgrade-plain", "layer-not-encrypted"},
		{"neg-annotated-but-plain", "layer-not-encrypted"},
	};
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i = 0, n = 0;
	const json_t *c = NULL;
	if (cases == NULL)
		skip();
	COF_AUTO_PTR(cof_enc_keys) keys = vector_keys();
	json_array_foreach (cases, i, c) {
		COF_AUTO(cof_image) none = {0};
		for (size_t k = 0; k < COF_COUNT(bad); k++) {
			if (strcmp(text_of(c, "id"), bad[k].id) != 0)
				continue;
			assert_fails(decrypt_vector(s, c, keys, &err), bad[k].reason);
			assert_true(load(s, "back", "v1", &none, NULL) < 0);
			n++;
		}
	}
	assert_int_equal(n, COF_COUNT(bad));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(there_and_back),
		T(t038_exchanged),
		T(refuses),
		T(t038_downgrade),
		T(t038_damaged_layer),
		T(vectors),
		T(t038_vectors_that_must_not_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
