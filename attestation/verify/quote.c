/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/quote.h"

#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { TPM_GENERATED = 0xff544347u, ST_ATTEST_QUOTE = 0x8018, SELECT_MAX = 4, EXTRA_MAX = 64, SHA1_LEN = 20 };

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "quote-malformed", "quote: %s", what);
}

/* A bit for a register that no TPM has is refused, not dropped: two readers must not see two selections. */
static int read_selection(cof_rd *r, cof_tpm_quote *q, cof_err *err)
{
	cof_tpm_selection s = {.bank = cof_rd_u16be(r)};
	cof_span bits = cof_rd_bytes(r, cof_rd_u8(r));
	if (!cof_rd_ok(r) || bits.len == 0 || bits.len > SELECT_MAX)
		return malformed(err, "selection");
	for (size_t i = 0; i < bits.len; i++)
		s.mask |= (uint32_t)bits.data[i] << (8 * i);
	if ((s.mask & ~(uint32_t)COF_TPM_ALL_PCRS) != 0)
		return malformed(err, "selection of a PCR above 23");
	for (size_t i = 0; i < q->n_select; i++) {
		if (q->select[i].bank == s.bank)
			return malformed(err, "one bank twice in the selection");
	}
	q->select[q->n_select++] = s;
	return 0;
}

static int read_quote_info(cof_rd *r, cof_tpm_quote *q, cof_err *err)
{
	uint32_t count = cof_rd_u32be(r);
	if (!cof_rd_ok(r) || count == 0 || count > COF_TPM_BANKS_MAX)
		return malformed(err, "number of banks");
	for (uint32_t i = 0; i < count; i++) {
		int rc = read_selection(r, q, err);
		if (rc < 0)
			return rc;
	}
	q->pcr_digest = cof_rd_span_u16be(r);
	return cof_rd_end(r) ? 0 : malformed(err, "length");
}

int cof_tpm_quote_parse(cof_span attest, cof_tpm_quote *ret, cof_err *err)
{
	cof_tpm_quote q = {0};
	cof_rd r = cof_rd_of(attest);
	if (attest.len > COF_TPM_ATTEST_MAX)
		return malformed(err, "too long");
	uint32_t magic = cof_rd_u32be(&r);
	uint16_t type = cof_rd_u16be(&r);
	if (!cof_rd_ok(&r))
		return malformed(err, "cut off");
	/* A restricted key refuses outside data with this magic: without the check any signature would be a quote. */
	if (magic != TPM_GENERATED)
		return cof_err_set(err, COF_E_CRYPTO, "quote-magic", "signed data did not come from inside a TPM");
	if (type != ST_ATTEST_QUOTE)
		return cof_err_set(err, COF_E_CRYPTO, "quote-type", "signed data is of type 0x%04x, not a quote", type);
	q.qualified_signer = cof_rd_span_u16be(&r);
	q.extra = cof_rd_span_u16be(&r);
	q.clock = cof_rd_u64be(&r);
	q.reset_count = cof_rd_u32be(&r);
	q.restart_count = cof_rd_u32be(&r);
	q.safe = cof_rd_u8(&r);
	q.firmware_version = cof_rd_u64be(&r);
	if (!cof_rd_ok(&r) || q.extra.len > EXTRA_MAX || q.qualified_signer.len > COF_TPM_NAME_MAX || q.safe > 1)
		return malformed(err, "head");
	int rc = read_quote_info(&r, &q, err);
	if (rc == 0)
		*ret = q;
	return rc;
}

/* ---- signatures ---- */

typedef struct signature {
	uint16_t scheme;
	uint16_t hash_alg;
	cof_hash hash;
	cof_span rsa;
	cof_span r, s;
} signature;

static int bad_signature(cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "quote-signature", "the quote was not signed by the attestation key");
}

static int parse_signature(cof_span in, signature *ret, cof_err *err)
{
	signature sig = {0};
	cof_rd r = cof_rd_of(in);
	sig.scheme = cof_rd_u16be(&r);
	sig.hash_alg = cof_rd_u16be(&r);
	if (!cof_rd_ok(&r) || in.len > COF_TPM_SIGNATURE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "TPM signature has %zu bytes", in.len);
	if (sig.scheme == COF_TPM_ALG_RSASSA || sig.scheme == COF_TPM_ALG_RSAPSS) {
		sig.rsa = cof_rd_span_u16be(&r);
	} else if (sig.scheme == COF_TPM_ALG_ECDSA) {
		sig.r = cof_rd_span_u16be(&r);
		sig.s = cof_rd_span_u16be(&r);
	} else {
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "TPM signature scheme 0x%04x",
				   sig.scheme);
	}
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "signature-malformed", "length of the TPM signature");
	int rc = cof_tpm_hash(sig.hash_alg, &sig.hash, err);
	if (rc == 0)
		*ret = sig;
	return rc;
}

static const EVP_MD *md_of(cof_hash h)
{
	return h == COF_SHA256 ? EVP_sha256() : h == COF_SHA384 ? EVP_sha384() : EVP_sha512();
}

