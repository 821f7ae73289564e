/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/references.h"

#include <stdio.h>

#include "attestation/refvalue/rvps.h"

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "reference values: %s", what);
}

static void reference_release(cof_reference *r)
{
	cof_corim_release(&r->corim);
	*r = (cof_reference){0};
}
COF_DEFINE_AUTO(cof_reference, reference_release)

void cof_references_release(cof_references *r)
{
	for (size_t i = 0; i < r->n; i++)
		reference_release(&r->at[i]);
	*r = (cof_references){0};
}

/* ---- CoRIM ---- */

static int check_author(const cof_author *a, cof_reference *r, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < r->corim.rim.n; i++)
		rc = cof_author_may(a, &r->corim.rim.entries[i], err);
	memcpy(r->author, a->name, sizeof r->author);
	return rc;
}

static int read_corim(const cof_reference_in *in, cof_reference *r, cof_err *err)
{
	EVP_PKEY *keys[COF_AUTHORS_MAX];
	const cof_corim_in corim = {.bytes = in->bytes,
				    .keys = keys,
				    .n_keys = in->is_unsigned ? 0 : in->authors->n,
				    .allow_unsigned = in->is_unsigned,
				    .allow_open = in->allow_open,
				    .now = in->now};
	for (size_t i = 0; i < corim.n_keys; i++)
		keys[i] = in->authors->at[i].key;
	int rc = cof_corim_read(&corim, &r->corim, err);
	if (rc == 0 && r->corim.is_signed)
		rc = check_author(&in->authors->at[r->corim.key], r, err);
	return rc;
}

/* ---- JSON ---- */

static int add_document(const json_t *doc, cof_rim *rim, cof_err *err)
{
	COF_AUTO(cof_rim_entry) e = {0};
	int rc = cof_rim_entry_parse(doc, &e, err);
	return rc < 0 ? rc : cof_rim_add(rim, &e, err);
}

static int read_documents(const json_t *list, cof_rim *rim, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++)
		rc = add_document(json_array_get(list, i), rim, err);
	return rc;
}

static int read_json(cof_span bytes, cof_rim *rim, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err why = {0};
	if (cof_json_parse(bytes, &doc, &why) < 0)
		return malformed(err, why.text);
	bool is_list = json_is_array(doc), is_document = json_object_get(doc, "format") != NULL;
	int rc = cof_rim_set_id(rim, cof_span_str(is_list || is_document ? "documents" : "rvps"), err);
	if (rc == 0)
		rc = is_list	   ? read_documents(doc, rim, err)
		     : is_document ? add_document(doc, rim, err)
				   : cof_rvps_read(doc, rim, err);
	return rc < 0 ? rc : cof_rim_check(rim, err);
}

/* ---- one file ---- */

static int read_file(const cof_reference_in *in, cof_reference *r, cof_err *err)
{
	if (in->bytes.len > COF_REFERENCE_FILE_MAX)
		return malformed(err, "the file is too large");
	(void)snprintf(r->author, sizeof r->author, "the caller");
	if (cof_corim_looks_like(in->bytes))
		return read_corim(in, r, err);
	if (!in->is_unsigned)
		return cof_err_set(err, COF_E_POLICY, "reference-unsigned", "no signed CoRIM");
	return read_json(in->bytes, &r->corim.rim, err);
}

int cof_references_add(cof_references *r, const cof_reference_in *in, cof_err *err)
{
	COF_AUTO(cof_reference) one = {0};
	int rc = r->n < COF_REFERENCES_MAX ? 0 : malformed(err, "too many files");
	if (rc == 0)
		rc = read_file(in, &one, err);
	if (rc < 0)
		return rc;
	r->at[r->n++] = one;
	one = (cof_reference){0};
	return 0;
}

cof_stage cof_reference_stage(const cof_err *why)
{
	if (cof_err_is(why, "corim-validity"))
		return COF_STAGE_VALIDITY;
	if (cof_err_is(why, "corim-profile"))
		return COF_STAGE_PROFILE;
	if (why->cls == COF_E_CRYPTO || cof_err_is(why, "corim-unsigned") || cof_err_is(why, "reference-unsigned"))
		return COF_STAGE_SIGNATURE;
	return why->cls == COF_E_MALFORMED ? COF_STAGE_PARSE : COF_STAGE_POLICY;
}
