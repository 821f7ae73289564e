/* SPDX-License-Identifier: Apache-2.0 */
/* EK and AK, the EK's certificate, and credential activation. */
#include <tss2/tss2_mu.h>

#include "attestation/evidence/esys.h"
#include "common/rd.h"

enum {
	EK_CERT_INDEX = 0x01c00002,
	EK_HANDLE = 0x81010001,
	NV_CHUNK = 512,
	NV_MAX = 8192,
	RSA_LEN = 256,
	/* spec: TCG EK Credential Profile 2.5, B.3.3 */
	EK_ATTRIBUTES = 0x000300b2,
	/*
	 * fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, noDA, restricted, sign. Its password is empty, so
	 * there is nothing to guess; without noDA, a few machines cut off without a shutdown would lock the TPM.
	 */
	AK_ATTRIBUTES = 0x00050472,
};

/* spec: TCG EK Credential Profile 2.5, B.6: PolicySecret(TPM_RH_ENDORSEMENT) */
static const uint8_t ek_policy[32] = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
				      0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
				      0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa};

static TPM2B_PUBLIC rsa_template(uint32_t attributes)
{
	TPM2B_PUBLIC p = {.publicArea = {.type = TPM2_ALG_RSA, .nameAlg = TPM2_ALG_SHA256}};
	p.publicArea.objectAttributes = attributes;
	p.publicArea.parameters.rsaDetail.keyBits = 2048;
	return p;
}

static TPM2B_PUBLIC ek_template(void)
{
	TPM2B_PUBLIC p = rsa_template(EK_ATTRIBUTES);
	TPMS_RSA_PARMS *rsa = &p.publicArea.parameters.rsaDetail;
	p.publicArea.authPolicy.size = sizeof ek_policy;
	memcpy(p.publicArea.authPolicy.buffer, ek_policy, sizeof ek_policy);
	rsa->symmetric = (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB};
	rsa->scheme.scheme = TPM2_ALG_NULL;
	p.publicArea.unique.rsa.size = RSA_LEN; /* zeros: part of the template, so that the key is the certified one */
	return p;
}

static TPM2B_PUBLIC ak_template(void)
{
	TPM2B_PUBLIC p = rsa_template(AK_ATTRIBUTES);
	TPMS_RSA_PARMS *rsa = &p.publicArea.parameters.rsaDetail;
	rsa->symmetric.algorithm = TPM2_ALG_NULL;
	rsa->scheme.scheme = TPM2_ALG_RSASSA;
	rsa->scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
	return p;
}

static int marshal_public(const TPM2B_PUBLIC *p, cof_buf *ret, cof_err *err)
{
	uint8_t out[sizeof *p];
	size_t n = 0;
	int r = cof_tpm_rc(Tss2_MU_TPM2B_PUBLIC_Marshal(p, out, sizeof out, &n), "public area", err);
	return r < 0 ? r : cof_buf_add(ret, out, n, err);
}

/* Empty authorisation is what a fresh TPM has; a hierarchy with a password is not ours to use. */
static int create_primary(cof_tpm *t, const TPM2B_PUBLIC *template, ESYS_TR *ret, TPM2B_PUBLIC **ret_public,
			  cof_err *err)
{
	const TPM2B_SENSITIVE_CREATE sensitive = {0};
	const TPM2B_DATA outside = {0};
	const TPML_PCR_SELECTION no_pcrs = {0};
	COF_AUTO_FREE TPM2B_CREATION_DATA *data = NULL;
	COF_AUTO_FREE TPM2B_DIGEST *hash = NULL;
	COF_AUTO_FREE TPMT_TK_CREATION *ticket = NULL;
	return cof_tpm_rc(Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					     ESYS_TR_NONE, &sensitive, template, &outside, &no_pcrs, ret, ret_public,
					     &data, &hash, &ticket),
			  "CreatePrimary", err);
}

static bool is_ek(const TPMT_PUBLIC *p)
{
	return p->type == TPM2_ALG_RSA && p->nameAlg == TPM2_ALG_SHA256 && p->objectAttributes == EK_ATTRIBUTES &&
	       p->parameters.rsaDetail.keyBits == 2048 && p->unique.rsa.size == RSA_LEN;
}

