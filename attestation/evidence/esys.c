/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/esys.h"

#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>

/*
 * The two transports are linked, not loaded by name at run time: the guest's image then holds exactly what it uses,
 * and no environment variable picks another. direct: no resource manager stands between us and the TPM.
 */
typedef struct transport {
	const char *prefix;
	TSS2_RC (*init)(TSS2_TCTI_CONTEXT *ctx, size_t *size, const char *conf);
	bool direct;
} transport;

static const transport transports[] = {
	{"device:", Tss2_Tcti_Device_Init, false},
	{"swtpm:", Tss2_Tcti_Swtpm_Init, true},
};

int cof_tpm_rc(TSS2_RC rc, const char *what, cof_err *err)
{
	if (rc == TSS2_RC_SUCCESS)
		return 0;
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER)
		return cof_err_set(err, COF_E_UNAVAILABLE, "tpm-unreachable", "%s: the TPM does not answer (0x%08x)",
				   what, rc);
	return cof_err_set(err, COF_E_IO, "tpm-failed", "%s: TPM response 0x%08x", what, rc);
}

static int init_tcti(const transport *tr, const char *conf, TSS2_TCTI_CONTEXT **ret, cof_err *err)
{
	size_t size = 0;
	if (tr->init(NULL, &size, conf) != TSS2_RC_SUCCESS)
		return cof_err_set(err, COF_E_INTERNAL, "tpm-failed", "the TPM transport does not start");
	TSS2_TCTI_CONTEXT *ctx = calloc(1, size);
	if (ctx == NULL)
		return cof_err_oom(err);
	if (tr->init(ctx, &size, conf) != TSS2_RC_SUCCESS) {
		free(ctx);
		return cof_err_set(err, COF_E_UNAVAILABLE, "tpm-unreachable", "no TPM at %s%s", tr->prefix, conf);
	}
	*ret = ctx;
	return 0;
}

static const transport *find_transport(const char *tcti)
{
	for (size_t i = 0; i < COF_COUNT(transports); i++) {
		if (strncmp(tcti, transports[i].prefix, strlen(transports[i].prefix)) == 0)
			return &transports[i];
	}
	return NULL;
}

/* Objects and sessions of an earlier process that was killed fill the TPM's few slots. */
static void flush_leftovers(ESYS_CONTEXT *esys, uint32_t first)
{
	COF_AUTO_FREE TPMS_CAPABILITY_DATA *cap = NULL;
	TPMI_YES_NO more = 0;
	if (Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, first,
			       TPM2_MAX_CAP_HANDLES, &more, &cap) != TSS2_RC_SUCCESS)
		return;
	for (uint32_t i = 0; i < cap->data.handles.count; i++) {
		ESYS_TR tr = ESYS_TR_NONE;
		if (Esys_TR_FromTPMPublic(esys, cap->data.handles.handle[i], ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					  &tr) == TSS2_RC_SUCCESS)
			(void)Esys_FlushContext(esys, tr);
	}
}

int cof_tpm_connect(cof_tpm *t, const char *tcti, cof_err *err)
{
	const transport *tr = find_transport(tcti);
	if (tr == NULL)
		return cof_err_set(err, COF_E_USAGE, "tcti-unknown", "no TPM transport for '%.64s'", tcti);
	int r = init_tcti(tr, tcti + strlen(tr->prefix), &t->tcti, err);
	if (r == 0)
		r = cof_tpm_rc(Esys_Initialize(&t->esys, t->tcti, NULL), "context", err);
	if (r == 0 && tr->direct) {
		/* TPM2_TRANSIENT_FIRST without the signed shift in its macro */
		flush_leftovers(t->esys, (TPM2_HC)TPM2_HT_TRANSIENT << TPM2_HR_SHIFT);
		flush_leftovers(t->esys, TPM2_LOADED_SESSION_FIRST);
	}
	return r;
}

static void flush(cof_tpm *t, ESYS_TR *tr)
{
	/* A persistent key has no context to flush; the TPM says so, and that is all. */
	if (*tr != ESYS_TR_NONE && Esys_FlushContext(t->esys, *tr) != TSS2_RC_SUCCESS)
		(void)Esys_TR_Close(t->esys, tr);
	*tr = ESYS_TR_NONE;
}

void cof_tpm_disconnect(cof_tpm *t)
{
	if (t->esys != NULL) {
		flush(t, &t->ak);
		flush(t, &t->ek);
		Esys_Finalize(&t->esys);
	}
	if (t->tcti != NULL) {
		Tss2_Tcti_Finalize(t->tcti);
		free(t->tcti);
		t->tcti = NULL;
	}
}

TPML_PCR_SELECTION cof_tpm_select(uint32_t mask)
{
	TPML_PCR_SELECTION s = {.count = 1};
	s.pcrSelections[0].hash = TPM2_ALG_SHA256;
	s.pcrSelections[0].sizeofSelect = 3;
	for (unsigned i = 0; i < 3; i++)
		s.pcrSelections[0].pcrSelect[i] = (uint8_t)(mask >> (8 * i));
	return s;
}
