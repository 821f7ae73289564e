/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as documents: strict in both directions. */
#include "attestation/refvalue/rim_value.h"
#include "common/hex.h"

#include <stdio.h>

#define FORMAT "coffer-reference-values/2"

enum { MEMBERS_MAX = COF_RIM_FIELDS + 8 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "reference values: %s", what);
}

/* ---- writing ---- */

static int put_launch(const cof_rim_entry *e, json_t *o, cof_err *err)
{
	int rc = e->launch.vlek ? cof_json_set_new(o, "vlek", json_true(), err) : 0;
	for (cof_rim_field f = cof_rim_field_first(e->tee); rc == 0 && f < cof_rim_field_end(e->tee); f++) {
		const cof_rim_cond *c = cof_rim_cond_on(e, f);
		json_t *v = NULL;
		if (c == NULL)
			continue;
		rc = cof_rim_cond_json(c, &v, err);
		if (rc == 0)
			rc = cof_json_set_new(o, cof_rim_field_of(f)->name, v, err);
	}
	return rc;
}

int cof_rim_entry_json(const cof_rim_entry *e, json_t **ret, cof_err *err)
{
	if (e->tee == COF_RIM_TPM)
		return cof_refvalue_json(&e->tpm, ret, err);
	bool is_digest = e->tee == COF_RIM_SEV || e->tee == COF_RIM_SEVES;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s?, s:s}", "format", FORMAT, "tee", cof_rim_tee_name(e->tee), "name", e->name);
	int rc = o == NULL ? cof_err_oom(err) : 0;
	if (rc == 0 && is_digest)
		rc = cof_json_set_hex(o, "digest", cof_span_of(e->digest, sizeof e->digest), err);
	if (rc == 0 && !is_digest)
		rc = put_launch(e, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

/* ---- reading ---- */

static int get_digest(const json_t *o, cof_rim_entry *e, cof_err *err)
{
	static const char *const known[] = {"format", "tee", "name", "digest", NULL};
	cof_err why = {0};
	if (cof_json_only(o, known, &why) < 0)
		return malformed(err, why.text);
	return cof_rim_hex(json_object_get(o, "digest"), e->digest, sizeof e->digest)
		       ? 0
		       : malformed(err, "the digest is no lower-case hex of its length");
}

static int get_launch(const json_t *o, cof_rim_entry *e, cof_err *err)
{
	const char *known[MEMBERS_MAX] = {"format", "tee", "name", e->tee == COF_RIM_SNP ? "vlek" : NULL};
	const json_t *vlek = json_object_get(o, "vlek");
	size_t n = e->tee == COF_RIM_SNP ? 4 : 3;
	int rc = 0;
	if (vlek != NULL && !json_is_true(vlek))
		return malformed(err, "'vlek' is true or absent");
	e->launch.vlek = vlek != NULL;
	for (cof_rim_field f = cof_rim_field_first(e->tee); rc == 0 && f < cof_rim_field_end(e->tee); f++) {
		const json_t *v = json_object_get(o, cof_rim_field_of(f)->name);
		known[n++] = cof_rim_field_of(f)->name;
		if (v != NULL)
			rc = cof_rim_demand_json(e, f, v, err);
	}
	if (rc == 0)
		rc = cof_json_only(o, known, err);
	return rc == 0 && cof_rim_entry_is_open(e) ? malformed(err, "without the launch measurement") : rc;
}

static int get_head(const json_t *doc, cof_rim_entry *e, cof_err *err)
{
	const char *format = NULL, *tee = NULL, *name = NULL;
	cof_rim_tee kind = COF_RIM_TEES;
	int rc = cof_json_str(doc, "format", &format, err);
	if (rc == 0)
		rc = cof_json_str(doc, "tee", &tee, err);
	if (rc == 0)
		rc = cof_json_str(doc, "name", &name, err);
	if (rc < 0)
		return rc;
	if (strcmp(format, FORMAT) != 0 || !cof_rim_tee_by_name(tee, &kind) || kind == COF_RIM_TPM)
		return malformed(err, "format or tee");
	e->tee = kind;
	return cof_rim_entry_name(e, cof_span_str(name), err);
}

static int parse(const json_t *doc, cof_rim_entry *e, cof_err *err)
{
	int rc = json_is_object(doc) ? get_head(doc, e, err) : malformed(err, "not an object");
	if (rc < 0)
		return rc;
	bool is_digest = e->tee == COF_RIM_SEV || e->tee == COF_RIM_SEVES;
	return is_digest ? get_digest(doc, e, err) : get_launch(doc, e, err);
}

static int parse_tpm(const json_t *doc, cof_rim_entry *ret, cof_err *err)
{
	cof_rim_entry e = {.tee = COF_RIM_TPM};
	int rc = cof_refvalue_parse(doc, &e.tpm, err);
	if (rc < 0)
		return rc;
	memcpy(e.name, e.tpm.name, sizeof e.name);
	*ret = e;
	return 0;
}

int cof_rim_entry_parse(const json_t *doc, cof_rim_entry *ret, cof_err *err)
{
	COF_AUTO(cof_rim_entry) e = {0};
	cof_err why = {0};
	const char *tee = json_string_value(json_object_get(doc, "tee"));
	if (tee != NULL && strcmp(tee, "tpm") == 0)
		return parse_tpm(doc, ret, err);
	if (parse(doc, &e, &why) == 0) {
		*ret = e;
		e = (cof_rim_entry){0};
		return 0;
	}
	bool ours = why.cls == COF_E_INTERNAL || cof_err_is(&why, "reference-malformed");
	return ours ? cof_err_set(err, why.cls, why.reason, "%s", why.text) : malformed(err, why.text);
}
