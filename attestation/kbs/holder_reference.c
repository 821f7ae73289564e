/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values in the store: documents by name, and for those of a CoRIM where they came from.
 */
#include <stdio.h>

#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/owner_reference.h"
#include "attestation/kbs/route.h"

enum { KEY_MAX = 8 + COF_RIM_NAME_MAX + 1 };

/* Where a set is kept: the tpm verifier gets all of its kind, so that the others must not be among them. */
typedef struct place {
	const char *kind;
	const char *source_kind;
	char name[KEY_MAX];
} place;

/* Where a set came from. */
typedef struct source {
	char corim[COF_RIM_ID_MAX + 1];
	char signer[COF_RIM_NAME_MAX + 1];
	int64_t not_after;
	int64_t version;
} source;

static place place_of(cof_rim_tee tee, const char *name)
{
	place p = {COF_KIND_REFERENCE, COF_KIND_REFERENCE_SOURCE, ""};
	if (tee != COF_RIM_TPM)
		p = (place){COF_KIND_TEE_REFERENCE, COF_KIND_TEE_REFERENCE_SOURCE, ""};
	(void)snprintf(p.name, sizeof p.name, "%s%s%s", tee != COF_RIM_TPM ? cof_rim_tee_name(tee) : "",
		       tee != COF_RIM_TPM ? "/" : "", name);
	return p;
}

/* ---- sources ---- */

static int read_source(cof_span text, source *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	const char *corim = NULL, *signer = NULL;
	json_int_t not_after = 0, version = 0;
	int rc = cof_json_parse(text, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "corim", &corim, err);
	if (rc == 0)
		rc = cof_json_str(o, "signer", &signer, err);
	if (rc == 0)
		rc = cof_json_int(o, "not_after", 0, INT64_MAX, &not_after, err);
	if (rc == 0)
		rc = cof_json_int(o, "version", 0, INT64_MAX, &version, err);
	if (rc < 0)
		return rc;
	*ret = (source){.not_after = not_after, .version = version};
	(void)snprintf(ret->corim, sizeof ret->corim, "%s", corim);
	(void)snprintf(ret->signer, sizeof ret->signer, "%s", signer);
	return 0;
}

static int get_source(cof_holder *h, const place *p, source *ret, cof_err *err)
{
	COF_AUTO(cof_secret) text = {0};
	bool has = false;
	*ret = (source){0};
	int rc = cof_store_has(h->store, p->source_kind, p->name, &has, err);
	if (rc < 0 || !has)
		return rc;
	rc = cof_store_get(h->store, p->source_kind, p->name, &text, err);
	return rc < 0 ? rc : read_source(cof_secret_span(&text), ret, err);
}

static int put_source(cof_holder *h, const place *p, const cof_owner_references *from, uint64_t version, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	bool was = false;
	if (!from->from_corim)
		return cof_store_del(h->store, p->source_kind, p->name, &was, err);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "corim", from->corim, "signer", from->signer, "key", from->key,
		      "not_after", (json_int_t)from->not_after, "version", (json_int_t)version);
	int rc = o == NULL ? cof_err_oom(err) : cof_json_dump(o, &text, err);
	return rc < 0 ? rc : cof_store_put(h->store, p->source_kind, p->name, cof_buf_span(&text), err);
}

/* ---- registering ---- */

static bool begins_with_tee(const char *name)
{
	for (cof_rim_tee t = 0; t < COF_RIM_TEES; t++) {
		size_t n = strlen(cof_rim_tee_name(t));
		if (strncmp(name, cof_rim_tee_name(t), n) == 0 && name[n] == '/')
			return true;
	}
	return false;
}

/* What is registered can be deleted again, and the name of one set is never that of another kind's. */
static int check_name(const place *p, const cof_owner_reference *ref, cof_err *err)
{
	if (!cof_kb_name_ok(cof_span_str(p->name)))
		return cof_err_set(err, COF_E_MALFORMED, "bad-name",
				   "'%s': letters, digits, '-', '_', '.' and single slashes make a name", ref->name);
	if (ref->tee == COF_RIM_TPM && begins_with_tee(ref->name))
		return cof_err_set(err, COF_E_MALFORMED, "bad-name", "'%s' could be taken for another TEE's set",
				   ref->name);
	return 0;
}

/*
 * An author who signed a newer set does not bring the older one back; a set without a version is older than any with
 * one. The admin may: by a document, or by deleting the set first.
 */
static int check_version(cof_holder *h, const place *p, const cof_owner_reference *ref, cof_err *err)
{
	source s;
	int rc = get_source(h, p, &s, err);
	if (rc == 0 && ref->version < (uint64_t)s.version)
		rc = cof_err_set(err, COF_E_POLICY, "reference-older", "version %lld of '%s' is registered",
				 (long long)s.version, ref->name);
	return rc;
}

