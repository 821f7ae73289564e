/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_credential.h"

#include <openssl/err.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/tpm_fields.h"
#include "attestation/verify/tpm_keys.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { TOOLS_VERSION = 1, SIZE_LEN = 2 };

int cof_tpm_id_object_parse(cof_span in, cof_tpm_id_object *ret, cof_err *err)
{
	cof_rd outer = cof_rd_of(in);
	cof_rd r = cof_rd_of(cof_rd_span_u16be(&outer));
	cof_tpm_id_object o = {.hmac = cof_rd_span_u16be(&r)};
	o.enc = cof_rd_rest(&r);
	if (!cof_rd_end(&outer) || !cof_rd_ok(&r) || o.enc.len < SIZE_LEN || o.enc.len > SIZE_LEN + COF_DIGEST_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "credential-malformed", "a credential blob of %zu bytes",
				   in.len);
	*ret = o;
	return 0;
}

int cof_tpm_sealed_seed_parse(cof_span in, uint16_t type, cof_tpm_sealed_seed *ret, cof_err *err)
{
	cof_tpm_sealed_seed s = {0};
	cof_rd outer = cof_rd_of(in);
	cof_span sealed = cof_rd_span_u16be(&outer);
	cof_rd r = cof_rd_of(sealed);
	if (type == COF_TPM_ALG_RSA) {
		s.rsa = cof_rd_rest(&r);
	} else {
		s.x = cof_rd_span_u16be(&r);
		s.y = cof_rd_span_u16be(&r);
	}
	if (!cof_rd_end(&outer) || !cof_rd_end(&r) || sealed.len == 0)
		return cof_err_set(err, COF_E_MALFORMED, "secret-malformed", "an encrypted secret of %zu bytes",
				   in.len);
	*ret = s;
	return 0;
}

static cof_span sized(cof_rd *r)
{
	cof_rd look = *r;
	return cof_rd_bytes(r, SIZE_LEN + (size_t)cof_rd_u16be(&look));
}

/* source: tpm2-tools' credential file */
int cof_tpm_tools_parse(cof_span in, cof_span *ret_blob, cof_span *ret_secret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	bool known = cof_rd_u32be(&r) == (uint32_t)COF_TPM_TOOLS_MAGIC && cof_rd_u32be(&r) == TOOLS_VERSION;
	cof_span blob = sized(&r), secret = sized(&r);
	if (!known || !cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "tools-malformed", "no credential file of tpm2-tools");
	*ret_blob = blob;
	*ret_secret = secret;
	return 0;
}

/* ---- the kind ---- */

static bool read_public(const cof_verify_in *in, cof_verdict *v, const char *role, const char *name, cof_tpm_public *p)
{
	cof_err why = {0};
	return cof_tpm_public_parse(cof_role(in, role), p, &why) == 0 ||
	       cof_check_text(&v->checks, COF_STAGE_PARSE, name, false, "a public area", why.text);
}

/* For this EK: its digest's MAC, and room for no more than a digest. */
static bool check_blob(const cof_verify_in *in, cof_checks *c, const cof_tpm_public *ek, cof_tpm_id_object *o)
{
	cof_err why = {0};
	size_t digest = cof_hash_len(ek->name_alg);
	if (cof_tpm_id_object_parse(cof_role(in, "credential_blob"), o, &why) < 0)
		return cof_check_error(c, COF_STAGE_PARSE, &why);
	(void)cof_check_equal(c, COF_STAGE_PARSE, "credential-hmac-size", digest, o->hmac.len);
	(void)cof_check_that(c, COF_STAGE_PARSE, "credential-size", o->enc.len <= SIZE_LEN + digest);
	if (cof_role_given(in, "secret"))
		(void)cof_check_equal(c, COF_STAGE_PARSE, "credential-secret-size", cof_role(in, "secret").len,
				      o->enc.len - SIZE_LEN);
	return true;
}

static bool is_point(uint16_t curve, const cof_tpm_sealed_seed *s)
{
	const cof_tpm_public p = {.type = COF_TPM_ALG_ECC, .curve = curve, .x = s->x, .y = s->y};
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	return s->x.len > 0 && s->y.len > 0 && cof_tpm_public_key(&p, &key, NULL) == 0;
}

static void check_secret(const cof_verify_in *in, cof_checks *c, const cof_tpm_public *ek)
{
	cof_tpm_sealed_seed s;
	cof_err why = {0};
	if (cof_tpm_sealed_seed_parse(cof_role(in, "encrypted_secret"), ek->type, &s, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_PARSE, &why);
		return;
	}
	bool fits = ek->type == COF_TPM_ALG_RSA ? s.rsa.len == ek->modulus.len : is_point(ek->curve, &s);
	(void)cof_check_text(c, COF_STAGE_PARSE, "secret-for-another-ek", fits,
			     "as long as the EK's modulus, or a point of its curve", NULL);
}

static void check_tools(const cof_verify_in *in, cof_checks *c)
{
	cof_span blob, secret;
	cof_err why = {0};
	if (!cof_role_given(in, "tools_file"))
		return;
	if (cof_tpm_tools_parse(cof_role(in, "tools_file"), &blob, &secret, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_PARSE, &why);
		return;
	}
	(void)cof_check_text(c, COF_STAGE_PARSE, "tools-mismatch",
			     cof_ct_equal(blob, cof_role(in, "credential_blob")) &&
				     cof_ct_equal(secret, cof_role(in, "encrypted_secret")),
			     "the same blob and secret", NULL);
}

static int set_fields(cof_verdict *v, const cof_tpm_public *ak, const cof_tpm_id_object *o, cof_err *err)
{
	v->fields = json_pack("{s:I}", "id_object_hmac_len", (json_int_t)o->hmac.len);
	return v->fields == NULL ? cof_err_oom(err)
				 : cof_json_set_hex(v->fields, "ak_name", cof_tpm_public_name(ak), err);
}

static int judge(const cof_verify_in *in, cof_verdict *v, cof_err *err)
{
	cof_tpm_public ek, ak;
	cof_tpm_id_object o = {0};
	bool has_ek = read_public(in, v, "ek_public", "ek-malformed", &ek);
	bool has_ak = read_public(in, v, "ak_public", "ak-malformed", &ak);
	if (has_ak)
		cof_tpm_ak_attributes_check(&v->checks, &ak);
	check_tools(in, &v->checks);
	if (!has_ek)
		return 0;
	cof_tpm_ek_attributes_check(&v->checks, &ek);
	check_secret(in, &v->checks, &ek);
	bool has_blob = check_blob(in, &v->checks, &ek, &o);
	return has_blob && has_ak ? set_fields(v, &ak, &o, err) : 0;
}

/* Whether it opens, only the EK's TPM can tell: what is judged is that it could be one for these keys. */
int cof_kind_tpm_credential(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	if (in->policy != NULL && (!json_is_object(in->policy) || json_object_size(in->policy) > 0))
		return cof_err_set(err, COF_E_USAGE, "policy-word", "tpm-credential has no policy words");
	(void)ERR_set_mark();
	int rc = judge(in, ret, err);
	(void)ERR_pop_to_mark();
	return rc;
}
