/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image encrypt` and `decrypt`: between the owner's plain image and one that only chosen keys open. */
#include <unistd.h>

#include "common/file.h"
#include "image-decrypt/decrypt.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/encrypt.h"
#include "runtime/cli/image.h"
#include "runtime/cli/image_keys.h"
#include "runtime/cli/progress.h"

enum { OPT_RECIPIENT = 1000, OPT_KID, OPT_LAYER, OPT_JSON, OPT_HELP };

#define RECIPIENTS_HELP                                                                                                \
	"  --recipient jwe:FILE          a public key: PEM, DER or JWK, RSA or EC\n"                                   \
	"  --recipient pkcs7:FILE        a certificate with an RSA key\n"                                              \
	"  --recipient pkcs11:FILE       the public key of a token's RSA key\n"                                        \
	"  --recipient provider:attestation-agent:keyid=kbs:///REPO/TYPE/TAG::keypath=FILE\n"                          \
	"                                32 bytes that a key broker keeps; --key FILE --kid URI is the same\n"

static const char encrypt_help[] =
	"Usage: coffer image encrypt --recipient SCHEME:… [--layer N]… FROM TO\n"
	"       coffer image encrypt --key FILE --kid kbs:///REPO/TYPE/TAG FROM TO\n" RECIPIENTS_HELP
	"                                each may be repeated\n"
	"  --layer N                     encrypt this layer alone: from 0, or -1 for the last; may be repeated\n"
	"To add recipients to an image that is encrypted already, give keys that open it:\n" COF_CLI_KEY_HELP
		COF_CLI_DEPOT_HELP;

static const char decrypt_help[] =
	"Usage: coffer image decrypt [--key FILE]… [--kek DIR] FROM TO\n" COF_CLI_KEY_HELP COF_CLI_DEPOT_HELP;

static const struct option options[] = {
	COF_CLI_KEY_ROWS,
	COF_CLI_DEPOT_ROWS,
	{"recipient", required_argument, NULL, OPT_RECIPIENT},
	{"kid", required_argument, NULL, OPT_KID},
	{"layer", required_argument, NULL, OPT_LAYER},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

typedef struct settings {
	cof_cli_keys keys;
	cof_cli_depot depot;
	const char *recipients[COF_ENC_TO_MAX];
	size_t n_recipients;
	const char *kid;
	long layers[COF_LAYERS_MAX];
	size_t n_layers;
	bool json, help;
} settings;

/* --- options --- */

static int add_recipient(settings *s, const char *text)
{
	if (s->n_recipients == COF_ENC_TO_MAX)
		return cof_cli_usage("at most %d recipients", COF_ENC_TO_MAX);
	s->recipients[s->n_recipients++] = text;
	return 0;
}

static int add_layer(settings *s, const char *text)
{
	char *end = NULL;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || s->n_layers == COF_LAYERS_MAX)
		return cof_cli_usage("--layer %s is no layer's number", text);
	s->layers[s->n_layers++] = n;
	return 0;
}

static int set_option(settings *s, int opt)
{
	int code = 0;
	if (cof_cli_keys_option(&s->keys, opt, optarg, &code) ||
	    cof_cli_depot_option(&s->depot, opt, optarg, s->json, &code))
		return code;
	switch (opt) {
	case OPT_RECIPIENT:
		return add_recipient(s, optarg);
	case OPT_LAYER:
		return add_layer(s, optarg);
	case OPT_KID:
		s->kid = optarg;
		return 0;
	case OPT_JSON:
		s->json = true;
		return 0;
	case OPT_HELP:
		s->help = true;
		return 0;
	default:
		return cof_cli_usage("see --help");
	}
}

/* 0: go on with *ret; else *ret_exit is the exit code. */
static int parse(int argc, char **argv, const char *help, settings *ret, int *ret_exit)
{
	settings s = {0};
	int opt = 0, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt);
	if (rc == 0 && !s.help && argc - optind != 2)
		rc = cof_cli_usage("FROM and TO are needed; see --help");
	if (s.help)
		(void)fputs(help, stdout);
	*ret = s;
	*ret_exit = rc;
	return s.help || rc != 0 ? -1 : 0;
}

/* --- what both do --- */

typedef struct work {
	const settings *s;
	cof_image_name from, to;
	cof_cli_depot_opts depot;
	cof_enc_keys *keys;
	cof_progress progress;
	cof_digest digest;
} work;

static void work_release(work *w)
{
	cof_image_name_release(&w->from);
	cof_image_name_release(&w->to);
	cof_cli_depot_opts_release(&w->depot);
	if (w->keys != NULL)
		cof_enc_keys_free(w->keys);
}
COF_DEFINE_AUTO(work, work_release)

/* The layer under way, and all of them. */
static void on_progress(void *arg, const cof_remake_step *at)
{
	work *w = arg;
	cof_progress_line lines[] = {{.done = at->done, .total = at->total},
				     {.what = "in all     ", .done = at->all_done, .total = at->all_total}};
	if (at->done < at->total && !cof_progress_due(&w->progress))
		return;
	(void)snprintf(lines[0].what, sizeof lines[0].what, "layer %2zu/%zu", at->layer + 1, at->n_layers);
	cof_progress_draw(&w->progress, lines, COF_COUNT(lines));
}

static int begin(work *w, char **args, cof_err *err)
{
	int r = cof_image_name_parse(args[0], COF_DEPOT_LAYOUT, &w->from, err);
	if (r == 0)
		r = cof_image_name_parse(args[1], COF_DEPOT_LAYOUT, &w->to, err);
	if (r == 0)
		r = cof_cli_depot_opts_load(&w->s->depot, &w->depot, err);
	return r < 0 ? r : cof_cli_keys_load(&w->s->keys, &w->keys, err);
}

static cof_remake_opts places(work *w)
{
	return (cof_remake_opts){.from = &w->from,
				 .to = &w->to,
				 .depot = &w->depot.opts,
				 .platform = w->s->depot.platform,
				 .progress = on_progress,
				 .progress_arg = w};
}

static int report(work *w, int rc, const cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_progress_clear(&w->progress);
	if (rc < 0)
		return cof_cli_fail(err, w->s->json);
	cof_digest_str(&w->digest, digest);
	if (!w->s->json) {
		(void)printf("%s\n", digest);
		return COF_EXIT_YES;
	}
	COF_AUTO_PTR(json_t) doc = json_pack("{s:b, s:s}", "ok", 1, "digest", digest);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

/* --- encrypt --- */

/* --key FILE --kid URI: the key is the recipient's, and opens nothing. */
static int add_kek(const work *w, cof_enc_to *to, cof_err *err)
{
	COF_AUTO(cof_buf) kek = {0};
	if (w->s->keys.n != 1)
		return cof_err_set(err, COF_E_USAGE, "usage", "--kid goes with one --key FILE");
	int r = cof_file_read(w->s->keys.at[0], COF_ENC_KEK_LEN, &kek, err);
	if (r == 0)
		r = cof_enc_to_add_kek(to, w->s->kid, cof_buf_span(&kek), err);
	cof_buf_wipe(&kek);
	return r;
}

static int encrypt(work *w, char **args, cof_err *err)
{
	COF_AUTO_PTR(cof_enc_to) to = NULL;
	int r = cof_enc_to_new(&to, err);
	for (size_t i = 0; r == 0 && i < w->s->n_recipients; i++)
		r = cof_enc_to_add(to, w->s->recipients[i], err);
	if (r == 0 && w->s->kid != NULL)
		r = add_kek(w, to, err);
	if (r == 0)
		r = begin(w, args, err);
	const cof_remake_opts where = places(w);
	const cof_encrypt_opts opts = {.to = to,
				       .keys = w->s->kid == NULL ? w->keys : NULL,
				       .allow_ctr = w->s->keys.allow_ctr,
				       .layers = w->s->layers,
				       .n_layers = w->s->n_layers};
	return r < 0 ? r : cof_encrypt_image(&where, &opts, &w->digest, err);
}

int cof_cmd_image_encrypt(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, encrypt_help, &s, &code) < 0)
		return code;
	COF_AUTO(work) w = {.s = &s, .progress = cof_progress_of(STDERR_FILENO, s.json)};
	int r = encrypt(&w, argv + optind, &err);
	return report(&w, r, &err);
}

/* --- decrypt --- */

static int decrypt(work *w, char **args, cof_err *err)
{
	int r = begin(w, args, err);
	if (r < 0)
		return r;
	const cof_remake_opts where = places(w);
	const cof_decrypt_opts opts = {.keys = w->keys, .allow_ctr = w->s->keys.allow_ctr};
	return cof_decrypt_image(&where, &opts, &w->digest, err);
}

int cof_cmd_image_decrypt(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, decrypt_help, &s, &code) < 0)
		return code;
	if (s.n_recipients > 0 || s.kid != NULL || s.n_layers > 0)
		return cof_cli_usage("decrypt takes --key and --kek alone");
	COF_AUTO(work) w = {.s = &s, .progress = cof_progress_of(STDERR_FILENO, s.json)};
	int r = decrypt(&w, argv + optind, &err);
	return report(&w, r, &err);
}
