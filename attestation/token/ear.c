/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/ear.h"

#include <openssl/pem.h>

#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/cose.h"
#include "attestation/token/ear_cbor.h"
#include "attestation/token/ear_int.h"
#include "attestation/token/jwks.h"
#include "attestation/token/jws.h"
#include "common/hex.h"
#include "common/ossl.h"

enum { CHAIN_MAX = 8 };

static int set_opt(json_t *o, const char *key, const json_t *v, cof_err *err)
{
	return v == NULL ? 0 : cof_json_set_new(o, key, json_deep_copy(v), err);
}

static int make_vector(const int trust[COF_TRUST_COUNT], json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int r = o == NULL ? cof_err_oom(err) : 0;
	for (unsigned i = 0; r == 0 && i < COF_TRUST_COUNT; i++)
		r = cof_json_set_new(o, cof_trust_name((enum cof_trust)i), json_integer(trust[i]), err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

static int make_annotated(const cof_ear_in *in, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	int r = o == NULL ? cof_err_oom(err) : 0;
	if (r == 0 && in->tee_claims != NULL)
		r = set_opt(o, in->tee, in->tee_claims, err);
	if (r == 0 && in->report_data.len > 0)
		r = cof_json_set_hex(o, "report_data", in->report_data, err);
	if (r == 0)
		r = set_opt(o, "runtime_data_claims", in->runtime_data, err);
	if (r == 0 && in->initdata_digest != NULL)
		r = cof_json_set_str(o, "init_data", in->initdata_digest, err);
	if (r == 0)
		r = set_opt(o, "init_data_claims", in->initdata_claims, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

static cof_status status_of(const cof_ear_in *in)
{
	return in->status != NULL ? *in->status : cof_trust_worst(in->trust);
}

static int set_policy(const cof_ear_in *in, const cof_ear_dialect *d, json_t *o, cof_err *err)
{
	const char *id = in->policy_id != NULL ? in->policy_id : "default";
	return d->one_policy ? cof_json_set_str(o, d->policies, id, err)
			     : cof_json_set_new(o, d->policies, json_pack("[s]", id), err);
}

static int make_appraisal(const cof_ear_in *in, const cof_ear_dialect *d, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = in->extra != NULL ? json_deep_copy(in->extra) : json_object();
	COF_AUTO_PTR(json_t) vector = NULL;
	COF_AUTO_PTR(json_t) annotated = NULL;
	int r = o == NULL ? cof_err_oom(err) : make_vector(in->trust, &vector, err);
	if (r == 0)
		r = make_annotated(in, &annotated, err);
	if (r == 0)
		r = cof_json_set_str(o, d->status, cof_status_name(status_of(in)), err);
	if (r == 0)
		r = cof_json_set_new(o, d->vector, cof_steal(&vector), err);
	if (r == 0)
		r = set_policy(in, d, o, err);
	if (r == 0 && json_object_size(annotated) > 0)
		r = cof_json_set_new(o, d->annotated, cof_steal(&annotated), err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

/* spec: RFC 7800 3.2: the key that the token's holder can prove, besides the place where the protocol's peers look */
static int set_holder(const cof_ear_in *in, json_t *claims, cof_err *err)
{
	const json_t *jwk = json_object_get(in->runtime_data, "tee-pubkey");
	if (jwk == NULL)
		return 0;
	json_t *cnf = json_pack("{s:o}", "jwk", json_deep_copy(jwk));
	return cof_json_set_new(claims, "cnf", cnf, err);
}

static int set_nonce(const cof_ear_in *in, json_t *claims, cof_err *err)
{
	if (in->nonce.len == 0)
		return 0;
	COF_AUTO_FREE char *text = cof_b64url_dup(in->nonce);
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(claims, "eat_nonce", text, err);
}

static int check_sizes(const cof_ear_in *in, cof_err *err)
{
	size_t len = in->audience != NULL ? strlen(in->audience) : 1;
	if (in->life <= 0 || in->life > COF_EAR_LIFE_MAX || in->now < 0 || in->now > INT64_MAX / 4)
		return cof_err_set(err, COF_E_USAGE, "ear-life", "a token cannot live %lld seconds",
				   (long long)in->life);
	COF_AUTO_PTR(json_t) text = in->audience != NULL ? json_string(in->audience) : json_true();
	if (len == 0 || len > COF_EAR_AUDIENCE_MAX || text == NULL)
		return cof_err_set(err, COF_E_USAGE, "ear-audience", "an audience is 1 to %d bytes of UTF-8",
				   COF_EAR_AUDIENCE_MAX);
	if (in->nonce.len != 0 && (in->nonce.len < COF_EAR_NONCE_MIN || in->nonce.len > COF_EAR_NONCE_MAX))
		return cof_err_set(err, COF_E_USAGE, "ear-nonce", "a nonce of %zu bytes", in->nonce.len);
	return 0;
}

static int check_in(const cof_ear_in *in, cof_err *err)
{
	cof_status worst = cof_trust_worst(in->trust);
	if (in->status == NULL && worst == COF_STATUS_NONE)
		return cof_err_set(err, COF_E_USAGE, "ear-empty", "a token without any trust claim");
	if (in->status != NULL && *in->status != COF_STATUS_NONE && *in->status < worst)
		return cof_err_set(err, COF_E_USAGE, "ear-status", "a status better than its trust vector");
	return check_sizes(in, err);
}

static int find_dialect(const cof_ear_in *in, const cof_ear_dialect **ret, cof_err *err)
{
	*ret = cof_ear_dialect_by(in->profile != NULL ? in->profile : COF_EAR_PROFILE_COCO);
	return *ret != NULL
		       ? 0
		       : cof_err_set(err, COF_E_USAGE, "token-profile", "'%.60s' is no known profile", in->profile);
}

int cof_ear_claims(const cof_ear_in *in, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) appraisal = NULL;
	const cof_ear_dialect *d = NULL;
	int r = find_dialect(in, &d, err);
	if (r == 0)
		r = check_in(in, err);
	if (r == 0)
		r = make_appraisal(in, d, &appraisal, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:I, s:I, s:s, s:{s:s, s:s}, s:{s:O}}", "eat_profile", d->profile, "iat",
		      (json_int_t)in->now, "exp", (json_int_t)in->now + in->life, "iss",
		      in->issuer != NULL ? in->issuer : "coffer-kbs", d->verifier, "developer", "coffer", "build",
		      "coffer " COF_VERSION, "submods", "cpu0", appraisal);
	r = o == NULL ? cof_err_oom(err) : set_holder(in, o, err);
	if (r == 0 && in->audience != NULL)
		r = cof_json_set_str(o, "aud", in->audience, err);
	if (r == 0)
		r = set_nonce(in, o, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

/* ---- signed ---- */

static int add_der(X509 *c, json_t *list, cof_err *err)
{
	uint8_t *der = NULL;
	int n = i2d_X509(c, &der);
	if (n <= 0)
		return cof_err_oom(err);
	COF_AUTO_FREE char *b64 = cof_b64_dup(cof_span_of(der, (size_t)n));
	OPENSSL_free(der);
	return b64 == NULL || json_array_append_new(list, json_string(b64)) < 0 ? cof_err_oom(err) : 0;
}

static int make_chain(cof_span pem, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	COF_AUTO_PTR(cof_ossl_bio) bio = pem.len > INT32_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.len);
	int r = list == NULL || bio == NULL ? cof_err_oom(err) : 0;
	for (int i = 0; r == 0 && i < CHAIN_MAX; i++) {
		COF_AUTO_PTR(cof_ossl_cert) c = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (c == NULL)
			break;
		r = add_der(c, list, err);
	}
	if (r == 0 && json_array_size(list) == 0)
		return cof_err_set(err, COF_E_USAGE, "bad-certificate", "the token key's chain holds no certificate");
	if (r == 0)
		*ret = cof_steal(&list);
	return r;
}

/* With the key itself, and its chain. */
static int make_key_header(EVP_PKEY *key, cof_span x5c_pem, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO_PTR(json_t) chain = NULL;
	int r = cof_jwk_of(key, &jwk, err);
	if (r == 0 && x5c_pem.len > 0)
		r = make_chain(x5c_pem, &chain, err);
	if (r == 0 && chain != NULL)
		r = cof_json_set_new(jwk, "x5c", cof_steal(&chain), err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:O}", "typ", "JWT", "jwk", jwk);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

/* With its name, by which a set of keys has it. */
static int make_kid_header(EVP_PKEY *key, cof_span x5c_pem, json_t **ret, cof_err *err)
{
	char kid[COF_JWK_KID_STR];
	COF_AUTO_PTR(json_t) chain = NULL;
	int r = cof_jwk_kid(key, kid, err);
	if (r == 0 && x5c_pem.len > 0)
		r = make_chain(x5c_pem, &chain, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:O*}", "typ", "JWT", "kid", kid, "x5c", chain);
	return *ret == NULL ? cof_err_oom(err) : 0;
}

int cof_ear_issue(const cof_ear_in *in, EVP_PKEY *key, cof_span x5c_pem, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO_PTR(json_t) header = NULL;
	int r = cof_ear_claims(in, &claims, err);
	if (r == 0)
		r = cof_ear_dialect_of(claims)->header_has_key ? make_key_header(key, x5c_pem, &header, err)
							       : make_kid_header(key, x5c_pem, &header, err);
	return r < 0 ? r : cof_jws_sign(key, header, claims, ret, err);
}

/* spec: RFC 8392, 6 (tag 61); RFC 9052, 3.1 (kid); RFC 9782, 2 (media type of the claims) */
static int sign_cwt(cof_span payload, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	char kid[COF_JWK_KID_STR];
	COF_AUTO(cof_buf) more = {0};
	int r = cof_jwk_kid(key, kid, err);
	cof_wr w = cof_wr_to(&more), out = cof_wr_to(ret);
	cof_cbor_put_uint(&w, COF_COSE_LABEL_KID);
	cof_cbor_put_bytes(&w, cof_span_str(r == 0 ? kid : ""));
	cof_cbor_put_tag(&out, COF_COSE_TAG_CWT);
	if (r == 0)
		r = cof_wr_done(&w, err);
	if (r == 0)
		r = cof_wr_done(&out, err);
	const cof_cose_out cose = {.content_type = "application/eat-ucs+cbor",
				   .more = cof_buf_span(&more),
				   .n_more = 1,
				   .payload = payload};
	return r < 0 ? r : cof_cose_sign(&cose, key, ret, err);
}

int cof_ear_issue_cwt(const cof_ear_in *in, EVP_PKEY *key, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) token = {0};
	int r = cof_ear_claims(in, &claims, err);
	if (r == 0)
		r = cof_ear_to_cbor(claims, &payload, err);
	if (r == 0)
		r = sign_cwt(cof_buf_span(&payload), key, &token, err);
	return r < 0 ? r : cof_buf_add(ret, token.data, token.len, err);
}

/* ---- places in a claims set ---- */

static int missing(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ear-malformed", "the token has no %s", what);
}

int cof_ear_cpu(const json_t *claims, json_t **ret, cof_err *err)
{
	json_t *cpu = json_object_get(json_object_get(claims, "submods"), "cpu0");
	if (!json_is_object(cpu))
		return missing(err, "appraisal cpu0");
	*ret = cpu;
	return 0;
}

int cof_ear_tee_pubkey(const json_t *claims, json_t **ret, cof_err *err)
{
	json_t *cpu = NULL;
	int r = cof_ear_cpu(claims, &cpu, err);
	if (r < 0)
		return r;
	json_t *key = json_object_get(json_object_get(json_object_get(cpu, COF_EAR_ANNOTATED), "runtime_data_claims"),
				      "tee-pubkey");
	if (!json_is_object(key))
		return missing(err, "TEE key");
	*ret = key;
	return 0;
}
