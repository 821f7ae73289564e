/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "attestation/endorsements/bundle.h"
#include "attestation/refvalue/cosekey.h"
#include "attestation/verify/tdx_cert.h"
#include "common/file.h"
#include "common/ossl.h"
#include "runtime/cli/endorsements.h"
#include "runtime/cli/signkey.h"

static const char create_help[] =
	"Usage: coffer endorsements bundle create --output FILE --sign-key KEY [--pin-file FILE] [options]\n\n"
	"Puts all that the cache has and that still holds into one file, signed by KEY (a file in PEM, or "
	"pkcs11:…).\n\n"
	"  --cache DIR, --at TIME, --json\n";

static const char import_help[] = "Usage: coffer endorsements bundle import FILE --key FILE [options]\n\n"
				  "Takes a bundle into the cache: signed by the key (a public key or certificate in "
				  "PEM), and each endorsement in\n"
				  "it judged as if it came from the vendor. Nothing older replaces what is newer.\n\n"
				  "  --root FILE      the root of a vendor of your own, as for fetch\n"
				  "  --cache DIR, --at TIME, --json\n\n"
				  "Exit codes: 0 all was taken, 1 something was refused, 2 usage or environment.\n";

static const char *const create_words[] = {"cache", "output", "sign-key", "pin-file", "at", "json", NULL};
static const char *const import_words[] = {"cache", "key", "root", "at", "json", NULL};

/* --- create --- */

typedef struct packing {
	cof_bundle bundle;
	int64_t now;
} packing;

static int copy(const cof_endorsement *e, cof_endorsement *ret, cof_err *err)
{
	COF_AUTO(cof_endorsement) c = *e;
	c.body = (cof_buf){0};
	c.chain = (cof_buf){0};
	int rc = cof_buf_add(&c.body, e->body.data, e->body.len, err);
	if (rc == 0)
		rc = cof_buf_add(&c.chain, e->chain.data, e->chain.len, err);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (cof_endorsement){0};
	return 0;
}

static int pack_one(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err)
{
	packing *p = arg;
	COF_AUTO(cof_endorsement) c = {0};
	(void)damage;
	if (e == NULL || !cof_endorsement_holds(e, p->now))
		return 0;
	int rc = copy(e, &c, err);
	return rc < 0 ? rc : cof_bundle_add(&p->bundle, &c, err);
}

static int pack(const cof_endorsements_opts *o, packing *p, cof_err *err)
{
	COF_AUTO_FREE char *dir = NULL;
	COF_AUTO_PTR(cof_ecache) store = NULL;
	int rc = cof_endorsements_cache(o->cache, &dir, err);
	if (rc == 0)
		rc = cof_ecache_open(dir, false, &store, err);
	return rc < 0 ? rc : cof_ecache_each(store, pack_one, p, err);
}

static int sign(const cof_endorsements_opts *o, cof_bundle *b, cof_err *err)
{
	COF_AUTO(cof_signkey) key = {0};
	COF_AUTO(cof_buf) file = {0};
	const cof_signkey_in in = {.name = o->sign_key, .pin_file = o->pin_file};
	int rc = cof_signkey_load(&in, &key, err);
	if (rc == 0)
		rc = cof_bundle_sign(b, key.key, &file, err);
	return rc < 0 ? rc : cof_cli_write(o->output, cof_buf_span(&file), 0644, err);
}

static int report_bundle(const cof_bundle *b, bool json)
{
	COF_AUTO(cof_endorsements_report) r = {.json = json};
	cof_err err = {0};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < b->n; i++) {
		const cof_endorsements_line line = {.id = &b->e[i].id, .state = "packed", .e = &b->e[i]};
		rc = cof_endorsements_report_add(&r, &line, &err);
	}
	return rc < 0 ? cof_cli_fail(&err, json) : cof_endorsements_report_end(&r, NULL);
}

