/* SPDX-License-Identifier: Apache-2.0 */
/* Makes layouts with small images, for tests of the owner's side. */
#pragma once

#include "image-decrypt/layout.h"
#include "tests/unit/image/mktar.h"

/* One plain layer that holds the tar; tagged. */
static inline void layout_image(cof_layout *l, const char *tag, const cof_buf *tar)
{
	cof_digest layer = {0}, config = {0}, manifest = {0};
	COF_AUTO(cof_buf) doc = {0};
	COF_AUTO(cof_buf) conf = {0};
	char text[COF_DIGEST_STR_MAX];
	assert_ok(cof_layout_put(l, cof_buf_span(tar), &layer, &err));
	cof_digest_str(&layer, text);
	assert_ok(cof_buf_printf(
		&conf, &err,
		"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
		"\"%s\"]}}",
		text));
	assert_ok(cof_layout_put(l, cof_buf_span(&conf), &config, &err));
	char config_text[COF_DIGEST_STR_MAX];
	cof_digest_str(&config, config_text);
	assert_ok(cof_buf_printf(
		&doc, &err,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\","
		"\"size\":%zu},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\","
		"\"digest\":\"%s\",\"size\":%zu,\"annotations\":{\"kept\":\"yes\"}}]}",
		config_text, conf.len, text, tar->len));
	assert_ok(cof_layout_put(l, cof_buf_span(&doc), &manifest, &err));
	assert_ok(cof_layout_tag(l, tag, "application/vnd.oci.image.manifest.v1+json", &manifest, doc.len, &err));
}

static inline void layout_demo(cof_layout *l, const char *tag)
{
	COF_AUTO(cof_buf) tar = {0};
	tar_dir(&tar, "etc");
	tar_file(&tar, "etc/secret", "the secret");
	tar_end(&tar);
	layout_image(l, tag, &tar);
}

static inline cof_layout *layout_at(const char *top, const char *name, bool create)
{
	cof_layout *l = NULL;
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", top, name);
	assert_ok(cof_layout_open(&l, path, create, &err));
	return l;
}
