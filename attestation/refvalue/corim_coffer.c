/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer's own profile (docs/formats.md): what nobody else's covers. The class is vendor "coffer" and the kind as
 * model. A TPM's PCRs are integrity registers; the events that explain them stand beside, so that a refusal can name
 * the one that differs.
 */
#include "attestation/refvalue/corim_int.h"

static const char vendor[] = "coffer";

enum { EVENTS = -1, EVENT_PARTS = 4 };

/* ---- writing ---- */

static void put_events(cof_wr *w, const cof_refvalue *v)
{
	cof_cbor_put_array(w, v->n);
	for (size_t i = 0; i < v->n; i++) {
		const cof_ref_event *e = &v->events[i];
		cof_cbor_put_array(w, EVENT_PARTS);
		cof_cbor_put_uint(w, e->reg);
		cof_cbor_put_uint(w, e->type);
		cof_cbor_put_text(w, e->name);
		cof_corim_put_digest(w, COF_CORIM_SHA256, cof_digest_span(&e->digest));
	}
}

static void put_registers(cof_wr *w, const cof_refvalue *v)
{
	uint64_t n = 0;
	for (size_t i = 0; i < COF_PCRS; i++)
		n += v->has[i];
	cof_cbor_put_map(w, n);
	for (size_t i = 0; i < COF_PCRS; i++) {
		if (!v->has[i])
			continue;
		cof_cbor_put_uint(w, i);
		cof_corim_put_digests(w, COF_CORIM_SHA256, cof_digest_span(&v->pcrs[i]));
	}
}

static void put_tpm(cof_wr *w, const cof_refvalue *v)
{
	cof_cbor_put_map(w, 2);
	cof_cbor_put_uint(w, COF_CORIM_REGISTERS);
	put_registers(w, v);
	cof_cbor_put_int(w, EVENTS);
	put_events(w, v);
}

static int write_coffer(const cof_rim_entry *e, cof_wr *w, cof_err *err)
{
	(void)err;
	cof_cbor_put_array(w, 2);
	cof_corim_put_class(w, vendor, cof_rim_tee_name(e->tee));
	cof_cbor_put_array(w, 1);
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_MVAL);
	if (e->tee == COF_RIM_TPM) {
		put_tpm(w, &e->tpm);
		return 0;
	}
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_CORIM_DIGESTS);
	cof_corim_put_digests(w, COF_CORIM_SHA256, cof_span_of(e->digest, COF_SHA256_LEN));
	return 0;
}

/* ---- reading ---- */

static int read_registers(const cof_cbor *v, cof_refvalue *ret, cof_err *err)
{
	size_t n = 0;
	if (!cof_cbor_map(v, &n) || n == 0)
		return cof_corim_malformed(err, "integrity registers");
	for (size_t i = 0; i < n; i++) {
		uint64_t pcr = 0;
		if (!cof_cbor_uint(cof_cbor_key(v, i), COF_PCRS - 1, &pcr))
			return cof_corim_malformed(err, "an integrity register that is no PCR");
		int rc = cof_corim_digests(cof_cbor_value(v, i), COF_CORIM_SHA256, ret->pcrs[pcr].bytes, err);
		if (rc < 0)
			return rc;
		ret->has[pcr] = true;
	}
	return 0;
}

