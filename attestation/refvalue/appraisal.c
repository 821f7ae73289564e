/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/appraisal.h"

#include <stdio.h>

#include "attestation/refvalue/rim_value.h"
#include "common/rd.h"
#include "common/secret.h"

enum { SHOWN_MAX = 2 * COF_SHA384_LEN, ONE_OF_MAX = 72, LOW_MAX = COF_SNP_TCB_TEXT_MAX - 1 };

/* ---- one condition ---- */

static uint64_t word(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	return cof_rd_u64be(&r);
}

/* A word with a byte where this product has no part was written for another product. */
static bool tcb_of(cof_span s, const cof_facts *facts, cof_snp_tcb *ret)
{
	*ret = cof_snp_tcb_of(word(s), facts->line);
	return cof_snp_tcb_is_clean(word(s), facts->line);
}

static bool equal(const cof_rim_cond *c, size_t i, cof_span found, const cof_facts *facts)
{
	cof_snp_tcb want, is;
	if (cof_rim_field_of(c->field)->form != COF_RIM_TCB)
		return cof_ct_equal(cof_rim_value(c, i), found);
	return tcb_of(cof_rim_value(c, i), facts, &want) && tcb_of(found, facts, &is) && cof_snp_tcb_equal(&want, &is);
}

static bool one_of(const cof_rim_cond *c, cof_span found, const cof_facts *facts)
{
	for (size_t i = 0; i < c->n; i++) {
		if (equal(c, i, found, facts))
			return true;
	}
	return false;
}

static bool masked(const cof_rim_cond *c, cof_span found)
{
	cof_span value = cof_rim_value(c, 0), mask = cof_rim_value(c, 1);
	for (size_t i = 0; i < mask.len; i++) {
		if (((found.data[i] ^ value.data[i]) & mask.data[i]) != 0)
			return false;
	}
	return true;
}

static bool each_at_least(cof_span found, cof_span least)
{
	for (size_t i = 0; i < least.len; i++) {
		if (found.data[i] < least.data[i])
			return false;
	}
	return true;
}

static bool at_least(const cof_rim_cond *c, cof_span found, const cof_facts *facts)
{
	cof_snp_tcb least, is;
	switch (cof_rim_field_of(c->field)->form) {
	case COF_RIM_TCB:
		return tcb_of(cof_rim_value(c, 0), facts, &least) && tcb_of(found, facts, &is) &&
		       cof_snp_tcb_covers(&is, &least);
	case COF_RIM_SVNS:
		return each_at_least(found, cof_rim_value(c, 0));
	default:
		return word(found) >= cof_rim_value_number(c, 0);
	}
}

bool cof_cond_holds(const cof_rim_cond *c, const cof_facts *facts)
{
	cof_span found = cof_fact(facts, c->field);
	if (found.len == 0)
		return false;
	switch (c->op) {
	case COF_RIM_IS:
		return one_of(c, found, facts);
	case COF_RIM_MASKED:
		return masked(c, found);
	case COF_RIM_AT_LEAST:
		return at_least(c, found, facts);
	case COF_RIM_RANGE:
		return word(found) >= cof_rim_value_number(c, 0) && word(found) <= cof_rim_value_number(c, 1);
	}
	return false;
}

/* ---- in words ---- */

static void value_text(const cof_rim_cond *c, cof_span value, const cof_facts *facts, char *ret, size_t room)
{
	char text[COF_SNP_TCB_TEXT_MAX];
	cof_snp_tcb tcb;
	if (cof_rim_field_of(c->field)->form != COF_RIM_TCB) {
		cof_rim_value_text(c->field, value, ret, room);
		return;
	}
	if (!tcb_of(value, facts, &tcb)) {
		(void)snprintf(ret, room, "%016llx, which is no TCB of %s", (unsigned long long)word(value),
			       cof_snp_line_name(facts->line));
		return;
	}
	cof_snp_tcb_text("", &tcb, text);
	(void)snprintf(ret, room, "%s", text);
}

static void expected_text(const cof_rim_cond *c, const cof_facts *facts, char ret[COF_CHECK_TEXT_MAX])
{
	char first[2 * COF_RIM_VALUE_MAX + 1], second[2 * COF_RIM_VALUE_MAX + 1] = "";
	value_text(c, cof_rim_value(c, 0), facts, first, sizeof first);
	if (c->n > 1)
		value_text(c, cof_rim_value(c, 1), facts, second, sizeof second);
	switch (c->op) {
	case COF_RIM_IS:
		if (c->n > 1)
			(void)snprintf(ret, COF_CHECK_TEXT_MAX, "one of %zu: %.*s, ...", c->n, ONE_OF_MAX, first);
		else
			(void)snprintf(ret, COF_CHECK_TEXT_MAX, "%.*s%s", SHOWN_MAX, first,
				       strlen(first) > SHOWN_MAX ? "..." : "");
		break;
	case COF_RIM_MASKED:
		(void)snprintf(ret, COF_CHECK_TEXT_MAX, "%.48s under %.48s", first, second);
		break;
	case COF_RIM_AT_LEAST:
		(void)snprintf(ret, COF_CHECK_TEXT_MAX, "at least %.96s", first);
		break;
	case COF_RIM_RANGE:
		(void)snprintf(ret, COF_CHECK_TEXT_MAX, "%.40s to %.40s", first, second);
		break;
	}
}