static int put_one(cof_holder *h, const cof_owner_references *all, const cof_owner_reference *ref, cof_err *err)
{
	place p = place_of(ref->tee, ref->name);
	int rc = check_name(&p, ref, err);
	if (rc == 0 && all->from_corim)
		rc = check_version(h, &p, ref, err);
	if (rc == 0)
		rc = cof_store_put(h->store, p.kind, p.name, cof_buf_span(&ref->document), err);
	return rc < 0 ? rc : put_source(h, &p, all, ref->version, err);
}

static void record(cof_record *r, const cof_owner_references *all)
{
	if (!all->from_corim) {
		cof_record_text(r, COF_KIND_REFERENCE, cof_span_str(all->at[0].name));
		return;
	}
	cof_record_int(r, "references", (int64_t)all->n);
	cof_record_text(r, "corim", cof_span_str(all->corim));
	cof_record_text(r, "signer", cof_span_str(all->signer));
	cof_record_text(r, "signer_key", cof_span_str(all->key));
}

int cof_holder_set_references(cof_holder *h, cof_span body, cof_record *r, cof_err *err)
{
	COF_AUTO(cof_owner_references) all = {0};
	int rc = cof_owner_parse_references(body, cof_holder_time(), &all, err);
	if (rc < 0)
		return rc;
	record(r, &all);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = put_one(h, &all, &all.at[i], err);
	if (rc == 0)
		rc = cof_holder_check_room(h, COF_KIND_REFERENCE, err);
	return rc < 0 ? rc : cof_holder_check_room(h, COF_KIND_TEE_REFERENCE, err);
}

/* The name of a tpm set, or TEE/NAME of another kind. */
int cof_holder_delete_reference(cof_holder *h, cof_span name, cof_record *r, cof_err *err)
{
	static const char *const kinds[][2] = {{COF_KIND_REFERENCE, COF_KIND_REFERENCE_SOURCE},
					       {COF_KIND_TEE_REFERENCE, COF_KIND_TEE_REFERENCE_SOURCE}};
	COF_AUTO_FREE char *text = cof_span_dup_str(name);
	bool was = false, had_source = false;
	if (text == NULL)
		return cof_err_oom(err);
	cof_record_text(r, COF_KIND_REFERENCE, name);
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		int rc = cof_store_del(h->store, kinds[i][0], text, &was, err);
		if (rc < 0 || was)
			return rc < 0 ? rc : cof_store_del(h->store, kinds[i][1], text, &had_source, err);
	}
	return cof_err_set(err, COF_E_POLICY, "not-found", "no reference of this name");
}

/* ---- using ---- */

static bool is_over(const source *s)
{
	return s->not_after > 0 && cof_holder_time() > s->not_after;
}

int cof_holder_check_reference(cof_holder *h, const char *name, cof_err *err)
{
	place p = place_of(COF_RIM_TPM, name);
	bool has = false;
	source s;
	int rc = cof_store_has(h->store, p.kind, p.name, &has, err);
	if (rc == 0 && !has)
		rc = cof_err_set(err, COF_E_POLICY, "reference-withdrawn", "reference values %s", name);
	if (rc == 0)
		rc = get_source(h, &p, &s, err);
	if (rc == 0 && is_over(&s))
		rc = cof_err_set(err, COF_E_POLICY, "reference-expired", "reference values %s were good until %lld",
				 name, (long long)s.not_after);
	return rc;
}

static int add_expired(void *arg, const char *name, cof_span value, cof_err *err)
{
	source s;
	int rc = read_source(value, &s, err);
	return rc < 0 || !is_over(&s) ? rc : cof_json_set_new(arg, name, json_true(), err);
}

int cof_holder_expired_references(cof_holder *h, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) names = json_object();
	int rc = names == NULL ? cof_err_oom(err)
			       : cof_store_each(h->store, COF_KIND_REFERENCE_SOURCE, add_expired, names, err);
	if (rc == 0)
		*ret = cof_steal(&names);
	return rc;
}

void cof_holder_record_source(cof_holder *h, const char *name, cof_record *r)
{
	place p = place_of(COF_RIM_TPM, name);
	source s = {0};
	cof_err err = {0};
	if (name[0] == '\0')
		return;
	if (get_source(h, &p, &s, &err) < 0) {
		cof_record_err(r, &err); /* the match stays; that its origin cannot be told is in the line */
		return;
	}
	cof_record_text(r, "corim", cof_span_str(s.corim));
	cof_record_text(r, "signer", cof_span_str(s.signer));
}
