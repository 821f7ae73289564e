/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions in CBOR, by the code points of measurement values that the profiles share. */
#include "attestation/refvalue/corim_int.h"
#include "common/rd.h"

/* spec: draft-ietf-rats-corim, 5.1.4.1.4 (values), and 9.4.6 (how they are compared) */

/* ---- digests ---- */

int cof_corim_demand_digests(const cof_cbor *v, int64_t alg, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	uint8_t bytes[COF_DIGEST_MAX];
	int rc = cof_corim_digests(v, alg, bytes, err);
	return rc < 0 ? rc : cof_rim_demand(e, f, COF_RIM_IS, cof_span_of(bytes, cof_rim_field_of(f)->len), err);
}

int cof_corim_put_cond_digests(cof_wr *w, int64_t alg, const cof_rim_cond *c, cof_err *err)
{
	if (c->n != 1)
		return cof_corim_unsupported(err, "one of several digests");
	cof_corim_put_digests(w, alg, cof_rim_value(c, 0));
	return 0;
}

/* ---- raw values ---- */

static void turn(uint8_t *to, cof_span from, cof_corim_order order)
{
	for (size_t i = 0; i < from.len; i++)
		to[i] = from.data[order == COF_CORIM_REVERSED ? from.len - 1 - i : i];
}

/* The value, and the mask where there is one (else empty). */
static int raw_parts(const cof_corim_raw_in *in, cof_span *ret_value, cof_span *ret_mask, cof_err *err)
{
	const cof_cbor *masked = cof_cbor_untag(in->value, COF_CORIM_TAG_MASKED);
	size_t n = 0;
	if (masked != NULL)
		return cof_cbor_array(masked, &n) && n == 2 && cof_cbor_bytes(cof_cbor_at(masked, 0), ret_value) &&
				       cof_cbor_bytes(cof_cbor_at(masked, 1), ret_mask) && in->old_mask == NULL
			       ? 0
			       : cof_corim_malformed(err, "a masked value");
	if (in->old_mask != NULL && !cof_cbor_bytes(in->old_mask, ret_mask))
		return cof_corim_malformed(err, "a mask");
	bool bare = in->allow_bare && cof_cbor_bytes(in->value, ret_value);
	if (!bare && !cof_cbor_bytes(cof_cbor_untag(in->value, COF_CORIM_TAG_BYTES), ret_value))
		return cof_corim_unsupported(err, "a raw value of another form");
	return 0;
}

int cof_corim_demand_raw(const cof_corim_raw_in *in, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	uint8_t bytes[2 * COF_RIM_VALUE_MAX];
	cof_span value = {0}, mask = {0};
	size_t len = cof_rim_field_of(f)->len;
	int rc = raw_parts(in, &value, &mask, err);
	if (rc < 0)
		return rc;
	if (value.len != len || (mask.len != 0 && mask.len != len))
		return cof_corim_malformed(err, "a raw value's length");
	turn(bytes, value, in->order);
	turn(bytes + len, mask, in->order);
	for (size_t i = 0; i < mask.len; i++)
		bytes[i] &= bytes[len + i];
	return cof_rim_demand(e, f, mask.len != 0 ? COF_RIM_MASKED : COF_RIM_IS, cof_span_of(bytes, len + mask.len),
			      err);
}

static void put_turned(cof_wr *w, cof_corim_order order, cof_span value)
{
	uint8_t bytes[COF_RIM_VALUE_MAX];
	turn(bytes, value, order);
	cof_cbor_put_bytes(w, cof_span_of(bytes, value.len));
}

int cof_corim_put_cond_raw(cof_wr *w, cof_corim_order order, const cof_rim_cond *c, cof_err *err)
{
	if (c->op == COF_RIM_IS && c->n == 1) {
		cof_cbor_put_tag(w, COF_CORIM_TAG_BYTES);
		put_turned(w, order, cof_rim_value(c, 0));
		return 0;
	}
	if (c->op != COF_RIM_MASKED)
		return cof_corim_unsupported(err, "one of several raw values");
	cof_cbor_put_tag(w, COF_CORIM_TAG_MASKED);
	cof_cbor_put_array(w, 2);
	put_turned(w, order, cof_rim_value(c, 0));
	put_turned(w, order, cof_rim_value(c, 1));
	return 0;
}

/* ---- numbers ---- */

int cof_corim_demand_svn(const cof_cbor *v, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *exact = cof_cbor_untag(v, COF_CORIM_TAG_SVN), *least = cof_cbor_untag(v, COF_CORIM_TAG_MIN_SVN);
	uint64_t n = 0;
	if (!cof_cbor_uint(exact != NULL ? exact : least != NULL ? least : v, UINT64_MAX, &n))
		return cof_corim_unsupported(err, "an SVN of another form");
	return cof_rim_demand_number(e, f, least != NULL ? COF_RIM_AT_LEAST : COF_RIM_IS, n, n, err);
}

int cof_corim_put_cond_svn(cof_wr *w, const cof_rim_cond *c, cof_err *err)
{
	if (c->n != 1)
		return cof_corim_unsupported(err, "one of several SVNs, or a range");
	cof_cbor_put_tag(w, c->op == COF_RIM_AT_LEAST ? COF_CORIM_TAG_MIN_SVN : COF_CORIM_TAG_SVN);
	cof_cbor_put_uint(w, cof_rim_value_number(c, 0));
	return 0;
}

/* A bound that is null is none. */
static bool bound(const cof_cbor *v, uint64_t none, uint64_t *ret)
{
	*ret = none;
	return cof_cbor_is_null(v) || cof_cbor_uint(v, UINT64_MAX, ret);
}

static int demand_range(const cof_cbor *r, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	uint64_t most = UINT64_MAX >> (64 - cof_rim_field_of(f)->bits), min = 0, max = 0;
	size_t n = 0;
	bool open = cof_cbor_is_null(cof_cbor_at(r, 1));
	if (!cof_cbor_array(r, &n) || n != 2 || !bound(cof_cbor_at(r, 0), 0, &min) ||
	    !bound(cof_cbor_at(r, 1), most, &max) || (open && cof_cbor_is_null(cof_cbor_at(r, 0))))
		return cof_corim_malformed(err, "a range of numbers");
	return cof_rim_demand_number(e, f, open ? COF_RIM_AT_LEAST : COF_RIM_RANGE, min, max, err);
}

int cof_corim_demand_int(const cof_cbor *v, cof_rim_field f, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *range = cof_cbor_untag(v, COF_CORIM_TAG_RANGE);
	uint64_t n = 0;
	if (range != NULL)
		return demand_range(range, f, e, err);
	if (!cof_cbor_uint(v, UINT64_MAX, &n))
		return cof_corim_unsupported(err, "a number that no report has");
	return cof_rim_demand_number(e, f, COF_RIM_IS, n, n, err);
}

int cof_corim_put_cond_int(cof_wr *w, const cof_rim_cond *c, cof_err *err)
{
	if (c->op == COF_RIM_IS && c->n == 1) {
		cof_cbor_put_uint(w, cof_rim_value_number(c, 0));
		return 0;
	}
	if (c->op == COF_RIM_IS)
		return cof_corim_unsupported(err, "one of several numbers");
	cof_cbor_put_tag(w, COF_CORIM_TAG_RANGE);
	cof_cbor_put_array(w, 2);
	cof_cbor_put_uint(w, cof_rim_value_number(c, 0));
	if (c->op == COF_RIM_AT_LEAST)
		cof_cbor_put_null(w);
	else
		cof_cbor_put_uint(w, cof_rim_value_number(c, 1));
	return 0;
}