/* "snp is too low: " where that is what is wrong with a TCB; else nothing. */
static void low_part(const cof_rim_cond *c, cof_span found, const cof_facts *facts, char *ret, size_t room)
{
	cof_snp_tcb least, is;
	bool is_floor = cof_rim_field_of(c->field)->form == COF_RIM_TCB && c->op == COF_RIM_AT_LEAST;
	if (!is_floor || !tcb_of(cof_rim_value(c, 0), facts, &least) || !tcb_of(found, facts, &is))
		return;
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if ((least.has >> i & 1) != 0 && is.part[i] < least.part[i]) {
			(void)snprintf(ret, room, "%s is too low: ", cof_snp_part_name(i));
			return;
		}
	}
}

void cof_cond_explain(const cof_rim_cond *c, const cof_facts *facts, cof_cond_text *ret)
{
	char value[2 * COF_RIM_VALUE_MAX + 1], low[32] = "";
	cof_span found = cof_fact(facts, c->field);
	expected_text(c, facts, ret->expected);
	if (found.len == 0) {
		(void)snprintf(ret->found, sizeof ret->found, "not stated");
		return;
	}
	low_part(c, found, facts, low, sizeof low);
	value_text(c, found, facts, value, sizeof value);
	if (low[0] != '\0')
		(void)snprintf(ret->found, sizeof ret->found, "%s%.*s", low, LOW_MAX, value);
	else
		(void)snprintf(ret->found, sizeof ret->found, "%.*s%s", SHOWN_MAX, value,
			       strlen(value) > SHOWN_MAX ? "..." : "");
}

/* ---- all of them ---- */

static bool is_of_class(const cof_rim_entry *e, const cof_facts *facts)
{
	return e->tee == facts->tee && (e->tee != COF_RIM_SNP || e->launch.vlek == facts->vlek);
}

const char *cof_facts_class(const cof_facts *facts)
{
	return facts->tee == COF_RIM_TDX ? "tdx"
	       : facts->vlek		 ? "snp, a provider's key signs"
					 : "snp, a chip's key signs";
}

static size_t count_held(const cof_rim_entry *e, const cof_facts *facts)
{
	size_t n = 0;
	for (size_t i = 0; i < e->launch.n; i++)
		n += cof_cond_holds(&e->launch.conds[i], facts);
	return n;
}

static bool is_nearer(const cof_rim_entry *e, size_t held, const cof_match *than)
{
	if (than->entry == NULL)
		return true;
	size_t missed = e->launch.n - held, before = than->entry->launch.n - than->held;
	return missed < before || (missed == before && held > than->held);
}

static void look_at(const cof_reference *ref, const cof_rim_entry *e, const cof_facts *facts, cof_match *a)
{
	a->entries++;
	if (!is_of_class(e, facts))
		return;
	a->of_class++;
	size_t held = count_held(e, facts);
	if (a->matched || !is_nearer(e, held, a))
		return;
	a->reference = ref;
	a->entry = e;
	a->held = held;
	/* An entry that demands nothing says nothing. */
	a->matched = held > 0 && held == e->launch.n;
}

void cof_appraise(const cof_references *refs, const cof_facts *facts, cof_match *ret)
{
	*ret = (cof_match){0};
	for (size_t i = 0; i < refs->n; i++) {
		const cof_rim *rim = &refs->at[i].corim.rim;
		for (size_t k = 0; k < rim->n; k++)
			look_at(&refs->at[i], &rim->entries[k], facts, ret);
	}
}

/* ---- as JSON ---- */

static int cond_json(const cof_rim_cond *c, const cof_facts *facts, json_t *list, cof_err *err)
{
	cof_cond_text text;
	cof_cond_explain(c, facts, &text);
	json_t *o = json_pack("{s:s, s:b, s:s, s:s}", "field", cof_rim_field_of(c->field)->name, "passed",
			      cof_cond_holds(c, facts), "expected", text.expected, "found", text.found);
	return json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

static int entry_json(const cof_match *a, const cof_facts *facts, json_t *o, cof_err *err)
{
	const cof_reference *r = a->reference;
	COF_AUTO_PTR(json_t)
	more = json_pack("{s:s, s:I, s:s, s:s, s:s, s:[]}", "entry", a->entry->name, "version",
			 (json_int_t)a->entry->version, "corim", r->corim.rim.id, "signer", r->corim.signer, "author",
			 r->author, "conditions");
	int rc = more == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && i < a->entry->launch.n; i++)
		rc = cond_json(&a->entry->launch.conds[i], facts, json_object_get(more, "conditions"), err);
	return rc == 0 && json_object_update(o, more) < 0 ? cof_err_oom(err) : rc;
}

int cof_match_json(const cof_match *a, const cof_facts *facts, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:I, s:I}", "result", a->matched ? "match" : "no-match", "class",
		      cof_facts_class(facts), "entries", (json_int_t)a->entries, "of_class", (json_int_t)a->of_class);
	int rc = o == NULL ? cof_err_oom(err) : 0;
	if (rc == 0 && a->entry != NULL)
		rc = entry_json(a, facts, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
