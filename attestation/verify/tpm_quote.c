/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tpm_quote.h"

#include <openssl/err.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/makecredential.h"
#include "attestation/verify/tpm_ak.h"
#include "attestation/verify/tpm_attested.h"
#include "attestation/verify/tpm_fields.h"
#include "attestation/verify/tpm_keys.h"
#include "attestation/verify/tpm_log.h"
#include "attestation/verify/tpm_pcrs.h"
#include "common/json.h"

struct cof_tpm_verified {
	cof_tpm_quote quote;
	cof_tpm_banks values;
	uint8_t ak_name[COF_TPM_NAME_MAX];
	size_t ak_name_len;
};

/* One quote under judgement. 14 KiB, on the stack all the same: the heap takes a microsecond for that, of thirty. */
typedef struct judgement {
	const cof_verify_in *in;
	cof_verdict *v;
	cof_tpm_demands demands;
	cof_held *area;
	const cof_tpm_public *ak; /* NULL: none that could be read; of area */
	EVP_PKEY *pem;
	EVP_PKEY *key; /* NULL: none that could be read; of area, or pem */
	cof_tpm_ek ek;
	bool has_signature;
	cof_tpm_signature signature;
	cof_tpm_attested attested;
} judgement;

static void judgement_release(judgement *j)
{
	EVP_PKEY_free(j->pem);
	cof_held_release(j->area);
	cof_tpm_ek_release(&j->ek);
}
COF_DEFINE_AUTO(judgement, judgement_release)

void cof_tpm_verified_free(cof_tpm_verified *v)
{
	free(v);
}

const cof_tpm_quote *cof_tpm_verified_quote(const cof_tpm_verified *v)
{
	return &v->quote;
}

cof_span cof_tpm_verified_pcr(const cof_tpm_verified *v, uint16_t bank, uint32_t pcr)
{
	const cof_tpm_bank *b = cof_tpm_bank_find(v->values.list, v->values.n, bank);
	uint32_t covered = b == NULL ? 0 : b->mask & ~(uint32_t)COF_TPM_RESETTABLE_PCRS;
	if (pcr >= COF_TPM_BANK_PCRS || (covered & (1u << pcr)) == 0)
		return (cof_span){0};
	return cof_span_of(b->pcrs[pcr], cof_tpm_bank_len(bank));
}

cof_span cof_tpm_verified_ak_name(const cof_tpm_verified *v)
{
	return cof_span_of(v->ak_name, v->ak_name_len);
}

/* ---- the attestation key ---- */

static int set_public(json_t *fields, const char *name, const cof_tpm_public *p, cof_err *err)
{
	json_t *o = NULL;
	int rc = cof_tpm_public_json(p, &o, err);
	return rc < 0 ? rc : cof_json_set_new(fields, name, o, err);
}

static int read_public(judgement *j, cof_err *err)
{
	int rc = cof_tpm_ak_find(&j->v->checks, j->in->cache, cof_role(j->in, "ak_public"), &j->area, err);
	if (rc < 0 || j->area->object == NULL)
		return rc;
	const cof_tpm_ak *a = j->area->object;
	j->ak = &a->pub;
	j->key = a->key;
	return set_public(j->v->fields, "ak", j->ak, err);
}

/* The same key in another dress, or the only one there is. */
static void read_pem(judgement *j)
{
	cof_err why = {0};
	if (cof_tpm_pem_parse(cof_role(j->in, "ak_pem"), &j->pem, &why) < 0) {
		(void)cof_check_error(&j->v->checks, COF_STAGE_PARSE, &why);
		return;
	}
	if (cof_role_given(j->in, "ak_public"))
		(void)cof_check_text(&j->v->checks, COF_STAGE_AK, "ak-key-mismatch",
				     j->key != NULL && EVP_PKEY_eq(j->key, j->pem) == 1, "one key as area and as PEM",
				     NULL);
	else
		j->key = j->pem;
}

