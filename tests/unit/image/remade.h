/* SPDX-License-Identifier: Apache-2.0 */
/* Images of several layers, and encrypting and decrypting them between places of a scratch folder. */
#pragma once

#include "image-decrypt/decrypt.h"
#include "image-decrypt/encopen.h"
#include "image-decrypt/encrypt.h"
#include "image-decrypt/layout.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

#define OCI_TAR "application/vnd.oci.image.layer.v1.tar"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"

/* notes: members of each layer's annotations, "" for none. diff_ids are those of the blobs. */
static inline void layout_made(cof_layout *l, const char *tag, const cof_buf *blobs, size_t n, const char *type,
			       const char *manifest_type, const char *notes)
{
	COF_AUTO(cof_buf) conf = {0};
	COF_AUTO(cof_buf) layers = {0};
	COF_AUTO(cof_buf) doc = {0};
	cof_digest d = {0};
	char text[COF_DIGEST_STR_MAX];
	bool docker = strstr(manifest_type, "docker") != NULL;
	assert_ok(cof_buf_add_str(&conf,
				  "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\","
				  "\"diff_ids\":[",
				  &err));
	for (size_t i = 0; i < n; i++) {
		assert_ok(cof_layout_put(l, cof_buf_span(&blobs[i]), &d, &err));
		cof_digest_str(&d, text);
		assert_ok(cof_buf_printf(&conf, &err, "%s\"%s\"", i > 0 ? "," : "", text));
		assert_ok(cof_buf_printf(&layers, &err, "%s{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s%s%s}",
					 i > 0 ? "," : "", type, text, blobs[i].len,
					 notes[0] != '\0' ? ",\"annotations\":{" : "", notes,
					 notes[0] != '\0' ? "}" : ""));
	}
	assert_ok(cof_buf_add_str(&conf, "]}}", &err));
	assert_ok(cof_layout_put(l, cof_buf_span(&conf), &d, &err));
	cof_digest_str(&d, text);
	assert_ok(cof_buf_printf(
		&doc, &err,
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\","
		"\"size\":%zu},\"layers\":[%s]}",
		manifest_type,
		docker ? "application/vnd.docker.container.image.v1+json" : "application/vnd.oci.image.config.v1+json",
		text, conf.len, cof_buf_str(&layers)));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &d, &err));
	assert_ok(cof_layout_tag(l, tag, manifest_type, &d, doc.len, &err));
}

static inline void layout_layers(cof_layout *l, const char *tag, const cof_buf *blobs, size_t n, const char *type,
				 const char *manifest_type)
{
	layout_made(l, tag, blobs, n, type, manifest_type, "");
}

static inline void layout_annotated(cof_layout *l, const char *tag, const cof_buf *tar, const char *notes)
{
	layout_made(l, tag, tar, 1, OCI_TAR, OCI_MANIFEST, notes);
}

/* "oci:dir:tag", the path from the scratch folder on. */
static inline void remade_name(const scratch *s, const char *text, cof_image_name *ret)
{
	COF_AUTO(cof_buf) full = {0};
	size_t word = strcspn(text, ":") + 1;
	assert_ok(cof_buf_printf(&full, &err, "%.*s%s/%s", (int)word, text, s->top, text + word));
	assert_ok(cof_image_name_parse(cof_buf_str(&full), COF_DEPOT_LAYOUT, ret, &err));
}

static inline int remake_encrypt(const scratch *s, const char *from, const char *to, const cof_encrypt_opts *opts,
				 cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_image_name) a = {0};
	COF_AUTO(cof_image_name) b = {0};
	remade_name(s, from, &a);
	remade_name(s, to, &b);
	const cof_remake_opts places = {.from = &a, .to = &b, .platform = COF_PLATFORM_DEFAULT};
	return cof_encrypt_image(&places, opts, ret, err);
}

static inline int remake_decrypt(const scratch *s, const char *from, const char *to, const cof_decrypt_opts *opts,
				 cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_image_name) a = {0};
	COF_AUTO(cof_image_name) b = {0};
	remade_name(s, from, &a);
	remade_name(s, to, &b);
	const cof_remake_opts places = {.from = &a, .to = &b, .platform = COF_PLATFORM_DEFAULT};
	return cof_decrypt_image(&places, opts, ret, err);
}
