/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image`: what the owner does with images. */
#include "runtime/cli/image.h"

#include <getopt.h>

#include "common/file.h"
#include "image-decrypt/reference.h"

enum { LAYOUT_PATH_MAX = 4000, PEM_MAX = 1 << 20, AUTH_MAX = 1 << 20 };
enum { OPT_KEY = 1000, OPT_KID, OPT_CA, OPT_RESOLVE, OPT_AUTH, OPT_PROXY, OPT_MIRROR, OPT_CTR, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"kid", required_argument, NULL, OPT_KID},
	{"ca", required_argument, NULL, OPT_CA},
	{"resolve", required_argument, NULL, OPT_RESOLVE},
	{"auth-file", required_argument, NULL, OPT_AUTH},
	{"proxy", required_argument, NULL, OPT_PROXY},
	{"mirror", required_argument, NULL, OPT_MIRROR},
	{"allow-unauthenticated-wrap", no_argument, NULL, OPT_CTR},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static const char **text_option(cof_cli_image *s, int opt)
{
	const struct {
		int opt;
		const char **to;
	} table[] = {
		{OPT_KEY, &s->key}, {OPT_KID, &s->kid}, {OPT_CA, &s->ca}, {OPT_AUTH, &s->auth}, {OPT_PROXY, &s->proxy}};
	for (size_t i = 0; i < COF_COUNT(table); i++)
		if (table[i].opt == opt)
			return table[i].to;
	return NULL;
}

static int add_mirror(cof_cli_image *s, const char *mirror)
{
	if (s->n_mirrors == COF_CLI_MIRRORS_MAX)
		return cof_cli_usage("at most %d mirrors", COF_CLI_MIRRORS_MAX);
	s->mirrors[s->n_mirrors++] = mirror;
	return 0;
}

static int set_option(cof_cli_image *s, int opt)
{
	const char **text = text_option(s, opt);
	if (text != NULL)
		*text = optarg;
	else if (opt == OPT_RESOLVE)
		return cof_cli_add_resolve(&s->resolve, optarg, s->json);
	else if (opt == OPT_MIRROR)
		return add_mirror(s, optarg);
	else if (opt == OPT_CTR)
		s->allow_ctr = true;
	else if (opt == OPT_JSON)
		s->json = true;
	else if (opt == OPT_HELP)
		s->help = true;
	else
		return cof_cli_usage("see --help");
	return 0;
}

int cof_cli_image_parse(int argc, char **argv, const char *usage, int n_args, cof_cli_image *ret, int *ret_exit)
{
	cof_cli_image s = {0};
	int opt = 0, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt);
	if (rc == 0 && !s.help && argc - optind != n_args)
		rc = cof_cli_usage("coffer image %s", usage);
	*ret = s;
	*ret_exit = rc;
	if (s.help)
		(void)printf("Usage: coffer image %s\n", usage);
	return s.help || rc != 0 ? -1 : 0;
}

int cof_cli_image_open(const cof_cli_image *s, const char *name, cof_depot_kind bare, bool write, cof_depot **ret,
		       cof_err *err)
{
	COF_AUTO(cof_image_name) n = {0};
	COF_AUTO(cof_buf) ca = {0};
	COF_AUTO(cof_buf) auth = {0};
	int r = cof_image_name_parse(name, bare, &n, err);
	bool remote = n.kind == COF_DEPOT_REGISTRY;
	if (r == 0 && remote && s->ca != NULL)
		r = cof_file_read(s->ca, PEM_MAX, &ca, err);
	if (r == 0 && remote && s->auth != NULL)
		r = cof_file_read(s->auth, AUTH_MAX, &auth, err);
	const cof_depot_opts opts = {.ca_pem = cof_buf_span(&ca),
				     .resolve = s->resolve.at,
				     .mirrors = s->mirrors,
				     .proxy = s->proxy,
				     .auth = cof_buf_span(&auth)};
	if (r == 0)
		r = cof_depot_open(ret, &n, write, &opts, err);
	cof_buf_wipe(&auth);
	return r;
}

int cof_cli_image_layout(const char *arg, bool create, cof_layout **ret, const char **ret_tag, cof_err *err)
{
	const char *slash = strrchr(arg, '/');
	const char *colon = strchr(slash != NULL ? slash : arg, ':');
	size_t n = colon != NULL ? (size_t)(colon - arg) : strlen(arg);
	COF_AUTO_FREE char *path = cof_span_dup_str(cof_span_of(arg, n));
	*ret_tag = colon != NULL ? colon + 1 : "latest";
	if (path == NULL)
		return cof_err_oom(err);
	if (n == 0 || n > LAYOUT_PATH_MAX || !cof_ref_tag_ok(*ret_tag))
		return cof_err_set(err, COF_E_USAGE, "layout-name", "'%s' is not LAYOUT[:TAG]", arg);
	return cof_layout_open(ret, path, create, err);
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

void cof_cli_image_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)fprintf(stderr, "\r  %s %llu of %llu KiB%s", (const char *)arg, (unsigned long long)done >> 10,
		      (unsigned long long)total >> 10, done == total ? "\n" : "");
}

const cof_verb cof_verbs_image[] = {
	{"encrypt", "encrypt every layer for a key of the key broker", cof_cmd_image_encrypt},
	{"unpack", "unpack an image into a new folder, decrypting it", cof_cmd_image_unpack},
	{"unpack-layer", "unpack one layer, a tar, gzip or zstd file, into a new folder", cof_cmd_image_unpack_layer},
	{"push", "carry an image from a layout to a registry", cof_cmd_image_push},
	{"digest", "print the digest that pins an image", cof_cmd_image_digest},
	{"inspect", "print what an image in a layout consists of", cof_cmd_image_inspect},
	{0},
};