static int check_ak(judgement *j, cof_err *err)
{
	cof_checks *c = &j->v->checks;
	int rc = cof_role_given(j->in, "ak_public") ? read_public(j, err) : 0;
	if (rc < 0)
		return rc;
	if (cof_role_given(j->in, "ak_pem"))
		read_pem(j);
	/* Without its area nobody sees whether the key would sign a forgery: only who made it can know. */
	(void)cof_check_text(c, COF_STAGE_AK, "ak-public-missing", j->ak != NULL || j->demands.trust_ak,
			     "the AK's public area, or the caller's word", j->ak != NULL ? "the area" : "no area");
	if (j->ak != NULL)
		cof_tpm_ak_attributes_check(c, j->ak);
	return 0;
}

/* ---- why it is believed ---- */

static int check_ek(judgement *j, cof_err *err)
{
	const cof_tpm_ek_in in = {.has_cert = cof_role_given(j->in, "ek_cert"),
				  .has_public = cof_role_given(j->in, "ek_public"),
				  .cert = cof_role(j->in, "ek_cert"),
				  .intermediates = cof_role(j->in, "ek_intermediate"),
				  .root = cof_role(j->in, "ek_root"),
				  .public_area = cof_role(j->in, "ek_public"),
				  .has_crl = cof_role_given(j->in, "ek_crl"),
				  .crl = cof_role(j->in, "ek_crl"),
				  .demands = &j->demands,
				  .now = j->in->now,
				  .cache = j->in->cache};
	json_t *o = NULL;
	int rc = cof_tpm_ek_check_all(&j->v->checks, &in, &j->ek, err);
	if (rc == 0 && j->ek.has_public)
		rc = set_public(j->v->fields, "ek", &j->ek.pub, err);
	if (rc < 0 || j->ek.cert == NULL)
		return rc;
	rc = cof_ek_cert_json(j->ek.cert, &o, err);
	return rc < 0 ? rc : cof_json_set_new(j->v->fields, "ek_cert", o, err);
}

/* The answer to a credential that was made for this AK in the TPM of that EK. Half of it is none. */
static bool check_activation(judgement *j)
{
	cof_checks *c = &j->v->checks;
	bool given = cof_role_given(j->in, "credential") || cof_role_given(j->in, "activation");
	cof_span credential = cof_role(j->in, "credential"), mac = cof_role(j->in, "activation");
	if (j->demands.require_activation)
		(void)cof_check_text(c, COF_STAGE_AK, "activation-missing", given, "an answered credential",
				     given ? "given" : "none");
	return given && cof_check_text(c, COF_STAGE_AK, "activation-mismatch",
				       cof_tpm_activation_check(credential, cof_role(j->in, "quote"), mac, NULL) == 0,
				       "the credential was opened by the TPM of this AK", NULL);
}

static cof_span ak_name(const judgement *j)
{
	return j->ak != NULL ? cof_tpm_public_name(j->ak) : (cof_span){0};
}

static bool check_enrolled(judgement *j)
{
	return j->demands.ak_names != NULL &&
	       cof_check_text(&j->v->checks, COF_STAGE_AK, "ak-not-enrolled",
			      cof_tpm_name_is_listed(j->demands.ak_names, ak_name(j)),
			      "a name in the policy's ak_names", j->ak != NULL ? NULL : "no public area");
}

/* Never because it came with the evidence. An EK's certificate alone says that there is such a TPM. */
static int check_trust(judgement *j, cof_err *err)
{
	bool activated = check_activation(j), enrolled = check_enrolled(j);
	const char *why = activated && j->ek.trusted ? "activated in the TPM of a trusted EK"
			  : enrolled		     ? "enrolled by name"
			  : j->ek.trusted	     ? "a trusted EK beside it: that both are in one TPM is not shown"
			  : j->demands.trust_ak	     ? "the caller's word"
						     : NULL;
	(void)cof_check_text(&j->v->checks, COF_STAGE_AK, "ak-untrusted", why != NULL,
			     "activation, an enrolled name, a trusted EK, or the caller's word", why);
	return cof_json_set_str(j->v->fields, "ak_trust", why, err);
}

