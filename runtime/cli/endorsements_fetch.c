/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/file.h"
#include "common/hex.h"
#include "runtime/cli/endorsements.h"

enum { EVIDENCE_MAX = 1 << 20, PEM_MAX = 1 << 20 };

static const char help[] =
	"Usage: coffer endorsements fetch [--report FILE | --quote FILE | --fmspc HEX --ca processor|platform]\n"
	"                                 [options]\n\n"
	"Gets what is needed to judge a SEV-SNP report (or the driver's answer with one), a TDX quote, or the quotes "
	"of\n"
	"a platform. Without any of them, asks again for what the cache has and is past its time. Everything is "
	"judged\n"
	"before it is kept, and nothing that still holds is given up for an answer that does not.\n\n"
	"  --cache DIR      where it is kept ($XDG_CACHE_HOME/coffer/endorsements; root's: /var/cache/coffer/…)\n"
	"  --product NAME   Milan, Genoa or Turin, for a report of version 2, which does not say (Milan)\n"
	"  --kds URL        AMD's service, or a mirror (" COF_ENDORSE_KDS ")\n"
	"  --pcs URL        Intel's, or a mirror that has IntelSGXRootCA.der, too\n"
	"                   (" COF_ENDORSE_PCS ")\n"
	"  --pccs URL       a PCCS instead\n"
	"  --tls-ca FILE    who vouches for the peers in TLS, PEM (the system's roots)\n"
	"  --resolve NAME:PORT:ADDR, --proxy URL\n"
	"  --root FILE      the root of a vendor of your own: nothing of AMD's and Intel's is taken then;\n"
	"                   goes with --cache\n"
	"  --again          ask even for what is fresh\n"
	"  --at TIME        judge as of then (2026-01-31T23:59:59Z)\n"
	"  --json           print the list as JSON\n\n"
	"URLs are https; http is for 127.0.0.1 and [::1] alone.\n"
	"Exit codes: 0 all is there (\"kept\": the service did not answer, and what is there still holds), 1 "
	"something\n"
	"was refused, 2 something is missing because nobody answers; usage; environment.\n";

static const char *const words[] = {"cache",  "report", "quote",   "product", "fmspc", "ca",	"kds",	"pcs", "pccs",
				    "tls-ca", "proxy",	"resolve", "root",    "at",    "again", "json", NULL};

/* All that is asked for. */
typedef struct work {
	cof_endorsements_opts o;
	cof_buf tls_ca, root;
	cof_ecache *store;
	cof_service *service;
	cof_fetcher f;
	cof_endorse_id *ids;
	size_t n;
	cof_endorsements_report report;
	cof_err worst; /* the first that a person must hear of */
} work;

static void work_release(work *w)
{
	cof_buf_release(&w->tls_ca);
	cof_buf_release(&w->root);
	cof_service_free(w->service);
	cof_ecache_free(w->store);
	free(w->ids);
	cof_endorsements_report_release(&w->report);
}
COF_DEFINE_AUTO(work, work_release)

/* --- what for --- */

static int add_id(work *w, const cof_endorse_id *id, cof_err *err)
{
	cof_endorse_id *more = reallocarray(w->ids, w->n + 1, sizeof *more);
	if (more == NULL)
		return cof_err_oom(err);
	w->ids = more;
	w->ids[w->n++] = *id;
	return 0;
}

static int add_wants(work *w, const cof_endorse_wants *wants, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < wants->n; i++)
		rc = add_id(w, &wants->id[i], err);
	return rc;
}

static int of_platform(const cof_endorsements_opts *o, cof_endorse_wants *ret, cof_err *err)
{
	uint8_t fmspc[COF_ENDORSE_FMSPC_LEN];
	bool processor = o->ca != NULL && strcmp(o->ca, "processor") == 0;
	if (o->ca == NULL || (!processor && strcmp(o->ca, "platform") != 0))
		return cof_err_set(err, COF_E_USAGE, "usage", "--fmspc goes with --ca processor or --ca platform");
	if (cof_unhex(o->fmspc, fmspc, sizeof fmspc, NULL) < 0)
		return cof_err_set(err, COF_E_USAGE, "usage", "--fmspc %s: 12 hex digits", o->fmspc);
	cof_endorse_wants_platform(fmspc, processor, ret);
	return 0;
}

