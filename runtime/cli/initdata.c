/* SPDX-License-Identifier: Apache-2.0 */
#include "common/initdata.h"

#include <getopt.h>
#include <string.h>

#include "common/file.h"
#include "common/kbs_proto.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/initdata_image.h"

enum { POLICY_MAX = 256 << 10, IMAGES_MAX = 16, RESOURCES_MAX = 64 };

typedef struct make_opts {
	const char *kbs, *kbs_ca, *policy, *output, *algorithm, *scratch;
	cof_initdata_image image;
	const char *images[IMAGES_MAX];
	size_t n_images;
	const char *resources[RESOURCES_MAX];
	size_t n_resources;
	bool require_encrypted, json, help;
} make_opts;

static const char make_help[] =
	"Usage: coffer initdata make --kbs URL --kbs-ca FILE --image NAME@sha256:DIGEST [options]\n\n"
	"Writes the owner's initdata: which key broker, which roots, and the whole of what the host may ask for.\n"
	"Register the digest that it prints with the key broker.\n\n"
	"  --kbs URL           key broker, https\n"
	"  --kbs-ca FILE       its root certificates, PEM\n"
	"  --image REF         image that may run, pinned by digest; may be repeated\n"
	"  --resource PATTERN  what the workload may fetch from the key broker, REPO/TYPE/TAG, \"*\" for any one "
	"part;\n"
	"                      may be repeated\n"
	"  --policy FILE       coffer-policy/1 instead of the one made from --image: the image as it is, output "
	"readable,\n"
	"                      signals 1, 2, 9 and 15, no exec, no input\n"
	"  --scratch RULE      what a scratch disk must be: integrity (default), encrypted, or no\n"
	"  --require-encrypted an image with a layer that is not encrypted is refused\n"
	"  --registry-ca FILE  root certificates of the registry, PEM\n"
	"  --registry-login URI  kbs:///REPO/TYPE/TAG of an auth file, docker's config.json, for the registry\n"
	"  --registry-mirror HOST=URL  an https place to ask before HOST; may be repeated\n"
	"  --registry-proxy URL  HTTP proxy on the way to registries\n"
	"  --no-proxy LIST     hosts that are reached without it, separated by commas\n"
	"  --signature-policy URI|FILE  containers-policy.json that images must satisfy: kbs:///REPO/TYPE/TAG, or a "
	"file\n"
	"                      that becomes part of initdata\n"
	"  --algorithm NAME    sha256 (default), sha384, sha512\n"
	"  --output FILE       where to write it (default: stdout; the digest then goes to stderr)\n"
	"  --json              print the digest as JSON\n";

/* --- policy --- */

static int usage(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_USAGE, "usage", "%s (see --help)", what);
}

