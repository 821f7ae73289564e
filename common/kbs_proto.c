/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kbs_proto.h"

#include "common/hex.h"

static int too_large(cof_span body, cof_err *err)
{
	if (body.len > COF_KBSP_BODY_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "kbs-too-large", "a message of %zu bytes", body.len);
	return 0;
}

static int parse_object(cof_span body, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	int r = too_large(body, err);
	if (r == 0)
		r = cof_json_parse(body, &doc, err);
	if (r < 0)
		return r;
	if (!json_is_object(doc))
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "the message is not an object");
	*ret = cof_steal(&doc);
	return 0;
}

/* Steals the reference whatever happens. */
static int put(json_t *obj, const char *key, json_t *taken, cof_err *err)
{
	return taken == NULL ? cof_err_oom(err) : cof_json_set_new(obj, key, taken, err);
}

static json_t *borrow(const json_t *v)
{
	return json_incref((json_t *)(uintptr_t)v);
}

/* --- report data --- */

int cof_kbsp_report_data(const char *nonce, const json_t *tee_pubkey, const char *additional,
			 uint8_t out[COF_KBSP_REPORT_LEN], cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_object();
	COF_AUTO(cof_buf) text = {0};
	cof_digest d = {0};
	int r = doc == NULL ? cof_err_oom(err) : cof_json_set_str(doc, "nonce", nonce, err);
	if (r == 0)
		r = cof_json_set_str(doc, "additional-evidence", additional, err);
	if (r == 0)
		r = put(doc, "tee-pubkey", borrow(tee_pubkey), err);
	if (r == 0)
		r = cof_json_canonical(doc, &text, err);
	if (r == 0)
		r = cof_digest_of(COF_SHA384, cof_buf_span(&text), &d, err);
	if (r == 0)
		memcpy(out, d.bytes, COF_KBSP_REPORT_LEN);
	return r;
}

/* --- request --- */

void cof_kbsp_request_release(cof_kbsp_request *r)
{
	json_decref(r->doc);
	*r = (cof_kbsp_request){0};
}

int cof_kbsp_request_make(const char *tee, const json_t *extra, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) params = json_pack("{s:[s]}", "supported-hash-algorithms", "sha384");
	COF_AUTO_PTR(json_t) doc = json_pack("{s:s, s:s}", "version", COF_KBSP_VERSION, "tee", tee);
	if (params == NULL || doc == NULL)
		return cof_err_oom(err);
	if (extra != NULL && json_object_update(params, (json_t *)(uintptr_t)extra) < 0)
		return cof_err_oom(err);
	int r = put(doc, "extra-params", json_incref(params), err);
	return r < 0 ? r : cof_json_dump(doc, ret, err);
}

int cof_kbsp_request_parse(cof_span body, cof_kbsp_request *ret, cof_err *err)
{
	COF_AUTO(cof_kbsp_request) q = {0};
	int r = parse_object(body, &q.doc, err);
	if (r == 0)
		r = cof_json_str(q.doc, "version", &q.version, err);
	if (r == 0 && strcmp(q.version, COF_KBSP_VERSION) != 0)
		return cof_err_set(err, COF_E_MALFORMED, "kbs-version", "protocol %.16s, this broker speaks %s",
				   q.version, COF_KBSP_VERSION);
	if (r == 0)
		r = cof_json_str(q.doc, "tee", &q.tee, err);
	if (r < 0)
		return r;
	q.extra = json_object_get(q.doc, "extra-params");
	*ret = q;
	q = (cof_kbsp_request){0};
	return 0;
}

/* --- challenge --- */

void cof_kbsp_challenge_release(cof_kbsp_challenge *c)
{
	json_decref(c->doc);
	*c = (cof_kbsp_challenge){0};
}

int cof_kbsp_challenge_make(const char *nonce, const json_t *extra, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = json_pack("{s:s}", "nonce", nonce);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = put(doc, "extra-params", extra == NULL ? json_string("") : borrow(extra), err);
	return r < 0 ? r : cof_json_dump(doc, ret, err);
}