static int of_evidence(const cof_endorsements_opts *o, cof_endorse_wants *ret, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	int rc = cof_cli_read(o->report != NULL ? o->report : o->quote, EVIDENCE_MAX, &bytes, err);
	if (rc < 0)
		return rc;
	cof_snp_line line = COF_SNP_LINE_NONE;
	if (o->product != NULL)
		line = cof_snp_line_by_name(cof_span_str(o->product));
	if (o->product != NULL && line == COF_SNP_LINE_NONE)
		return cof_err_set(err, COF_E_USAGE, "usage", "--product %s: Milan, Genoa or Turin", o->product);
	return o->report != NULL ? cof_endorse_wants_report(cof_buf_span(&bytes), line, ret, err)
				 : cof_endorse_wants_quote(cof_buf_span(&bytes), ret, err);
}

static int of_cache(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err)
{
	(void)damage;
	return e != NULL ? add_id(arg, &e->id, err) : 0;
}

static int choose_cached(work *w, cof_err *err)
{
	int rc = cof_ecache_each(w->store, of_cache, w, err);
	if (rc < 0 || w->n > 0)
		return rc;
	return cof_buf_add_str(&w->report.text, "the cache is empty: name a report, a quote or a platform\n", err);
}

static int choose(work *w, cof_err *err)
{
	cof_endorse_wants wants = {0};
	const cof_endorsements_opts *o = &w->o;
	int n = (o->report != NULL) + (o->quote != NULL) + (o->fmspc != NULL);
	if (n > 1 || (o->ca != NULL && o->fmspc == NULL))
		return cof_err_set(err, COF_E_USAGE, "usage", "one of --report, --quote and --fmspc with --ca");
	if (n == 0)
		return choose_cached(w, err);
	int rc = o->fmspc != NULL ? of_platform(o, &wants, err) : of_evidence(o, &wants, err);
	return rc < 0 ? rc : add_wants(w, &wants, err);
}

/* --- getting it --- */

static int prepare(work *w, cof_err *err)
{
	COF_AUTO_FREE char *dir = NULL;
	const cof_endorsements_opts *o = &w->o;
	int rc = cof_endorsements_cache(o->cache, &dir, err);
	if (rc == 0)
		rc = cof_ecache_open(dir, true, &w->store, err);
	if (rc == 0 && o->tls_ca != NULL)
		rc = cof_file_read(o->tls_ca, PEM_MAX, &w->tls_ca, err);
	if (rc == 0)
		rc = cof_endorsements_root(o, &w->root, err);
	const cof_service_opts s = {.base = {o->kds, o->pcs, o->pcs, o->pccs},
				    .ca_pem = cof_buf_span(&w->tls_ca),
				    .resolve = o->resolves.at,
				    .proxy = o->proxy};
	if (rc == 0)
		rc = cof_service_new(&s, w->store, &w->service, err);
	w->f = (cof_fetcher){.store = w->store,
			     .service = w->service,
			     .root = cof_buf_span(&w->root),
			     .now = cof_endorsements_now(o),
			     .again = o->again};
	w->report.json = o->json;
	return rc;
}

/* Silence is no news while what is there holds; a wrong answer always is. */
static bool is_news(const cof_fetch_got *got)
{
	return got->state == COF_FETCH_MISSING || (got->state == COF_FETCH_KEPT && got->why.cls != COF_E_UNAVAILABLE);
}

static int fetch_one(work *w, const cof_endorse_id *id, cof_err *err)
{
	COF_AUTO(cof_fetch_got) got = {0};
	char name[COF_ENDORSE_NAME_MAX];
	int rc = cof_fetch(&w->f, id, &got, err);
	if (rc < 0)
		return rc;
	const cof_endorsements_line line = {.id = id,
					    .state = cof_fetch_state_name(got.state),
					    .e = got.state == COF_FETCH_MISSING ? NULL : &got.e,
					    .why = &got.why};
	rc = cof_endorsements_report_add(&w->report, &line, err);
	if (rc < 0 || !is_news(&got) || w->worst.reason[0] != '\0')
		return rc;
	cof_endorse_name(id, name);
	w->worst = got.why;
	(void)!cof_err_wrap(&w->worst, "%s", name);
	return 0;
}

int cof_cmd_endorsements_fetch(int argc, char **argv)
{
	COF_AUTO(work) w = {0};
	cof_err err = {0};
	int code = cof_endorsements_options(argc, argv, words, 0, &w.o);
	if (code != 0)
		return code;
	if (w.o.help)
		return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	int rc = prepare(&w, &err);
	if (rc == 0)
		rc = choose(&w, &err);
	for (size_t i = 0; rc == 0 && i < w.n; i++)
		rc = fetch_one(&w, &w.ids[i], &err);
	return rc < 0 ? cof_cli_fail(&err, w.o.json) : cof_endorsements_report_end(&w.report, &w.worst);
}