static int verify_der(EVP_PKEY *key, const signature *sig, cof_span der, cof_span attest, cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_md) ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL; /* ctx owns it */
	if (ctx == NULL || EVP_DigestVerifyInit(ctx, &pctx, md_of(sig->hash), NULL, key) != 1)
		return cof_err_oom(err);
	/* Older firmware salts RSAPSS to the maximum instead of the digest's length: let the signature tell. */
	if (sig->scheme == COF_TPM_ALG_RSAPSS && (EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) <= 0 ||
						  EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_AUTO) <= 0))
		return cof_err_oom(err);
	return EVP_DigestVerify(ctx, der.data, der.len, attest.data, attest.len) == 1 ? 0 : bad_signature(err);
}

static inline void sig_free(ECDSA_SIG *s)
{
	ECDSA_SIG_free(s);
}
typedef ECDSA_SIG ecdsa_sig;
COF_DEFINE_AUTO_PTR(ecdsa_sig, sig_free)

static int verify_ecdsa(EVP_PKEY *key, const signature *sig, cof_span attest, cof_err *err)
{
	uint8_t der[160], *at = der;
	COF_AUTO_PTR(ecdsa_sig) e = ECDSA_SIG_new();
	if (sig->r.len == 0 || sig->s.len == 0 || sig->r.len > 66 || sig->s.len > 66)
		return bad_signature(err);
	COF_AUTO_PTR(cof_ossl_bn) r = BN_bin2bn(sig->r.data, (int)sig->r.len, NULL);
	COF_AUTO_PTR(cof_ossl_bn) s = BN_bin2bn(sig->s.data, (int)sig->s.len, NULL);
	if (e == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(e, r, s) != 1)
		return cof_err_oom(err);
	(void)cof_steal(&r);
	(void)cof_steal(&s);
	int n = i2d_ECDSA_SIG(e, &at);
	return n <= 0 ? bad_signature(err) : verify_der(key, sig, cof_span_of(der, (size_t)n), attest, err);
}

int cof_tpm_quote_check_signature(cof_span attest, cof_span sig_bytes, const cof_tpm_public *ak, cof_hash *ret_hash,
				  cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	signature sig;
	int rc = parse_signature(sig_bytes, &sig, err);
	if (rc < 0)
		return rc;
	if (sig.scheme != ak->scheme || sig.hash_alg != ak->scheme_hash)
		return bad_signature(err);
	if (sig.scheme != COF_TPM_ALG_ECDSA && sig.rsa.len != ak->modulus.len)
		return bad_signature(err);
	rc = cof_tpm_public_key(ak, &key, err);
	if (rc == 0)
		rc = sig.scheme == COF_TPM_ALG_ECDSA ? verify_ecdsa(key, &sig, attest, err)
						     : verify_der(key, &sig, sig.rsa, attest, err);
	if (rc == 0)
		*ret_hash = sig.hash;
	return rc;
}

/* ---- registers ---- */

static const cof_tpm_bank *find_bank(const cof_tpm_bank *banks, size_t n, uint16_t alg)
{
	for (size_t i = 0; i < n; i++) {
		if (banks[i].bank == alg)
			return &banks[i];
	}
	return NULL;
}

/* A SHA-1 bank may stand beside a better one; alone it proves nothing. */
static int bank_len(uint16_t alg, size_t *ret, bool *ret_strong, cof_err *err)
{
	cof_hash hash;
	if (alg == COF_TPM_ALG_SHA1) {
		*ret = SHA1_LEN;
		return 0;
	}
	int rc = cof_tpm_hash(alg, &hash, err);
	if (rc < 0)
		return rc;
	*ret = cof_hash_len(hash);
	*ret_strong = true;
	return 0;
}

static int add_bank(cof_hasher *h, const cof_tpm_bank *b, bool *ret_strong, cof_err *err)
{
	size_t len = 0;
	int rc = bank_len(b->bank, &len, ret_strong, err);
	for (size_t i = 0; rc == 0 && i < COF_TPM_BANK_PCRS; i++) {
		if ((b->mask & (1u << i)) != 0)
			rc = cof_hasher_add(h, cof_span_of(b->pcrs[i], len), err);
	}
	return rc;
}

int cof_tpm_quote_check_pcrs(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_bank *banks, size_t n, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	cof_digest d;
	bool strong = false;
	int rc = cof_hasher_new(&h, hash, err);
	/* spec: TPM 2.0 part 3, 18.4: values outside the selection are not covered by the signature */
	if (rc == 0 && q->n_select != n)
		return cof_err_set(err, COF_E_CRYPTO, "pcr-selection", "%zu banks were quoted, not %zu", q->n_select,
				   n);
	for (size_t i = 0; rc == 0 && i < q->n_select; i++) {
		const cof_tpm_bank *b = find_bank(banks, n, q->select[i].bank);
		if (b == NULL || b->mask != q->select[i].mask || b->mask == 0)
			return cof_err_set(err, COF_E_CRYPTO, "pcr-selection",
					   "bank 0x%04x was quoted with PCRs 0x%06x", q->select[i].bank,
					   q->select[i].mask);
		rc = add_bank(h, b, &strong, err);
	}
	if (rc == 0 && !strong)
		return cof_err_set(err, COF_E_CRYPTO, "tpm-hash", "only SHA-1 registers were quoted");
	if (rc == 0)
		rc = cof_hasher_end(h, &d, err);
	if (rc < 0)
		return rc;
	if (!cof_ct_equal(cof_digest_span(&d), q->pcr_digest))
		return cof_err_set(err, COF_E_CRYPTO, "pcr-digest", "the PCR values are not the quoted ones");
	return 0;
}
