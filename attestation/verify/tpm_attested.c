/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_attested.h"

#include <stdio.h>

#include "attestation/verify/tpm_fields.h"
#include "attestation/verify/tpm_pcrs.h"
#include "common/json.h"

enum { NUMBER_TEXT_MAX = 16 };

/* ---- the signature ---- */

static const char *hash_text(uint16_t alg, char out[NUMBER_TEXT_MAX])
{
	const char *name = cof_tpm_bank_name(alg);
	(void)snprintf(out, NUMBER_TEXT_MAX, "0x%04x", alg);
	return name == NULL ? out : name;
}

/* Each of these is asked before OpenSSL is, so that what it says is about the signature alone. */
static bool check_shape(cof_checks *c, const cof_tpm_attested_in *in, cof_hash *hash)
{
	const cof_tpm_signature *s = in->signature;
	char number[NUMBER_TEXT_MAX];
	bool strong =
		cof_check_text(c, COF_STAGE_SIGNATURE, "signature-hash", cof_tpm_hash(s->hash_alg, hash, NULL) == 0,
			       "SHA-256 or better", hash_text(s->hash_alg, number));
	bool same = in->scheme == 0 || (in->scheme == s->scheme && in->scheme_hash == s->hash_alg);
	bool fits = in->key != NULL && cof_tpm_signature_fits(s, in->key);
	bool scheme = cof_check_text(c, COF_STAGE_SIGNATURE, "signature-scheme", same && fits,
				     "scheme and hash that the AK is bound to", NULL);
	bool range = cof_check_text(c, COF_STAGE_SIGNATURE, "signature-range",
				    fits && cof_tpm_signature_in_range(s, in->key),
				    "as long as the modulus; R and S from 1 to the order less 1", NULL);
	return strong && scheme && range;
}

/* *ret_hash stays where the signature has no hash that counts. */
static int check_signature(cof_checks *c, const cof_tpm_attested_in *in, cof_hash *hash, const cof_hash **ret_hash,
			   cof_err *err)
{
	cof_err why = {0};
	bool holds = false;
	if (in->signature == NULL)
		return 0;
	bool sound = check_shape(c, in, hash);
	if (cof_tpm_hash(in->signature->hash_alg, hash, NULL) == 0)
		*ret_hash = hash;
	if (sound)
		holds = cof_tpm_signature_check(in->signature, in->key, in->attest, &why) == 0;
	if (why.cls == COF_E_INTERNAL)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	(void)cof_check_text(c, COF_STAGE_SIGNATURE, "quote-signature", holds, "by the attestation key", NULL);
	return 0;
}

/* ---- what was signed ---- */

static bool check_type(cof_checks *c, const cof_tpm_quote *q)
{
	char found[NUMBER_TEXT_MAX];
	/* A restricted key refuses outside data with this magic: without the check any signature would be a quote. */
	(void)snprintf(found, sizeof found, "%08x", q->magic);
	(void)cof_check_text(c, COF_STAGE_SIGNATURE, "quote-magic", q->magic == COF_TPM_GENERATED,
			     "ff544347: made inside a TPM", found);
	(void)snprintf(found, sizeof found, "%04x", q->type);
	return cof_check_text(c, COF_STAGE_PARSE, "quote-type", q->type == COF_TPM_ST_ATTEST_QUOTE, "8018: a quote",
			      found);
}

/* A quote that nobody asked for may be any that this TPM ever made: the answer says when nobody looked. */
static int check_freshness(cof_checks *c, const cof_tpm_quote *q, const cof_tpm_demands *d, json_t *fields,
			   cof_err *err)
{
	if (d->nonce_len > 0)
		(void)cof_check_bytes(c, COF_STAGE_FRESHNESS, "nonce", cof_span_of(d->nonce, d->nonce_len), q->extra);
	if (d->has_boot) {
		(void)cof_check_equal(c, COF_STAGE_FRESHNESS, "reset-count", d->reset_count, q->reset_count);
		(void)cof_check_equal(c, COF_STAGE_FRESHNESS, "restart-count", d->restart_count, q->restart_count);
	}
	return cof_json_set_str(
		fields, "freshness",
		d->nonce_len > 0 ? "compared with the policy's nonce" : "not judged: the policy has no nonce", err);
}

/* ---- all of it ---- */

static int read_attest(cof_checks *c, const cof_tpm_attested_in *in, json_t *fields, cof_tpm_attested *a, cof_err *err)
{
	json_t *o = NULL;
	cof_err why = {0};
	if (cof_tpm_attest_parse(in->attest, &a->quote, &why) < 0) {
		(void)cof_check_error(c, COF_STAGE_PARSE, &why);
		return 0;
	}
	a->decoded = true;
	int rc = cof_tpm_attest_json(&a->quote, in->attest.len, &o, err);
	return rc < 0 ? rc : cof_json_set_new(fields, "attest", o, err);
}

static bool read_values(cof_checks *c, const cof_tpm_attested_in *in, cof_tpm_attested *a)
{
	cof_err why = {0};
	if (cof_tpm_banks_parse(in->pcrs, &a->values, &why) == 0)
		return true;
	return cof_check_error(c, COF_STAGE_PARSE, &why);
}

int cof_tpm_attested_check(cof_checks *c, const cof_tpm_attested_in *in, json_t *fields, cof_tpm_attested *ret,
			   cof_err *err)
{
	const cof_hash *hash = NULL;
	cof_hash of_signature;
	ret->decoded = false;
	int rc = read_attest(c, in, fields, ret, err);
	if (rc < 0)
		return rc;
	rc = check_signature(c, in, &of_signature, &hash, err);
	if (rc < 0 || !ret->decoded)
		return rc;
	bool is_quote = check_type(c, &ret->quote);
	ret->decoded = read_values(c, in, ret) && is_quote;
	if (!ret->decoded)
		return 0;
	rc = check_freshness(c, &ret->quote, in->demands, fields, err);
	return rc < 0 ? rc : cof_tpm_pcrs_check(c, &ret->quote, hash, &ret->values, in->demands, err);
}
