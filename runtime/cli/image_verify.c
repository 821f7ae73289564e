/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image verify`: whether an image's signatures satisfy a key, a policy or both. */
#include <getopt.h>

#include "image-decrypt/sigfetch.h"
#include "runtime/cli/image.h"
#include "runtime/cli/image_given.h"
#include "runtime/cli/image_policy.h"

enum {
	OPT_KEY = 1000,
	OPT_IDENTITY,
	OPT_POLICY,
	OPT_SIGNATURE,
	OPT_PAYLOAD,
	OPT_BUNDLE,
	OPT_SIGNATURES,
	OPT_LOOKASIDE,
	OPT_ENCRYPTED,
	OPT_JSON,
	OPT_HELP
};

static const struct option options[] = {
	COF_CLI_DEPOT_ROWS,
	{"public-key", required_argument, NULL, OPT_KEY},
	{"identity", required_argument, NULL, OPT_IDENTITY},
	{"policy", required_argument, NULL, OPT_POLICY},
	{"signature", required_argument, NULL, OPT_SIGNATURE},
	{"payload", required_argument, NULL, OPT_PAYLOAD},
	{"bundle", required_argument, NULL, OPT_BUNDLE},
	{"signatures", required_argument, NULL, OPT_SIGNATURES},
	{"lookaside", required_argument, NULL, OPT_LOOKASIDE},
	{"require-encrypted", no_argument, NULL, OPT_ENCRYPTED},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static const char usage[] =
	"Usage: coffer image verify IMAGE [--public-key FILE] [--policy FILE] [--identity NAME] [OPTIONS]\n\n"
	"Says whether the image is signed as the key, the policy, or each of both asks.\n\n"
	"  --public-key FILE             PEM (cosign) or an OpenPGP keyring (simple signing)\n"
	"  --policy FILE                 containers-policy.json\n"
	"  --identity NAME               HOST/NAME[:TAG][@DIGEST] that the signature must be for; the image's own "
	"otherwise\n"
	"  --signature FILE              an OpenPGP signed message, or cosign's base64; instead of those beside the "
	"image\n"
	"  --payload FILE                what cosign's signature in FILE is over; the usual payload for NAME "
	"otherwise\n"
	"  --bundle FILE                 a sigstore bundle, likewise\n"
	"  --signatures IMAGE            the signature manifest to look into, instead of the tag sha256-HEX.sig\n"
	"  --lookaside DIR               simple signing signatures as DIR/NAME@sha256=HEX/signature-N\n"
	"  --require-encrypted           and every layer must be encrypted\n"
	"  --json                        the result for machines\n\n" COF_CLI_DEPOT_HELP;

typedef struct settings {
	cof_cli_depot depot;
	const char *key, *identity, *policy, *signature, *payload, *bundle, *signatures, *lookaside;
	bool require_encrypted, json, help;
} settings;

static const char **text_option(settings *s, int opt)
{
	const struct {
		int opt;
		const char **to;
	} table[] = {
		{OPT_KEY, &s->key},
		{OPT_IDENTITY, &s->identity},
		{OPT_POLICY, &s->policy},
		{OPT_SIGNATURE, &s->signature},
		{OPT_PAYLOAD, &s->payload},
		{OPT_BUNDLE, &s->bundle},
		{OPT_SIGNATURES, &s->signatures},
		{OPT_LOOKASIDE, &s->lookaside},
	};
	for (size_t i = 0; i < COF_COUNT(table); i++)
		if (table[i].opt == opt)
			return table[i].to;
	return NULL;
}

static int set_option(settings *s, int opt)
{
	const char **text = text_option(s, opt);
	int code = 0;
	if (text != NULL)
		*text = optarg;
	else if (opt == OPT_ENCRYPTED)
		s->require_encrypted = true;
	else if (opt == OPT_JSON)
		s->json = true;
	else if (opt == OPT_HELP)
		s->help = true;
	else if (!cof_cli_depot_option(&s->depot, opt, optarg, s->json, &code))
		return cof_cli_usage("see --help");
	return code;
}

static int check_settings(const settings *s)
{
	if (s->key == NULL && s->policy == NULL)
		return cof_cli_usage("coffer image verify wants --public-key or --policy");
	if ((s->signature != NULL) + (s->bundle != NULL) + (s->signatures != NULL) > 1)
		return cof_cli_usage("--signature, --bundle and --signatures are three places: one of them");
	if (s->payload != NULL && s->signature == NULL)
		return cof_cli_usage("--payload belongs to --signature");
	return 0;
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
	else if (rc == 0)
		rc = argc - optind == 1 ? check_settings(&s) : cof_cli_usage("coffer image verify IMAGE (see --help)");
	*ret = s;
	*ret_exit = rc;
	return s.help || rc != 0 ? -1 : 0;
}

/* --- where signatures lie --- */

/* One manifest, where cosign's tag would be: the judge looks there by itself. */
typedef struct elsewhere {
	cof_image_source inner;
	const char *wanted;
	char tag[COF_SIG_TAG_MAX];
} elsewhere;

static int elsewhere_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const elsewhere *e = arg;
	if (strcmp(wanted, e->tag) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "tag-missing", "only one place is looked at, not %s", wanted);
	return e->inner.manifest(e->inner.arg, e->wanted, ret, err);
}

static int elsewhere_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const elsewhere *e = arg;
	return e->inner.blob(e->inner.arg, d, max, ret, err);
}

typedef struct work {
	const settings *s;
	cof_image_name name;
	cof_image image;
	cof_cli_given given;
	cof_sig_report report;
} work;

/* On the heap: names of images are long. */
static void work_free(work *w)
{
	cof_image_name_release(&w->name);
	cof_image_release(&w->image);
	cof_cli_given_release(&w->given);
	free(w);
}
COF_DEFINE_AUTO_PTR(work, work_free)

/* The name that signatures in files are for: the one given, else a registry's own. */
static int name_of(const work *w, cof_ref *ret, bool *ret_known, cof_err *err)
{
	*ret_known = w->s->identity != NULL || w->name.kind == COF_DEPOT_REGISTRY;
	if (w->s->identity != NULL)
		return cof_cli_image_identity(w->s->identity, ret, err);
	if (*ret_known)
		*ret = w->name.registry;
	return 0;
}

static int collect(work *w, cof_err *err)
{
	const settings *s = w->s;
	cof_ref name = {0};
	bool known = false;
	int r = name_of(w, &name, &known, err);
	const cof_ref *known_name = known ? &name : NULL;
	if (r == 0 && s->signature != NULL)
		r = cof_cli_given_signature(&w->given, s->signature, s->payload, &w->image.asked, known_name, err);
	if (r == 0 && s->bundle != NULL)
		r = cof_cli_given_bundle(&w->given, s->bundle, err);
	if (r == 0 && s->lookaside != NULL)
		r = cof_cli_given_lookaside(&w->given, s->lookaside, &w->image.asked, known_name, err);
	if (r == 0 && s->lookaside != NULL && !cof_digest_equal(&w->image.asked, &w->image.digest))
		r = cof_cli_given_lookaside(&w->given, s->lookaside, &w->image.digest, known_name, err);
	return r;
}

static int judge(work *w, const cof_image_source *source, cof_err *err)
{
	const settings *s = w->s;
	COF_AUTO_PTR(cof_depot) place = NULL;
	elsewhere e;
	cof_image_source other = {.arg = &e, .manifest = elsewhere_manifest, .blob = elsewhere_blob};
	int r = 0;
	if (s->signatures != NULL) {
		r = cof_cli_depot_open(&s->depot, s->signatures, COF_DEPOT_LAYOUT, false, &place, err);
		if (r < 0)
			return r;
		e = (elsewhere){.inner = cof_depot_source(place), .wanted = cof_depot_wanted(place)};
		cof_sig_tag(&w->image.asked, ".sig", e.tag);
		source = &other;
	} else if (s->signature != NULL || s->bundle != NULL) {
		source = NULL;
	}
	const cof_cli_judge in = {.policy_file = s->policy,
				  .key_file = s->key,
				  .name = &w->name,
				  .identity = s->identity,
				  .source = source,
				  .image = &w->image,
				  .given = w->given.list,
				  .n_given = w->given.n};
	return cof_cli_image_judge(&in, &w->report, err);
}

static int verify(work *w, const char *text, cof_err *err)
{
	const settings *s = w->s;
	COF_AUTO_PTR(cof_depot) from = NULL;
	int r = cof_image_name_parse(text, COF_DEPOT_LAYOUT, &w->name, err);
	if (r == 0)
		r = cof_cli_depot_open(&s->depot, text, COF_DEPOT_LAYOUT, false, &from, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_depot_source(from);
	r = cof_image_load(&source, cof_depot_wanted(from), s->depot.platform, &w->image, err);
	if (r == 0 && s->require_encrypted)
		r = cof_image_require_encrypted(&w->image, err);
	if (r == 0)
		r = collect(w, err);
	return r < 0 ? r : judge(w, &source, err);
}

/* --- the result --- */

static int print_text(const work *w, const char *digest)
{
	const cof_sig_report *r = &w->report;
	if (r->kind == COF_SIG_NONE)
		(void)printf("%s accepted: the policy asks for no signature (%s)\n", digest,
			     r->scope[0] != '\0' ? r->scope : "default");
	else
		(void)printf("%s signed (%s) by %s%s%s\n", digest, cof_sig_kind_name(r->kind), r->key,
			     r->identity[0] != '\0' ? " as " : "", r->identity);
	return COF_EXIT_YES;
}

static int report(const work *w, int rc, const cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX], asked[COF_DIGEST_STR_MAX];
	if (rc < 0)
		return cof_cli_fail(err, w->s->json);
	cof_digest_str(&w->image.digest, digest);
	cof_digest_str(&w->image.asked, asked);
	if (!w->s->json)
		return print_text(w, asked);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:b, s:s, s:s, s:o}", "ok", 1, "digest", digest, "asked", asked, "signature",
			cof_cli_image_signature(&w->report));
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

int cof_cmd_image_verify(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, &s, &code) < 0)
		return code;
	COF_AUTO_PTR(work) w = calloc(1, sizeof *w);
	int r = w == NULL ? cof_err_oom(&err) : 0;
	if (r < 0)
		return cof_cli_fail(&err, s.json);
	w->s = &s;
	r = verify(w, argv[optind], &err);
	return report(w, r, &err);
}
