/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_pcrs.h"

#include <stdio.h>

#include "common/hex.h"
#include "common/secret.h"

enum { VALUE_TEXT_MAX = 176 };

uint32_t cof_tpm_quoted(const cof_tpm_quote *q, uint16_t bank)
{
	for (size_t i = 0; i < q->n_select; i++) {
		if (q->select[i].bank == bank)
			return q->select[i].mask;
	}
	return 0;
}

void cof_tpm_pcr_text(uint16_t bank, uint32_t pcr, char out[COF_TPM_PCR_TEXT_MAX])
{
	const char *name = cof_tpm_bank_name(bank);
	(void)snprintf(out, COF_TPM_PCR_TEXT_MAX, "%s PCR %u", name == NULL ? "?" : name, pcr);
}

static uint32_t lowest(uint32_t mask)
{
	uint32_t n = 0;
	while (n < COF_TPM_BANK_PCRS && (mask & (1u << n)) == 0)
		n++;
	return n;
}

/* Passes where mask is empty; else names its first register. */
static void check_none(cof_checks *c, const char *name, uint16_t bank, uint32_t mask, const char *expected)
{
	char found[COF_TPM_PCR_TEXT_MAX] = "";
	if (mask != 0)
		cof_tpm_pcr_text(bank, lowest(mask), found);
	(void)cof_check_text(c, COF_STAGE_PCR, name, mask == 0, expected, found);
}

/* ---- the selection ---- */

static void check_known(cof_checks *c, const cof_tpm_quote *q)
{
	char found[COF_TPM_PCR_TEXT_MAX] = "";
	for (size_t i = 0; i < q->n_select; i++) {
		if (cof_tpm_bank_len(q->select[i].bank) == 0)
			(void)snprintf(found, sizeof found, "0x%04x", q->select[i].bank);
	}
	(void)cof_check_text(c, COF_STAGE_PCR, "pcr-bank-unknown", found[0] == '\0', "sha1, sha256, sha384, sha512",
			     found);
}

/* SHA-1 beside a better bank is a label that the better one outvotes; alone it proves nothing. */
static void check_strength(cof_checks *c, const cof_tpm_quote *q)
{
	uint32_t strong = 0, any = 0;
	for (size_t i = 0; i < q->n_select; i++) {
		any |= q->select[i].mask;
		strong |= q->select[i].bank == COF_TPM_ALG_SHA1 ? 0 : q->select[i].mask;
	}
	uint32_t counts = strong != 0 ? strong : any;
	(void)cof_check_text(c, COF_STAGE_PCR, "pcr-selection-empty",
			     (counts & ~(uint32_t)COF_TPM_RESETTABLE_PCRS) != 0, "a register that cannot be reset",
			     counts == 0 ? "none" : NULL);
	(void)cof_check_text(c, COF_STAGE_POLICY, "pcr-bank-weak", strong != 0 || any == 0, "SHA-256 or better", NULL);
}

static void check_required(cof_checks *c, const cof_tpm_quote *q, const cof_tpm_demands *d)
{
	for (size_t i = 0; i < d->n_required; i++) {
		const cof_tpm_selection *want = &d->required[i];
		check_none(c, "required-pcr-missing", want->bank, want->mask & ~cof_tpm_quoted(q, want->bank),
			   "all registers that the policy requires");
	}
}

/* ---- the values ---- */

static void check_cover(cof_checks *c, const cof_tpm_quote *q, const cof_tpm_banks *values)
{
	cof_tpm_selection extra = {0}, missing = {0};
	for (size_t i = 0; i < values->n; i++) {
		const cof_tpm_bank *b = &values->list[i];
		uint32_t outside = b->mask & ~cof_tpm_quoted(q, b->bank);
		if (outside != 0)
			extra = (cof_tpm_selection){b->bank, outside};
	}
	for (size_t i = 0; i < q->n_select; i++) {
		const cof_tpm_bank *b = cof_tpm_bank_find(values->list, values->n, q->select[i].bank);
		uint32_t absent = q->select[i].mask & ~(b == NULL ? 0 : b->mask);
		if (absent != 0)
			missing = (cof_tpm_selection){q->select[i].bank, absent};
	}
	check_none(c, "pcr-not-selected", extra.bank, extra.mask, "values of quoted registers alone");
	check_none(c, "pcr-value-missing", missing.bank, missing.mask, "a value for every quoted register");
}

