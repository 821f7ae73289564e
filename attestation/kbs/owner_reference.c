/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/owner_reference.h"

#include <stdio.h>

#include "attestation/kbs/owner_data.h"
#include "attestation/refvalue/corim.h"
#include "common/hex.h"
#include "common/ossl.h"

static void reference_release(cof_owner_reference *r)
{
	cof_buf_release(&r->document);
}

void cof_owner_references_release(cof_owner_references *r)
{
	for (size_t i = 0; i < r->n; i++)
		reference_release(&r->at[i]);
	free(r->at);
	*r = (cof_owner_references){0};
}

static int make_room(cof_owner_references *r, size_t n, cof_err *err)
{
	r->at = calloc(n, sizeof *r->at);
	return r->at != NULL ? 0 : cof_err_oom(err);
}

/* ---- one document ---- */

static int take_document(cof_span body, cof_owner_references *r, cof_err *err)
{
	COF_AUTO(cof_owner_item) item = {0};
	int rc = cof_owner_parse_reference(body, &item, err);
	if (rc == 0)
		rc = make_room(r, 1, err);
	if (rc < 0)
		return rc;
	r->n = 1;
	r->at[0].tee = COF_RIM_TPM;
	(void)snprintf(r->at[0].name, sizeof r->at[0].name, "%s", cof_buf_str(&item.name));
	r->at[0].document = item.value;
	item.value = (cof_buf){0};
	return 0;
}

/* ---- a CoRIM ---- */

static int key_hash(EVP_PKEY *key, char ret[2 * COF_SHA256_LEN + 1], cof_err *err)
{
	uint8_t *der = NULL, d[COF_SHA256_LEN];
	int n = i2d_PUBKEY(key, &der);
	int rc = n > 0 ? cof_sha256(cof_span_of(der, (size_t)n), d, err) : cof_err_oom(err);
	OPENSSL_free(der);
	if (rc == 0)
		cof_hex(cof_span_of(d, sizeof d), ret);
	return rc;
}

/* What was understood is what is kept: the entry's own document, not bytes of the manifest. */
static int take_entry(const cof_rim_entry *e, cof_owner_reference *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	int rc = cof_rim_entry_json(e, &doc, err);
	if (rc < 0)
		return rc;
	ret->tee = e->tee;
	ret->version = e->version;
	memcpy(ret->name, e->name, sizeof ret->name);
	return cof_json_dump(doc, &ret->document, err);
}

static int take_entries(const cof_corim *c, cof_owner_references *r, cof_err *err)
{
	r->from_corim = true;
	r->not_after = c->not_after;
	memcpy(r->corim, c->rim.id, sizeof r->corim);
	memcpy(r->signer, c->signer, sizeof r->signer);
	int rc = make_room(r, c->rim.n, err);
	for (; rc == 0 && r->n < c->rim.n; r->n++)
		rc = take_entry(&c->rim.entries[r->n], &r->at[r->n], err);
	return rc;
}

static int read_corim(cof_span bytes, const char *pem, int64_t now, cof_owner_references *r, cof_err *err)
{
	COF_AUTO(cof_corim) c = {0};
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	int rc = cof_cose_key_public(cof_span_str(pem), now, &key, err);
	if (rc < 0)
		return rc;
	EVP_PKEY *const keys[] = {key};
	const cof_corim_in in = {.bytes = bytes, .keys = keys, .n_keys = 1, .now = now};
	rc = cof_corim_read(&in, &c, err);
	if (rc == 0)
		rc = key_hash(key, r->key, err);
	return rc < 0 ? rc : take_entries(&c, r, err);
}

static int take_corim(const json_t *o, int64_t now, cof_owner_references *r, cof_err *err)
{
	static const char *const known[] = {"version", "type", "payload", "key", NULL};
	COF_AUTO(cof_buf) bytes = {0};
	const char *version = NULL, *pem = NULL;
	int rc = cof_json_only(o, known, err);
	if (rc == 0)
		rc = cof_json_str(o, "version", &version, err);
	if (rc == 0 && strcmp(version, "0.1.0") != 0)
		rc = cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "version 0.1.0 is read");
	if (rc == 0)
		rc = cof_json_str(o, "key", &pem, err);
	if (rc == 0)
		rc = cof_json_b64(o, "payload", &bytes, err);
	return rc < 0 ? rc : read_corim(cof_buf_span(&bytes), pem, now, r, err);
}

int cof_owner_parse_references(cof_span body, int64_t now, cof_owner_references *ret, cof_err *err)
{
	COF_AUTO(cof_owner_references) r = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	const char *type = NULL;
	int rc = cof_json_parse(body, &o, err);
	if (rc == 0)
		rc = cof_json_str(o, "type", &type, err);
	if (rc == 0)
		rc = strcmp(type, "corim") == 0 ? take_corim(o, now, &r, err) : take_document(body, &r, err);
	if (rc < 0)
		return rc;
	*ret = r;
	r = (cof_owner_references){0};
	return 0;
}