/* Manufacturers leave the EK at its handle, which saves making it again; -1 when there is none. */
static int find_ek(cof_tpm *t, TPM2B_PUBLIC **ret_public)
{
	ESYS_TR tr = ESYS_TR_NONE;
	COF_AUTO_FREE TPM2B_PUBLIC *p = NULL;
	COF_AUTO_FREE TPM2B_NAME *name = NULL;
	COF_AUTO_FREE TPM2B_NAME *qualified = NULL;
	if (Esys_TR_FromTPMPublic(t->esys, EK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr) != TSS2_RC_SUCCESS)
		return -1;
	if (Esys_ReadPublic(t->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, &name, &qualified) !=
		    TSS2_RC_SUCCESS ||
	    !is_ek(&p->publicArea)) {
		(void)Esys_TR_Close(t->esys, &tr);
		return -1;
	}
	t->ek = tr;
	*ret_public = cof_steal(&p);
	return 0;
}

static int load_ek(cof_tpm *t, cof_err *err)
{
	COF_AUTO_FREE TPM2B_PUBLIC *p = NULL;
	const TPM2B_PUBLIC template = ek_template();
	if (find_ek(t, &p) < 0) {
		int r = create_primary(t, &template, &t->ek, &p, err);
		if (r < 0)
			return r;
	}
	return marshal_public(p, &t->ek_public, err);
}

/* The DER frame of an RSA-2048 key with exponent 65537 is constant. spec: RFC 3279 2.3.1 */
static int make_spki(const TPM2B_PUBLIC *p, cof_buf *ret, cof_err *err)
{
	static const uint8_t head[] = {0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
				       0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82, 0x01,
				       0x0f, 0x00, 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
	static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	const TPM2B_PUBLIC_KEY_RSA *n = &p->publicArea.unique.rsa;
	if (n->size != RSA_LEN || (n->buffer[0] & 0x80) == 0)
		return cof_err_set(err, COF_E_IO, "tpm-failed", "the AK is not the RSA-2048 key that was asked for");
	int r = cof_buf_add(ret, head, sizeof head, err);
	if (r == 0)
		r = cof_buf_add(ret, n->buffer, n->size, err);
	return r < 0 ? r : cof_buf_add(ret, exponent, sizeof exponent, err);
}

/* The template has nothing random in it, so that a machine's AK stays the same and can be enrolled by name. */
static int load_ak(cof_tpm *t, cof_err *err)
{
	COF_AUTO_FREE TPM2B_PUBLIC *p = NULL;
	const TPM2B_PUBLIC template = ak_template();
	int r = create_primary(t, &template, &t->ak, &p, err);
	if (r == 0)
		r = marshal_public(p, &t->ak_public, err);
	return r < 0 ? r : make_spki(p, &t->ak_spki, err);
}

/* ---- the certificate ---- */

static int nv_read(cof_tpm *t, ESYS_TR nv, uint16_t size, cof_buf *ret, cof_err *err)
{
	for (uint16_t at = 0; at < size;) {
		COF_AUTO_FREE TPM2B_MAX_NV_BUFFER *chunk = NULL;
		uint16_t want = size - at < NV_CHUNK ? (uint16_t)(size - at) : NV_CHUNK;
		int r = cof_tpm_rc(
			Esys_NV_Read(t->esys, nv, nv, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, want, at, &chunk),
			"NV_Read", err);
		if (r == 0 && (chunk->size == 0 || chunk->size > want))
			r = cof_err_set(err, COF_E_IO, "tpm-failed", "NV_Read gave %u bytes", chunk->size);
		if (r == 0)
			r = cof_buf_add(ret, chunk->buffer, chunk->size, err);
		if (r < 0)
			return r;
		at = (uint16_t)(at + chunk->size);
	}
	return 0;
}

/* spec: TCG EK Credential Profile 2.5, 2.2.1.4: the area may be larger than the certificate; empty when it is none */
static cof_span der_sequence(cof_span area)
{
	cof_rd r = cof_rd_of(area);
	uint8_t tag = cof_rd_u8(&r), form = cof_rd_u8(&r);
	uint16_t len = cof_rd_u16be(&r);
	(void)cof_rd_bytes(&r, len);
	if (!cof_rd_ok(&r) || tag != 0x30 || form != 0x82 || len + 4 > COF_TPM_EK_CERT_MAX)
		return (cof_span){0};
	return cof_span_of(area.data, (size_t)len + 4);
}

/* A TPM without certificate is a TPM whose EK the owner enrols by name, so its absence is not a failure here. */
static int load_ek_cert(cof_tpm *t, cof_err *err)
{
	ESYS_TR nv = ESYS_TR_NONE;
	COF_AUTO(cof_buf) area = {0};
	COF_AUTO_FREE TPM2B_NV_PUBLIC *p = NULL;
	COF_AUTO_FREE TPM2B_NAME *name = NULL;
	if (Esys_TR_FromTPMPublic(t->esys, EK_CERT_INDEX, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv) !=
	    TSS2_RC_SUCCESS)
		return 0;
	int r = cof_tpm_rc(Esys_NV_ReadPublic(t->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, &name),
			   "NV_ReadPublic", err);
	if (r == 0 && p->nvPublic.dataSize <= NV_MAX)
		r = nv_read(t, nv, p->nvPublic.dataSize, &area, err);
	(void)Esys_TR_Close(t->esys, &nv);
	cof_span cert = der_sequence(cof_buf_span(&area));
	return r < 0 ? r : cof_buf_add(&t->ek_cert, cert.data, cert.len, err);
}

int cof_tpm_load_keys(cof_tpm *t, cof_err *err)
{
	int r = load_ek(t, err);
	if (r == 0)
		r = load_ek_cert(t, err);
	return r < 0 ? r : load_ak(t, err);
}

/* ---- activation ---- */

static int read_credential(cof_span blob, cof_span secret, TPM2B_ID_OBJECT *ret_blob,
			   TPM2B_ENCRYPTED_SECRET *ret_secret, cof_err *err)
{
	cof_rd b = cof_rd_of(blob), s = cof_rd_of(secret);
	cof_span id = cof_rd_span_u16be(&b), enc = cof_rd_span_u16be(&s);
	if (!cof_rd_end(&b) || !cof_rd_end(&s) || id.len == 0 || id.len > sizeof ret_blob->credential || enc.len == 0 ||
	    enc.len > sizeof ret_secret->secret)
		return cof_err_set(err, COF_E_MALFORMED, "credential-malformed", "sizes of the credential");
	ret_blob->size = (uint16_t)id.len;
	memcpy(ret_blob->credential, id.data, id.len);
	ret_secret->size = (uint16_t)enc.len;
	memcpy(ret_secret->secret, enc.data, enc.len);
	return 0;
}

/* spec: TCG EK Credential Profile 2.5, B.6: the EK is used in a session that satisfies its policy */
static int start_ek_session(cof_tpm *t, ESYS_TR *ret, cof_err *err)
{
	const TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};
	ESYS_TR session = ESYS_TR_NONE;
	int r = cof_tpm_rc(Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
						 ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none, TPM2_ALG_SHA256, &session),
			   "StartAuthSession", err);
	if (r < 0)
		return r;
	r = cof_tpm_rc(Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					 ESYS_TR_NONE, NULL, NULL, NULL, 0, NULL, NULL),
		       "PolicySecret", err);
	if (r < 0)
		(void)Esys_FlushContext(t->esys, session);
	else
		*ret = session;
	return r;
}

