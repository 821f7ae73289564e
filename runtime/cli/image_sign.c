/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image sign`: a signature that says "this image, by this name", stored beside the image. */
#include <getopt.h>

#include "image-decrypt/sigmake.h"
#include "runtime/cli/image.h"
#include "runtime/cli/signkey.h"

enum { OPT_KEY = 1000, OPT_PIN, OPT_IDENTITY, OPT_REFERRER, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	COF_CLI_DEPOT_ROWS,
	{"key", required_argument, NULL, OPT_KEY},
	{"pin-file", required_argument, NULL, OPT_PIN},
	{"identity", required_argument, NULL, OPT_IDENTITY},
	{"referrer", no_argument, NULL, OPT_REFERRER},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static const char usage[] =
	"Usage: coffer image sign IMAGE --key KEY [--pin-file FILE] [--identity NAME] [--referrer] [OPTIONS]\n\n"
	"Signs what the name stands for, all platforms of it, and stores the signature beside it, as cosign does.\n\n"
	"  --key KEY                     private key in PEM, or a pkcs11: URI\n"
	"  --pin-file FILE               its PIN or passphrase; the terminal is asked otherwise\n"
	"  --identity NAME               HOST/NAME[:TAG] that the signature is for; a registry's own HOST/NAME "
	"otherwise\n"
	"  --referrer                    a sigstore bundle that refers to the image, instead of the tag "
	"sha256-HEX.sig\n"
	"  --json                        the result for machines\n\n" COF_CLI_DEPOT_HELP;

typedef struct settings {
	cof_cli_depot depot;
	const char *key, *pin_file, *identity;
	bool referrer, json, help;
} settings;

static int set_option(settings *s, int opt)
{
	const char **text = opt == OPT_KEY	  ? &s->key
			    : opt == OPT_PIN	  ? &s->pin_file
			    : opt == OPT_IDENTITY ? &s->identity
						  : NULL;
	bool *flag = opt == OPT_REFERRER ? &s->referrer
		     : opt == OPT_JSON	 ? &s->json
		     : opt == OPT_HELP	 ? &s->help
					 : NULL;
	int code = 0;
	if (text != NULL)
		*text = optarg;
	else if (flag != NULL)
		*flag = true;
	else if (!cof_cli_depot_option(&s->depot, opt, optarg, s->json, &code))
		return cof_cli_usage("see --help");
	return code;
}

/* 0: go on with *ret; else *ret_exit is the exit code. */
static int parse(int argc, char **argv, settings *ret, int *ret_exit)
{
	settings s = {0};
	int opt = 0, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt);
	if (s.help)
		(void)fputs(usage, stdout);
	else if (rc == 0 && (argc - optind != 1 || s.key == NULL))
		rc = cof_cli_usage("coffer image sign IMAGE --key KEY (see --help)");
	*ret = s;
	*ret_exit = rc;
	return s.help || rc != 0 ? -1 : 0;
}

/* --- signing --- */

typedef struct work {
	const settings *s;
	cof_depot *place;
	cof_image_source source;
	cof_signkey key;
	cof_desc image;
	char identity[COF_REF_STR_MAX];
	cof_sigmade made;
	cof_digest stored; /* the signature's manifest */
	char tag[COF_SIG_TAG_MAX];
} work;

static void work_release(work *w)
{
	if (w->place != NULL)
		cof_depot_free(w->place);
	cof_signkey_release(&w->key);
	cof_desc_release(&w->image);
	cof_sigmade_release(&w->made);
}
COF_DEFINE_AUTO(work, work_release)

/* As it is written: a tag in it is signed too, and cosign's readers take one or none. */
static int take_identity(work *w, const cof_image_name *name, cof_err *err)
{
	cof_ref ref;
	if (w->s->identity == NULL && name->kind != COF_DEPOT_REGISTRY)
		return cof_err_set(err, COF_E_USAGE, "usage", "what is no registry has no name: --identity NAME");
	if (w->s->identity == NULL) {
		cof_ref_name(&name->registry, w->identity);
		return 0;
	}
	int r = cof_ref_parse(w->s->identity, &ref, err);
	if (r == 0)
		(void)snprintf(w->identity, sizeof w->identity, "%s", w->s->identity);
	return r;
}

/* Opened for reading first: a layout that is not there must not be made by a mistyped name. */
static int open_place(work *w, const char *text, cof_err *err)
{
	COF_AUTO(cof_image_name) name = {0};
	COF_AUTO_PTR(cof_depot) there = NULL;
	int r = cof_image_name_parse(text, COF_DEPOT_LAYOUT, &name, err);
	if (r == 0 && name.kind != COF_DEPOT_LAYOUT && name.kind != COF_DEPOT_REGISTRY)
		r = cof_err_set(err, COF_E_USAGE, "usage", "signatures are stored in layouts and registries");
	if (r == 0)
		r = take_identity(w, &name, err);
	if (r == 0)
		r = cof_cli_depot_open(&w->s->depot, text, COF_DEPOT_LAYOUT, false, &there, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_depot_source(there);
	r = cof_sigmake_subject(&source, cof_depot_wanted(there), &w->image, err);
	if (r == 0)
		r = cof_cli_depot_open(&w->s->depot, text, COF_DEPOT_LAYOUT, true, &w->place, err);
	if (r == 0)
		w->source = cof_depot_source(w->place);
	return r;
}

/* What the tag holds now; empty when it is not there. */
static int read_old(const work *w, const char *tag, cof_fetched *ret, cof_err *err)
{
	int r = w->source.manifest(w->source.arg, tag, ret, err);
	return r < 0 && cof_sig_is_absent(err) ? 0 : r;
}

static int store(work *w, const char *tag, cof_err *err)
{
	cof_digest d;
	int r = cof_depot_put(w->place, cof_buf_span(&w->made.body), &d, err);
	if (r == 0)
		r = cof_depot_put(w->place, cof_buf_span(&w->made.config), &d, err);
	return r < 0 ? r
		     : cof_depot_put_manifest(w->place, COF_SIGMAKE_MANIFEST, cof_buf_span(&w->made.manifest), tag,
					      &w->stored, err);
}

static int sign_by_tag(work *w, cof_err *err)
{
	COF_AUTO(cof_fetched) old = {0};
	cof_sig_tag(&w->image.digest, ".sig", w->tag);
	int r = read_old(w, w->tag, &old, err);
	if (r == 0)
		r = cof_sigmake_cosign(w->key.key, &w->image.digest, w->identity, cof_buf_span(&old.body), &w->made,
				       err);
	if (r == 0 && w->made.unchanged)
		return cof_digest_of(COF_SHA256, cof_buf_span(&old.body), &w->stored, err);
	return r < 0 ? r : store(w, w->tag, err);
}

/* Whether the place lists it by itself; one without lists has a tag that stands for them. */
static bool is_listed(const work *w)
{
	COF_AUTO(cof_fetched) list = {0};
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&w->stored, digest);
	return w->source.referrers != NULL && w->source.referrers(w->source.arg, &w->image.digest, &list, NULL) == 0 &&
	       list.body.len > 0 && strstr(cof_buf_str(&list.body), digest) != NULL;
}

static int sign_by_referrer(work *w, cof_err *err)
{
	COF_AUTO(cof_fetched) old = {0};
	COF_AUTO(cof_buf) list = {0};
	cof_digest d;
	int r = cof_sigmake_referrer(w->key.key, &w->image, w->identity, &w->made, err);
	if (r == 0)
		r = store(w, NULL, err);
	if (r < 0 || is_listed(w))
		return r;
	cof_sig_tag(&w->image.digest, "", w->tag);
	r = read_old(w, w->tag, &old, err);
	if (r == 0)
		r = cof_sigmake_list(cof_buf_span(&old.body), &w->made, &list, err);
	return r < 0 ? r : cof_depot_put_manifest(w->place, COF_SIGMAKE_INDEX, cof_buf_span(&list), w->tag, &d, err);
}

static int sign(work *w, const char *text, cof_err *err)
{
	const cof_signkey_in in = {.name = w->s->key, .pin_file = w->s->pin_file};
	int r = open_place(w, text, err);
	if (r == 0)
		r = cof_signkey_load(&in, &w->key, err);
	if (r == 0)
		r = w->s->referrer ? sign_by_referrer(w, err) : sign_by_tag(w, err);
	return r < 0 ? r : cof_depot_close(w->place, err);
}

static int report(const work *w, int rc, const cof_err *err)
{
	char image[COF_DIGEST_STR_MAX], stored[COF_DIGEST_STR_MAX];
	if (rc < 0)
		return cof_cli_fail(err, w->s->json);
	cof_digest_str(&w->image.digest, image);
	cof_digest_str(&w->stored, stored);
	if (!w->s->json) {
		(void)printf("%s %s as %s: %s\n", image, w->made.unchanged ? "was signed already" : "signed",
			     w->identity, stored);
		return COF_EXIT_YES;
	}
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:b, s:s, s:s, s:s, s:s*, s:b}", "ok", 1, "digest", image, "identity", w->identity,
			"signature", stored, "tag", w->tag[0] != '\0' ? w->tag : NULL, "unchanged", w->made.unchanged);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

int cof_cmd_image_sign(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, &s, &code) < 0)
		return code;
	COF_AUTO(work) w = {.s = &s};
	int r = sign(&w, argv[optind], &err);
	return report(&w, r, &err);
}
