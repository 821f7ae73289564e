/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/makecredential.h"

#include "attestation/verify/credential.h"
#include "attestation/verify/ek.h"
#include "attestation/verify/enrolled.h"
#include "common/secret.h"

static int check_ek(const cof_tpm_bind_in *in, const cof_tpm_public *ek, cof_err *err)
{
	int r = cof_tpm_ek_check(ek, err);
	if (r < 0)
		return r;
	if (cof_name_is_enrolled(cof_tpm_public_name(ek), in->enrolled_eks))
		return 0;
	if (in->ek_cert.len == 0)
		return cof_err_set(err, COF_E_CRYPTO, "ek-untrusted", "the EK has no certificate and is not enrolled");
	r = cof_ek_cert_check(in->ek_cert, in->ek_roots, in->now, err);
	return r < 0 ? r : cof_ek_cert_is_of(in->ek_cert, ek, err);
}

int cof_tpm_bind(const cof_tpm_bind_in *in, cof_buf *ret_blob, cof_buf *ret_secret, cof_err *err)
{
	cof_tpm_public ek, ak;
	uint8_t seed[COF_DIGEST_MAX];
	if (in->credential.len != COF_TPM_CREDENTIAL_LEN)
		return cof_err_set(err, COF_E_USAGE, "credential-size", "a credential of %zu bytes",
				   in->credential.len);
	int r = cof_tpm_public_parse(in->ek_public, &ek, err);
	if (r == 0)
		r = cof_tpm_public_parse(in->ak_public, &ak, err);
	if (r == 0)
		r = check_ek(in, &ek, err);
	if (r == 0)
		r = cof_tpm_ak_check(&ak, err);
	if (r < 0)
		return r;
	cof_span name = cof_tpm_public_name(&ak);
	COF_AUTO(cof_buf) blob = {0};
	COF_AUTO(cof_buf) secret = {0};
	r = cof_credential_make_seed(&ek, seed, &secret, err);
	if (r == 0)
		r = cof_credential_wrap(&ek, cof_span_of(seed, cof_hash_len(ek.name_alg)), name, in->credential, &blob,
					err);
	cof_wipe(seed, sizeof seed);
	if (r < 0)
		return r;
	r = cof_buf_add(ret_blob, blob.data, blob.len, err);
	return r < 0 ? r : cof_buf_add(ret_secret, secret.data, secret.len, err);
}

int cof_tpm_activation_check(cof_span credential, cof_span attest, cof_span answer, cof_err *err)
{
	uint8_t mac[COF_SHA256_LEN];
	bool sized = credential.len == COF_TPM_CREDENTIAL_LEN;
	int r = sized ? cof_hmac_sha256(credential, attest, mac, err) : 0;
	if (r < 0)
		return r;
	if (!sized || !cof_ct_equal(cof_span_of(mac, sizeof mac), answer))
		return cof_err_set(err, COF_E_CRYPTO, "activation-mismatch",
				   "the credential was not opened by the TPM that holds the AK");
	return 0;
}
