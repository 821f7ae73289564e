/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/evidence.h"

#include "attestation/verify/tpm.h"
#include "common/hex.h"

void cof_tpm_evidence_in_release(cof_tpm_evidence_in *e)
{
	cof_buf_release(&e->signature);
	cof_buf_release(&e->message);
	cof_buf_release(&e->ak_spki);
	cof_buf_release(&e->ak_tpm_public);
	cof_buf_release(&e->ek_cert);
	cof_buf_release(&e->eventlog);
	cof_buf_release(&e->activation);
	*e = (cof_tpm_evidence_in){0};
}

/* Whatever the JSON layer disliked, the caller is told one thing: it was not evidence. */
static int as_malformed(const cof_err *why, cof_err *err)
{
	if (why->cls == COF_E_INTERNAL)
		return cof_err_set(err, why->cls, why->reason, "%s", why->text);
	return cof_err_set(err, COF_E_MALFORMED, "evidence-malformed", "tpm evidence: %s", why->text);
}

/* An optional base64 member; JSON null counts as absent. */
static int opt_b64(const json_t *o, const char *key, cof_buf *ret, cof_err *err)
{
	const json_t *v = json_object_get(o, key);
	return v == NULL || json_is_null(v) ? 0 : cof_json_b64(o, key, ret, err);
}

static int read_pcrs(const json_t *quote, uint8_t ret[COF_TPM_EVIDENCE_PCRS][COF_SHA256_LEN], cof_err *err)
{
	json_t *list = NULL;
	int r = cof_json_arr(quote, "pcrs", &list, err);
	if (r < 0)
		return r;
	if (json_array_size(list) != COF_TPM_EVIDENCE_PCRS)
		return cof_err_set(err, COF_E_MALFORMED, "json-type", "'pcrs' has %zu values", json_array_size(list));
	for (size_t i = 0; r == 0 && i < COF_TPM_EVIDENCE_PCRS; i++) {
		const json_t *v = json_array_get(list, i);
		if (!json_is_string(v))
			return cof_err_set(err, COF_E_MALFORMED, "json-type", "'pcrs' holds no string");
		r = cof_unhex(json_string_value(v), ret[i], COF_SHA256_LEN, err);
	}
	return r;
}

static int read_all(const json_t *doc, cof_tpm_evidence_in *e, cof_err *err)
{
	json_t *quote = NULL;
	int r = cof_json_obj(doc, "tpm_quote", &quote, err);
	if (r == 0)
		r = cof_json_b64(quote, "signature", &e->signature, err);
	if (r == 0)
		r = cof_json_b64(quote, "message", &e->message, err);
	if (r == 0)
		r = read_pcrs(quote, e->pcrs, err);
	if (r == 0)
		r = cof_json_b64(doc, "ak_public", &e->ak_spki, err);
	if (r == 0)
		r = opt_b64(doc, "ak_tpm_public", &e->ak_tpm_public, err);
	if (r == 0)
		r = opt_b64(doc, "ek_cert", &e->ek_cert, err);
	if (r == 0)
		r = opt_b64(doc, "eventlog", &e->eventlog, err);
	return r < 0 ? r : opt_b64(doc, "activation", &e->activation, err);
}

int cof_tpm_evidence_parse(cof_span text, cof_tpm_evidence_in *ret, cof_err *err)
{
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err why = {0};
	if (text.len > COF_TPM_EVIDENCE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "evidence-malformed", "tpm evidence has %zu bytes", text.len);
	if (cof_json_parse(text, &doc, &why) < 0 || read_all(doc, &e, &why) < 0)
		return as_malformed(&why, err);
	*ret = e;
	e = (cof_tpm_evidence_in){0};
	return 0;
}
