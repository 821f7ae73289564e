/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values in the store: documents by name, and for those of a CoRIM where they came from. The verifier of
 * `tpm` is handed every document of its kind, so that those of other kinds lie apart.
 */
#include <stdio.h>

#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/owner_reference.h"

enum { KEY_MAX = 8 + COF_RIM_NAME_MAX + 1 };

/* Where a reference came from, as it is stored under "TEE/NAME". */
typedef struct source {
	bool known;
	char corim[COF_RIM_ID_MAX + 1];
	char signer[COF_RIM_NAME_MAX + 1];
	int64_t not_after;
	int64_t version;
} source;

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
	*ret = (source){.known = true, .not_after = not_after, .version = version};
	(void)snprintf(ret->corim, sizeof ret->corim, "%s", corim);
	(void)snprintf(ret->signer, sizeof ret->signer, "%s", signer);
	return 0;
}

static int get_source(cof_holder *h, const char *key, source *ret, cof_err *err)
{
	COF_AUTO(cof_secret) text = {0};
	bool has = false;
	*ret = (source){0};
	int rc = cof_store_has(h->store, COF_KIND_REFERENCE_SOURCE, key, &has, err);
	if (rc < 0 || !has)
		return rc;
	rc = cof_store_get(h->store, COF_KIND_REFERENCE_SOURCE, key, &text, err);
	return rc < 0 ? rc : read_source(cof_secret_span(&text), ret, err);
}

static int put_source(cof_holder *h, const char *key, const cof_owner_references *from, uint64_t version, cof_err *err)
{
	COF_AUTO(cof_buf) text = {0};
	bool was = false;
	if (!from->from_corim)
		return cof_store_del(h->store, COF_KIND_REFERENCE_SOURCE, key, &was, err);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:s, s:I, s:I}", "corim", from->corim, "signer", from->signer, "key", from->key,
		      "not_after", (json_int_t)from->not_after, "version", (json_int_t)version);
	int rc = o == NULL ? cof_err_oom(err) : cof_json_dump(o, &text, err);
	return rc < 0 ? rc : cof_store_put(h->store, COF_KIND_REFERENCE_SOURCE, key, cof_buf_span(&text), err);
}

static void source_key(cof_rim_tee tee, const char *name, char ret[KEY_MAX])
{
	(void)snprintf(ret, KEY_MAX, "%s/%s", cof_rim_tee_name(tee), name);
}

/* ---- registering ---- */

static int count_one(void *arg, const char *name, cof_span value, cof_err *err)
{
	size_t *n = arg;
	(void)name;
	(void)value;
	(void)err;
	++*n;
	return 0;
}

/* An author who signed a newer set does not bring the older one back. */
static int check_version(cof_holder *h, const char *key, const cof_owner_reference *ref, cof_err *err)
{
	source s;
	int rc = get_source(h, key, &s, err);
	if (rc == 0 && ref->version != 0 && s.version > 0 && ref->version < (uint64_t)s.version)
		rc = cof_err_set(err, COF_E_POLICY, "reference-older", "version %lld of '%s' is registered",
				 (long long)s.version, ref->name);
	return rc;
}

static int put_one(cof_holder *h, const cof_owner_references *all, const cof_owner_reference *ref, size_t n[2],
		   cof_err *err)
{
	static const size_t max[2] = {COF_HOLDER_REFERENCES_MAX, COF_HOLDER_TEE_REFERENCES_MAX};
	static const char *const kinds[2] = {COF_KIND_REFERENCE, COF_KIND_TEE_REFERENCE};
	unsigned which = ref->tee == COF_RIM_TPM ? 0 : 1;
	char key[KEY_MAX];
	bool has = false;
	source_key(ref->tee, ref->name, key);
	const char *name = which == 0 ? ref->name : key;
	int rc = cof_store_has(h->store, kinds[which], name, &has, err);
	if (rc == 0 && !has && ++n[which] > max[which])
		rc = cof_err_set(err, COF_E_POLICY, "store-full", "there are %zu of kind %s", max[which], kinds[which]);
	if (rc == 0)
		rc = check_version(h, key, ref, err);
	if (rc == 0)
		rc = cof_store_put(h->store, kinds[which], name, cof_buf_span(&ref->document), err);
	return rc < 0 ? rc : put_source(h, key, all, ref->version, err);
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
	size_t n[2] = {0, 0};
	int rc = cof_owner_parse_references(body, cof_holder_time(), &all, err);
	if (rc < 0)
		return rc;
	record(r, &all);
	rc = cof_store_each(h->store, COF_KIND_REFERENCE, count_one, &n[0], err);
	if (rc == 0)
		rc = cof_store_each(h->store, COF_KIND_TEE_REFERENCE, count_one, &n[1], err);
	for (size_t i = 0; rc == 0 && i < all.n; i++)
		rc = put_one(h, &all, &all.at[i], n, err);
	return rc;
}

/* The name of a tpm set, or TEE/NAME of another kind. */
int cof_holder_delete_reference(cof_holder *h, cof_span name, cof_record *r, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(name);
	char key[KEY_MAX];
	bool was = false, had_source = false;
	if (text == NULL)
		return cof_err_oom(err);
	cof_record_text(r, COF_KIND_REFERENCE, name);
	int rc = cof_store_del(h->store, COF_KIND_REFERENCE, text, &was, err);
	if (rc == 0 && was) {
		source_key(COF_RIM_TPM, text, key);
		return cof_store_del(h->store, COF_KIND_REFERENCE_SOURCE, key, &had_source, err);
	}
	if (rc == 0)
		rc = cof_store_del(h->store, COF_KIND_TEE_REFERENCE, text, &was, err);
	if (rc == 0 && !was)
		rc = cof_err_set(err, COF_E_POLICY, "not-found", "no reference of this name");
	return rc < 0 ? rc : cof_store_del(h->store, COF_KIND_REFERENCE_SOURCE, text, &had_source, err);
}

/* ---- using ---- */

int cof_holder_check_reference(cof_holder *h, const char *name, cof_err *err)
{
	char key[KEY_MAX];
	bool has = false;
	source s;
	source_key(COF_RIM_TPM, name, key);
	int rc = cof_store_has(h->store, COF_KIND_REFERENCE, name, &has, err);
	if (rc == 0 && !has)
		rc = cof_err_set(err, COF_E_POLICY, "reference-withdrawn", "reference values %s", name);
	if (rc == 0)
		rc = get_source(h, key, &s, err);
	if (rc == 0 && s.not_after > 0 && cof_holder_time() > s.not_after)
		rc = cof_err_set(err, COF_E_POLICY, "reference-expired", "reference values %s were good until %lld",
				 name, (long long)s.not_after);
	return rc;
}

void cof_holder_record_source(cof_holder *h, const char *name, cof_record *r)
{
	char key[KEY_MAX];
	source s = {0};
	cof_err err = {0};
	source_key(COF_RIM_TPM, name, key);
	if (name[0] == '\0')
		return;
	if (get_source(h, key, &s, &err) < 0) {
		cof_record_err(r, &err); /* the match stays; that its origin cannot be told is in the line */
		return;
	}
	cof_record_text(r, "corim", cof_span_str(s.corim));
	cof_record_text(r, "signer", cof_span_str(s.signer));
}