static int create(int argc, char **argv)
{
	cof_endorsements_opts o;
	cof_err err = {0};
	int code = cof_endorsements_options(argc, argv, create_words, 0, &o);
	if (code != 0)
		return code;
	if (o.help)
		return fputs(create_help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (o.output == NULL || o.sign_key == NULL)
		return cof_cli_usage("--output and --sign-key are needed");
	packing p = {.now = cof_endorsements_now(&o)};
	p.bundle.created = p.now;
	int rc = pack(&o, &p, &err);
	if (rc == 0)
		rc = sign(&o, &p.bundle, &err);
	/* A bundle on standard output is all that goes there. */
	bool silent = strcmp(o.output, "-") == 0;
	code = rc < 0 ? cof_cli_fail(&err, o.json) : silent ? COF_EXIT_YES : report_bundle(&p.bundle, o.json);
	cof_bundle_release(&p.bundle);
	return code;
}

/* --- import --- */

typedef struct unpacking {
	cof_buf file, key_pem, root;
	EVP_PKEY *key;
	cof_bundle bundle;
	cof_ecache *store;
	cof_endorsements_report report;
	cof_err worst;
} unpacking;

static void unpacking_release(unpacking *u)
{
	cof_buf_release(&u->file);
	cof_buf_release(&u->key_pem);
	cof_buf_release(&u->root);
	EVP_PKEY_free(u->key);
	cof_bundle_release(&u->bundle);
	cof_ecache_free(u->store);
	cof_endorsements_report_release(&u->report);
}
COF_DEFINE_AUTO(unpacking, unpacking_release)

static int open_bundle(const cof_endorsements_opts *o, unpacking *u, cof_err *err)
{
	COF_AUTO_FREE char *dir = NULL;
	int rc = cof_file_read(o->key, COF_COSE_PEM_MAX, &u->key_pem, err);
	if (rc == 0)
		rc = cof_cose_key_public(cof_buf_span(&u->key_pem), cof_endorsements_now(o), &u->key, err);
	if (rc == 0)
		rc = cof_cli_read(o->file, COF_BUNDLE_MAX, &u->file, err);
	if (rc == 0)
		rc = cof_bundle_open(cof_buf_span(&u->file), u->key, &u->bundle, err);
	if (rc == 0)
		rc = cof_endorsements_root(o, &u->root, err);
	if (rc == 0)
		rc = cof_endorsements_cache(o->cache, &dir, err);
	return rc < 0 ? rc : cof_ecache_open(dir, true, &u->store, err);
}

static int adopt(const cof_endorsements_opts *o, unpacking *u, cof_endorsement *e, cof_err *err)
{
	char name[COF_ENDORSE_NAME_MAX];
	cof_err why = {0};
	const cof_fetcher f = {.store = u->store, .root = cof_buf_span(&u->root), .now = cof_endorsements_now(o)};
	int rc = cof_fetch_adopt(&f, e, &why, err);
	const cof_endorsements_line line = {
		.id = &e->id, .state = why.reason[0] == '\0' ? "taken" : "refused", .e = e, .why = &why};
	if (rc == 0)
		rc = cof_endorsements_report_add(&u->report, &line, err);
	if (rc == 0 && why.reason[0] != '\0' && u->worst.reason[0] == '\0') {
		cof_endorse_name(&e->id, name);
		u->worst = why;
		(void)!cof_err_wrap(&u->worst, "%s", name);
	}
	return rc;
}

/* When it was packed is the owner's word, for people. */
static int say_age(const cof_bundle *b, cof_buf *ret, cof_err *err)
{
	char text[COF_TIME_TEXT_MAX];
	cof_time_text(b->created, text);
	return cof_buf_printf(ret, err, "bundle of %s\n", text);
}

static int import(int argc, char **argv)
{
	COF_AUTO(unpacking) u = {0};
	cof_endorsements_opts o;
	cof_err err = {0};
	int code = cof_endorsements_options(argc, argv, import_words, 1, &o);
	if (code == 0 && o.help)
		return fputs(import_help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (code != 0)
		return code;
	if (o.key == NULL)
		return cof_cli_usage("--key is needed: whose bundle it must be");
	u.report.json = o.json;
	int rc = open_bundle(&o, &u, &err);
	if (rc == 0)
		rc = say_age(&u.bundle, &u.report.text, &err);
	for (size_t i = 0; rc == 0 && i < u.bundle.n; i++)
		rc = adopt(&o, &u, &u.bundle.e[i], &err);
	return rc < 0 ? cof_cli_fail(&err, o.json) : cof_endorsements_report_end(&u.report, &u.worst);
}

const cof_verb cof_verbs_bundle[] = {
	{"create", "put what the cache has into one signed file", create},
	{"import", "take such a file into the cache", import},
	{NULL, NULL, NULL},
};
