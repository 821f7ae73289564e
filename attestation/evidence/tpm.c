/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/tpm.h"

#include "attestation/evidence/esys.h"
#include "common/hex.h"

void cof_tpm_free(cof_tpm *t)
{
	if (t == NULL)
		return;
	cof_tpm_disconnect(t);
	cof_buf_release(&t->ek_cert);
	cof_buf_release(&t->ek_public);
	cof_buf_release(&t->ak_public);
	cof_buf_release(&t->ak_spki);
	cof_secret_release(&t->credential);
	free(t);
}

int cof_tpm_open(cof_tpm **ret, const char *tcti, cof_err *err)
{
	COF_AUTO_PTR(cof_tpm) t = calloc(1, sizeof *t);
	if (t == NULL)
		return cof_err_oom(err);
	t->ek = t->ak = ESYS_TR_NONE;
	int r = cof_tpm_connect(t, tcti, err);
	if (r == 0)
		r = cof_tpm_load_keys(t, err);
	if (r == 0)
		*ret = cof_steal(&t);
	return r;
}

cof_span cof_tpm_ek_cert(const cof_tpm *t)
{
	return cof_buf_span(&t->ek_cert);
}

cof_span cof_tpm_ek_public(const cof_tpm *t)
{
	return cof_buf_span(&t->ek_public);
}

cof_span cof_tpm_ak_public(const cof_tpm *t)
{
	return cof_buf_span(&t->ak_public);
}

static int set_b64(json_t *o, const char *key, cof_span bytes, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(bytes);
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(o, key, text, err);
}

int cof_tpm_request_extra(const cof_tpm *t, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) keys = json_object();
	int r = keys == NULL ? cof_err_oom(err) : set_b64(keys, "ek_cert", cof_tpm_ek_cert(t), err);
	if (r == 0)
		r = set_b64(keys, "ek_public", cof_tpm_ek_public(t), err);
	if (r == 0)
		r = set_b64(keys, "ak_public", cof_tpm_ak_public(t), err);
	if (r < 0)
		return r;
	json_t *o = json_pack("{s:O}", "tpm", keys);
	if (o == NULL)
		return cof_err_oom(err);
	*ret = o;
	return 0;
}
