/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/hcl.h"

#include "common/hex.h"
#include "common/json.h"
#include "common/rd.h"
#include "common/secret.h"

enum { RUNTIME_HEAD_LEN = 20, RESERVED_LEN = 12, TDREPORT_DATA_AT = 128, RSA_LEN_MIN = 256, RSA_LEN_MAX = 512 };

static const char magic[] = {'H', 'C', 'L', 'A'};
static const char ak_name[] = "HCLAkPub";

/* ---- the report ---- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "hcl-malformed", "HCL report: %s", what);
}

int cof_hcl_parse(cof_span in, cof_hcl *ret, cof_err *err)
{
	cof_hcl h = {0};
	cof_rd r = cof_rd_of(in);
	bool known = cof_ct_equal(cof_rd_bytes(&r, sizeof magic), cof_span_of(magic, sizeof magic));
	if (!known || in.len > COF_HCL_MAX)
		return malformed(err, "none");
	h.header_version = cof_rd_u32le(&r);
	h.report_size = cof_rd_u32le(&r);
	h.request_type = cof_rd_u32le(&r);
	h.status = cof_rd_u32le(&r);
	h.reserved = cof_rd_bytes(&r, RESERVED_LEN);
	h.hardware = cof_rd_bytes(&r, COF_HCL_HARDWARE_LEN);
	h.data_size = cof_rd_u32le(&r);
	h.runtime_version = cof_rd_u32le(&r);
	h.report_type = cof_rd_u32le(&r);
	h.hash_type = cof_rd_u32le(&r);
	uint32_t n = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || n > COF_HCL_MAX)
		return malformed(err, "cut off");
	h.variable = cof_rd_bytes(&r, n);
	h.padding = cof_rd_rest(&r);
	/* Two readers with two sizes would see two reports. */
	if (!cof_rd_ok(&r) || h.data_size != n + RUNTIME_HEAD_LEN || h.report_size != COF_HCL_RUNTIME_AT + h.data_size)
		return malformed(err, "sizes that do not agree");
	*ret = h;
	return 0;
}

/* spec: Intel TDX Module Base Specification 1.5: REPORTMACSTRUCT */
cof_span cof_hcl_tdreport_data(const cof_hcl *h)
{
	cof_rd r = cof_rd_of(h->hardware);
	cof_rd_skip(&r, TDREPORT_DATA_AT);
	return cof_rd_bytes(&r, COF_HCL_REPORT_DATA_LEN);
}

/* ---- the runtime data ---- */

int cof_hcl_claims_parse(cof_span variable, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = NULL;
	if (cof_json_parse(variable, &o, NULL) < 0 || !json_is_object(o))
		return cof_err_set(err, COF_E_MALFORMED, "hcl-claims-malformed",
				   "the runtime data is not one JSON object");
	*ret = cof_steal(&o);
	return 0;
}

static int no_key(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "hcl-ak", "attestation key of the runtime data: %s", what);
}

static const json_t *find_ak(const json_t *claims, size_t *ret_n)
{
	const json_t *keys = json_object_get(claims, "keys"), *found = NULL;
	*ret_n = 0;
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *key = json_array_get(keys, i);
		const char *kid = json_string_value(json_object_get(key, "kid"));
		if (kid == NULL || strcmp(kid, ak_name) != 0)
			continue;
		found = key;
		(*ret_n)++;
	}
	return found;
}

/* spec: RFC 7518, 6.3.1: base64url, without zeros in front */
static int read_modulus(const json_t *jwk, cof_buf *keep, cof_err *err)
{
	const char *n = NULL, *e = NULL, *kty = NULL;
	if (cof_json_str(jwk, "kty", &kty, NULL) < 0 || strcmp(kty, "RSA") != 0 || json_object_get(jwk, "d") != NULL)
		return no_key(err, "no public RSA key");
	if (cof_json_str(jwk, "e", &e, NULL) < 0 || strcmp(e, "AQAB") != 0)
		return no_key(err, "exponent");
	if (cof_json_str(jwk, "n", &n, NULL) < 0 || cof_unb64url(cof_span_str(n), keep, NULL) < 0)
		return no_key(err, "modulus");
	cof_rd r = cof_rd_of(cof_buf_span(keep));
	bool full = (cof_rd_u8(&r) & 0x80) != 0;
	return full && keep->len >= RSA_LEN_MIN && keep->len <= RSA_LEN_MAX ? 0 : no_key(err, "size");
}

int cof_hcl_ak_read(const json_t *claims, cof_buf *keep, cof_tpm_public *ret, cof_err *err)
{
	size_t n = 0;
	const json_t *jwk = find_ak(claims, &n);
	if (n != 1)
		return no_key(err, n == 0 ? "none" : "more than one");
	int rc = read_modulus(jwk, keep, err);
	if (rc < 0)
		return rc;
	*ret = (cof_tpm_public){.type = COF_TPM_ALG_RSA,
				.scheme = COF_TPM_ALG_RSASSA,
				.scheme_hash = COF_TPM_ALG_SHA256,
				.bits = (uint16_t)(keep->len * 8),
				.exponent = 65537,
				.modulus = cof_buf_span(keep)};
	return 0;
}

/* ---- fields ---- */

static json_t *key_names(const json_t *claims)
{
	const json_t *keys = json_object_get(claims, "keys");
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < json_array_size(keys); i++) {
		json_t *kid = json_object_get(json_array_get(keys, i), "kid");
		if (json_is_string(kid))
			(void)json_array_append(list, kid);
	}
	return list;
}

static int set_claims(const json_t *claims, json_t *runtime, cof_err *err)
{
	json_t *config = json_object_get(claims, "vm-configuration"), *data = json_object_get(claims, "user-data");
	int rc = cof_json_set_new(runtime, "var_keys", key_names(claims), err);
	if (rc == 0 && json_is_string(data))
		rc = cof_json_set_new(runtime, "user_data", json_incref(data), err);
	if (rc == 0 && json_is_object(config))
		rc = cof_json_set_new(runtime, "vm_configuration", json_incref(config), err);
	return rc;
}

static int runtime_json(const cof_hcl *h, const json_t *claims, json_t **ret, cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:i, s:I, s:I, s:I, s:I, s:I}", "offset", COF_HCL_RUNTIME_AT, "data_size",
		      (json_int_t)h->data_size, "version", (json_int_t)h->runtime_version, "report_type",
		      (json_int_t)h->report_type, "hash_type", (json_int_t)h->hash_type, "var_size",
		      (json_int_t)h->variable.len);
	int rc = o == NULL ? cof_err_oom(err) : cof_sha256(h->variable, digest, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "var_data_sha256", cof_span_of(digest, sizeof digest), err);
	if (rc == 0 && claims != NULL)
		rc = set_claims(claims, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}

int cof_hcl_json(const cof_hcl *h, const json_t *claims, json_t **ret, cof_err *err)
{
	json_t *runtime = NULL;
	int rc = runtime_json(h, claims, &runtime, err);
	if (rc < 0)
		return rc;
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "signature", "HCLA", "header_version",
		      (json_int_t)h->header_version, "report_size", (json_int_t)h->report_size, "request_type",
		      (json_int_t)h->request_type, "status", (json_int_t)h->status, "runtime", runtime);
	rc = o == NULL ? cof_err_oom(err) : 0;
	if (rc == 0 && h->report_type == COF_HCL_TDX)
		rc = cof_json_set_hex(o, "tdreport_reportdata", cof_hcl_tdreport_data(h), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
