/* SPDX-License-Identifier: Apache-2.0 */
/* Reading registers in one state, and binding initdata to PCR 8. */
#include "attestation/evidence/esys.h"

enum { ALL_PCRS = 0xffffff, INITDATA_PCR = 8, TRIES = 5 };

static int took_none(cof_err *err)
{
	return cof_err_set(err, COF_E_IO, "tpm-no-sha256", "the TPM gives no SHA-256 registers");
}

/* Copies one answer's values; the TPM says which ones they are. */
static int take_values(const TPML_PCR_SELECTION *which, const TPML_DIGEST *values, uint32_t *left,
		       uint8_t ret[COF_TPM_PCRS][COF_SHA256_LEN], cof_err *err)
{
	uint32_t n = 0, mask = 0;
	if (which->count != 1 || which->pcrSelections[0].hash != TPM2_ALG_SHA256)
		return took_none(err);
	for (unsigned i = 0; i < 3 && i < which->pcrSelections[0].sizeofSelect; i++)
		mask |= (uint32_t)which->pcrSelections[0].pcrSelect[i] << (8 * i);
	for (uint32_t pcr = 0; pcr < COF_TPM_PCRS; pcr++) {
		if ((mask & *left & (1u << pcr)) == 0)
			continue;
		if (n == values->count || values->digests[n].size != COF_SHA256_LEN)
			return took_none(err);
		memcpy(ret[pcr], values->digests[n++].buffer, COF_SHA256_LEN);
	}
	*left &= ~mask;
	return n > 0 ? 0 : took_none(err);
}

/* A TPM gives up to eight at a time; *ret_moved when a register changed between two answers. */
static int read_once(cof_tpm *t, uint8_t ret[COF_TPM_PCRS][COF_SHA256_LEN], bool *ret_moved, cof_err *err)
{
	uint32_t left = ALL_PCRS, counter = 0;
	*ret_moved = false;
	while (left != 0 && !*ret_moved) {
		COF_AUTO_FREE TPML_PCR_SELECTION *which = NULL;
		COF_AUTO_FREE TPML_DIGEST *values = NULL;
		uint32_t now = 0;
		const TPML_PCR_SELECTION want = cof_tpm_select(left);
		int r = cof_tpm_rc(
			Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &want, &now, &which, &values),
			"PCR_Read", err);
		*ret_moved = left != ALL_PCRS && now != counter;
		counter = now;
		if (r == 0)
			r = take_values(which, values, &left, ret, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cof_tpm_pcrs(cof_tpm *t, uint8_t ret[COF_TPM_PCRS][COF_SHA256_LEN], cof_err *err)
{
	uint8_t pcrs[COF_TPM_PCRS][COF_SHA256_LEN] = {0};
	for (int i = 0; i < TRIES; i++) {
		bool moved = false;
		int r = read_once(t, pcrs, &moved, err);
		if (r < 0)
			return r;
		if (!moved) {
			memcpy(ret, pcrs, sizeof pcrs);
			return 0;
		}
	}
	return cof_err_set(err, COF_E_UNAVAILABLE, "tpm-pcrs-moving", "registers change faster than they are read");
}

int cof_tpm_extend(cof_tpm *t, uint32_t pcr, const uint8_t digest[COF_SHA256_LEN], cof_err *err)
{
	TPML_DIGEST_VALUES v = {.count = 1};
	v.digests[0].hashAlg = TPM2_ALG_SHA256;
	memcpy(v.digests[0].digest.sha256, digest, COF_SHA256_LEN);
	return cof_tpm_rc(
		Esys_PCR_Extend(t->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &v),
		"PCR_Extend", err);
}

int cof_tpm_bind_initdata(cof_tpm *t, const uint8_t digest[COF_SHA256_LEN], cof_err *err)
{
	static const uint8_t zero[COF_SHA256_LEN];
	uint8_t pcrs[COF_TPM_PCRS][COF_SHA256_LEN], both[2 * COF_SHA256_LEN] = {0}, want[COF_SHA256_LEN];
	int r = cof_tpm_pcrs(t, pcrs, err);
	if (r < 0)
		return r;
	if (!cof_ct_equal(cof_span_of(pcrs[INITDATA_PCR], COF_SHA256_LEN), cof_span_of(zero, COF_SHA256_LEN)))
		return cof_err_set(err, COF_E_POLICY, "initdata-bound", "PCR 8 was extended before");
	memcpy(both + COF_SHA256_LEN, digest, COF_SHA256_LEN);
	r = cof_sha256(cof_span_of(both, sizeof both), want, err);
	if (r == 0)
		r = cof_tpm_extend(t, INITDATA_PCR, digest, err);
	if (r == 0)
		r = cof_tpm_pcrs(t, pcrs, err);
	/* Whoever sits on the wire may drop the command and answer for it. */
	if (r == 0 && !cof_ct_equal(cof_span_of(pcrs[INITDATA_PCR], COF_SHA256_LEN), cof_span_of(want, COF_SHA256_LEN)))
		return cof_err_set(err, COF_E_CRYPTO, "pcr-extend-lost", "PCR 8 does not hold what was extended");
	return r;
}
