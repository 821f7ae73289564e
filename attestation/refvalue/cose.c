/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cose.h"

#include "attestation/refvalue/cborwr.h"
#include "common/rd.h"
#include "common/secret.h"

enum { PARTS = 4 };

void cof_cose_release(cof_cose *c)
{
	cof_cbor_free(c->message);
	cof_cbor_free(c->protected_header);
	*c = (cof_cose){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "cose-malformed", "COSE_Sign1: %s", what);
}

/* spec: RFC 9052 4.4: [ "Signature1", protected, external_aad, payload ], deterministic */
static int signed_bytes(cof_span protected_bytes, cof_span aad, cof_span payload, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_array(&w, PARTS);
	cof_cbor_put_text(&w, "Signature1");
	cof_cbor_put_bytes(&w, protected_bytes);
	cof_cbor_put_bytes(&w, aad);
	cof_cbor_put_bytes(&w, payload);
	return cof_wr_done(&w, err);
}

/* ---- verifying ---- */

/* The tags are peeled by hand: libcbor before 0.11 cannot read tag 18. Other messages of COSE have other tags. */
static int peel_tags(const cof_cose_in *in, cof_span *ret, cof_err *err)
{
	static const uint8_t cwt[] = {0xd8, COF_COSE_TAG_CWT}, sign1[] = {0xc0 | COF_COSE_TAG_SIGN1};
	cof_rd r = cof_rd_of(in->message), ahead = r;
	bool has_cwt = cof_ct_equal(cof_rd_bytes(&ahead, sizeof cwt), cof_span_of(cwt, sizeof cwt));
	if (has_cwt && !in->allow_cwt_tag)
		return malformed(err, "tag 61 is not expected");
	if (has_cwt)
		r = ahead;
	ahead = r;
	bool tagged = cof_ct_equal(cof_rd_bytes(&ahead, sizeof sign1), cof_span_of(sign1, sizeof sign1));
	if (!tagged && (has_cwt || !in->allow_untagged))
		return malformed(err, "tag 18 is missing");
	if (tagged)
		r = ahead;
	*ret = cof_rd_rest(&r);
	return 0;
}

/* Labels are integers or texts. */
static bool same_label(const cof_cbor *a, const cof_cbor *b)
{
	int64_t x = 0, y = 0;
	cof_span s, t;
	if (cof_cbor_int(a, &x))
		return cof_cbor_int(b, &y) && x == y;
	return cof_cbor_text(a, &s) && cof_cbor_text(b, &t) && cof_ct_equal(s, t);
}

static bool is_label(const cof_cbor *v)
{
	return same_label(v, v);
}

static bool has_label(const cof_cbor *map, const cof_cbor *label)
{
	for (size_t i = 0; cof_cbor_key(map, i) != NULL; i++) {
		if (same_label(cof_cbor_key(map, i), label))
			return true;
	}
	return false;
}

/* A label in both headers would be read by one peer here and by another there. */
static int check_labels(const cof_cbor *protected_header, const cof_cbor *unprotected, cof_err *err)
{
	for (size_t i = 0; cof_cbor_key(protected_header, i) != NULL; i++) {
		if (!is_label(cof_cbor_key(protected_header, i)))
			return malformed(err, "a header's label");
	}
	for (size_t i = 0; cof_cbor_key(unprotected, i) != NULL; i++) {
		if (!is_label(cof_cbor_key(unprotected, i)))
			return malformed(err, "a header's label");
		if (has_label(protected_header, cof_cbor_key(unprotected, i)))
			return malformed(err, "a label stands in both headers");
	}
	if (cof_cbor_get(unprotected, COF_COSE_LABEL_ALG) != NULL)
		return malformed(err, "the algorithm is not protected");
	if (cof_cbor_get(unprotected, COF_COSE_LABEL_CRIT) != NULL)
		return malformed(err, "the critical labels are not protected");
	return 0;
}

static bool is_understood(const cof_cose_in *in, int64_t label)
{
	if (label == COF_COSE_LABEL_ALG || label == COF_COSE_LABEL_CONTENT_TYPE)
		return true;
	for (size_t i = 0; i < in->n_crit; i++) {
		if (in->crit[i] == label)
			return true;
	}
	return false;
}

/* spec: RFC 9052 3.1: not empty, and every label in it is in the protected header and understood */
static int check_crit(const cof_cose_in *in, const cof_cbor *header, cof_err *err)
{
	const cof_cbor *crit = cof_cbor_get(header, COF_COSE_LABEL_CRIT);
	size_t n = 0;
	if (crit == NULL)
		return 0;
	if (!cof_cbor_array(crit, &n) || n == 0)
		return malformed(err, "the list of critical labels");
	for (size_t i = 0; i < n; i++) {
		int64_t label = 0;
		if (!cof_cbor_int(cof_cbor_at(crit, i), &label) || !is_understood(in, label) ||
		    cof_cbor_get(header, label) == NULL)
			return malformed(err, "a critical label is not understood or not there");
	}
	return 0;
}

