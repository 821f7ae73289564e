/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/entry.h"

#include "attestation/refvalue/cborwr.h"

enum { NAME = 1, BODY, CHAIN, FETCHED, ISSUED, EXPIRES, NUMBER, SOURCE };
enum { DAY_S = 24 * 60 * 60, MONTH_S = 30 * DAY_S };

static const int64_t keys[] = {NAME, BODY, CHAIN, FETCHED, ISSUED, EXPIRES, NUMBER, SOURCE};

void cof_endorsement_release(cof_endorsement *e)
{
	cof_buf_release(&e->body);
	cof_buf_release(&e->chain);
	*e = (cof_endorsement){0};
}

void cof_endorsement_write(const cof_endorsement *e, cof_wr *w)
{
	char name[COF_ENDORSE_NAME_MAX];
	cof_endorse_name(&e->id, name);
	cof_cbor_put_map(w, COF_COUNT(keys));
	cof_cbor_put_uint(w, NAME);
	cof_cbor_put_text(w, name);
	cof_cbor_put_uint(w, BODY);
	cof_cbor_put_bytes(w, cof_buf_span(&e->body));
	cof_cbor_put_uint(w, CHAIN);
	cof_cbor_put_bytes(w, cof_buf_span(&e->chain));
	cof_cbor_put_uint(w, FETCHED);
	cof_cbor_put_int(w, e->fetched);
	cof_cbor_put_uint(w, ISSUED);
	cof_cbor_put_int(w, e->issued);
	cof_cbor_put_uint(w, EXPIRES);
	cof_cbor_put_int(w, e->expires);
	cof_cbor_put_uint(w, NUMBER);
	cof_cbor_put_uint(w, e->number);
	cof_cbor_put_uint(w, SOURCE);
	cof_cbor_put_text(w, e->source);
}

/* --- reading --- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "endorsement-malformed", "endorsement: %s", what);
}

static bool read_time(const cof_cbor *map, int64_t key, int64_t *ret)
{
	uint64_t v = 0;
	bool ok = cof_cbor_uint(cof_cbor_get(map, key), INT64_MAX, &v);
	*ret = (int64_t)v;
	return ok;
}

/* It is printed: printable text alone. */
static bool read_source(const cof_cbor *map, char out[COF_ENDORSE_SOURCE_MAX])
{
	cof_span s;
	if (!cof_cbor_text(cof_cbor_get(map, SOURCE), &s) || s.len >= COF_ENDORSE_SOURCE_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] <= ' ' || s.data[i] >= 0x7f)
			return false;
	}
	if (s.len > 0)
		memcpy(out, s.data, s.len);
	out[s.len] = '\0';
	return true;
}

static int read_bytes(const cof_cbor *map, int64_t key, size_t max, cof_buf *ret, cof_err *err)
{
	cof_span s;
	if (!cof_cbor_bytes(cof_cbor_get(map, key), &s) || s.len > max)
		return malformed(err, "its bytes");
	return cof_buf_add(ret, s.data, s.len, err);
}

int cof_endorsement_read(const cof_cbor *v, cof_endorsement *ret, cof_err *err)
{
	COF_AUTO(cof_endorsement) e = {0};
	cof_span name;
	if (!cof_cbor_only(v, keys, COF_COUNT(keys)) || !cof_cbor_text(cof_cbor_get(v, NAME), &name))
		return malformed(err, "its members");
	if (!read_time(v, FETCHED, &e.fetched) || !read_time(v, ISSUED, &e.issued) ||
	    !read_time(v, EXPIRES, &e.expires) || !cof_cbor_uint(cof_cbor_get(v, NUMBER), UINT64_MAX, &e.number) ||
	    !read_source(v, e.source))
		return malformed(err, "its dates or origin");
	int rc = cof_endorse_name_parse(name, &e.id, err);
	if (rc == 0)
		rc = read_bytes(v, BODY, COF_ENDORSE_BODY_MAX, &e.body, err);
	if (rc == 0)
		rc = read_bytes(v, CHAIN, COF_ENDORSE_CHAIN_MAX, &e.chain, err);
	if (rc < 0)
		return rc;
	*ret = e;
	e = (cof_endorsement){0};
	return 0;
}

int cof_endorsement_parse(cof_span in, cof_endorsement *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_cbor) v = NULL;
	int rc = cof_cbor_load(in, &v, err);
	return rc < 0 ? rc : cof_endorsement_read(v, ret, err);
}

/* --- age --- */

static bool is_certificate(cof_endorse_type t)
{
	return t == COF_ENDORSE_SNP_VCEK || t == COF_ENDORSE_SNP_CHAIN;
}

int64_t cof_endorsement_refresh_at(const cof_endorsement *e)
{
	if (is_certificate(e->id.type))
		return e->expires - MONTH_S > e->fetched ? e->expires - MONTH_S : e->fetched + DAY_S;
	return e->fetched <= INT64_MAX - DAY_S ? e->fetched + DAY_S : INT64_MAX;
}

bool cof_endorsement_holds(const cof_endorsement *e, int64_t now)
{
	return now <= e->expires;
}
