/* SPDX-License-Identifier: Apache-2.0 */
/* Layers' keys opened as peers wrap them (the shared vectors), and what must not open. */
#include "image-decrypt/encopen.h"

#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"
#include "image-decrypt/image.h"
#include "image-decrypt/layout.h"
#include "image-decrypt/ocicrypt.h"
#include "tests/unit/image/vec.h"
#include "tests/unit/test.h"

enum { BLOB_MAX = 64 << 20 };

static cof_enc_keys *no_keys(void)
{
	cof_enc_keys *k = NULL;
	assert_ok(cof_enc_keys_new(&k, &err));
	return k;
}

static void add(cof_enc_keys *k, const char *name)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/image/keys/%s", vectors_dir(), name));
	assert_ok(strcmp(name, "kek") == 0 ? cof_enc_keys_add_dir(k, path, &err) : cof_enc_keys_add(k, path, &err));
}

static cof_enc_keys *all_keys(void)
{
	cof_enc_keys *k = no_keys();
	add(k, "rsa3072.key.pem");
	add(k, "ec256.key.pem");
	add(k, "kek");
	return k;
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static bool starts(const char *s, const char *with)
{
	return s != NULL && strncmp(s, with, strlen(with)) == 0;
}

/* An image of the vectors; -1: it is not to be loaded. */
typedef struct vector_image {
	cof_layout *layout;
	cof_image image;
} vector_image;

static void vector_image_release(vector_image *v)
{
	cof_image_release(&v->image);
	if (v->layout != NULL)
		cof_layout_free(v->layout);
}
COF_DEFINE_AUTO(vector_image, vector_image_release)

static int vector_load(const json_t *c, vector_image *v)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/image/%s", vectors_dir(), text(c, "layout")));
	if (cof_layout_open(&v->layout, path, false, NULL) < 0)
		return -1;
	cof_image_source source = cof_layout_source(v->layout);
	return cof_image_load(&source, text(c, "ref"), COF_PLATFORM_DEFAULT, &v->image, NULL);
}

/* The opened key is the layer's: its MAC holds, and the plain blob is the one that was encrypted. */
static void check_blob(const vector_image *v, const cof_desc *d, const cof_layer_key *key, const char *plain_digest)
{
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO_PTR(cof_enc_stream) s = NULL;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	char found[COF_DIGEST_STR_MAX];
	cof_digest plain;
	int opened = -EBADF;
	assert_ok(cof_layout_blob(v->layout, &d->digest, &opened, &err));
	COF_AUTO_FD int fd = opened;
	assert_ok(cof_fd_read_all(fd, BLOB_MAX, &blob, &err));
	assert_ok(cof_enc_public_parse(cof_desc_annotation(d, COF_ENC_ANNOTATION_PUBOPTS), hmac, &err));
	assert_ok(cof_enc_stream_new(&s, key, COF_ENC_DECRYPT, &err));
	assert_ok(cof_enc_stream_add(s, cof_buf_span(&blob), blob.data, &err));
	assert_ok(cof_enc_stream_check(s, hmac, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&blob), &plain, &err));
	cof_digest_str(&plain, found);
	if (plain_digest != NULL)
		assert_string_equal(found, plain_digest);
}

/* "jwe:rsa3072.key.pem" or "provider.attestation-agent" alone opens it. */
static void opened_by(const char *id, const cof_desc *d, const char *by, bool allow_ctr)
{
	COF_AUTO_PTR(cof_enc_keys) one = no_keys();
	COF_AUTO(cof_layer_key) key = {0};
	cof_err err = {0};
	const char *colon = strchr(by, ':');
	add(one, colon != NULL ? colon + 1 : "kek");
	if (cof_enc_open(d, one, allow_ctr, &key, &err) < 0)
		fail_msg("%s by %s: %s: %s", id, by, err.reason, err.text);
}

static void vector_opens(const json_t *c, const cof_enc_keys *keys)
{
	COF_AUTO(vector_image) v = {0};
	const char *id = text(c, "id");
	bool ctr = strcmp(id, "b-gz-provider-ctr") == 0;
	assert_int_equal(vector_load(c, &v), 0);
	for (size_t i = 0; i < v.image.manifest.n_layers; i++) {
		const cof_desc *d = &v.image.manifest.layers[i];
		const json_t *want = json_array_get(json_object_get(c, "layers"), i), *by = NULL;
		COF_AUTO(cof_layer_key) key = {0};
		size_t at = 0;
		cof_err why = {0};
		if (!d->media->encrypted)
			continue;
		if (ctr)
			assert_fails(cof_enc_open(d, keys, false, &key, &err), "layer-wrap-unauthenticated");
		if (cof_enc_open(d, keys, ctr, &key, &why) < 0)
			fail_msg("%s: %s: %s", id, why.reason, why.text);
		check_blob(&v, d, &key, text(want, "plain_digest"));
		json_array_foreach (json_object_get(want, "opened_by"), at, by)
			opened_by(id, d, json_string_value(by), ctr);
	}
}