static int container_entry(const char *ref, bool encrypted, json_t **ret, cof_err *err)
{
	cof_digest d;
	const char *at = strrchr(ref, '@');
	if (at == NULL || at == ref || cof_digest_parse(at + 1, &d, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "image-not-pinned", "%.200s is not NAME@sha256:DIGEST", ref);
	*ret = json_pack("{s:s%, s:s}", "image", ref, (size_t)(at - ref), "digest", at + 1);
	if (*ret == NULL)
		return cof_err_oom(err);
	return encrypted ? cof_json_set_new(*ret, "require_encrypted", json_true(), err) : 0;
}

static int resource_list(const make_opts *o, json_t *policy, cof_err *err)
{
	json_t *list = json_array();
	int r = cof_json_set_new(policy, "resources", list, err);
	for (size_t i = 0; r == 0 && i < o->n_resources; i++) {
		if (!cof_kbsp_pattern_ok(o->resources[i]))
			return cof_err_set(err, COF_E_USAGE, "resource-path", "%.200s is not REPO/TYPE/TAG",
					   o->resources[i]);
		if (json_array_append_new(list, json_string(o->resources[i])) < 0)
			return cof_err_oom(err);
	}
	return r;
}

static int default_policy(const make_opts *o, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	if (list == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < o->n_images; i++) {
		json_t *entry = NULL;
		int r = container_entry(o->images[i], o->require_encrypted, &entry, err);
		if (r < 0)
			return r;
		if (json_array_append_new(list, entry) < 0)
			return cof_err_oom(err);
	}
	COF_AUTO_PTR(json_t)
	policy = json_pack("{s:s, s:O, s:[i,i,i,i], s:b, s:b, s:b}", "format", "coffer-policy/1", "containers", list,
			   "signals", 1, 2, 9, 15, "stdin", 0, "stdout", 1, "stderr", 1);
	int r = policy != NULL ? resource_list(o, policy, err) : cof_err_oom(err);
	if (r == 0 && o->scratch != NULL)
		r = cof_json_set_str(policy, "scratch", o->scratch, err);
	return r < 0 ? r : cof_json_dump_pretty(policy, ret, err);
}

static int policy_text(const make_opts *o, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) checked = NULL;
	if (o->policy == NULL)
		return default_policy(o, ret, err);
	int r = cof_file_read(o->policy, POLICY_MAX, ret, err);
	if (r == 0)
		r = cof_json_parse(cof_buf_span(ret), &checked, err);
	return r < 0 ? cof_err_wrap(err, "policy %s", o->policy) : 0;
}

/* --- the TOML document --- */

/* A literal text keeps every byte; it cannot hold three quotes or control characters, and neither can any of ours. */
static int literal(cof_buf *to, const char *key, const char *text, cof_err *err)
{
	for (const char *c = text; *c != 0; c++)
		if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f)
			return cof_err_set(err, COF_E_USAGE, "bad-initdata", "%s: control characters", key);
	if (strstr(text, "'''") != NULL)
		return cof_err_set(err, COF_E_USAGE, "bad-initdata", "%s: three quotes in a row", key);
	const char *end = text[0] != 0 && text[strlen(text) - 1] == '\n' ? "" : "\n";
	return cof_buf_printf(to, err, "\"%s\" = '''\n%s%s'''\n", key, text, end);
}

static int aa_toml(const make_opts *o, cof_buf *to, cof_err *err)
{
	int r = cof_buf_printf(to, err, "[token_configs.kbs]\nurl = \"%s\"\n", o->kbs);
	return r < 0 ? r : cof_initdata_pem(to, "cert = ", o->kbs_ca, "", err);
}

static int cdh_toml(const make_opts *o, cof_buf *to, cof_err *err)
{
	int r = cof_buf_printf(to, err, "[kbc]\nname = \"cc_kbc\"\nurl = \"%s\"\n", o->kbs);
	if (r == 0)
		r = cof_initdata_pem(to, "kbs_cert = ", o->kbs_ca, "", err);
	return r < 0 ? r : cof_initdata_image_toml(&o->image, to, err);
}

static int document(const make_opts *o, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) aa = {0};
	COF_AUTO(cof_buf) cdh = {0};
	COF_AUTO(cof_buf) policy = {0};
	int r = aa_toml(o, &aa, err);
	if (r == 0)
		r = cdh_toml(o, &cdh, err);
	if (r == 0)
		r = policy_text(o, &policy, err);
	if (r == 0)
		r = cof_buf_printf(ret, err, "version = \"0.1.0\"\nalgorithm = \"%s\"\n\n[data]\n", o->algorithm);
	if (r == 0)
		r = literal(ret, "aa.toml", cof_buf_str(&aa), err);
	if (r == 0)
		r = literal(ret, "cdh.toml", cof_buf_str(&cdh), err);
	return r < 0 ? r : literal(ret, "policy.json", cof_buf_str(&policy), err);
}

/* --- make --- */