int cof_kbsp_challenge_parse(cof_span body, cof_kbsp_challenge *ret, cof_err *err)
{
	COF_AUTO(cof_kbsp_challenge) c = {0};
	COF_AUTO(cof_buf) nonce = {0};
	int r = parse_object(body, &c.doc, err);
	if (r == 0)
		r = cof_json_str(c.doc, "nonce", &c.nonce, err);
	if (r == 0)
		r = cof_json_b64(c.doc, "nonce", &nonce, err);
	if (r < 0)
		return r;
	/* A short nonce would make old evidence pass as fresh. */
	if (nonce.len < COF_KBSP_NONCE_LEN || nonce.len > 2 * COF_KBSP_NONCE_LEN)
		return cof_err_set(err, COF_E_MALFORMED, "kbs-nonce", "a nonce of %zu bytes", nonce.len);
	c.extra = json_object_get(c.doc, "extra-params");
	*ret = c;
	c = (cof_kbsp_challenge){0};
	return 0;
}

/* --- extra-params.tpm --- */

void cof_kbsp_tpm_keys_release(cof_kbsp_tpm_keys *k)
{
	cof_buf_release(&k->ek_cert);
	cof_buf_release(&k->ek_public);
	cof_buf_release(&k->ak_public);
	*k = (cof_kbsp_tpm_keys){0};
}

void cof_kbsp_tpm_cred_release(cof_kbsp_tpm_cred *c)
{
	cof_buf_release(&c->credential_blob);
	cof_buf_release(&c->encrypted_secret);
	*c = (cof_kbsp_tpm_cred){0};
}

static int put_b64(json_t *obj, const char *key, const cof_buf *b, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(b));
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(obj, key, text, err);
}

static int below_tpm(json_t *members, json_t **ret, cof_err *err)
{
	json_t *extra = json_pack("{s:O}", "tpm", members);
	if (extra == NULL)
		return cof_err_oom(err);
	*ret = extra;
	return 0;
}

int cof_kbsp_tpm_keys_make(const cof_kbsp_tpm_keys *k, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) tpm = json_object();
	int r = tpm == NULL ? cof_err_oom(err) : put_b64(tpm, "ek_cert", &k->ek_cert, err);
	if (r == 0)
		r = put_b64(tpm, "ek_public", &k->ek_public, err);
	if (r == 0)
		r = put_b64(tpm, "ak_public", &k->ak_public, err);
	return r < 0 ? r : below_tpm(tpm, ret, err);
}

int cof_kbsp_tpm_cred_make(const cof_kbsp_tpm_cred *c, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) tpm = json_object();
	int r = tpm == NULL ? cof_err_oom(err) : put_b64(tpm, "credential_blob", &c->credential_blob, err);
	if (r == 0)
		r = put_b64(tpm, "encrypted_secret", &c->encrypted_secret, err);
	return r < 0 ? r : below_tpm(tpm, ret, err);
}

/* The member "tpm" when extra is an object that has it; NULL otherwise. */
static int tpm_of(const json_t *extra, json_t **ret, cof_err *err)
{
	if (!json_is_object(extra) || json_object_get(extra, "tpm") == NULL) {
		*ret = NULL;
		return 0;
	}
	return cof_json_obj(extra, "tpm", ret, err);
}

int cof_kbsp_tpm_keys_parse(const json_t *extra, cof_kbsp_tpm_keys *ret, bool *ret_present, cof_err *err)
{
	json_t *tpm = NULL;
	COF_AUTO(cof_kbsp_tpm_keys) k = {0};
	int r = tpm_of(extra, &tpm, err);
	if (r < 0)
		return r;
	*ret_present = tpm != NULL;
	if (tpm == NULL)
		return 0;
	r = cof_json_b64(tpm, "ek_cert", &k.ek_cert, err);
	if (r == 0)
		r = cof_json_b64(tpm, "ek_public", &k.ek_public, err);
	if (r == 0)
		r = cof_json_b64(tpm, "ak_public", &k.ak_public, err);
	if (r < 0)
		return r;
	*ret = k;
	k = (cof_kbsp_tpm_keys){0};
	return 0;
}

