/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image inspect` and `digest`: looking without unpacking. */
#include <getopt.h>

#include "runtime/cli/image.h"

static int load(char **args, cof_image *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) l = NULL;
	const char *tag = NULL;
	int r = cof_cli_image_layout(args[0], false, &l, &tag, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_layout_source(l);
	return cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, ret, err);
}

int cof_cmd_image_digest(int argc, char **argv)
{
	cof_cli_image s;
	COF_AUTO(cof_image) image = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv, "digest LAYOUT[:TAG]", 1, &s, &code) < 0)
		return code;
	int r = load(argv + optind, &image, &err);
	return cof_cli_image_digest(&s, r, &err, &image.digest);
}

static json_t *describe_layer(const cof_desc *d)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	return json_pack("{s:s, s:s, s:I, s:b}", "media_type", d->media_type, "digest", digest, "size",
			 (json_int_t)d->size, "encrypted", d->media != NULL && d->media->encrypted);
}

int cof_cmd_image_inspect(int argc, char **argv)
{
	cof_cli_image s;
	COF_AUTO(cof_image) image = {0};
	cof_err err = {0};
	int code = 0;
	char digest[COF_DIGEST_STR_MAX];
	if (cof_cli_image_parse(argc, argv, "inspect LAYOUT[:TAG]", 1, &s, &code) < 0)
		return code;
	if (load(argv + optind, &image, &err) < 0)
		return cof_cli_fail(&err, s.json);
	json_t *layers = json_array();
	for (size_t i = 0; i < image.manifest.n_layers; i++)
		(void)json_array_append_new(layers, describe_layer(&image.manifest.layers[i]));
	cof_digest_str(&image.digest, digest);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s, s:s, s:o}", "digest", digest, "os", image.config.os, "architecture",
			image.config.architecture, "layers", layers);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}