static int check_digest(cof_checks *c, const cof_tpm_quote *q, const cof_hash *hash, const cof_tpm_banks *values,
			cof_err *err)
{
	cof_digest d = {0};
	cof_err why = {0};
	if (hash == NULL) {
		(void)cof_check_text(c, COF_STAGE_PCR, "pcr-digest", false, NULL, "no hash that counts");
		return 0;
	}
	if (cof_tpm_quote_digest(q, *hash, values->list, values->n, &d, &why) == 0) {
		(void)cof_check_bytes(c, COF_STAGE_PCR, "pcr-digest", cof_digest_span(&d), q->pcr_digest);
		return 0;
	}
	if (why.cls == COF_E_INTERNAL)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	(void)cof_check_text(c, COF_STAGE_PCR, "pcr-digest", false, NULL, why.text);
	return 0;
}

/* "sha256 PCR 7: 00ff…" */
static void value_text(uint16_t bank, uint32_t pcr, cof_span value, char out[VALUE_TEXT_MAX])
{
	char name[COF_TPM_PCR_TEXT_MAX], hex[2 * COF_DIGEST_MAX + 1];
	cof_tpm_pcr_text(bank, pcr, name);
	cof_hex(value, hex);
	(void)snprintf(out, VALUE_TEXT_MAX, "%s: %s", name, value.len == 0 ? "not quoted" : hex);
}

/* is NULL: the quote does not cover it. */
static void check_value(cof_checks *c, uint16_t bank, uint32_t pcr, const uint8_t *want, const uint8_t *is)
{
	size_t len = cof_tpm_bank_len(bank);
	cof_span expected = cof_span_of(want, len), found = cof_span_of(is, is == NULL ? 0 : len);
	char expected_text[VALUE_TEXT_MAX], found_text[VALUE_TEXT_MAX];
	value_text(bank, pcr, expected, expected_text);
	value_text(bank, pcr, found, found_text);
	(void)cof_check_text(c, COF_STAGE_PCR, "pcr-value", cof_ct_equal(expected, found), expected_text, found_text);
}

static void check_values(cof_checks *c, const cof_tpm_quote *q, const cof_tpm_banks *values, const cof_tpm_demands *d)
{
	for (size_t i = 0; i < d->values.n; i++) {
		const cof_tpm_bank *want = &d->values.list[i];
		const cof_tpm_bank *is = cof_tpm_bank_find(values->list, values->n, want->bank);
		uint32_t quoted = is == NULL ? 0 : is->mask & cof_tpm_quoted(q, want->bank);
		for (uint32_t pcr = 0; pcr < COF_TPM_BANK_PCRS; pcr++) {
			if ((want->mask & (1u << pcr)) != 0)
				check_value(c, want->bank, pcr, want->pcrs[pcr],
					    (quoted & (1u << pcr)) != 0 ? is->pcrs[pcr] : NULL);
		}
	}
}

int cof_tpm_pcrs_check(cof_checks *c, const cof_tpm_quote *q, const cof_hash *hash, const cof_tpm_banks *values,
		       const cof_tpm_demands *d, cof_err *err)
{
	check_known(c, q);
	check_strength(c, q);
	check_required(c, q, d);
	check_cover(c, q, values);
	int rc = check_digest(c, q, hash, values, err);
	if (rc == 0)
		check_values(c, q, values, d);
	return rc;
}
