/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/token/ear.h"

#include <openssl/pem.h>

#include "attestation/token/jws.h"
#include "common/hex.h"
#include "common/ossl.h"

enum { CHAIN_MAX = 8 };

#define ANNOTATED "ear.veraison.annotated-evidence"

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
	COF_AUTO_FREE char *report = cof_hex_dup(in->report_data);
	int r = o == NULL || report == NULL ? cof_err_oom(err) : set_opt(o, in->tee, in->tee_claims, err);
	if (r == 0)
		r = cof_json_set_str(o, "report_data", report, err);
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

static int make_appraisal(const cof_ear_in *in, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = in->extra != NULL ? json_deep_copy(in->extra) : json_object();
	COF_AUTO_PTR(json_t) vector = NULL;
	COF_AUTO_PTR(json_t) annotated = NULL;
	int r = o == NULL ? cof_err_oom(err) : make_vector(in->trust, &vector, err);
	if (r == 0)
		r = make_annotated(in, &annotated, err);
	if (r == 0)
		r = cof_json_set_str(o, "ear.status", cof_status_name(cof_trust_worst(in->trust)), err);
	if (r == 0)
		r = cof_json_set_new(o, "ear.trustworthiness-vector", cof_steal(&vector), err);
	if (r == 0)
		r = cof_json_set_str(o, "ear.appraisal-policy-id", in->policy_id != NULL ? in->policy_id : "default",
				     err);
	if (r == 0)
		r = cof_json_set_new(o, ANNOTATED, cof_steal(&annotated), err);
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

static int check_in(const cof_ear_in *in, cof_err *err)
{
	if (in->life <= 0 || in->life > COF_EAR_LIFE_MAX || in->now < 0)
		return cof_err_set(err, COF_E_USAGE, "ear-life", "a token cannot live %lld seconds",
				   (long long)in->life);
	if (cof_trust_worst(in->trust) == COF_STATUS_NONE)
		return cof_err_set(err, COF_E_USAGE, "ear-empty", "a token without any trust claim");
	return 0;
}

int cof_ear_claims(const cof_ear_in *in, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) appraisal = NULL;
	int r = check_in(in, err);
	if (r == 0)
		r = make_appraisal(in, &appraisal, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:I, s:I, s:s, s:{s:s, s:s}, s:{s:O}}", "eat_profile", COF_EAR_PROFILE_COCO, "iat",
		      (json_int_t)in->now, "exp", (json_int_t)in->now + in->life, "iss",
		      in->issuer != NULL ? in->issuer : "coffer-kbs", "ear.verifier-id", "developer", "coffer", "build",
		      "coffer " COF_VERSION, "submods", "cpu0", appraisal);
	r = o == NULL ? cof_err_oom(err) : set_holder(in, o, err);
	if (r == 0 && in->audience != NULL)
		r = cof_json_set_str(o, "aud", in->audience, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

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

static int make_header(EVP_PKEY *key, cof_span x5c_pem, json_t **ret, cof_err *err)
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
	json_t *h = json_pack("{s:s, s:O}", "typ", "JWT", "jwk", jwk);
	if (h == NULL)
		return cof_err_oom(err);
	*ret = h;
	return 0;
}

int cof_ear_issue(const cof_ear_in *in, EVP_PKEY *key, cof_span x5c_pem, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) claims = NULL;
	COF_AUTO_PTR(json_t) header = NULL;
	int r = cof_ear_claims(in, &claims, err);
	if (r == 0)
		r = make_header(key, x5c_pem, &header, err);
	return r < 0 ? r : cof_jws_sign(key, header, claims, ret, err);
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
	json_t *key =
		json_object_get(json_object_get(json_object_get(cpu, ANNOTATED), "runtime_data_claims"), "tee-pubkey");
	if (!json_is_object(key))
		return missing(err, "TEE key");
	*ret = key;
	return 0;
}