static void vectors_that_open(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i = 0, n = 0;
	const json_t *c = NULL;
	if (cases == NULL)
		skip();
	COF_AUTO_PTR(cof_enc_keys) keys = all_keys();
	json_array_foreach (cases, i, c) {
		const char *id = text(c, "id");
		bool wanted = strcmp(text(c, "want"), "ok") == 0 || strcmp(id, "b-gz-pkcs11") == 0;
		if (wanted && (starts(id, "b-") || starts(id, "m-") || starts(id, "h-") || starts(id, "neg-") ||
			       strcmp(id, "run-enc") == 0)) {
			vector_opens(c, keys);
			n++;
		}
	}
	assert_true(n >= 25);
}

/* What each refused case is refused for, when it is the key that is wrong with it. */
static const struct {
	const char *id, *reason;
} refused[] = {
	{"neg-jwe-stranger", "layer-key-unwrap"},
	{"neg-jwe-tag", "layer-key-unwrap"},
	{"neg-jwe-aad", "layer-key-unwrap"},
	{"neg-jwe-alg-none", "layer-packet-malformed"},
	{"neg-jwe-alg-dir", "layer-packet-malformed"},
	{"neg-jwe-alg-pbes2", "layer-packet-malformed"},
	{"neg-jwe-rsa1_5", "layer-packet-malformed"},
	{"neg-jwe-zip-bomb", "layer-packet-malformed"},
	{"neg-jwe-crit", "layer-packet-malformed"},
	{"neg-jwe-enc-unknown", "layer-packet-malformed"},
	{"neg-jwe-epk-off-curve", "layer-packet-malformed"},
	{"neg-prov-tag", "layer-key-unwrap"},
	{"neg-prov-iv-length", "layer-packet-malformed"},
	{"neg-prov-wrap-type", "layer-packet-malformed"},
	{"neg-prov-type-confusion", "layer-wrap-unauthenticated"},
	{"neg-prov-kid-scheme", "layer-packet-malformed"},
	{"neg-prov-kid-traversal", "layer-packet-malformed"},
	{"neg-prov-kid-unknown", "layer-key-unwrap"},
	{"neg-prov-short", "layer-packet-malformed"},
	{"neg-nonce-short", "layer-privopts-malformed"},
	{"neg-nonce-absent", "layer-privopts-malformed"},
	{"neg-key-short", "layer-privopts-malformed"},
	{"neg-key-long", "layer-privopts-malformed"},
	{"neg-dup-json-key", "layer-privopts-malformed"},
	{"neg-annotation-missing", "layer-packet-malformed"},
	{"neg-annotation-not-base64", "layer-packet-malformed"},
	{"neg-annotation-empty", "layer-packet-malformed"},
	{"b-gz-pgp", "layer-scheme-unsupported"},
};

static void vector_refused(const json_t *c, const cof_enc_keys *keys, const char *reason)
{
	COF_AUTO(vector_image) v = {0};
	COF_AUTO(cof_layer_key) key = {0};
	cof_err err = {0};
	assert_int_equal(vector_load(c, &v), 0);
	assert_true(cof_enc_open(&v.image.manifest.layers[0], keys, false, &key, &err) < 0);
	if (!cof_err_is(&err, reason))
		fail_msg("%s: '%s' (%s), not '%s'", text(c, "id"), err.reason, err.text, reason);
	assert_null(key.key.data);
	/* and asking for less does not help */
	assert_true(cof_enc_open(&v.image.manifest.layers[0], keys, true, &key, NULL) < 0);
}

static void t038_vectors_that_do_not_open(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	if (cases == NULL)
		skip();
	COF_AUTO_PTR(cof_enc_keys) keys = all_keys();
	for (size_t k = 0; k < COF_COUNT(refused); k++) {
		size_t i = 0;
		const json_t *c = NULL, *found = NULL;
		json_array_foreach (cases, i, c)
			found = strcmp(text(c, "id"), refused[k].id) == 0 ? c : found;
		if (found == NULL)
			fail_msg("no vector %s", refused[k].id);
		vector_refused(found, keys, refused[k].reason);
	}
}

/* A key that is nobody's, and no key at all. */
static void vectors_and_other_keys(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i = 0;
	const json_t *c = NULL;
	if (cases == NULL)
		skip();
	COF_AUTO_PTR(cof_enc_keys) none = no_keys();
	COF_AUTO_PTR(cof_enc_keys) wrong = no_keys();
	add(wrong, "wrong.unused.pem");
	json_array_foreach (cases, i, c) {
		COF_AUTO(vector_image) v = {0};
		COF_AUTO(cof_layer_key) key = {0};
		if (!starts(text(c, "id"), "b-gz-jwe") && !starts(text(c, "id"), "b-gz-p"))
			continue;
		assert_int_equal(vector_load(c, &v), 0);
		if (!v.image.manifest.layers[0].media->encrypted)
			continue;
		assert_fails(cof_enc_open(&v.image.manifest.layers[0], none, true, &key, &err), "layer-key-refused");
		assert_true(cof_enc_open(&v.image.manifest.layers[0], wrong, true, &key, NULL) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_that_open),
		cmocka_unit_test(t038_vectors_that_do_not_open),
		cmocka_unit_test(vectors_and_other_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