static int take_credential(cof_tpm *t, TPM2B_DIGEST *d, cof_err *err)
{
	int r = d->size == COF_SHA256_LEN ? 0
					  : cof_err_set(err, COF_E_MALFORMED, "credential-malformed",
							"a credential of %u bytes", d->size);
	if (r == 0) {
		cof_secret_release(&t->credential);
		r = cof_secret_from(&t->credential, cof_span_of(d->buffer, d->size), err);
	}
	cof_wipe(d->buffer, sizeof d->buffer);
	return r;
}

int cof_tpm_activate(cof_tpm *t, cof_span blob, cof_span secret, cof_err *err)
{
	TPM2B_ID_OBJECT id = {0};
	TPM2B_ENCRYPTED_SECRET enc = {0};
	ESYS_TR session = ESYS_TR_NONE;
	COF_AUTO_FREE TPM2B_DIGEST *credential = NULL;
	int r = read_credential(blob, secret, &id, &enc, err);
	if (r == 0)
		r = start_ek_session(t, &session, err);
	if (r < 0)
		return r;
	TSS2_RC rc = Esys_ActivateCredential(t->esys, t->ak, t->ek, ESYS_TR_PASSWORD, session, ESYS_TR_NONE, &id, &enc,
					     &credential);
	(void)Esys_FlushContext(t->esys, session);
	if (rc == TPM2_RC_LOCKOUT)
		return cof_err_set(err, COF_E_UNAVAILABLE, "tpm-lockout", "the TPM is in lockout");
	if ((rc & TSS2_RC_LAYER_MASK) == TSS2_TPM_RC_LAYER && rc != TSS2_RC_SUCCESS)
		return cof_err_set(err, COF_E_CRYPTO, "activation-refused",
				   "the credential is not for this TPM and AK (0x%08x)", rc);
	r = cof_tpm_rc(rc, "ActivateCredential", err);
	return r < 0 ? r : take_credential(t, credential, err);
}