static int take(make_opts *o, int opt, cof_err *err)
{
	const char **const texts[] = {
		&o->kbs,	   &o->kbs_ca,	&o->policy,	 &o->image.registry_ca,	     &o->output,
		&o->algorithm,	   &o->scratch, &o->image.login, &o->image.signature_policy, &o->image.proxy,
		&o->image.no_proxy};
	if (opt >= 0 && opt < (int)COF_COUNT(texts)) {
		*texts[opt] = optarg;
		return 0;
	}
	if (opt == 'i') {
		if (o->n_images >= IMAGES_MAX)
			return usage(err, "too many images");
		o->images[o->n_images++] = optarg;
		return 0;
	}
	if (opt == 'r') {
		if (o->n_resources >= RESOURCES_MAX)
			return usage(err, "too many resources");
		o->resources[o->n_resources++] = optarg;
		return 0;
	}
	if (opt == 'm') {
		if (o->image.n_mirrors >= COF_INITDATA_MIRRORS_MAX)
			return usage(err, "too many mirrors");
		o->image.mirrors[o->image.n_mirrors++] = optarg;
		return 0;
	}
	o->require_encrypted = o->require_encrypted || opt == 'e';
	o->json = o->json || opt == 'j';
	o->help = o->help || opt == 'h';
	return opt == 'j' || opt == 'h' || opt == 'e' ? 0 : usage(err, "an option that is none, or without its value");
}

static int check(const make_opts *o, int left, cof_err *err)
{
	if (left != 0)
		return usage(err, "no plain arguments are wanted");
	if (o->kbs == NULL || o->kbs_ca == NULL)
		return usage(err, "--kbs and --kbs-ca are required");
	if (o->n_images == 0 && o->policy == NULL)
		return usage(err, "--image or --policy is required");
	if ((o->n_images != 0 || o->n_resources != 0 || o->scratch != NULL || o->require_encrypted) &&
	    o->policy != NULL)
		return usage(err,
			     "--policy says itself what --image, --resource, --scratch and --require-encrypted do");
	if (o->scratch != NULL && strcmp(o->scratch, "integrity") != 0 && strcmp(o->scratch, "encrypted") != 0 &&
	    strcmp(o->scratch, "no") != 0)
		return usage(err, "--scratch is integrity, encrypted or no");
	if (strncmp(o->kbs, "https://", 8) != 0 || strpbrk(o->kbs, "\"'\\ \n\r\t") != NULL)
		return usage(err, "--kbs wants an https URL");
	return 0;
}

