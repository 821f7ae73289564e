/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/bundle.h"

#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/cose.h"
#include "common/secret.h"

#define CONTENT_TYPE "application/vnd.coffer.endorsements+cbor"

enum { KEY_VERSION = 1, KEY_CREATED, KEY_ENTRIES, VERSION = 1 };

void cof_bundle_release(cof_bundle *b)
{
	for (size_t i = 0; i < b->n; i++)
		cof_endorsement_release(&b->e[i]);
	free(b->e);
	*b = (cof_bundle){0};
}

int cof_bundle_add(cof_bundle *b, cof_endorsement *e, cof_err *err)
{
	if (b->n == COF_BUNDLE_ENTRIES_MAX)
		return cof_err_set(err, COF_E_USAGE, "bundle-too-large", "more than %d endorsements",
				   COF_BUNDLE_ENTRIES_MAX);
	cof_endorsement *more = reallocarray(b->e, b->n + 1, sizeof *more);
	if (more == NULL)
		return cof_err_oom(err);
	b->e = more;
	b->e[b->n++] = *e;
	*e = (cof_endorsement){0};
	return 0;
}

/* By type, which puts the used before its users, and then by name: the same content gives the same bytes. */
static int order(const void *a, const void *b)
{
	const cof_endorsement *x = a, *y = b;
	char of_x[COF_ENDORSE_NAME_MAX], of_y[COF_ENDORSE_NAME_MAX];
	if (x->id.type != y->id.type)
		return x->id.type < y->id.type ? -1 : 1;
	cof_endorse_name(&x->id, of_x);
	cof_endorse_name(&y->id, of_y);
	return strcmp(of_x, of_y);
}

static void sort(cof_bundle *b)
{
	if (b->n > 1)
		qsort(b->e, b->n, sizeof *b->e, order);
}

/* --- writing --- */

int cof_bundle_sign(cof_bundle *b, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) payload = cof_buf_capped(COF_BUNDLE_MAX - COF_ENDORSE_NAME_MAX);
	cof_wr w = cof_wr_to(&payload);
	if (b->n == 0)
		return cof_err_set(err, COF_E_USAGE, "bundle-empty", "there is no endorsement to put into it");
	sort(b);
	cof_cbor_put_map(&w, 3);
	cof_cbor_put_uint(&w, KEY_VERSION);
	cof_cbor_put_uint(&w, VERSION);
	cof_cbor_put_uint(&w, KEY_CREATED);
	cof_cbor_put_int(&w, b->created);
	cof_cbor_put_uint(&w, KEY_ENTRIES);
	cof_cbor_put_array(&w, b->n);
	for (size_t i = 0; i < b->n; i++)
		cof_endorsement_write(&b->e[i], &w);
	if (w.failed)
		return cof_err_set(err, COF_E_USAGE, "bundle-too-large", "more than %d bytes: make several bundles",
				   COF_BUNDLE_MAX);
	const cof_cose_out out = {.content_type = CONTENT_TYPE, .payload = cof_buf_span(&payload)};
	return cof_cose_sign(&out, key, ret, err);
}

/* --- reading --- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "bundle-malformed", "bundle: %s", what);
}

static int read_entries(const cof_cbor *list, cof_bundle *b, cof_err *err)
{
	size_t n = 0;
	int rc = 0;
	if (!cof_cbor_array(list, &n) || n == 0 || n > COF_BUNDLE_ENTRIES_MAX)
		return malformed(err, "its list of endorsements");
	for (size_t i = 0; rc == 0 && i < n; i++) {
		COF_AUTO(cof_endorsement) e = {0};
		rc = cof_endorsement_read(cof_cbor_at(list, i), &e, err);
		if (rc == 0)
			rc = cof_bundle_add(b, &e, err);
	}
	if (rc < 0)
		return rc;
	sort(b);
	for (size_t i = 1; i < b->n; i++) {
		if (order(&b->e[i - 1], &b->e[i]) == 0)
			return malformed(err, "an endorsement stands in it twice");
	}
	return 0;
}

static int read_payload(cof_span payload, cof_bundle *b, cof_err *err)
{
	static const int64_t keys[] = {KEY_VERSION, KEY_CREATED, KEY_ENTRIES};
	COF_AUTO_PTR(cof_cbor) v = NULL;
	uint64_t version = 0, created = 0;
	int rc = cof_cbor_check_ordered(payload, err);
	if (rc == 0)
		rc = cof_cbor_load(payload, &v, err);
	if (rc < 0)
		return rc;
	if (!cof_cbor_uint(cof_cbor_get(v, KEY_VERSION), UINT64_MAX, &version))
		return malformed(err, "it states no version");
	if (version != VERSION)
		return cof_err_set(err, COF_E_MALFORMED, "bundle-version", "bundle of version %llu",
				   (unsigned long long)version);
	if (!cof_cbor_only(v, keys, COF_COUNT(keys)) ||
	    !cof_cbor_uint(cof_cbor_get(v, KEY_CREATED), INT64_MAX, &created))
		return malformed(err, "its members");
	b->created = (int64_t)created;
	return read_entries(cof_cbor_get(v, KEY_ENTRIES), b, err);
}

int cof_bundle_open(cof_span file, EVP_PKEY *key, cof_bundle *ret, cof_err *err)
{
	COF_AUTO(cof_cose) message = {0};
	COF_AUTO(cof_bundle) b = {0};
	cof_span type;
	const cof_cose_in in = {.message = file, .keys = &key, .n_keys = 1};
	int rc = cof_cose_verify(&in, &message, err);
	if (rc < 0)
		return rc;
	/* The same key may have signed other things. */
	if (!cof_cbor_text(cof_cbor_get(message.protected_header, COF_COSE_LABEL_CONTENT_TYPE), &type) ||
	    !cof_ct_equal(type, cof_span_str(CONTENT_TYPE)))
		return malformed(err, "what was signed is something else");
	rc = read_payload(message.payload, &b, err);
	if (rc < 0)
		return rc;
	*ret = b;
	b = (cof_bundle){0};
	return 0;
}
