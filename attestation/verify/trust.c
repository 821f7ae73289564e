/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/trust.h"

#include <string.h>

#include "attestation/verify/trust_table.h"

/* ---- what affirms ---- */

static bool is_named(const cof_check *k, cof_stage stage, const char *name, size_t len)
{
	return k->stage == stage && strlen(k->name) == len && strncmp(k->name, name, len) == 0;
}

/* At least so many checks of that name were made, and each of them passed by itself. */
static bool holds(const cof_checks *c, cof_stage stage, const char *name, size_t len, unsigned least)
{
	unsigned n = 0;
	for (size_t i = 0; i < c->n; i++) {
		const cof_check *k = &c->list[i];
		if (!is_named(k, stage, name, len))
			continue;
		if (!k->passed || k->waived)
			return false;
		n++;
	}
	return n >= least;
}

/* "a", or "a|b": one of them; "a*3" as said above. */
static bool word_holds(const cof_checks *c, cof_stage stage, const char *word)
{
	for (;;) {
		size_t len = strcspn(word, "*| ");
		unsigned least = word[len] == '*' ? (unsigned)(word[len + 1] - '0') : 1;
		if (holds(c, stage, word, len, least))
			return true;
		word += strcspn(word, "| ");
		if (*word != '|')
			return false;
		word++;
	}
}

static bool all_hold(const cof_checks *c, const cof_trust_need *need)
{
	for (const char *at = need->checks; *at != '\0'; at += strspn(at, " ")) {
		if (!word_holds(c, need->stage, at))
			return false;
		at += strcspn(at, " ");
	}
	return true;
}

static bool is_affirmed(const cof_checks *c, const cof_trust_rule *r)
{
	for (size_t i = 0; i < COF_TRUST_SETS_MAX && r->sets[i] != NULL; i++) {
		for (const cof_trust_need *need = r->sets[i]; need->checks != NULL; need++) {
			if (!all_hold(c, need))
				return false;
		}
	}
	return true;
}

static void affirm(const cof_trust_kind *k, const cof_checks *c, int vector[COF_TRUST_COUNT])
{
	for (size_t i = 0; i < k->n_rules; i++) {
		const cof_trust_rule *r = &k->rules[i];
		if (vector[r->claim] == 0 && is_affirmed(c, r))
			vector[r->claim] = r->value;
	}
}

/* ---- what fails ---- */

/* Of two faults the one of the worse tier, and the higher number of one tier. */
static void worsen(int *value, int by)
{
	bool worse = cof_trust_tier(by) > cof_trust_tier(*value);
	bool same = cof_trust_tier(by) == cof_trust_tier(*value);
	if (worse || (same && by > *value))
		*value = by;
}

static void add_fault(const cof_trust_kind *k, const cof_trust_fault *f, const cof_check *check,
		      int faults[COF_TRUST_COUNT])
{
	int value = check->passed ? f->waived : f->failed;
	if (f->claim != COF_TRUST_COUNT) {
		worsen(&faults[f->claim], value);
		return;
	}
	for (size_t i = 0; i < k->n_rules; i++)
		worsen(&faults[k->rules[i].claim], value);
}

static void blame(const cof_trust_kind *k, const cof_check *check, int faults[COF_TRUST_COUNT])
{
	bool known = false;
	for (const cof_trust_fault *f = cof_trust_faults; f->check != NULL; f++) {
		if (strcmp(f->check, check->name) != 0)
			continue;
		known = true;
		add_fault(k, f, check, faults);
	}
	if (!known)
		add_fault(k, cof_trust_stage_fault(check->stage), check, faults);
}

/* ---- both ---- */

static cof_status status_of(const cof_trust_kind *k, const cof_verdict *v, const int vector[COF_TRUST_COUNT])
{
	cof_status worst = cof_trust_worst(vector);
	if (!v->accepted)
		return COF_STATUS_CONTRAINDICATED;
	for (size_t i = 0; i < k->n_core && worst == COF_STATUS_AFFIRMING; i++) {
		if (cof_trust_tier(vector[k->core[i]]) == COF_STATUS_NONE)
			worst = COF_STATUS_NONE;
	}
	return worst;
}

bool cof_trust_knows(const cof_kind *kind)
{
	return cof_trust_kind_of(kind->name) != NULL;
}

int cof_trust_of(const cof_kind *kind, const cof_verdict *v, cof_trust_said *ret, cof_err *err)
{
	int faults[COF_TRUST_COUNT] = {0};
	cof_trust_said said = {0};
	const cof_trust_kind *k = cof_trust_kind_of(kind->name);
	if (k == NULL || v->decoded_only)
		return cof_err_set(err, COF_E_USAGE, "no-result", "%s judges no attester", kind->name);
	affirm(k, &v->checks, said.vector);
	for (size_t i = 0; i < v->checks.n; i++) {
		if (!v->checks.list[i].passed || v->checks.list[i].waived)
			blame(k, &v->checks.list[i], faults);
	}
	for (size_t i = 0; i < COF_TRUST_COUNT; i++)
		said.vector[i] = faults[i] != 0 ? faults[i] : said.vector[i];
	said.status = status_of(k, v, said.vector);
	*ret = said;
	return 0;
}
