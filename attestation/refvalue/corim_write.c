/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "attestation/refvalue/corim_int.h"
#include "attestation/refvalue/cose.h"

enum { META_LABEL = 8 };

static void put_time(cof_wr *w, int64_t t)
{
	cof_cbor_put_tag(w, COF_CORIM_TAG_TIME);
	cof_cbor_put_int(w, t);
}

/* { ? 0: not before, 1: not after } */
static void put_validity(cof_wr *w, int64_t not_before, int64_t not_after)
{
	cof_cbor_put_map(w, not_before > 0 ? 2 : 1);
	if (not_before > 0) {
		cof_cbor_put_uint(w, 0);
		put_time(w, not_before);
	}
	cof_cbor_put_uint(w, 1);
	put_time(w, not_after);
}

static void put_profile(cof_wr *w, const cof_corim_profile *p)
{
	if (p->uri == NULL) {
		cof_corim_put_oid(w, p->oid);
		return;
	}
	cof_cbor_put_tag(w, COF_CORIM_TAG_URI);
	cof_cbor_put_text(w, p->uri);
}

/* { 1: { 0: name, ? 1: version }, 4: { 0: [ [ environment, [ + measurement ] ] ] } } */
static int comid_bytes(const cof_rim_entry *e, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_map(&w, 2);
	cof_cbor_put_uint(&w, 1);
	cof_cbor_put_map(&w, e->version > 0 ? 2 : 1);
	cof_cbor_put_uint(&w, 0);
	cof_cbor_put_text(&w, e->name);
	if (e->version > 0) {
		cof_cbor_put_uint(&w, 1);
		cof_cbor_put_uint(&w, e->version);
	}
	cof_cbor_put_uint(&w, 4);
	cof_cbor_put_map(&w, 1);
	cof_cbor_put_uint(&w, 0);
	cof_cbor_put_array(&w, 1);
	int rc = cof_corim_profile_of(e->tee)->write(e, &w, err);
	if (rc == 0)
		rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_cbor_check_ordered(cof_buf_span(ret), err);
}

static int put_tags(cof_wr *w, const cof_rim *rim, cof_rim_tee tee, cof_err *err)
{
	cof_cbor_put_array(w, cof_rim_count(rim, tee));
	for (size_t i = 0; i < rim->n; i++) {
		COF_AUTO(cof_buf) comid = {0};
		if (rim->entries[i].tee != tee)
			continue;
		int rc = comid_bytes(&rim->entries[i], &comid, err);
		if (rc < 0)
			return rc;
		cof_cbor_put_tag(w, COF_CORIM_TAG_COMID);
		cof_cbor_put_bytes(w, cof_buf_span(&comid));
	}
	return 0;
}

static int id_of(const cof_rim *rim, cof_rim_tee tee, char ret[COF_RIM_ID_MAX + 1], cof_err *err)
{
	int n = snprintf(ret, COF_RIM_ID_MAX + 1, "%s/%s", rim->id, cof_rim_tee_name(tee));
	if (n < 0 || n > COF_RIM_ID_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "rim-malformed", "reference values: the id is too long");
	return 0;
}

static int write_rim(const cof_rim *rim, cof_rim_tee tee, cof_buf *ret, cof_err *err)
{
	char id[COF_RIM_ID_MAX + 1];
	cof_wr w = cof_wr_to(ret);
	int rc = id_of(rim, tee, id, err);
	if (rc < 0)
		return rc;
	cof_cbor_put_tag(&w, COF_CORIM_TAG_RIM);
	cof_cbor_put_map(&w, rim->not_after > 0 ? 4 : 3);
	cof_cbor_put_uint(&w, 0);
	cof_cbor_put_text(&w, id);
	cof_cbor_put_uint(&w, 1);
	rc = put_tags(&w, rim, tee, err);
	if (rc < 0)
		return rc;
	cof_cbor_put_uint(&w, 3);
	put_profile(&w, cof_corim_profile_of(tee));
	if (rim->not_after > 0) {
		cof_cbor_put_uint(&w, 4);
		put_validity(&w, rim->not_before, rim->not_after);
	}
	return cof_wr_done(&w, err);
}

int cof_corim_write(const cof_rim *rim, cof_rim_tee tee, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) out = {0};
	int rc = cof_rim_check(rim, err);
	if (rc == 0 && ((unsigned)tee >= COF_RIM_TEES || cof_rim_count(rim, tee) == 0))
		rc = cof_err_set(err, COF_E_MALFORMED, "rim-malformed", "reference values: none of this kind");
	if (rc == 0)
		rc = write_rim(rim, tee, &out, err);
	if (rc == 0)
		rc = cof_cbor_check_ordered(cof_buf_span(&out), err);
	return rc < 0 ? rc : cof_buf_add(ret, out.data, out.len, err);
}

/* 8: the bytes of { 0: { 0: name }, ? 1: validity } */
static int meta_pair(const cof_corim_signer *by, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) meta = {0};
	cof_wr w = cof_wr_to(&meta);
	if (!cof_rim_name_ok(cof_span_str(by->name)) || (by->not_before > 0 && by->not_after < by->not_before))
		return cof_err_set(err, COF_E_MALFORMED, "rim-malformed", "the signer's name or the times");
	cof_cbor_put_map(&w, by->not_after > 0 ? 2 : 1);
	cof_cbor_put_uint(&w, 0);
	cof_cbor_put_map(&w, 1);
	cof_cbor_put_uint(&w, 0);
	cof_cbor_put_text(&w, by->name);
	if (by->not_after > 0) {
		cof_cbor_put_uint(&w, 1);
		put_validity(&w, by->not_before, by->not_after);
	}
	int rc = cof_wr_done(&w, err);
	if (rc < 0)
		return rc;
	w = cof_wr_to(ret);
	cof_cbor_put_uint(&w, META_LABEL);
	cof_cbor_put_bytes(&w, cof_buf_span(&meta));
	return cof_wr_done(&w, err);
}

int cof_corim_sign(const cof_rim *rim, cof_rim_tee tee, const cof_corim_signer *by, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) more = {0};
	int rc = cof_corim_write(rim, tee, &payload, err);
	if (rc == 0)
		rc = meta_pair(by, &more, err);
	if (rc < 0)
		return rc;
	const cof_cose_out out = {.content_type = "application/rim+cbor",
				  .more = cof_buf_span(&more),
				  .n_more = 1,
				  .payload = cof_buf_span(&payload)};
	return cof_cose_sign(&out, by->key, ret, err);
}
