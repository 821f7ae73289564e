/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes against predicted boots: the registers of one reference must all be what was quoted. */
#include <stdio.h>

#include "attestation/refvalue/appraisal.h"
#include "attestation/refvalue/kind_references.h"
#include "attestation/refvalue/kinds.h"
#include "attestation/verify/tpm_quote.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/secret.h"

typedef struct register_text {
	char expected[COF_CHECK_TEXT_MAX];
	char found[COF_CHECK_TEXT_MAX];
} register_text;

static cof_span quoted(const cof_tpm_verified *v, uint32_t pcr)
{
	return cof_tpm_verified_pcr(v, COF_TPM_ALG_SHA256, pcr);
}

/* Asked about: registers that the reference names, and of the others those that were quoted, which must be untouched.
 */
static bool is_judged(const cof_refvalue *ref, const cof_tpm_verified *v, uint32_t pcr, uint8_t want[COF_SHA256_LEN])
{
	return cof_refvalue_wants(ref, pcr, want) && (ref->has[pcr] || quoted(v, pcr).len > 0);
}

static bool holds(const cof_tpm_verified *v, uint32_t pcr, const uint8_t want[COF_SHA256_LEN])
{
	return cof_ct_equal(quoted(v, pcr), cof_span_of(want, COF_SHA256_LEN));
}

static size_t count(const cof_refvalue *ref, const cof_tpm_verified *v, size_t *ret_held)
{
	size_t n = 0;
	uint8_t want[COF_SHA256_LEN];
	*ret_held = 0;
	for (uint32_t pcr = 0; pcr < COF_PCRS; pcr++) {
		if (!is_judged(ref, v, pcr, want))
			continue;
		n++;
		*ret_held += holds(v, pcr, want);
	}
	return n;
}

/* ---- all entries ---- */

/* The first that matches, or else the first of those with the fewest registers that differ. */
static void find(const cof_references *refs, const cof_tpm_verified *v, cof_match *ret)
{
	size_t best = SIZE_MAX;
	*ret = (cof_match){0};
	for (size_t i = 0; i < refs->n; i++) {
		const cof_rim *rim = &refs->at[i].corim.rim;
		ret->entries += rim->n;
		for (size_t j = 0; j < rim->n; j++) {
			size_t held = 0,
			       n = rim->entries[j].tee == COF_RIM_TPM ? count(&rim->entries[j].tpm, v, &held) : 0;
			if (n == 0)
				continue;
			ret->of_class++;
			if (n - held >= best)
				continue;
			best = n - held;
			ret->reference = &refs->at[i];
			ret->entry = &rim->entries[j];
			ret->held = held;
		}
	}
	ret->matched = best == 0;
}

/* ---- in words ---- */

static void explain(const cof_tpm_verified *v, uint32_t pcr, const uint8_t want[COF_SHA256_LEN], register_text *ret)
{
	char expected[2 * COF_SHA256_LEN + 1], found[2 * COF_SHA256_LEN + 1] = "not quoted";
	cof_hex(cof_span_of(want, COF_SHA256_LEN), expected);
	if (quoted(v, pcr).len == COF_SHA256_LEN)
		cof_hex(quoted(v, pcr), found);
	(void)snprintf(ret->expected, sizeof ret->expected, "PCR %u: %s", pcr, expected);
	(void)snprintf(ret->found, sizeof ret->found, "%s", found);
}

static void check_match(const cof_match *m, const cof_tpm_verified *v, cof_checks *c)
{
	char expected[COF_CHECK_TEXT_MAX], found[COF_CHECK_TEXT_MAX] = "none of this class";
	uint8_t want[COF_SHA256_LEN];
	(void)snprintf(expected, sizeof expected, "one of %zu entries (tpm), of %zu", m->of_class, m->entries);
	if (m->entry != NULL)
		(void)snprintf(found, sizeof found, "%s'%.60s'", m->matched ? "" : "nearest: ", m->entry->name);
	(void)cof_check_text(c, COF_STAGE_POLICY, "reference-mismatch", m->matched, expected, found);
	for (uint32_t pcr = 0; m->entry != NULL && pcr < COF_PCRS; pcr++) {
		register_text text;
		if (!is_judged(&m->entry->tpm, v, pcr, want))
			continue;
		explain(v, pcr, want, &text);
		(void)cof_check_text(c, COF_STAGE_POLICY, "reference-pcr", holds(v, pcr, want), text.expected,
				     text.found);
	}
}

/* ---- as JSON, in the form of cof_match_json ---- */

static json_t *conditions(const cof_refvalue *ref, const cof_tpm_verified *v)
{
	COF_AUTO_PTR(json_t) list = json_array();
	uint8_t want[COF_SHA256_LEN];
	for (uint32_t pcr = 0; list != NULL && pcr < COF_PCRS; pcr++) {
		char field[8];
		register_text text;
		if (!is_judged(ref, v, pcr, want))
			continue;
		explain(v, pcr, want, &text);
		(void)snprintf(field, sizeof field, "pcr%u", pcr);
		json_t *o = json_pack("{s:s, s:b, s:s, s:s}", "field", field, "passed", holds(v, pcr, want), "expected",
				      text.expected, "found", text.found);
		if (json_array_append_new(list, o) < 0)
			return NULL;
	}
	return cof_steal(&list);
}

static json_t *entry_json(const cof_match *m, const cof_tpm_verified *v)
{
	const cof_corim *c = &m->reference->corim;
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o}", "entry", m->entry->name, "version",
			 (json_int_t)m->entry->version, "corim", c->rim.id, "signer", c->signer, "author",
			 m->reference->author, "conditions", conditions(&m->entry->tpm, v));
}

static int put_match(const cof_match *m, const cof_tpm_verified *tpm, cof_verdict *v, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:I, s:I}", "result", m->matched ? "match" : "no-match", "class", "tpm", "entries",
		      (json_int_t)m->entries, "of_class", (json_int_t)m->of_class);
	COF_AUTO_PTR(json_t) more = m->entry != NULL ? entry_json(m, tpm) : json_object();
	if (o == NULL || more == NULL || json_object_update(o, more) < 0)
		return cof_err_oom(err);
	int rc = cof_json_set_new(v->fields, "appraisal", cof_steal(&o), err);
	if (rc == 0)
		v->appraisal = m->matched ? COF_APPRAISED_MATCH : COF_APPRAISED_NO_MATCH;
	return rc;
}

/* ---- the kind ---- */

static int compare(const cof_verify_in *in, const cof_tpm_verified *tpm, cof_given *g, cof_verdict *v, cof_err *err)
{
	cof_match m;
	bool all = false;
	v->appraisal = COF_APPRAISED_NO_MATCH; /* until it is found */
	int rc = cof_given_read(in, g, v, &all, err);
	if (rc < 0 || tpm == NULL || !all)
		return rc;
	find(&g->refs, tpm, &m);
	check_match(&m, tpm, &v->checks);
	return put_match(&m, tpm, v, err);
}

int cof_kind_tpm_quote(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_tpm_verified) tpm = NULL;
	bool asked = false;
	int rc = cof_given_asked(in, &asked, err);
	if (rc == 0)
		rc = cof_tpm_quote_verify(in, ret, asked ? &tpm : NULL, err);
	if (rc < 0 || !asked)
		return rc;
	cof_given *g = calloc(1, sizeof *g);
	if (g == NULL)
		return cof_err_oom(err);
	rc = compare(in, tpm, g, ret, err);
	cof_given_release(g);
	free(g);
	return rc;
}
