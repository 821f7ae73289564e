/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image`: what the owner does with images. */
#include "runtime/cli/image.h"

#include <getopt.h>

#include "image-decrypt/reference.h"

enum { OPT_ALL = 1000, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	COF_CLI_DEPOT_ROWS,
	{"all", no_argument, NULL, OPT_ALL},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static int set_option(cof_cli_image *s, int opt)
{
	int code = 0;
	if (opt == OPT_ALL)
		s->all = true;
	else if (opt == OPT_JSON)
		s->json = true;
	else if (opt == OPT_HELP)
		s->help = true;
	else if (!cof_cli_depot_option(&s->depot, opt, optarg, s->json, &code))
		return cof_cli_usage("see --help");
	return code;
}

int cof_cli_image_parse(int argc, char **argv, const char *usage, int n_args, cof_cli_image *ret, int *ret_exit)
{
	cof_cli_image s = {0};
	int opt = 0, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt);
	if (rc == 0 && !s.help && argc - optind != n_args)
		rc = cof_cli_usage("coffer image %.*s", (int)strcspn(usage, "\n"), usage);
	*ret = s;
	*ret_exit = rc;
	if (s.help)
		(void)printf("Usage: coffer image %s\n", usage);
	return s.help || rc != 0 ? -1 : 0;
}

int cof_cli_image_digest(const cof_cli_image *s, int rc, const cof_err *err, const cof_digest *d)
{
	char text[COF_DIGEST_STR_MAX];
	if (rc < 0)
		return cof_cli_fail(err, s->json);
	cof_digest_str(d, text);
	if (!s->json) {
		(void)printf("%s\n", text);
		return COF_EXIT_YES;
	}
	COF_AUTO_PTR(json_t) doc = json_pack("{s:b, s:s}", "ok", 1, "digest", text);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

const cof_verb cof_verbs_image[] = {
	{"encrypt", "encrypt an image for chosen keys, or for more of them", cof_cmd_image_encrypt},
	{"decrypt", "make a plain image of an encrypted one", cof_cmd_image_decrypt},
	{"unpack", "unpack an image into a new folder, decrypting it", cof_cmd_image_unpack},
	{"unpack-layer", "unpack one layer, a tar, gzip or zstd file, into a new folder", cof_cmd_image_unpack_layer},
	{"pull", "carry an image from a registry, or from anywhere to anywhere", cof_cmd_image_pull},
	{"push", "carry an image to a registry, or from anywhere to anywhere", cof_cmd_image_push},
	{"sign", "sign an image, and store the signature beside it", cof_cmd_image_sign},
	{"verify", "say whether an image is signed as a key or a policy asks", cof_cmd_image_verify},
	{"digest", "print the digest that pins an image", cof_cmd_image_digest},
	{"inspect", "print what an image consists of and says of itself", cof_cmd_image_inspect},
	{0},
};
