/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "attestation/refvalue/appraisal.h"
#include "attestation/refvalue/kind_references.h"
#include "attestation/refvalue/kinds.h"
#include "attestation/token/kind_token.h"

enum { DAY_S = 24 * 60 * 60 };

/* Too large for a stack. */
typedef struct work {
	cof_given given;
	cof_facts facts;
} work;

static void work_free(work *w)
{
	if (w == NULL)
		return;
	cof_given_release(&w->given);
	free(w);
}
COF_DEFINE_AUTO_PTR(work, work_free)

/* ---- the answer ---- */

static int put_appraisal(const cof_match *a, const cof_facts *facts, cof_verdict *v, cof_err *err)
{
	json_t *o = NULL;
	int rc = cof_match_json(a, facts, &o, err);
	if (rc == 0)
		rc = cof_json_set_new(v->fields, "appraisal", o, err);
	if (rc == 0)
		v->appraisal = a->matched ? COF_APPRAISED_MATCH : COF_APPRAISED_NO_MATCH;
	return rc;
}

/* "reference-" and the field's name, with '-' for '_'. */
static void check_cond(const cof_rim_cond *c, const cof_facts *facts, cof_checks *checks)
{
	char name[COF_CHECK_NAME_MAX];
	cof_cond_text text;
	(void)snprintf(name, sizeof name, "reference-%s", cof_rim_field_of(c->field)->name);
	for (char *p = strchr(name, '_'); p != NULL; p = strchr(p, '_'))
		*p = '-';
	cof_cond_explain(c, facts, &text);
	(void)cof_check_text(checks, COF_STAGE_POLICY, name, cof_cond_holds(c, facts), text.expected, text.found);
}

static void check_match(const cof_match *a, const cof_facts *facts, cof_checks *c)
{
	char expected[COF_CHECK_TEXT_MAX], found[COF_CHECK_TEXT_MAX];
	(void)snprintf(expected, sizeof expected, "one of %zu entries (%s), of %zu", a->of_class,
		       cof_facts_class(facts), a->entries);
	if (a->entry == NULL)
		(void)snprintf(found, sizeof found, "none of this class");
	else
		(void)snprintf(found, sizeof found, "%s'%.60s', %zu of %zu conditions",
			       a->matched ? "" : "nearest: ", a->entry->name, a->held, a->entry->launch.n);
	(void)cof_check_text(c, COF_STAGE_POLICY, "reference-mismatch", a->matched, expected, found);
	for (size_t i = 0; a->entry != NULL && i < a->entry->launch.n; i++)
		check_cond(&a->entry->launch.conds[i], facts, c);
}

static int judge(work *w, const cof_verify_in *in, bool has_facts, cof_verdict *v, cof_err *err)
{
	cof_match a;
	bool all = false;
	v->appraisal = COF_APPRAISED_NO_MATCH; /* until it is found */
	int rc = cof_given_read(in, &w->given, v, &all, err);
	if (rc < 0 || !has_facts || !all)
		return rc;
	cof_appraise(&w->given.refs, &w->facts, &a);
	check_match(&a, &w->facts, &v->checks);
	return put_appraisal(&a, &w->facts, v, err);
}

/* ---- beside a report or a quote ---- */

static int make_work(work **ret, cof_err *err)
{
	*ret = calloc(1, sizeof **ret);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

int cof_kind_snp_report(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_snp_verified) snp = NULL;
	COF_AUTO_PTR(work) w = NULL;
	bool asked = false;
	int rc = cof_given_asked(in, &asked, err);
	if (rc == 0)
		rc = cof_snp_verify_files(in, ret, asked ? &snp : NULL, err);
	if (rc < 0 || !asked)
		return rc;
	rc = make_work(&w, err);
	if (rc == 0 && snp != NULL)
		cof_facts_snp(snp, &w->facts);
	return rc < 0 ? rc : judge(w, in, snp != NULL, ret, err);
}

int cof_kind_tdx_quote(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_tdx_verified) tdx = NULL;
	COF_AUTO_PTR(work) w = NULL;
	bool asked = false;
	int rc = cof_given_asked(in, &asked, err);
	if (rc == 0)
		rc = cof_tdx_verify(in, ret, asked ? &tdx : NULL, err);
	if (rc < 0 || !asked)
		return rc;
	rc = make_work(&w, err);
	if (rc == 0 && tdx != NULL)
		cof_facts_tdx(tdx, &w->facts);
	return rc < 0 ? rc : judge(w, in, tdx != NULL, ret, err);
}

