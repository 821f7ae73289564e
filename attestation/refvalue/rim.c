/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rim.h"

enum { GROW_MIN = 16 };

static const char *const tee_names[COF_RIM_TEES] = {
	[COF_RIM_SNP] = "snp", [COF_RIM_TDX] = "tdx",	  [COF_RIM_TPM] = "tpm",
	[COF_RIM_SEV] = "sev", [COF_RIM_SEVES] = "seves",
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "rim-malformed", "reference values: %s", what);
}

static bool has_conditions(cof_rim_tee tee)
{
	return tee == COF_RIM_SNP || tee == COF_RIM_TDX;
}

void cof_rim_entry_release(cof_rim_entry *e)
{
	if (e->tee == COF_RIM_TPM)
		cof_refvalue_release(&e->tpm);
	if (has_conditions(e->tee)) {
		for (size_t i = 0; i < e->launch.n; i++)
			free(e->launch.conds[i].values);
		free(e->launch.conds);
	}
	*e = (cof_rim_entry){0};
}

void cof_rim_release(cof_rim *r)
{
	for (size_t i = 0; i < r->n; i++)
		cof_rim_entry_release(&r->entries[i]);
	free(r->entries);
	*r = (cof_rim){0};
}

const char *cof_rim_tee_name(cof_rim_tee tee)
{
	return (unsigned)tee < COF_RIM_TEES ? tee_names[tee] : NULL;
}

bool cof_rim_tee_by_name(const char *name, cof_rim_tee *ret)
{
	for (unsigned i = 0; i < COF_RIM_TEES; i++) {
		if (strcmp(tee_names[i], name) == 0) {
			*ret = (cof_rim_tee)i;
			return true;
		}
	}
	return false;
}

bool cof_rim_name_ok(cof_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < 0x20 || s.data[i] > 0x7e)
			return false;
	}
	return s.len > 0 && s.len <= COF_RIM_NAME_MAX;
}

static int copy_name(cof_span from, char to[COF_RIM_NAME_MAX + 1], cof_err *err)
{
	if (!cof_rim_name_ok(from))
		return malformed(err, "a name or id is empty, too long or not printable");
	memcpy(to, from.data, from.len);
	to[from.len] = '\0';
	return 0;
}

int cof_rim_set_id(cof_rim *r, cof_span id, cof_err *err)
{
	return copy_name(id, r->id, err);
}

static int make_room(cof_rim *r, cof_err *err)
{
	if (r->n >= COF_RIM_ENTRIES_MAX)
		return malformed(err, "too many entries");
	if (r->n < r->room)
		return 0;
	size_t room = r->room + r->room / 2 + GROW_MIN;
	cof_rim_entry *grown = reallocarray(r->entries, room, sizeof *grown);
	if (grown == NULL)
		return cof_err_oom(err);
	r->entries = grown;
	r->room = room;
	return 0;
}

int cof_rim_entry_name(cof_rim_entry *e, cof_span name, cof_err *err)
{
	return copy_name(name, e->name, err);
}

int cof_rim_add(cof_rim *r, cof_rim_entry *e, cof_err *err)
{
	if ((unsigned)e->tee >= COF_RIM_TEES || !cof_rim_name_ok(cof_span_str(e->name)))
		return malformed(err, "a name is empty or not printable");
	int rc = make_room(r, err);
	if (rc < 0)
		return rc;
	if (e->tee == COF_RIM_TPM)
		memcpy(e->tpm.name, e->name, sizeof e->tpm.name);
	r->entries[r->n++] = *e;
	*e = (cof_rim_entry){0};
	return 0;
}

size_t cof_rim_count(const cof_rim *r, cof_rim_tee tee)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		n += r->entries[i].tee == tee;
	return n;
}

/* ---- checks ---- */

static int by_name(const void *a, const void *b)
{
	const cof_rim_entry *const *x = a, *const *y = b;
	int d = ((*x)->tee > (*y)->tee) - ((*x)->tee < (*y)->tee);
	return d != 0 ? d : strcmp((*x)->name, (*y)->name);
}

/* Two entries of one name: the second would silently take the first one's place where they are registered. */
static int check_unique(const cof_rim *r, cof_err *err)
{
	COF_AUTO_FREE const cof_rim_entry **sorted = calloc(r->n + 1, sizeof(cof_rim_entry *));
	if (sorted == NULL)
		return cof_err_oom(err);
	for (size_t i = 0; i < r->n; i++)
		sorted[i] = &r->entries[i];
	qsort(sorted, r->n, sizeof(cof_rim_entry *), by_name);
	for (size_t i = 1; i < r->n; i++) {
		if (by_name(&sorted[i - 1], &sorted[i]) == 0)
			return malformed(err, "two entries have one name");
	}
	return 0;
}

/* A set with gaps, or whose events do not explain its registers, is none: the document's reader says so. */
static int check_tpm(const cof_rim_entry *e, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_refvalue) v = {0};
	if (strcmp(e->name, e->tpm.name) != 0)
		return malformed(err, "an entry has two names");
	int rc = cof_refvalue_json(&e->tpm, &doc, err);
	return rc < 0 ? rc : cof_refvalue_parse(doc, &v, err);
}

int cof_rim_check(const cof_rim *r, cof_err *err)
{
	if (!cof_rim_name_ok(cof_span_str(r->id)))
		return malformed(err, "id");
	if (r->not_before < 0 || r->not_after < 0 || (r->not_before > 0 && r->not_after == 0) ||
	    (r->not_after > 0 && r->not_before > r->not_after))
		return malformed(err, "validity");
	if (r->n == 0)
		return malformed(err, "no entries");
	for (size_t i = 0; i < r->n; i++) {
		const cof_rim_entry *e = &r->entries[i];
		if (!cof_rim_name_ok(cof_span_str(e->name)))
			return malformed(err, "a name is empty, too long or not printable");
		int rc = e->tee == COF_RIM_TPM ? check_tpm(e, err) : 0;
		if (rc < 0)
			return rc;
	}
	return check_unique(r, err);
}
