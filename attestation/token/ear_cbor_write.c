/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/cborwr.h"
#include "attestation/token/cborjson.h"
#include "attestation/token/ear_cbor_int.h"
#include "attestation/verify/status.h"
#include "common/hex.h"

static int malformed(cof_err *err, const char *name)
{
	return cof_err_set(err, COF_E_USAGE, "ear-malformed", "%.40s has no place in a CBOR token", name);
}

/* ---- values ---- */

int cof_ear_write_int(cof_wr *w, const json_t *v, cof_err *err)
{
	if (!json_is_integer(v))
		return malformed(err, "what is no whole number");
	cof_cbor_put_int(w, json_integer_value(v));
	return 0;
}

int cof_ear_write_text(cof_wr *w, const json_t *v, cof_err *err)
{
	return json_is_string(v) ? cof_cbor_put_json(w, v, err) : malformed(err, "what is no text");
}

int cof_ear_write_bytes(cof_wr *w, const json_t *v, cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	if (!json_is_string(v) ||
	    cof_unb64url(cof_span_of(json_string_value(v), json_string_length(v)), &bytes, NULL) < 0)
		return malformed(err, "what is not base64url");
	cof_cbor_put_bytes(w, cof_buf_span(&bytes));
	return 0;
}

int cof_ear_write_json(cof_wr *w, const json_t *v, cof_err *err)
{
	return cof_cbor_put_json(w, v, err);
}

int cof_ear_write_nonce(cof_wr *w, const json_t *v, cof_err *err)
{
	if (!json_is_array(v))
		return cof_ear_write_bytes(w, v, err);
	int rc = 0;
	cof_cbor_put_array(w, json_array_size(v));
	for (size_t i = 0; rc == 0 && i < json_array_size(v); i++)
		rc = cof_ear_write_bytes(w, json_array_get(v, i), err);
	return rc;
}

int cof_ear_write_status(cof_wr *w, const json_t *v, cof_err *err)
{
	cof_status s = COF_STATUS_NONE;
	if (!json_is_string(v) || cof_status_by_name(json_string_value(v), &s, NULL) < 0)
		return malformed(err, "what is no status");
	cof_cbor_put_uint(w, (uint64_t)s);
	return 0;
}

int cof_ear_write_vector(cof_wr *w, const json_t *v, cof_err *err)
{
	size_t n = 0;
	cof_cbor_put_map(w, json_object_size(v));
	for (uint64_t i = 0; i < COF_TRUST_COUNT; i++) {
		const json_t *value = json_object_get(v, cof_trust_name((enum cof_trust)i));
		if (value == NULL)
			continue;
		n++;
		cof_cbor_put_uint(w, i);
		if (cof_ear_write_int(w, value, err) < 0)
			return -1;
	}
	return n > 0 && n == json_object_size(v) ? 0 : malformed(err, "a trust vector like this");
}

static int put_coordinate(cof_wr *w, int64_t label, const json_t *v, cof_err *err)
{
	cof_cbor_put_int(w, label);
	return cof_ear_write_bytes(w, v, err);
}

int cof_ear_write_holder(cof_wr *w, const json_t *v, cof_err *err)
{
	const char *kty = NULL, *crv = NULL;
	const json_t *jwk = json_object_get(v, "jwk");
	if (cof_json_str(jwk, "kty", &kty, NULL) < 0 || strcmp(kty, "EC") != 0 ||
	    cof_json_str(jwk, "crv", &crv, NULL) < 0 || strcmp(crv, "P-256") != 0)
		return malformed(err, "a holder's key that is not on P-256");
	cof_cbor_put_map(w, 1);
	cof_cbor_put_uint(w, COF_EAR_CNF_KEY);
	cof_cbor_put_map(w, 4);
	cof_cbor_put_uint(w, COF_COSE_KEY_KTY);
	cof_cbor_put_uint(w, COF_COSE_KEY_EC2);
	cof_cbor_put_int(w, COF_COSE_KEY_CRV);
	cof_cbor_put_uint(w, COF_COSE_KEY_P256);
	int rc = put_coordinate(w, COF_COSE_KEY_X, json_object_get(jwk, "x"), err);
	return rc < 0 ? rc : put_coordinate(w, COF_COSE_KEY_Y, json_object_get(jwk, "y"), err);
}

/* ---- maps of claims ---- */

static bool is_claim(const char *name, const cof_ear_claim *claims, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(claims[i].name, name) == 0)
			return true;
	}
	return false;
}

/* A name without a number stays a name; one that looks like a claim's would be taken for it. */
static int write_names(cof_wr *w, const json_t *o, const cof_ear_claim *claims, size_t n, cof_err *err)
{
	COF_AUTO_FREE const char **names = cof_cbor_sorted_names(o);
	int rc = names == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && names[i] != NULL; i++) {
		if (is_claim(names[i], claims, n))
			continue;
		if (strncmp(names[i], "ear", 3) == 0 || strncmp(names[i], "eat_", 4) == 0)
			return malformed(err, names[i]);
		cof_cbor_put_text(w, names[i]);
		rc = cof_cbor_put_json(w, json_object_get(o, names[i]), err);
	}
	return rc;
}

static int write_map(cof_wr *w, const json_t *o, const cof_ear_claim *claims, size_t n, cof_err *err)
{
	int rc = json_is_object(o) ? 0 : malformed(err, "what is no object");
	cof_cbor_put_map(w, json_object_size(o));
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const json_t *v = json_object_get(o, claims[i].name);
		if (v == NULL)
			continue;
		cof_cbor_put_int(w, claims[i].key);
		rc = claims[i].write(w, v, err);
	}
	return rc < 0 ? rc : write_names(w, o, claims, n, err);
}

int cof_ear_write_verifier(cof_wr *w, const json_t *v, cof_err *err)
{
	return write_map(w, v, cof_ear_verifier_claims, COF_EAR_VERIFIER_CLAIMS, err);
}

int cof_ear_write_submods(cof_wr *w, const json_t *v, cof_err *err)
{
	COF_AUTO_FREE const char **names = cof_cbor_sorted_names(v);
	int rc = names == NULL ? cof_err_oom(err) : 0;
	cof_cbor_put_map(w, json_object_size(v));
	for (size_t i = 0; rc == 0 && names[i] != NULL; i++) {
		cof_cbor_put_text(w, names[i]);
		rc = write_map(w, json_object_get(v, names[i]), cof_ear_appraisal_claims, COF_EAR_APPRAISAL_CLAIMS,
			       err);
	}
	return rc;
}

int cof_ear_to_cbor(const json_t *claims, cof_buf *ret, cof_err *err)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	int rc = write_map(&w, claims, cof_ear_result_claims, COF_EAR_RESULT_CLAIMS, err);
	if (rc == 0)
		rc = cof_wr_done(&w, err);
	/* What our own reader would not take is not sent. */
	if (rc == 0)
		rc = cof_cbor_check_ordered(cof_buf_span(&b), err);
	return rc < 0 ? rc : cof_buf_add(ret, b.data, b.len, err);
}