/* An empty header is a string of no bytes, or an empty map in it: both lack the algorithm. */
static int read_protected(const cof_cose_in *in, cof_span bytes, cof_cose *c, cof_err *err)
{
	size_t n = 0;
	if (bytes.len == 0)
		return malformed(err, "the algorithm is not protected");
	int rc = cof_cbor_load(bytes, &c->protected_header, err);
	if (rc < 0)
		return rc;
	if (!cof_cbor_map(c->protected_header, &n))
		return malformed(err, "the protected header is no map");
	rc = check_labels(c->protected_header, cof_cbor_at(c->message, 1), err);
	if (rc == 0)
		rc = check_crit(in, c->protected_header, err);
	if (rc == 0 && !cof_cbor_int(cof_cbor_get(c->protected_header, COF_COSE_LABEL_ALG), &c->alg))
		rc = malformed(err, "the algorithm is not protected");
	return rc;
}

static int read_payload(const cof_cose_in *in, cof_cose *c, cof_err *err)
{
	const cof_cbor *v = cof_cbor_at(c->message, 2);
	if (cof_cbor_is_null(v)) {
		c->payload = in->detached;
		return in->has_detached ? 0 : malformed(err, "the payload is elsewhere");
	}
	if (in->has_detached || !cof_cbor_bytes(v, &c->payload))
		return malformed(err, "payload");
	return 0;
}

static int check_signature(const cof_cose_in *in, cof_span protected_bytes, cof_span sig, cof_cose *c, cof_err *err)
{
	COF_AUTO(cof_buf) tbs = {0};
	int rc = signed_bytes(protected_bytes, in->aad, c->payload, &tbs, err);
	if (rc < 0)
		return rc;
	cof_err why = {0};
	bool tried = false;
	for (size_t i = 0; i < in->n_keys; i++) {
		if (!cof_cose_key_fits(in->keys[i], c->alg))
			continue;
		c->key = i;
		tried = true;
		if (cof_cose_key_verify(in->keys[i], c->alg, cof_buf_span(&tbs), sig, &why) == 0)
			return 0;
	}
	if (tried)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	if (!cof_cose_alg_known(c->alg))
		return cof_err_set(err, COF_E_MALFORMED, "cose-algorithm", "algorithm %lld is unknown",
				   (long long)c->alg);
	return cof_err_set(err, COF_E_CRYPTO, "cose-algorithm", "none of the keys is one for algorithm %lld",
			   (long long)c->alg);
}

static int read_message(const cof_cose_in *in, cof_cose *c, cof_err *err)
{
	cof_span item, protected_bytes, sig;
	size_t n = 0;
	int rc = peel_tags(in, &item, err);
	if (rc == 0)
		rc = cof_cbor_load(item, &c->message, err);
	if (rc < 0)
		return rc;
	if (!cof_cbor_array(c->message, &n) || n != PARTS ||
	    !cof_cbor_bytes(cof_cbor_at(c->message, 0), &protected_bytes) ||
	    !cof_cbor_map(cof_cbor_at(c->message, 1), &n) || !cof_cbor_bytes(cof_cbor_at(c->message, 3), &sig))
		return malformed(err, "not its four parts");
	rc = read_protected(in, protected_bytes, c, err);
	if (rc == 0)
		rc = read_payload(in, c, err);
	return rc < 0 ? rc : check_signature(in, protected_bytes, sig, c, err);
}

int cof_cose_verify(const cof_cose_in *in, cof_cose *ret, cof_err *err)
{
	COF_AUTO(cof_cose) c = {0};
	int rc = read_message(in, &c, err);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (cof_cose){0};
	return 0;
}

/* ---- signing ---- */

static int protected_bytes_of(const cof_cose_out *out, int64_t alg, cof_buf *ret, cof_err *err)
{
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_map(&w, 2 + out->n_more);
	cof_cbor_put_uint(&w, COF_COSE_LABEL_ALG);
	cof_cbor_put_int(&w, alg);
	cof_cbor_put_uint(&w, COF_COSE_LABEL_CONTENT_TYPE);
	cof_cbor_put_text(&w, out->content_type);
	cof_wr_bytes(&w, out->more);
	int rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_cbor_check_ordered(cof_buf_span(ret), err);
}

int cof_cose_sign(const cof_cose_out *out, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) header = {0};
	COF_AUTO(cof_buf) tbs = {0};
	COF_AUTO(cof_buf) sig = {0};
	int64_t alg = 0;
	int rc = cof_cose_key_alg(key, &alg, err);
	if (rc == 0)
		rc = protected_bytes_of(out, alg, &header, err);
	if (rc == 0)
		rc = signed_bytes(cof_buf_span(&header), out->aad, out->payload, &tbs, err);
	if (rc == 0)
		rc = cof_cose_key_sign(key, cof_buf_span(&tbs), &sig, err);
	if (rc < 0)
		return rc;
	cof_wr w = cof_wr_to(ret);
	cof_cbor_put_tag(&w, COF_COSE_TAG_SIGN1);
	cof_cbor_put_array(&w, PARTS);
	cof_cbor_put_bytes(&w, cof_buf_span(&header));
	cof_cbor_put_map(&w, 0);
	if (out->detached)
		cof_cbor_put_null(&w);
	else
		cof_cbor_put_bytes(&w, out->payload);
	cof_cbor_put_bytes(&w, cof_buf_span(&sig));
	return cof_wr_done(&w, err);
}