static int parse_make(int argc, char **argv, make_opts *o, cof_err *err)
{
	static const struct option options[] = {
		{"kbs", required_argument, NULL, 0},
		{"kbs-ca", required_argument, NULL, 1},
		{"policy", required_argument, NULL, 2},
		{"registry-ca", required_argument, NULL, 3},
		{"output", required_argument, NULL, 4},
		{"algorithm", required_argument, NULL, 5},
		{"scratch", required_argument, NULL, 6},
		{"image", required_argument, NULL, 'i'},
		{"registry-login", required_argument, NULL, 7},
		{"signature-policy", required_argument, NULL, 8},
		{"registry-proxy", required_argument, NULL, 9},
		{"no-proxy", required_argument, NULL, 10},
		{"registry-mirror", required_argument, NULL, 'm'},
		{"require-encrypted", no_argument, NULL, 'e'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{"resource", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	int opt = 0;
	int r = 0;
	optind = 0;
	opterr = 0;
	while (r == 0 && !o->help && (opt = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		r = take(o, opt, err);
	return r < 0 || o->help ? r : check(o, argc - optind, err);
}

static int print_digest(const cof_initdata *d, bool json, FILE *to)
{
	char text[COF_DIGEST_STR_MAX];
	cof_digest_str(&d->digest, text);
	if (!json)
		return fprintf(to, "%s\n", text) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	COF_AUTO_PTR(json_t) v = json_pack("{s:b, s:s}", "ok", 1, "initdata_digest", text);
	return v != NULL ? cof_cli_print_json(v) : COF_EXIT_USAGE;
}

static int cmd_make(int argc, char **argv)
{
	COF_AUTO(cof_buf) toml = {0};
	COF_AUTO(cof_initdata) d = {0};
	make_opts o = {.algorithm = "sha256"};
	cof_err err = {0};
	int r = parse_make(argc, argv, &o, &err);
	if (r == 0 && o.help)
		return fputs(make_help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (r == 0)
		r = document(&o, &toml, &err);
	if (r == 0)
		r = cof_initdata_parse(cof_buf_span(&toml), &d, &err);
	if (r == 0)
		r = cof_cli_write(o.output, cof_buf_span(&toml), 0644, &err);
	if (r < 0)
		return cof_cli_fail(&err, o.json);
	bool to_file = o.output != NULL && strcmp(o.output, "-") != 0;
	return print_digest(&d, o.json && to_file, to_file ? stdout : stderr);
}

/* --- digest, show --- */

static int load(const char *path, cof_buf *toml, cof_initdata *ret, cof_err *err)
{
	int r = cof_cli_read(path, COF_INITDATA_MAX, toml, err);
	return r < 0 ? r : cof_initdata_parse(cof_buf_span(toml), ret, err);
}

/* 0: go on; 1: help was printed; negative: usage. */
static int file_and_json(int argc, char **argv, const char *help, const char **ret_file, bool *ret_json, cof_err *err)
{
	*ret_file = NULL;
	*ret_json = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return fputs(help, stdout) < 0 ? usage(err, "stdout") : 1;
		if (strcmp(argv[i], "--json") == 0)
			*ret_json = true;
		else if (*ret_file == NULL)
			*ret_file = argv[i];
		else
			return usage(err, "one file is wanted");
	}
	return *ret_file != NULL ? 0 : usage(err, "a file is wanted");
}

static int cmd_digest(int argc, char **argv)
{
	COF_AUTO(cof_buf) toml = {0};
	COF_AUTO(cof_initdata) d = {0};
	const char *file = NULL;
	cof_err err = {0};
	bool json = false;
	int r = file_and_json(argc, argv, "Usage: coffer initdata digest [--json] FILE\n", &file, &json, &err);
	if (r > 0)
		return COF_EXIT_YES;
	if (r == 0)
		r = load(file, &toml, &d, &err);
	return r < 0 ? cof_cli_fail(&err, json) : print_digest(&d, json, stdout);
}

static int cmd_show(int argc, char **argv)
{
	COF_AUTO(cof_buf) toml = {0};
	COF_AUTO(cof_initdata) d = {0};
	const char *file = NULL;
	char digest[COF_DIGEST_STR_MAX];
	cof_err err = {0};
	bool json = false;
	int r = file_and_json(argc, argv, "Usage: coffer initdata show [--json] FILE\n", &file, &json, &err);
	if (r > 0)
		return COF_EXIT_YES;
	if (r == 0)
		r = load(file, &toml, &d, &err);
	if (r < 0)
		return cof_cli_fail(&err, json);
	cof_digest_str(&d.digest, digest);
	COF_AUTO_PTR(json_t)
	v = json_pack("{s:s, s:s, s:O}", "digest", digest, "algorithm", cof_hash_name(d.alg), "data", d.data);
	if (v == NULL)
		return COF_EXIT_USAGE;
	if (json)
		return cof_cli_print_json(v);
	const char *name = NULL;
	json_t *text = NULL;
	(void)printf("digest %s\n", digest);
	json_object_foreach (d.data, name, text)
		(void)printf("--- %s\n%s", name, json_string_value(text));
	return COF_EXIT_YES;
}

const cof_verb cof_verbs_initdata[] = {
	{"make", "write the initdata of a workload and print its digest", cmd_make},
	{"digest", "print the digest that the key broker registers", cmd_digest},
	{"show", "print what an initdata document says", cmd_show},
	{NULL, NULL, NULL},
};