int cof_kbsp_tpm_cred_parse(const json_t *extra, cof_kbsp_tpm_cred *ret, bool *ret_present, cof_err *err)
{
	json_t *tpm = NULL;
	COF_AUTO(cof_kbsp_tpm_cred) c = {0};
	int r = tpm_of(extra, &tpm, err);
	if (r < 0)
		return r;
	*ret_present = tpm != NULL;
	if (tpm == NULL)
		return 0;
	r = cof_json_b64(tpm, "credential_blob", &c.credential_blob, err);
	if (r == 0)
		r = cof_json_b64(tpm, "encrypted_secret", &c.encrypted_secret, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (cof_kbsp_tpm_cred){0};
	return 0;
}

/* --- attestation --- */

void cof_kbsp_attest_release(cof_kbsp_attest *a)
{
	json_decref(a->doc);
	*a = (cof_kbsp_attest){0};
}

int cof_kbsp_attest_make(const cof_kbsp_attest *a, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	initdata = a->initdata == NULL ? json_null() : json_pack("{s:s, s:s}", "format", "toml", "body", a->initdata);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:O, s:{s:s, s:O}, s:{s:O, s:s}}", "init-data", initdata, "runtime-data", "nonce", a->nonce,
			"tee-pubkey", a->tee_pubkey, "tee-evidence", "primary_evidence", a->evidence,
			"additional_evidence", a->additional);
	if (doc == NULL)
		return cof_err_oom(err);
	int r = cof_json_dump(doc, ret, err);
	return r < 0 ? r : too_large(cof_buf_span(ret), err);
}

/* spec: KBS protocol: null, or {"format":"toml","body":…} */
static int read_initdata(cof_kbsp_attest *a, cof_err *err)
{
	const json_t *v = json_object_get(a->doc, "init-data");
	const char *format = NULL;
	if (v == NULL || json_is_null(v))
		return 0;
	int r = cof_json_str(v, "format", &format, err);
	if (r == 0 && strcmp(format, "toml") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "initdata-format", "initdata as '%.16s'", format);
	if (r == 0)
		r = cof_json_str(v, "body", &a->initdata, err);
	if (r == 0 && strlen(a->initdata) > COF_KBSP_INITDATA_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "initdata-too-large", "initdata of %zu bytes",
				   strlen(a->initdata));
	return r;
}

static int read_runtime(cof_kbsp_attest *a, cof_err *err)
{
	json_t *runtime = NULL, *key = NULL;
	int r = cof_json_obj(a->doc, "runtime-data", &runtime, err);
	if (r == 0)
		r = cof_json_str(runtime, "nonce", &a->nonce, err);
	if (r == 0)
		r = cof_json_obj(runtime, "tee-pubkey", &key, err);
	a->tee_pubkey = key;
	return r;
}

static int read_evidence(cof_kbsp_attest *a, cof_err *err)
{
	json_t *tee = NULL, *primary = NULL;
	int r = cof_json_obj(a->doc, "tee-evidence", &tee, err);
	if (r == 0)
		r = cof_json_obj(tee, "primary_evidence", &primary, err);
	if (r == 0)
		r = cof_json_str(tee, "additional_evidence", &a->additional, err);
	a->evidence = primary;
	return r;
}

int cof_kbsp_attest_parse(cof_span body, cof_kbsp_attest *ret, cof_err *err)
{
	COF_AUTO(cof_kbsp_attest) a = {0};
	int r = parse_object(body, &a.doc, err);
	if (r == 0)
		r = read_initdata(&a, err);
	if (r == 0)
		r = read_runtime(&a, err);
	if (r == 0)
		r = read_evidence(&a, err);
	if (r < 0)
		return r;
	*ret = a;
	a = (cof_kbsp_attest){0};
	return 0;
}
