/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image`: what the owner does with images. */
#include <getopt.h>
#include <unistd.h>

#include "common/file.h"
#include "image-decrypt/encrypt.h"
#include "image-decrypt/flat.h"
#include "image-decrypt/ocicrypt.h"
#include "image-decrypt/push.h"
#include "runtime/cli/cli.h"

enum { PEM_MAX = 1 << 20, AUTH_MAX = 1 << 20, LAYOUT_PATH_MAX = 4000 };
enum { OPT_KEY = 1000, OPT_KID, OPT_CA, OPT_RESOLVE, OPT_AUTH, OPT_CTR, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"kid", required_argument, NULL, OPT_KID},
	{"ca", required_argument, NULL, OPT_CA},
	{"resolve", required_argument, NULL, OPT_RESOLVE},
	{"auth-file", required_argument, NULL, OPT_AUTH},
	{"allow-unauthenticated-wrap", no_argument, NULL, OPT_CTR},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

typedef struct settings {
	const char *key, *kid, *ca, *auth;
	cof_cli_resolves resolve;
	bool json, help, allow_ctr;
} settings;

static const char **text_option(settings *s, int opt)
{
	const struct {
		int opt;
		const char **to;
	} table[] = {{OPT_KEY, &s->key}, {OPT_KID, &s->kid}, {OPT_CA, &s->ca}, {OPT_AUTH, &s->auth}};
	for (size_t i = 0; i < COF_COUNT(table); i++)
		if (table[i].opt == opt)
			return table[i].to;
	return NULL;
}

static int set_option(settings *s, int opt)
{
	const char **text = text_option(s, opt);
	if (text != NULL)
		*text = optarg;
	else if (opt == OPT_RESOLVE)
		return cof_cli_add_resolve(&s->resolve, optarg, s->json);
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

/* 0: go on with *ret; else *ret_exit is the exit code. */
static int parse(int argc, char **argv, const char *usage, int n_args, settings *ret, int *ret_exit)
{
	settings s = {0};
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

/* LAYOUT[:TAG]: a colon after the last slash begins the tag. */
static int open_layout(const char *arg, bool create, cof_layout **ret, const char **ret_tag, cof_err *err)
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

static int report_digest(const settings *s, int rc, const cof_err *err, const cof_digest *d)
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

/* --- encrypt --- */

static void show_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)fprintf(stderr, "\r  %s %llu of %llu KiB%s", (const char *)arg, (unsigned long long)done >> 10,
		      (unsigned long long)total >> 10, done == total ? "\n" : "");
}

static int encrypt(const settings *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO_PTR(cof_layout) to = NULL;
	COF_AUTO(cof_buf) kek = {0};
	const char *tag = NULL, *to_tag = NULL;
	if (s->key == NULL || s->kid == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--key FILE and --kid kbs:///REPO/TYPE/TAG are needed");
	int r = cof_file_read(s->key, COF_ENC_KEK_LEN, &kek, err);
	if (r == 0)
		r = open_layout(args[0], false, &from, &tag, err);
	if (r == 0)
		r = open_layout(args[1], true, &to, &to_tag, err);
	const cof_encrypt_opts opts = {.kid = s->kid,
				       .kek = cof_buf_span(&kek),
				       .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
				       .progress_arg = (void *)(uintptr_t) "encrypted"};
	if (r == 0)
		r = cof_encrypt_image(from, tag, to, to_tag, &opts, ret, err);
	cof_buf_wipe(&kek);
	return r;
}

static int verb_encrypt(int argc, char **argv)
{
	settings s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, "encrypt --key FILE --kid kbs:///REPO/TYPE/TAG LAYOUT[:TAG] NEW-LAYOUT[:TAG]", 2, &s,
		  &code) < 0)
		return code;
	int r = encrypt(&s, argv + optind, &d, &err);
	return report_digest(&s, r, &err, &d);
}

/* --- push --- */

typedef struct login {
	char *user;
	cof_secret password;
} login;

static void login_release(login *l)
{
	free(l->user);
	cof_secret_release(&l->password);
	*l = (login){0};
}
COF_DEFINE_AUTO(login, login_release)

/* source: docker's config.json: {"auths": {HOST: {"auth": base64(USER:PASSWORD)}}} */
static int read_login(const char *path, const char *host, login *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	int r = cof_json_read_file(path, AUTH_MAX, &doc, err);
	if (r == 0)
		r = cof_json_b64(json_object_get(json_object_get(doc, "auths"), host), "auth", &text, err);
	if (r < 0)
		return cof_err_wrap(err, "%s, %s", path, host);
	const char *colon = strchr(cof_buf_str(&text), ':');
	size_t n = colon == NULL ? 0 : (size_t)(colon - cof_buf_str(&text));
	ret->user = cof_span_dup_str(cof_span_of(text.data, n));
	if (n == 0 || ret->user == NULL)
		r = cof_err_set(err, COF_E_MALFORMED, "auth-malformed", "%s has no USER:PASSWORD for %s", path, host);
	else
		r = cof_secret_from(&ret->password, cof_span_of(text.data + n + 1, text.len - n - 1), err);
	cof_buf_wipe(&text);
	return r;
}

static int open_registry(const settings *s, const cof_ref *ref, cof_registry **ret, cof_err *err)
{
	COF_AUTO(cof_buf) ca = {0};
	COF_AUTO(login) who = {0};
	int r = s->ca != NULL ? cof_file_read(s->ca, PEM_MAX, &ca, err) : 0;
	if (r == 0 && s->auth != NULL)
		r = read_login(s->auth, ref->host, &who, err);
	const cof_registry_opts opts = {.ca_pem = cof_buf_span(&ca),
					.resolve = s->resolve.at,
					.user = who.user,
					.password = who.user != NULL ? &who.password : NULL,
					.push = true};
	return r < 0 ? r : cof_registry_new(ret, ref, &opts, err);
}

static int push(const settings *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO_PTR(cof_registry) to = NULL;
	const char *tag = NULL;
	cof_ref ref;
	int r = cof_ref_parse(args[1], &ref, err);
	if (r == 0)
		r = open_layout(args[0], false, &from, &tag, err);
	if (r == 0)
		r = open_registry(s, &ref, &to, err);
	return r < 0 ? r : cof_push_image(from, tag, to, ref.tag[0] != '\0' ? ref.tag : NULL, ret, err);
}

static int verb_push(int argc, char **argv)
{
	settings s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, "push [--ca FILE] [--resolve NAME:PORT:ADDR] [--auth-file FILE] LAYOUT[:TAG] REFERENCE",
		  2, &s, &code) < 0)
		return code;
	int r = push(&s, argv + optind, &d, &err);
	return report_digest(&s, r, &err, &d);
}

/* --- unpack --- */

static int unpack(const settings *s, char **args, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = NULL;
	COF_AUTO(cof_buf) kek = {0};
	const char *tag = NULL;
	int r = s->key != NULL ? cof_file_read(s->key, COF_ENC_KEK_LEN, &kek, err) : 0;
	if (r == 0)
		r = open_layout(args[0], false, &from, &tag, err);
	const cof_flat_opts opts = {.kek = cof_buf_span(&kek),
				    .allow_ctr = s->allow_ctr,
				    .progress = isatty(STDERR_FILENO) ? show_progress : NULL,
				    .progress_arg = (void *)(uintptr_t) "unpacked"};
	if (r == 0)
		r = cof_flat_unpack(from, tag, args[1], &opts, ret, err);
	cof_buf_wipe(&kek);
	return r;
}

static int verb_unpack(int argc, char **argv)
{
	settings s;
	cof_digest d = {0};
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, "unpack [--key FILE] [--allow-unauthenticated-wrap] LAYOUT[:TAG] TARGET", 2, &s, &code) <
	    0)
		return code;
	int r = unpack(&s, argv + optind, &d, &err);
	return report_digest(&s, r, &err, &d);
}

/* --- looking --- */

static int load(char **args, cof_image *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) l = NULL;
	const char *tag = NULL;
	int r = open_layout(args[0], false, &l, &tag, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_layout_source(l);
	return cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, ret, err);
}

static int verb_digest(int argc, char **argv)
{
	settings s;
	COF_AUTO(cof_image) image = {0};
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, "digest LAYOUT[:TAG]", 1, &s, &code) < 0)
		return code;
	int r = load(argv + optind, &image, &err);
	return report_digest(&s, r, &err, &image.digest);
}

static json_t *describe_layer(const cof_desc *d)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, digest);
	return json_pack("{s:s, s:s, s:I, s:b}", "media_type", d->media_type, "digest", digest, "size",
			 (json_int_t)d->size, "encrypted", d->media != NULL && d->media->encrypted);
}

static int verb_inspect(int argc, char **argv)
{
	settings s;
	COF_AUTO(cof_image) image = {0};
	cof_err err = {0};
	int code = 0;
	char digest[COF_DIGEST_STR_MAX];
	if (parse(argc, argv, "inspect LAYOUT[:TAG]", 1, &s, &code) < 0)
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

const cof_verb cof_verbs_image[] = {
	{"encrypt", "encrypt every layer for a key of the key broker", verb_encrypt},
	{"unpack", "unpack an image of a layout into a new folder, decrypting it", verb_unpack},
	{"push", "carry an image from a layout to a registry", verb_push},
	{"digest", "print the digest that pins an image", verb_digest},
	{"inspect", "print what an image in a layout consists of", verb_inspect},
	{0},
};
