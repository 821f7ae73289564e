/* SPDX-License-Identifier: Apache-2.0 */
/* coffer verify: reads the files and the clock; what they say is judged elsewhere, by pure functions. */
#include "common/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/verify_guess.h"
#include "runtime/cli/verify_options.h"
#include "runtime/cli/verify_table.h"

#include <time.h>
#include <unistd.h>

enum { EVIDENCE_MAX = 16 << 20, POLICY_MAX = 256 << 10 };

static const char help[] =
	"Usage: coffer verify KIND [--ROLE FILE]... [options]\n"
	"       coffer verify FILE [--cache DIR] [--ROLE FILE]... [options]\n"
	"       coffer verify --list\n\n"
	"Judges one piece of evidence, offline: nothing but the named files is read. --list names the kinds and\n"
	"their roles; a role's \"_\" is \"-\" in its option. With a file in the place of the kind, the kind is what "
	"the\n"
	"file looks like, and what the vendor says of it comes from the cache (coffer endorsements fetch).\n\n"
	"  --ROLE FILE          the file of a role\n"
	"  --trust-anchor FILE  a root to believe, the same as --root, --ek-root or --ark\n"
	"  --ref FILE           reports and quotes: reference values, a CoRIM that its author signed; one entry of\n"
	"                       these must match. This option and the next two may be given several times\n"
	"  --ref-key FILE       the author's key (PEM, JWK), or a document of authors and of what each may speak for\n"
	"  --ref-unsigned FILE  reference values that are believed because they are named here: CoRIM, coffer's\n"
	"                       documents, RVPS values\n"
	"  --cache DIR          the cache, for a FILE ($XDG_CACHE_HOME/coffer/endorsements; root's: "
	"/var/cache/coffer/…)\n"
	"  --policy FILE        what is demanded, as a JSON object (docs/verifying.md); nothing more is without it\n"
	"  --at TIME            judge as of then (2026-01-31T23:59:59Z) and not as of this machine's clock\n"
	"  --ear FILE           write the verdict as a signed attestation result (JWT); \"-\": standard output\n"
	"  --cwt FILE           the same as CWT\n"
	"  --sign-key FILE|URI  who signs it: P-256 or P-384, PEM or pkcs11:...; --pin-file FILE for its PIN\n"
	"  --audience TEXT      for whom it is\n"
	"  --lifetime SECONDS   how long it holds: 1 to 3600 (default: 300)\n"
	"  --ear-profile NAME   ietf (default), or of a JWT veraison or coco\n"
	"  --tee-pubkey FILE    the guest's key, whose digest the report data must hold; it goes into the result\n"
	"  --json               print verdict, reason, checks and fields as JSON\n\n"
	"Exit codes: 0 accepted, 1 refused or no reference value matches (the reason is on stderr), 2 usage or "
	"environment.\n";

/* Too large for a stack. */
typedef struct work {
	cof_buf bytes[COF_VERIFY_ROLES_MAX];
	cof_verify_guess guess; /* no kind: it was named */
	cof_role_file files[COF_VERIFY_ROLES_MAX + 1 + COF_ENDORSE_ROLES_MAX];
	size_t n_files;
	json_t *policy;
	int64_t now;
	cof_verdict verdict;
	json_t *runtime; /* of --tee-pubkey */
} work;

static void work_free(work *w)
{
	for (size_t i = 0; i < COF_VERIFY_ROLES_MAX; i++)
		cof_buf_release(&w->bytes[i]);
	cof_verify_guess_release(&w->guess);
	json_decref(w->policy);
	json_decref(w->runtime);
	cof_verdict_release(&w->verdict);
	free(w);
}
COF_DEFINE_AUTO_PTR(work, work_free)

/* --- what is read --- */

static int read_files(const cof_verify_opts *o, work *w, cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < o->n_files; i++) {
		r = cof_cli_read(o->files[i].path, EVIDENCE_MAX, &w->bytes[i], err);
		w->files[w->n_files++] = (cof_role_file){o->files[i].role, cof_buf_span(&w->bytes[i])};
	}
	return r;
}

/* The first argument, where it is a file and no kind. */
static int guess(int argc, char **argv, work *w, cof_verify_opts *o, cof_err *err)
{
	if (argc < 2 || argv[1][0] == '-' || cof_kind_find(argv[1], &o->kind, NULL) == 0) {
		o->kind = NULL;
		return 0;
	}
	int r = cof_verify_guess_file(argv[1], &w->guess, err);
	o->kind = w->guess.kind;
	return r;
}

/* The file, and what the cache has for it. */
static int add_guess(const cof_verify_opts *o, work *w, cof_err *err)
{
	cof_verify_guess *g = &w->guess;
	if (g->kind == NULL)
		return 0;
	int r = cof_verify_guess_load(o->cache, w->files, w->n_files, g, &w->verdict.checks, err);
	w->files[w->n_files++] = (cof_role_file){g->role, g->evidence};
	for (size_t i = 0; i < g->files.n; i++)
		w->files[w->n_files++] = g->files.file[i];
	return r;
}

