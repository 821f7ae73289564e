/* SPDX-License-Identifier: Apache-2.0 */
/* The quote and the JSON around it. spec: KBS protocol, evidence of TEE "tpm" */
#include <tss2/tss2_mu.h>

#include "attestation/evidence/esys.h"
#include "common/file.h"
#include "common/hex.h"

enum { ALL_PCRS = 0xffffff, TRIES = 5 };

typedef struct quote {
	cof_buf attest;
	cof_buf signature;
	uint8_t pcrs[COF_TPM_PCRS][COF_SHA256_LEN];
} quote;

static void quote_release(quote *q)
{
	cof_buf_release(&q->attest);
	cof_buf_release(&q->signature);
}
COF_DEFINE_AUTO(quote, quote_release)

static int marshal_signature(const TPMT_SIGNATURE *s, cof_buf *ret, cof_err *err)
{
	uint8_t out[sizeof *s];
	size_t n = 0;
	int r = cof_tpm_rc(Tss2_MU_TPMT_SIGNATURE_Marshal(s, out, sizeof out, &n), "signature", err);
	return r < 0 ? r : cof_buf_add(ret, out, n, err);
}

static int take_quote(cof_tpm *t, const uint8_t extra[COF_TPM_EXTRA_LEN], quote *q, cof_err *err)
{
	TPM2B_DATA data = {.size = COF_TPM_EXTRA_LEN};
	const TPMT_SIG_SCHEME by_key = {.scheme = TPM2_ALG_NULL};
	const TPML_PCR_SELECTION all = cof_tpm_select(ALL_PCRS);
	COF_AUTO_FREE TPM2B_ATTEST *attest = NULL;
	COF_AUTO_FREE TPMT_SIGNATURE *sig = NULL;
	memcpy(data.buffer, extra, COF_TPM_EXTRA_LEN);
	int r = cof_tpm_rc(Esys_Quote(t->esys, t->ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data, &by_key,
				      &all, &attest, &sig),
			   "Quote", err);
	q->attest.len = q->signature.len = 0;
	if (r == 0)
		r = cof_buf_add(&q->attest, attest->attestationData, attest->size, err);
	return r < 0 ? r : marshal_signature(sig, &q->signature, err);
}

/* Whether the values that were read are the ones quoted: another process may extend a register in between. */
static int is_same_state(const quote *q, bool *ret, cof_err *err)
{
	TPMS_ATTEST a = {0};
	size_t at = 0;
	uint8_t digest[COF_SHA256_LEN];
	int r = cof_tpm_rc(Tss2_MU_TPMS_ATTEST_Unmarshal(q->attest.data, q->attest.len, &at, &a), "quote", err);
	if (r == 0)
		r = cof_sha256(cof_span_of(q->pcrs, sizeof q->pcrs), digest, err);
	if (r == 0)
		*ret = a.attested.quote.pcrDigest.size == sizeof digest &&
		       cof_ct_equal(cof_span_of(a.attested.quote.pcrDigest.buffer, sizeof digest),
				    cof_span_of(digest, sizeof digest));
	return r;
}

static int quote_state(cof_tpm *t, const uint8_t extra[COF_TPM_EXTRA_LEN], quote *q, cof_err *err)
{
	for (int i = 0; i < TRIES; i++) {
		bool same = false;
		int r = take_quote(t, extra, q, err);
		if (r == 0)
			r = cof_tpm_pcrs(t, q->pcrs, err);
		if (r == 0)
			r = is_same_state(q, &same, err);
		if (r < 0 || same)
			return r;
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "tpm-pcrs-moving", "registers change faster than they are quoted");
}

/* ---- JSON ---- */

static int set_b64(json_t *o, const char *key, cof_span bytes, cof_err *err)
{
	COF_AUTO_FREE char *text = cof_b64_dup(bytes);
	return text == NULL ? cof_err_oom(err) : cof_json_set_str(o, key, text, err);
}

static int pcrs_json(const quote *q, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	for (size_t i = 0; i < COF_TPM_PCRS; i++) {
		char hex[2 * COF_SHA256_LEN + 1];
		cof_hex(cof_span_of(q->pcrs[i], COF_SHA256_LEN), hex);
		if (list == NULL || json_array_append_new(list, json_string(hex)) < 0)
			return cof_err_oom(err);
	}
	*ret = cof_steal(&list);
	return 0;
}

static int quote_json(const quote *q, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	json_t *pcrs = NULL;
	int r = o == NULL ? cof_err_oom(err) : set_b64(o, "signature", cof_buf_span(&q->signature), err);
	if (r == 0)
		r = set_b64(o, "message", cof_buf_span(&q->attest), err);
	if (r == 0)
		r = pcrs_json(q, &pcrs, err);
	if (r == 0)
		r = cof_json_set_new(o, "pcrs", pcrs, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}

int cof_tpm_set_eventlog(json_t *evidence, const char *path, cof_span records, cof_err *err)
{
	COF_AUTO(cof_buf) log = {0};
	if (path == NULL)
		return 0;
	int r = cof_file_read(path, COF_TPM_EVENTLOG_FILE_MAX, &log, err);
	if (r == 0)
		r = cof_buf_add(&log, records.data, records.len, err);
	return r < 0 ? r : set_b64(evidence, "eventlog", cof_buf_span(&log), err);
}

/* One credential answers for one quote. */
static int set_activation(cof_tpm *t, const quote *q, json_t *o, cof_err *err)
{
	uint8_t mac[COF_SHA256_LEN];
	if (t->credential.len == 0)
		return 0;
	int r = cof_hmac_sha256(cof_secret_span(&t->credential), cof_buf_span(&q->attest), mac, err);
	cof_secret_release(&t->credential);
	return r < 0 ? r : set_b64(o, "activation", cof_span_of(mac, sizeof mac), err);
}

static int set_keys(const cof_tpm *t, json_t *o, cof_err *err)
{
	int r = set_b64(o, "ak_public", cof_buf_span(&t->ak_spki), err);
	if (r == 0)
		r = set_b64(o, "ak_tpm_public", cof_buf_span(&t->ak_public), err);
	if (r == 0 && t->ek_cert.len > 0)
		r = set_b64(o, "ek_cert", cof_buf_span(&t->ek_cert), err);
	return r;
}

int cof_tpm_evidence(cof_tpm *t, const uint8_t extra[COF_TPM_EXTRA_LEN], const char *eventlog, json_t **ret,
		     cof_err *err)
{
	COF_AUTO(quote) q = {0};
	COF_AUTO_PTR(json_t) o = json_object();
	json_t *inner = NULL;
	int r = o == NULL ? cof_err_oom(err) : quote_state(t, extra, &q, err);
	if (r == 0)
		r = quote_json(&q, &inner, err);
	if (r == 0)
		r = cof_json_set_new(o, "tpm_quote", inner, err);
	if (r == 0)
		r = set_keys(t, o, err);
	if (r == 0)
		r = cof_tpm_set_eventlog(o, eventlog, (cof_span){0}, err);
	if (r == 0)
		r = set_activation(t, &q, o, err);
	if (r == 0)
		*ret = cof_steal(&o);
	return r;
}