/* ---- corim-appraisal ---- */

/* Whose manifest it is: the key of the role, or with authors beside it only where that key is one of theirs. */
static int find_author(const cof_verify_in *in, work *w, cof_verdict *v, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	int rc = cof_token_key(in, v, &key, err);
	if (rc < 0 || key == NULL)
		return rc;
	if (!cof_role_given(in, "authors"))
		return cof_authors_add_key(&w->given.authors, key, err);
	rc = cof_authors_add(&w->given.authors, cof_role(in, "authors"), in->now, err);
	if (rc == 0)
		cof_authors_keep(&w->given.authors, key);
	return rc;
}

/* A manifest that nobody signed is refused for that, and for what else is wrong with it. */
static int refuse_manifest(const cof_reference_in *file, const cof_err *why, cof_verdict *v, cof_err *err)
{
	const cof_corim_in plain = {
		.bytes = file->bytes, .allow_unsigned = true, .allow_open = file->allow_open, .now = file->now};
	COF_AUTO(cof_corim) c = {0};
	cof_err more = {0};
	int rc = cof_token_refuse(&v->checks, cof_reference_stage(why), why, err);
	if (rc < 0 || !cof_err_is(why, "corim-unsigned") || cof_corim_read(&plain, &c, &more) == 0)
		return rc;
	return cof_token_refuse(&v->checks, cof_reference_stage(&more), &more, err);
}

static int read_manifest(const cof_verify_in *in, work *w, cof_verdict *v, cof_err *err)
{
	const cof_reference_in file = {
		.bytes = cof_role(in, "corim"), .authors = &w->given.authors, .allow_open = true, .now = in->now};
	cof_err why = {0};
	int rc = find_author(in, w, v, err);
	if (rc < 0 || !cof_check_that(&v->checks, COF_STAGE_PARSE, "corim-malformed", cof_corim_looks_like(file.bytes)))
		return rc;
	if (cof_references_add(&w->given.refs, &file, &why) < 0)
		return refuse_manifest(&file, &why, v, err);
	cof_reference_check_taken(&w->given.refs.at[0], false, &v->checks);
	(void)cof_check_that(&v->checks, COF_STAGE_VALIDITY, "corim-validity", true);
	(void)cof_check_that(&v->checks, COF_STAGE_PROFILE, "corim-profile", true);
	return 0;
}

/*
 * The key service dates a VCEK from the day on which it was asked for, so a report kept with its reference values may
 * be older than its certificate: the chain is judged at the time asked for or, where that is later, at the
 * certificate's beginning. Whatever has run out is refused all the same. source: the same key comes in a new
 * certificate at each request
 */
static int64_t chain_time(cof_span vek, int64_t now)
{
	const uint8_t *at = vek.data;
	int days = 0, seconds = 0;
	(void)ERR_set_mark();
	COF_AUTO_PTR(cof_ossl_cert) cert = vek.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)vek.len) : NULL;
	COF_AUTO_PTR(cof_ossl_time) epoch = ASN1_TIME_set(NULL, 0);
	bool read =
		cert != NULL && epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notBefore(cert)) == 1;
	(void)ERR_pop_to_mark();
	int64_t from = (int64_t)days * DAY_S + seconds;
	return read && from > now ? from : now;
}

int cof_kind_corim_appraisal(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_snp_verified) snp = NULL;
	COF_AUTO_PTR(work) w = NULL;
	cof_match a;
	cof_verify_in report = *in;
	report.now = chain_time(cof_role(in, "vek"), in->now);
	ret->appraisal = COF_APPRAISED_NO_MATCH; /* until it is found */
	int rc = make_work(&w, err);
	if (rc == 0)
		rc = cof_snp_verify_files(&report, ret, &snp, err);
	if (rc == 0)
		rc = read_manifest(in, w, ret, err);
	if (rc < 0 || snp == NULL || w->given.refs.n == 0)
		return rc;
	cof_facts_snp(snp, &w->facts);
	cof_appraise(&w->given.refs, &w->facts, &a);
	return put_appraisal(&a, &w->facts, ret, err);
}