/* ---- the quote ---- */

static int read_signature(judgement *j, cof_err *err)
{
	json_t *o = NULL;
	cof_err why = {0};
	if (cof_tpm_signature_parse(cof_role(j->in, "signature"), &j->signature, &why) < 0) {
		(void)cof_check_error(&j->v->checks, COF_STAGE_PARSE, &why);
		return 0;
	}
	j->has_signature = true;
	int rc = cof_tpm_signature_json(&j->signature, &o, err);
	return rc < 0 ? rc : cof_json_set_new(j->v->fields, "signature", o, err);
}

static int check_quote(judgement *j, cof_err *err)
{
	int rc = read_signature(j, err);
	bool bound = j->ak != NULL && j->ak->scheme != COF_TPM_ALG_NULL;
	const cof_tpm_attested_in in = {.attest = cof_role(j->in, "quote"),
					.signature = j->has_signature ? &j->signature : NULL,
					.key = j->key,
					.scheme = bound ? j->ak->scheme : 0,
					.scheme_hash = bound ? j->ak->scheme_hash : 0,
					.pcrs = cof_role(j->in, "pcrs"),
					.demands = &j->demands};
	return rc < 0 ? rc : cof_tpm_attested_check(&j->v->checks, &in, j->v->fields, &j->attested, err);
}

static int check_log(judgement *j, cof_err *err)
{
	const cof_tpm_log_in in = {.given = cof_role_given(j->in, "event_log"),
				   .bytes = cof_role(j->in, "event_log"),
				   .quote = &j->attested.quote,
				   .values = &j->attested.values,
				   .demands = &j->demands};
	return j->attested.decoded ? cof_tpm_log_check(&j->v->checks, &in, j->v->fields, err) : 0;
}

static int judge(judgement *j, cof_err *err)
{
	j->v->fields = json_pack("{s:s}", "tier", "measured by a TPM, not confidential from who runs it");
	int rc = j->v->fields == NULL ? cof_err_oom(err) : check_ak(j, err);
	if (rc == 0)
		rc = check_ek(j, err);
	if (rc == 0)
		rc = check_trust(j, err);
	if (rc == 0)
		rc = check_quote(j, err);
	return rc < 0 ? rc : check_log(j, err);
}

static int make_verified(const judgement *j, cof_tpm_verified **ret, cof_err *err)
{
	cof_span name = ak_name(j);
	if (!cof_checks_passed(&j->v->checks) || !j->attested.decoded)
		return 0;
	cof_tpm_verified *v = calloc(1, sizeof *v);
	if (v == NULL)
		return cof_err_oom(err);
	v->quote = j->attested.quote;
	v->values = j->attested.values;
	v->ak_name_len = name.len;
	if (name.len > 0)
		memcpy(v->ak_name, name.data, name.len);
	*ret = v;
	return 0;
}

/* ret_quote: NULL: nobody asks. */
int cof_tpm_quote_verify(const cof_verify_in *in, cof_verdict *ret, cof_tpm_verified **ret_quote, cof_err *err)
{
	COF_AUTO(judgement) j = {.in = in, .v = ret};
	if (ret_quote != NULL)
		*ret_quote = NULL;
	int rc = cof_tpm_demands_read(in->policy, NULL, &j.demands, err);
	/* What OpenSSL thinks of hostile bytes is not left behind for the caller's next TLS call. */
	(void)ERR_set_mark();
	if (rc == 0)
		rc = judge(&j, err);
	(void)ERR_pop_to_mark();
	if (rc == 0 && cof_checks_passed(&ret->checks))
		cof_tpm_ak_keep(in->cache, j.area);
	return rc < 0 || ret_quote == NULL ? rc : make_verified(&j, ret_quote, err);
}
