/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_keys.h"

#include <openssl/pem.h>

#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { PEM_MAX = 8192 };

/* ---- attributes ---- */

typedef struct rule {
	const char *name;
	uint32_t bit;
	bool set;
} rule;

/* An unrestricted key signs any bytes, a forged attest among them; one that decrypts could be an EK. */
static const rule ak_rules[] = {
	{"ak-restricted", COF_TPM_RESTRICTED, true},
	{"ak-signing", COF_TPM_SIGN, true},
	{"ak-decrypting", COF_TPM_DECRYPT, false},
	{"ak-fixed-tpm", COF_TPM_FIXED_TPM, true},
	{"ak-fixed-parent", COF_TPM_FIXED_PARENT, true},
	{"ak-origin", COF_TPM_SENSITIVE_DATA_ORIGIN, true},
	{"ak-duplication", COF_TPM_ENCRYPTED_DUPLICATION, false},
};

static const rule ek_rules[] = {
	{"ek-restricted", COF_TPM_RESTRICTED, true},
	{"ek-decrypting", COF_TPM_DECRYPT, true},
	{"ek-signing", COF_TPM_SIGN, false},
	{"ek-fixed-tpm", COF_TPM_FIXED_TPM, true},
	{"ek-fixed-parent", COF_TPM_FIXED_PARENT, true},
	{"ek-origin", COF_TPM_SENSITIVE_DATA_ORIGIN, true},
	{"ek-duplication", COF_TPM_ENCRYPTED_DUPLICATION, false},
};

static void check_rules(cof_checks *c, cof_stage stage, const rule *rules, size_t n, uint32_t attributes)
{
	for (size_t i = 0; i < n; i++) {
		bool set = (attributes & rules[i].bit) != 0;
		(void)cof_check_text(c, stage, rules[i].name, set == rules[i].set, rules[i].set ? "set" : "clear",
				     set ? "set" : "clear");
	}
}

static bool has_ak_scheme(const cof_tpm_public *p)
{
	cof_hash hash;
	bool fits = p->type == COF_TPM_ALG_RSA ? p->scheme == COF_TPM_ALG_RSASSA || p->scheme == COF_TPM_ALG_RSAPSS
					       : p->scheme == COF_TPM_ALG_ECDSA;
	return fits && p->sym_alg == COF_TPM_ALG_NULL && cof_tpm_hash(p->scheme_hash, &hash, NULL) == 0;
}

void cof_tpm_ak_attributes_check(cof_checks *c, const cof_tpm_public *p)
{
	check_rules(c, COF_STAGE_AK, ak_rules, COF_COUNT(ak_rules), p->attributes);
	(void)cof_check_text(c, COF_STAGE_AK, "ak-scheme", has_ak_scheme(p),
			     "one signature scheme, SHA-256 or better, no cipher", NULL);
}

static bool has_ek_cipher(const cof_tpm_public *p)
{
	return p->sym_alg == COF_TPM_ALG_AES && p->sym_mode == COF_TPM_ALG_CFB &&
	       (p->sym_bits == 128 || p->sym_bits == 256) && p->scheme == COF_TPM_ALG_NULL;
}

void cof_tpm_ek_attributes_check(cof_checks *c, const cof_tpm_public *p)
{
	check_rules(c, COF_STAGE_EK, ek_rules, COF_COUNT(ek_rules), p->attributes);
	(void)cof_check_text(c, COF_STAGE_EK, "ek-template", has_ek_cipher(p), "AES-128 or AES-256 in CFB, no scheme",
			     NULL);
}

/* ---- a key without its area ---- */

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "ak-malformed", "AK in PEM: %s", what);
}

static int read_spki(cof_span der, EVP_PKEY **ret, cof_err *err)
{
	const uint8_t *at = der.data;
	uint8_t *again = NULL;
	COF_AUTO_PTR(cof_ossl_key) key = d2i_PUBKEY(NULL, &at, (long)der.len);
	if (key == NULL || at != der.data + der.len)
		return malformed(err, "no public key");
	if (!cof_tpm_key_is_supported(key))
		return malformed(err, "of another kind or size");
	int n = i2d_PUBKEY(key, &again);
	bool same = n > 0 && cof_ct_equal(cof_span_of(again, (size_t)n), der);
	OPENSSL_free(again);
	if (!same)
		return malformed(err, "BER that is not DER");
	*ret = cof_steal(&key);
	return 0;
}

static bool is_blank(BIO *bio)
{
	char *rest = NULL;
	long n = BIO_get_mem_data(bio, &rest);
	for (cof_rd r = cof_rd_of(cof_span_of(rest, n > 0 ? (size_t)n : 0)); r.left > 0;) {
		uint8_t c = cof_rd_u8(&r);
		if (c != '\n' && c != '\r')
			return false;
	}
	return true;
}

int cof_tpm_pem_parse(cof_span pem, EVP_PKEY **ret, cof_err *err)
{
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	long len = 0;
	cof_rd r = cof_rd_of(pem);
	if (pem.len > PEM_MAX || cof_rd_u8(&r) != '-')
		return malformed(err, "no PEM, or too long");
	COF_AUTO_PTR(cof_ossl_bio) bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL)
		return cof_err_oom(err);
	if (PEM_read_bio(bio, &name, &header, &der, &len) != 1)
		return malformed(err, "no PEM");
	/* A header would ask for a passphrase. */
	bool plain = strcmp(name, PEM_STRING_PUBLIC) == 0 && header[0] == '\0' && is_blank(bio);
	int rc = plain ? read_spki(cof_span_of(der, (size_t)len), ret, err) : malformed(err, "not one public key");
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return rc;
}