static int read_event(const cof_cbor *v, cof_ref_event *ret, cof_err *err)
{
	uint64_t reg = 0, type = 0;
	uint8_t digest[COF_SHA256_LEN];
	cof_span name;
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n != EVENT_PARTS || !cof_cbor_uint(cof_cbor_at(v, 0), COF_PCRS - 1, &reg) ||
	    !cof_cbor_uint(cof_cbor_at(v, 1), UINT32_MAX, &type) || !cof_cbor_text(cof_cbor_at(v, 2), &name) ||
	    !cof_rim_name_ok(name) || name.len >= sizeof ret->name)
		return cof_corim_malformed(err, "an event");
	if (cof_event_type_name((uint32_t)type) == NULL)
		return cof_corim_unsupported(err, "an event's type");
	int rc = cof_corim_digest(cof_cbor_at(v, 3), COF_CORIM_SHA256, digest, err);
	if (rc < 0)
		return rc;
	ret->reg = (uint32_t)reg;
	ret->digest = (cof_digest){.alg = COF_SHA256};
	memcpy(ret->digest.bytes, digest, sizeof digest);
	ret->type = (uint32_t)type;
	memcpy(ret->name, name.data, name.len);
	return 0;
}

static int read_events(const cof_cbor *v, cof_refvalue *ret, cof_err *err)
{
	size_t n = 0;
	if (!cof_cbor_array(v, &n) || n == 0 || n > COF_REFVALUE_EVENTS_MAX)
		return cof_corim_malformed(err, "the list of events");
	ret->events = calloc(n, sizeof *ret->events);
	if (ret->events == NULL)
		return cof_err_oom(err);
	int rc = 0;
	for (; rc == 0 && ret->n < n; ret->n++)
		rc = read_event(cof_cbor_at(v, ret->n), &ret->events[ret->n], err);
	return rc;
}

static int read_tpm(const cof_cbor *mval, cof_rim_entry *e, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_REGISTERS, EVENTS};
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	if (rc == 0)
		rc = read_registers(cof_cbor_get(mval, COF_CORIM_REGISTERS), &e->tpm, err);
	return rc < 0 ? rc : read_events(cof_cbor_get(mval, EVENTS), &e->tpm, err);
}

static int read_launch(const cof_cbor *mval, cof_rim_entry *e, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_DIGESTS};
	int rc = cof_corim_only(mval, keys, COF_COUNT(keys), "a measurement", err);
	return rc < 0 ? rc : cof_corim_digests(cof_cbor_get(mval, COF_CORIM_DIGESTS), COF_CORIM_SHA256, e->digest, err);
}

static const cof_corim_profile coffer;

static int read_class(const cof_cbor *class, cof_rim_tee *ret, cof_err *err)
{
	static const int64_t keys[] = {COF_CORIM_VENDOR, COF_CORIM_MODEL};
	int rc = cof_corim_only(class, keys, COF_COUNT(keys), "a class", err);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < COF_RIM_TEES && cof_corim_text_is(cof_cbor_get(class, COF_CORIM_VENDOR), vendor);
	     i++) {
		*ret = (cof_rim_tee)i;
		if (coffer.takes[i] && cof_corim_text_is(cof_cbor_get(class, COF_CORIM_MODEL), cof_rim_tee_name(*ret)))
			return 0;
	}
	return cof_corim_unsupported(err, "a class that the profile does not name");
}

static int read_coffer(const cof_cbor *environment, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err)
{
	const cof_cbor *m = cof_cbor_at(measurements, 0), *mval = cof_cbor_get(m, COF_CORIM_MVAL);
	size_t n = 0;
	int rc = read_class(cof_cbor_get(environment, COF_CORIM_CLASS), &e->tee, err);
	if (rc < 0)
		return rc;
	if (!cof_cbor_array(measurements, &n) || n != 1 || cof_cbor_get(m, COF_CORIM_MKEY) != NULL)
		return cof_corim_unsupported(err, "several measurements, or one with a key");
	return e->tee == COF_RIM_TPM ? read_tpm(mval, e, err) : read_launch(mval, e, err);
}

static const cof_corim_profile coffer = {
	.uri = COF_CORIM_PROFILE_COFFER,
	.takes = {[COF_RIM_TPM] = true, [COF_RIM_SEV] = true, [COF_RIM_SEVES] = true},
	.write = write_coffer,
	.read = read_coffer,
};

const cof_corim_profile *cof_corim_profile_coffer(void)
{
	return &coffer;
}
