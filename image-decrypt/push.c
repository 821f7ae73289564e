/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/push.h"

static int push_blob(cof_layout *from, cof_registry *to, const cof_desc *d, cof_err *err)
{
	int opened = -EBADF;
	int r = cof_layout_blob(from, &d->digest, &opened, err);
	COF_AUTO_FD int fd = opened;
	return r < 0 ? r : cof_registry_push_blob(to, d, fd, err);
}

static int push_manifest(const cof_image *i, cof_registry *to, const char *name, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	const char *type = NULL;
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&i->digest, digest);
	int r = cof_json_parse(cof_buf_span(&i->manifest_bytes), &doc, err);
	if (r == 0)
		r = cof_json_opt_str(doc, "mediaType", &type, err);
	if (r < 0)
		return r;
	return cof_registry_push_manifest(to, name != NULL ? name : digest,
					  type != NULL ? type : "application/vnd.oci.image.manifest.v1+json",
					  cof_buf_span(&i->manifest_bytes), err);
}

int cof_push_image(cof_layout *from, const char *tag, cof_registry *to, const char *name, cof_digest *ret, cof_err *err)
{
	COF_AUTO(cof_image) image = {0};
	cof_image_source source = cof_layout_source(from);
	int r = cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, &image, err);
	for (size_t i = 0; r == 0 && i < image.manifest.n_layers; i++)
		r = push_blob(from, to, &image.manifest.layers[i], err);
	if (r == 0)
		r = push_blob(from, to, &image.manifest.config, err);
	if (r == 0)
		r = push_manifest(&image, to, name, err);
	if (r == 0)
		*ret = image.digest;
	return r;
}
