/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm.h"

#include "attestation/verify/appraise.h"
#include "attestation/verify/claims.h"
#include "attestation/verify/ek.h"
#include "attestation/verify/enrolled.h"
#include "attestation/verify/evidence.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/quote.h"
#include "common/ossl.h"
#include "common/secret.h"

void cof_tpm_verdict_release(cof_tpm_verdict *v)
{
	json_decref(v->claims);
	*v = (cof_tpm_verdict){0};
}

/* The DER key of the protocol and the TPM's own public area must be one key. */
static int check_spki(const cof_tpm_evidence_in *e, const cof_tpm_public *ak, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	uint8_t *der = NULL;
	int r = cof_tpm_public_key(ak, &key, err);
	if (r < 0)
		return r;
	int n = i2d_PUBKEY(key, &der);
	bool same = n > 0 && cof_ct_equal(cof_span_of(der, (size_t)n), cof_buf_span(&e->ak_spki));
	OPENSSL_free(der);
	return same ? 0 : cof_err_set(err, COF_E_CRYPTO, "ak-mismatch", "ak_public and ak_tpm_public are two keys");
}

/* Never trusted because it came with the evidence: by an activation that only this AK's TPM could do, or by name. */
static int check_ak(const cof_tpm_verify_in *in, const cof_tpm_evidence_in *e, cof_tpm_public *ret, cof_err *err)
{
	if (e->ak_tpm_public.len == 0)
		return cof_err_set(err, COF_E_CRYPTO, "ak-not-enrolled", "the AK came without its public area");
	int r = cof_tpm_public_parse(cof_buf_span(&e->ak_tpm_public), ret, err);
	if (r == 0)
		r = cof_tpm_ak_check(ret, err);
	if (r == 0)
		r = check_spki(e, ret, err);
	if (r < 0)
		return r;
	if (in->credential.len > 0 && !cof_ct_equal(in->ak_public, cof_buf_span(&e->ak_tpm_public)))
		return cof_err_set(err, COF_E_CRYPTO, "ak-mismatch", "the quote's AK is not the one of the handshake");
	if (in->credential.len == 0 && !cof_name_is_enrolled(cof_tpm_public_name(ret), in->enrolled_aks))
		return cof_err_set(err, COF_E_CRYPTO, "ak-not-enrolled",
				   "no credential was activated and the AK is not enrolled");
	return 0;
}

static int check_activation(const cof_tpm_verify_in *in, const cof_tpm_evidence_in *e, cof_err *err)
{
	if (in->credential.len == 0)
		return 0;
	return cof_tpm_activation_check(in->credential, cof_buf_span(&e->message), cof_buf_span(&e->activation), err);
}

static int check_pcrs(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_evidence_in *e, cof_err *err)
{
	cof_tpm_bank b = {.bank = COF_TPM_ALG_SHA256, .mask = COF_TPM_ALL_PCRS};
	for (size_t i = 0; i < COF_TPM_EVIDENCE_PCRS; i++)
		memcpy(b.pcrs[i], e->pcrs[i], COF_SHA256_LEN);
	return cof_tpm_quote_check_pcrs(q, hash, &b, 1, err);
}

/* The quote: whose, of what kind, fresh, complete. */
static int check_quote(const cof_tpm_verify_in *in, const cof_tpm_evidence_in *e, const cof_tpm_public *ak,
		       cof_err *err)
{
	cof_tpm_quote q;
	cof_hash hash;
	cof_span attest = cof_buf_span(&e->message);
	int r = cof_tpm_quote_check_signature(attest, cof_buf_span(&e->signature), ak, &hash, err);
	if (r == 0)
		r = cof_tpm_quote_parse(attest, &q, err);
	if (r < 0)
		return r;
	if (!cof_ct_equal(q.extra, in->report_data))
		return cof_err_set(err, COF_E_CRYPTO, "nonce-mismatch",
				   "the quote is over another nonce or another key");
	r = check_activation(in, e, err);
	return r < 0 ? r : check_pcrs(&q, hash, e, err);
}

/* Registers that only the guest's user space extends after boot cannot be in the firmware's log. */
static bool is_replayed(uint32_t pcr)
{
	return pcr <= 7 || pcr == 9 || (pcr >= 11 && pcr <= 15);
}

static int check_log(const cof_tpm_evidence_in *e, cof_eventlog *ret, cof_err *err)
{
	cof_digest pcrs[COF_REGS_MAX];
	int r = cof_eventlog_parse(cof_buf_span(&e->eventlog), COF_SHA256, ret, err);
	if (r == 0)
		r = cof_eventlog_replay(ret, pcrs, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < COF_PCRS; i++) {
		if (is_replayed(i) && !cof_ct_equal(cof_digest_span(&pcrs[i]), cof_span_of(e->pcrs[i], COF_SHA256_LEN)))
			return cof_err_set(err, COF_E_CRYPTO, "eventlog-replay",
					   "the event log does not replay to the quoted PCR %u", i);
	}
	return cof_eventlog_check_data(ret, err);
}

static int check_sizes(const cof_tpm_verify_in *in, cof_err *err)
{
	if (in->report_data.len != COF_TPM_REPORT_DATA_LEN)
		return cof_err_set(err, COF_E_USAGE, "report-data", "report data has %zu bytes", in->report_data.len);
	if (in->credential.len != 0 && in->credential.len != COF_SHA256_LEN)
		return cof_err_set(err, COF_E_USAGE, "credential-size", "a credential of %zu bytes",
				   in->credential.len);
	return 0;
}

static int judge(const cof_tpm_verify_in *in, const cof_tpm_evidence_in *e, const cof_tpm_public *ak,
		 cof_tpm_verdict *v, cof_err *err)
{
	COF_AUTO(cof_eventlog) log = {0};
	bool has_log = e->eventlog.len > 0;
	int r = has_log ? check_log(e, &log, err) : 0;
	if (r < 0)
		return r;
	memcpy(v->pcrs, e->pcrs, sizeof v->pcrs);
	memcpy(v->ak_name, ak->name + 2, sizeof v->ak_name);
	v->pcr = -1;
	r = cof_tpm_appraise(in, has_log ? &log : NULL, v, err);
	return r < 0 ? r : cof_tpm_claims(v, cof_buf_span(&e->ak_spki), in->report_data, has_log, &v->claims, err);
}

int cof_tpm_verify(const cof_tpm_verify_in *in, cof_tpm_verdict *ret, cof_err *err)
{
	COF_AUTO(cof_tpm_evidence_in) e = {0};
	COF_AUTO(cof_tpm_verdict) v = {0};
	cof_tpm_public ak;
	int r = check_sizes(in, err);
	if (r == 0)
		r = cof_tpm_evidence_parse(in->evidence, &e, err);
	if (r == 0)
		r = check_ak(in, &e, &ak, err);
	if (r == 0)
		r = check_quote(in, &e, &ak, err);
	if (r == 0 && e.ek_cert.len > 0)
		r = cof_ek_cert_check(cof_buf_span(&e.ek_cert), in->ek_roots, in->now, err);
	if (r == 0)
		r = judge(in, &e, &ak, &v, err);
	if (r < 0)
		return r;
	*ret = v;
	v = (cof_tpm_verdict){0};
	return 0;
}