static int read_policy(const cof_verify_opts *o, work *w, cof_err *err)
{
	if (o->policy == NULL)
		return 0;
	int r = cof_json_read_file(o->policy, POLICY_MAX, &w->policy, err);
	if (r == 0 && !json_is_object(w->policy))
		r = cof_err_set(err, COF_E_USAGE, "policy-word", "a policy is a JSON object");
	return r < 0 ? cof_err_wrap(err, "policy %s", o->policy) : 0;
}

static int judge(const cof_verify_opts *o, work *w, cof_err *err)
{
	int r = read_files(o, w, err);
	if (r == 0)
		r = read_policy(o, w, err);
	if (r == 0)
		r = add_guess(o, w, err);
	/* Without what the vendor says there is nothing more to judge. */
	if (r == 0 && w->verdict.checks.n > 0)
		return 0;
	const cof_verify_in in = {.files = w->files, .n_files = w->n_files, .policy = w->policy, .now = w->now};
	return r < 0 ? r : cof_verify(o->kind, &in, &w->verdict, err);
}

/* --- what is said --- */

static const char *anchor_of(const cof_verify_opts *o)
{
	for (size_t i = 0; i < o->n_files; i++) {
		if (cof_verify_is_anchor(o->files[i].role))
			return o->files[i].path;
	}
	return NULL;
}

static int json_text(const cof_verify_opts *o, const cof_verdict *v, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) j = NULL;
	int r = cof_verdict_json(o->kind, v, &j, err);
	if (r == 0 && anchor_of(o) != NULL)
		r = cof_json_set_str(j, "trust_anchor", "named-by-hand", err);
	return r < 0 ? r : cof_json_dump_pretty(j, ret, err);
}

static int say(const cof_verify_opts *o, work *w, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	cof_verify_outcome out = {o->kind, w->policy, w->now, &w->verdict, NULL};
	int r = cof_verify_result_bind(&o->result, &out, err);
	w->runtime = out.runtime;
	if (r < 0)
		return r;
	if (o->result.ear != NULL || o->result.cwt != NULL)
		return cof_verify_result_write(&o->result, &out, err);
	r = o->json ? json_text(o, &w->verdict, &text, err)
		    : cof_verify_table(o->kind, &w->verdict, anchor_of(o), &text, err);
	return r < 0 ? r : cof_fd_write_all(STDOUT_FILENO, cof_buf_span(&text), err);
}

static int put_roles(const char *const *roles, const char *before, const char *after, cof_buf *b, cof_err *err)
{
	int r = 0;
	for (; r == 0 && *roles != NULL; roles++) {
		r = cof_buf_printf(b, err, " %s--", before);
		for (const char *c = *roles; r == 0 && *c != '\0'; c++)
			r = cof_buf_printf(b, err, "%c", *c == '_' ? '-' : *c);
		if (r == 0)
			r = cof_buf_printf(b, err, " FILE%s%s", after, cof_role_is_reference(*roles) ? "..." : "");
	}
	return r;
}

static int list(cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	int r = 0;
	for (const cof_kind *k = cof_kinds; r == 0 && k->name != NULL; k++) {
		r = cof_buf_printf(&b, err, "%s: %s\n ", k->name, k->summary);
		if (r == 0)
			r = put_roles(k->required, "", "", &b, err);
		if (r == 0)
			r = put_roles(k->optional, "[", "]", &b, err);
		if (r == 0)
			r = cof_buf_add_str(&b, "\n", err);
	}
	return r < 0 ? r : cof_fd_write_all(STDOUT_FILENO, cof_buf_span(&b), err);
}

/* Nothing was judged, so it is no refusal, whatever the error's class. */
static int unjudged(const cof_err *err, bool json)
{
	(void)cof_cli_fail(err, json);
	return COF_EXIT_USAGE;
}

/* What would get it. */
static void say_hint(const work *w, cof_err *err)
{
	if (w->guess.kind != NULL && (cof_err_is(err, "endorsement-missing") || cof_err_is(err, "cache-missing")))
		(void)!cof_err_wrap(err, "get it with `%s`", cof_verify_guess_hint(&w->guess));
}

int cof_cmd_verify(int argc, char **argv)
{
	cof_verify_opts o = {0};
	cof_err err = {0};
	COF_AUTO_PTR(work) w = calloc(1, sizeof *w);
	int r = w == NULL ? cof_err_oom(&err) : guess(argc, argv, w, &o, &err);
	if (r == 0)
		r = cof_verify_options(argc, argv, &o, &err);
	if (r == 0 && o.help)
		return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	if (r == 0 && o.list)
		return list(&err) < 0 ? unjudged(&err, false) : COF_EXIT_YES;
	if (r == 0) {
		w->now = o.has_at ? o.at : (int64_t)time(NULL);
		r = judge(&o, w, &err);
	}
	if (r == 0)
		r = say(&o, w, &err);
	if (r < 0)
		return unjudged(&err, o.json);
	if (w->verdict.accepted)
		return COF_EXIT_YES;
	(void)!cof_verify_refusal(&w->verdict, &err);
	say_hint(w, &err);
	return cof_cli_fail(&err, false);
}
