/* SPDX-License-Identifier: Apache-2.0 */
/* coffer endorsements: the verbs, their options, and how they report. */
#include "runtime/cli/endorsements.h"

#include <getopt.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "attestation/verify/tdx_cert.h"
#include "common/file.h"
#include "runtime/cli/verify_options.h"

enum { ROOT_MAX = 64 << 10, LINE_STATE = 8 };

static int cmd_bundle(int argc, char **argv)
{
	return cof_cli_dispatch("coffer endorsements bundle", cof_verbs_bundle, argc, argv);
}

const cof_verb cof_verbs_endorsements[] = {
	{"fetch", "get what the vendors say of a report, a quote or a platform, into the cache",
	 cof_cmd_endorsements_fetch},
	{"show", "list what the cache has, of whom, and until when", cof_cmd_endorsements_show},
	{"bundle", "one signed file for sites without a network: create, import", cmd_bundle},
	{NULL, NULL, NULL},
};

/* --- options --- */

typedef enum kind { TEXT, FLAG, TIME, RESOLVE } kind;

static const struct {
	const char *name;
	kind kind;
	size_t offset;
} specs[] = {
#define AT(member) offsetof(cof_endorsements_opts, member)
	{"cache", TEXT, AT(cache)},	  {"report", TEXT, AT(report)}, {"product", TEXT, AT(product)},
	{"quote", TEXT, AT(quote)},	  {"fmspc", TEXT, AT(fmspc)},	{"ca", TEXT, AT(ca)},
	{"kds", TEXT, AT(kds)},		  {"pcs", TEXT, AT(pcs)},	{"pccs", TEXT, AT(pccs)},
	{"tls-ca", TEXT, AT(tls_ca)},	  {"proxy", TEXT, AT(proxy)},	{"resolve", RESOLVE, AT(resolves)},
	{"root", TEXT, AT(root)},	  {"output", TEXT, AT(output)}, {"sign-key", TEXT, AT(sign_key)},
	{"pin-file", TEXT, AT(pin_file)}, {"key", TEXT, AT(key)},	{"at", TIME, AT(at)},
	{"again", FLAG, AT(again)},	  {"json", FLAG, AT(json)},	{"help", FLAG, AT(help)},
#undef AT
};

static bool knows(const char *const *words, const char *name)
{
	for (; *words != NULL; words++) {
		if (strcmp(*words, name) == 0)
			return true;
	}
	return strcmp(name, "help") == 0;
}

/* 0, or an exit code after a message. */
static int take(size_t i, cof_endorsements_opts *o)
{
	uint8_t *member = (uint8_t *)o + specs[i].offset;
	const bool yes = true;
	const char *const text = optarg;
	cof_err err = {0};
	switch (specs[i].kind) {
	case TEXT:
		memcpy(member, &text, sizeof text);
		return 0;
	case FLAG:
		memcpy(member, &yes, sizeof yes);
		return 0;
	case TIME:
		o->has_at = true;
		return cof_verify_time(optarg, &o->at, &err) < 0 ? cof_cli_fail(&err, false) : 0;
	case RESOLVE:
		return cof_cli_add_resolve(&o->resolves, optarg, o->json);
	}
	return COF_EXIT_USAGE;
}

int cof_endorsements_options(int argc, char **argv, const char *const *words, int args, cof_endorsements_opts *ret)
{
	enum { FIRST = 0x100 };
	struct option longs[COF_COUNT(specs) + 1] = {0};
	cof_endorsements_opts o = {0};
	size_t n = 0;
	for (size_t i = 0; i < COF_COUNT(specs); i++) {
		if (knows(words, specs[i].name))
			longs[n++] =
				(struct option){specs[i].name, specs[i].kind == FLAG ? no_argument : required_argument,
						NULL, FIRST + (int)i};
	}
	int code = 0;
	optind = 0; /* starts anew: more than one list may be read in a process */
	for (int c; code == 0 && (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
		code = c >= FIRST ? take((size_t)(c - FIRST), &o) : cof_cli_usage("see --help");
	if (code == 0 && !o.help && argc - optind != args)
		code = cof_cli_usage("%s", args == 0 ? "it takes options alone (see --help)"
						     : "it takes one file (see --help)");
	o.file = optind < argc ? argv[optind] : NULL;
	*ret = o;
	return code;
}

int64_t cof_endorsements_now(const cof_endorsements_opts *o)
{
	return o->has_at ? o->at : (int64_t)time(NULL);
}

int cof_endorsements_cache(const char *asked, char **ret, cof_err *err)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (asked != NULL)
		return cof_path(ret, err, "%s", asked);
	if (cache != NULL && cache[0] == '/')
		return cof_path(ret, err, "%s/coffer/endorsements", cache);
	if (geteuid() == 0)
		return cof_path(ret, err, "/var/cache/coffer/endorsements");
	if (home != NULL && home[0] == '/')
		return cof_path(ret, err, "%s/.cache/coffer/endorsements", home);
	return cof_err_set(err, COF_E_USAGE, "usage", "no cache: name one with --cache DIR");
}

int cof_endorsements_root(const cof_endorsements_opts *o, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) file = {0};
	COF_AUTO_PTR(cof_x509) cert = NULL;
	/* What it vouches for would stand where AMD's and Intel's belongs. */
	if (o->root != NULL && o->cache == NULL)
		return cof_err_set(err, COF_E_USAGE, "usage", "--root goes with --cache DIR, a cache of its own");
	int rc = o->root == NULL ? 0 : cof_file_read(o->root, ROOT_MAX, &file, err);
	if (rc < 0 || o->root == NULL)
		return rc;
	rc = cof_tdx_cert_read(cof_buf_span(&file), &cert, err);
	if (rc < 0)
		return cof_err_wrap(err, "%s", o->root);
	return cof_buf_add(ret, cert->der.data, cert->der.len, err);
}

