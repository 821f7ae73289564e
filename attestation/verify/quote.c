/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/quote.h"

#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { SELECT_MAX = 4, EXTRA_MAX = 64 };

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

static void read_front(cof_rd *r, cof_tpm_quote *q)
{
	q->magic = cof_rd_u32be(r);
	q->type = cof_rd_u16be(r);
}

static int read_rest(cof_rd *r, cof_tpm_quote *q, cof_err *err)
{
	q->qualified_signer = cof_rd_span_u16be(r);
	q->extra = cof_rd_span_u16be(r);
	q->clock = cof_rd_u64be(r);
	q->reset_count = cof_rd_u32be(r);
	q->restart_count = cof_rd_u32be(r);
	q->safe = cof_rd_u8(r);
	q->firmware_version = cof_rd_u64be(r);
	if (!cof_rd_ok(r) || q->extra.len > EXTRA_MAX || q->qualified_signer.len > COF_TPM_NAME_MAX || q->safe > 1)
		return malformed(err, "head");
	return read_quote_info(r, q, err);
}

/* A quote's rest is read whatever is in front of it; another attestation's has other members. */
int cof_tpm_attest_parse(cof_span attest, cof_tpm_quote *ret, cof_err *err)
{
	cof_tpm_quote q = {0};
	cof_rd r = cof_rd_of(attest);
	if (attest.len > COF_TPM_ATTEST_MAX)
		return malformed(err, "too long");
	read_front(&r, &q);
	if (!cof_rd_ok(&r))
		return malformed(err, "cut off");
	int rc = q.type == COF_TPM_ST_ATTEST_QUOTE ? read_rest(&r, &q, err) : 0;
	if (rc == 0)
		*ret = q;
	return rc;
}

int cof_tpm_quote_parse(cof_span attest, cof_tpm_quote *ret, cof_err *err)
{
	cof_tpm_quote q = {0};
	cof_rd r = cof_rd_of(attest);
	read_front(&r, &q);
	/* A restricted key refuses outside data with this magic: without the check any signature would be a quote. */
	if (cof_rd_ok(&r) && q.magic != COF_TPM_GENERATED)
		return cof_err_set(err, COF_E_CRYPTO, "quote-magic", "signed data did not come from inside a TPM");
	if (cof_rd_ok(&r) && q.type != COF_TPM_ST_ATTEST_QUOTE)
		return cof_err_set(err, COF_E_CRYPTO, "quote-type", "signed data is of type 0x%04x, not a quote",
				   q.type);
	return cof_tpm_attest_parse(attest, ret, err);
}

/* ---- its signature ---- */

int cof_tpm_quote_check_signature(cof_span attest, cof_span sig_bytes, const cof_tpm_public *ak, cof_hash *ret_hash,
				  cof_err *err)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	cof_tpm_signature sig;
	int rc = cof_tpm_signature_parse(sig_bytes, &sig, err);
	if (rc == 0)
		rc = cof_tpm_hash(sig.hash_alg, ret_hash, err);
	if (rc < 0)
		return rc;
	if (sig.scheme != ak->scheme || sig.hash_alg != ak->scheme_hash)
		return cof_err_set(err, COF_E_CRYPTO, "quote-signature",
				   "the quote's signature is not of the AK's scheme");
	rc = cof_tpm_public_key(ak, &key, err);
	return rc < 0 ? rc : cof_tpm_signature_check(&sig, key, attest, err);
}

/* ---- registers ---- */

const cof_tpm_bank *cof_tpm_bank_find(const cof_tpm_bank *banks, size_t n, uint16_t alg)
{
	for (size_t i = 0; i < n; i++) {
		if (banks[i].bank == alg)
			return &banks[i];
	}
	return NULL;
}

size_t cof_tpm_bank_len(uint16_t alg)
{
	cof_hash hash;
	if (alg == COF_TPM_ALG_SHA1)
		return COF_SHA1_LEN;
	return cof_tpm_hash(alg, &hash, NULL) < 0 ? 0 : cof_hash_len(hash);
}

/* At once: to hand over each register takes longer than to hash it. */
static int add_bank(cof_hasher *h, const cof_tpm_bank *b, uint32_t mask, cof_err *err)
{
	uint8_t all[COF_TPM_BANK_PCRS * COF_DIGEST_MAX];
	size_t len = cof_tpm_bank_len(b->bank), n = 0;
	for (size_t i = 0; i < COF_TPM_BANK_PCRS; i++) {
		if ((mask & (1u << i)) == 0)
			continue;
		memcpy(all + n, b->pcrs[i], len);
		n += len;
	}
	return cof_hasher_add(h, cof_span_of(all, n), err);
}

static int not_these(const cof_tpm_selection *s, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "pcr-selection", "bank 0x%04x was quoted with PCRs 0x%06x", s->bank,
			   s->mask);
}

/* spec: TPM 2.0 part 3, 18.4: the hash is the signature's, whatever the banks' */
int cof_tpm_quote_digest(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_bank *banks, size_t n, cof_digest *ret,
			 cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int rc = cof_hasher_new(&h, hash, err);
	for (size_t i = 0; rc == 0 && i < q->n_select; i++) {
		const cof_tpm_selection *s = &q->select[i];
		const cof_tpm_bank *b = cof_tpm_bank_find(banks, n, s->bank);
		if (b == NULL || cof_tpm_bank_len(s->bank) == 0 || (s->mask & ~b->mask) != 0)
			rc = s->mask == 0 ? 0 : not_these(s, err);
		else
			rc = add_bank(h, b, s->mask, err);
	}
	return rc < 0 ? rc : cof_hasher_end(h, ret, err);
}

/* A SHA-1 bank may stand beside a better one; alone it proves nothing. */
static int check_bank(const cof_tpm_selection *s, const cof_tpm_bank *b, bool *ret_strong, cof_err *err)
{
	cof_hash hash;
	if (b == NULL || b->mask != s->mask || s->mask == 0)
		return not_these(s, err);
	if (s->bank == COF_TPM_ALG_SHA1)
		return 0;
	*ret_strong = true;
	return cof_tpm_hash(s->bank, &hash, err);
}

int cof_tpm_quote_check_pcrs(const cof_tpm_quote *q, cof_hash hash, const cof_tpm_bank *banks, size_t n, cof_err *err)
{
	cof_digest d;
	bool strong = false;
	int rc = 0;
	/* spec: TPM 2.0 part 3, 18.4: values outside the selection are not covered by the signature */
	if (q->n_select != n)
		return cof_err_set(err, COF_E_CRYPTO, "pcr-selection", "%zu banks were quoted, not %zu", q->n_select,
				   n);
	for (size_t i = 0; rc == 0 && i < q->n_select; i++)
		rc = check_bank(&q->select[i], cof_tpm_bank_find(banks, n, q->select[i].bank), &strong, err);
	if (rc == 0 && !strong)
		return cof_err_set(err, COF_E_CRYPTO, "tpm-hash", "only SHA-1 registers were quoted");
	if (rc == 0)
		rc = cof_tpm_quote_digest(q, hash, banks, n, &d, err);
	if (rc < 0)
		return rc;
	if (!cof_ct_equal(cof_digest_span(&d), q->pcr_digest))
		return cof_err_set(err, COF_E_CRYPTO, "pcr-digest", "the PCR values are not the quoted ones");
	return 0;
}