/* --- reporting --- */

void cof_endorsements_report_release(cof_endorsements_report *r)
{
	json_decref(r->list);
	cof_buf_release(&r->text);
	*r = (cof_endorsements_report){0};
}

static bool has_reason(const cof_err *e)
{
	return e != NULL && e->reason[0] != '\0';
}

static int put_facts(const cof_endorsement *e, json_t *o, cof_err *err)
{
	char text[COF_TIME_TEXT_MAX];
	cof_time_text(e->fetched, text);
	int rc = cof_json_set_str(o, "fetched", text, err);
	cof_time_text(cof_endorsement_refresh_at(e), text);
	if (rc == 0)
		rc = cof_json_set_str(o, "refresh", text, err);
	cof_time_text(e->expires, text);
	if (rc == 0)
		rc = cof_json_set_str(o, "expires", text, err);
	cof_time_text(e->issued, text);
	if (rc == 0 && e->issued > 0)
		rc = cof_json_set_str(o, "issued", text, err);
	if (rc == 0 && e->number > 0 && e->number <= INT64_MAX)
		rc = cof_json_set_new(o, "number", json_integer((json_int_t)e->number), err);
	return rc < 0 ? rc : cof_json_set_str(o, "source", e->source, err);
}

static int add_json(cof_endorsements_report *r, const cof_endorsements_line *l, const char *name, cof_err *err)
{
	json_t *o = json_object();
	if (r->list == NULL)
		r->list = json_array();
	if (r->list == NULL || json_array_append_new(r->list, o) < 0)
		return cof_err_oom(err);
	int rc = cof_json_set_str(o, "name", l->id != NULL ? name : NULL, err);
	if (rc == 0)
		rc = cof_json_set_str(o, "state", l->state, err);
	if (rc == 0 && l->e != NULL)
		rc = put_facts(l->e, o, err);
	if (rc == 0 && has_reason(l->why))
		rc = cof_json_set_str(o, "reason", l->why->reason, err);
	return rc < 0 || !has_reason(l->why) ? rc : cof_json_set_str(o, "message", l->why->text, err);
}

static int add_text(cof_endorsements_report *r, const cof_endorsements_line *l, const char *name, cof_err *err)
{
	char until[COF_TIME_TEXT_MAX];
	int rc = cof_buf_printf(&r->text, err, "%-*s  %s", LINE_STATE, l->state, name);
	if (rc == 0 && l->e != NULL) {
		cof_time_text(l->e->expires, until);
		rc = cof_buf_printf(&r->text, err, "\n          until %s, %s", until, l->e->source);
	}
	if (rc == 0 && has_reason(l->why))
		rc = cof_buf_printf(&r->text, err, "\n          %s: %s", l->why->reason, l->why->text);
	return rc < 0 ? rc : cof_buf_add_str(&r->text, "\n", err);
}

int cof_endorsements_report_add(cof_endorsements_report *r, const cof_endorsements_line *l, cof_err *err)
{
	char name[COF_ENDORSE_NAME_MAX] = "?";
	if (l->id != NULL)
		cof_endorse_name(l->id, name);
	return r->json ? add_json(r, l, name, err) : add_text(r, l, name, err);
}

static int print(const cof_endorsements_report *r, bool ok)
{
	cof_err err = {0};
	if (!r->json)
		return cof_cli_write(NULL, cof_buf_span(&r->text), 0, &err) < 0 ? cof_cli_fail(&err, false) : 0;
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:b, s:o}", "ok", ok, "endorsements", r->list != NULL ? json_incref(r->list) : json_array());
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

int cof_endorsements_report_end(const cof_endorsements_report *r, const cof_err *worst)
{
	int code = print(r, !has_reason(worst));
	return code == 0 && has_reason(worst) ? cof_cli_fail(worst, false) : code;
}
