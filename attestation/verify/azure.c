/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of an Azure confidential VM: the TPM belongs to a paravisor inside of the TEE, and its attestation key is
 * believed only because a hardware report that passed every check is over the bytes that hold it.
 */
#include <openssl/err.h>

#include "attestation/verify/hcl.h"
#include "attestation/verify/kinds.h"
#include "attestation/verify/snp.h"
#include "attestation/verify/snp_fields.h"
#include "attestation/verify/tdx.h"
#include "attestation/verify/tdx_policy.h"
#include "attestation/verify/tpm_attested.h"
#include "attestation/verify/tpm_log.h"
#include "common/hex.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"

enum { TDX_ROLES = 7 };

/* Words that this kind reads itself. */
typedef struct azure_words {
	const json_t *snp, *tdx; /* words of snp-report and tdx-quote; NULL: their defaults */
	const char *tee;	 /* NULL: either */
	const char *vm_unique_id;
	bool require_collateral;
	bool has_user_data;
	uint8_t user_data[COF_HCL_REPORT_DATA_LEN];
} azure_words;

/* Too large for a stack. */
typedef struct judgement {
	const cof_verify_in *in;
	cof_verdict *v;
	azure_words words;
	cof_tpm_demands demands;
	cof_snp_demands snp;
	cof_hcl hcl;
	json_t *claims; /* NULL: unreadable */
	json_t *fields;
	bool genuine; /* the hardware report passed every check, and what follows is its word */
	uint8_t report_data[COF_HCL_REPORT_DATA_LEN];
	EVP_PKEY *key;
	cof_tpm_attested attested;
} judgement;

static void judgement_free(judgement *j)
{
	json_decref(j->claims);
	json_decref(j->fields);
	EVP_PKEY_free(j->key);
	free(j);
}
COF_DEFINE_AUTO_PTR(judgement, judgement_free)

/* ---- policy ---- */

static int refuse(cof_err *err, const char *word, const char *why)
{
	return cof_err_set(err, COF_E_USAGE, "policy-word", "policy word '%s': %s", word, why);
}

static int read_object(const json_t *policy, const char *word, const json_t **ret, cof_err *err)
{
	*ret = json_object_get(policy, word);
	return *ret == NULL || json_is_object(*ret) ? 0 : refuse(err, word, "is an object of words");
}

static int read_text(const json_t *policy, const char *word, const char **ret, cof_err *err)
{
	const json_t *v = json_object_get(policy, word);
	*ret = json_string_value(v);
	return v == NULL || *ret != NULL ? 0 : refuse(err, word, "is a text");
}

static int read_user_data(const json_t *policy, azure_words *w, cof_err *err)
{
	const char *hex = NULL;
	int rc = read_text(policy, "user_data", &hex, err);
	if (rc < 0 || hex == NULL)
		return rc;
	w->has_user_data = true;
	return cof_unhex(hex, w->user_data, sizeof w->user_data, NULL) < 0
		       ? refuse(err, "user_data", "is 64 bytes in hex")
		       : 0;
}

static int read_words(const json_t *policy, azure_words *w, cof_err *err)
{
	const json_t *flag = json_object_get(policy, "require_collateral");
	int rc = read_object(policy, "snp", &w->snp, err);
	if (rc == 0)
		rc = read_object(policy, "tdx", &w->tdx, err);
	if (rc == 0)
		rc = read_text(policy, "tee", &w->tee, err);
	if (rc == 0 && w->tee != NULL && strcmp(w->tee, "snp") != 0 && strcmp(w->tee, "tdx") != 0)
		rc = refuse(err, "tee", "is snp or tdx");
	if (rc == 0)
		rc = read_text(policy, "vm_unique_id", &w->vm_unique_id, err);
	if (rc == 0)
		rc = read_user_data(policy, w, err);
	if (rc == 0 && flag != NULL && !json_is_boolean(flag))
		rc = refuse(err, "require_collateral", "is true or false");
	w->require_collateral = json_is_true(flag);
	return rc;
}

/* The AK has one reason to be believed here: a demand for another would never be asked. */
static int read_policy(judgement *j, cof_err *err)
{
	static const char *const ours[] = {"snp", "tdx", "tee", "vm_unique_id", "user_data", "require_collateral",
					   NULL};
	static const char *const not_here[] = {"trust_ak",   "ak_names",       "ek_names",
					       "require_ek", "require_ek_crl", "require_activation"};
	cof_tdx_policy tdx;
	int rc = cof_tpm_demands_read(j->in->policy, ours, &j->demands, err);
	for (size_t i = 0; rc == 0 && i < COF_COUNT(not_here); i++) {
		if (json_object_get(j->in->policy, not_here[i]) != NULL)
			rc = refuse(err, not_here[i], "the AK is believed by its hardware report alone");
	}
	if (rc == 0)
		rc = read_words(j->in->policy, &j->words, err);
	/* Both, whichever report comes: half a policy is none. */
	if (rc == 0)
		rc = cof_snp_demands_read(j->words.snp, &j->snp, err);
	return rc < 0 ? rc : cof_tdx_policy_read(j->words.tdx, &tdx, err);
}

/* ---- the hardware report ---- */

static int judge_snp(judgement *j, cof_err *err)
{
	COF_AUTO_PTR(cof_snp_verified) verified = NULL;
	cof_snp_said said;
	json_t *o = NULL;
	const cof_snp_in snp = {
		.report = j->hcl.hardware,
		.vek = cof_role(j->in, "vek"),
		.intermediate = cof_role(j->in, "intermediate"),
		.root = cof_role(j->in, "root"),
		.has_crl = cof_role_given(j->in, "crl"),
		.crl = cof_role(j->in, "crl"),
		.demands = &j->snp,
		.now = j->in->now,
		.cache = j->in->cache,
	};
	int rc = cof_snp_verify(&snp, &j->v->checks, &said, &verified, err);
	if (rc == 0 && said.decoded)
		rc = cof_snp_fields(&said.report, said.line, &o, err);
	if (rc == 0 && o != NULL)
		rc = cof_json_set_new(j->fields, "snp", o, err);
	if (rc < 0 || verified == NULL)
		return rc;
	memcpy(j->report_data, cof_snp_verified_report(verified)->report_data, sizeof j->report_data);
	j->genuine = true;
	return 0;
}

/* source: Azure hands out quotes, and no collateral: unless the owner demands it, a quote with none is judged by its
 * chain and signatures, and says so. */
static json_t *tdx_policy(const azure_words *w)
{
	json_t *p = w->tdx == NULL ? json_object() : json_copy((json_t *)(uintptr_t)w->tdx);
	bool said = json_object_get(p, "signatures_only") != NULL;
	if ((w->require_collateral || !said) &&
	    json_object_set_new(p, "signatures_only", json_boolean(!w->require_collateral)) < 0) {
		json_decref(p);
		return NULL;
	}
	return p;
}

static size_t tdx_files(const cof_verify_in *in, cof_role_file files[TDX_ROLES])
{
	static const char *const same[] = {"root",    "tcb_info", "qe_identity", "tcb_signing_chain",
					   "pck_crl", "root_crl"};
	size_t n = 0;
	files[n++] = (cof_role_file){"quote", cof_role(in, "td_quote")};
	for (size_t i = 0; i < COF_COUNT(same); i++) {
		if (cof_role_given(in, same[i]))
			files[n++] = (cof_role_file){same[i], cof_role(in, same[i])};
	}
	return n;
}

/* A TDREPORT proves nothing outside of its machine: the quote that was made of it counts. */
static void check_tdreport(judgement *j, cof_span of_quote)
{
	cof_rd r = cof_rd_of(j->hcl.hardware);
	cof_rd_skip(&r, COF_HCL_TDREPORT_LEN);
	(void)cof_check_that(&j->v->checks, COF_STAGE_PARSE, "hcl-tdreport-padding", cof_rd_zeros(&r, r.left));
	(void)cof_check_bytes(&j->v->checks, COF_STAGE_SIGNATURE, "td-report-data", of_quote,
			      cof_hcl_tdreport_data(&j->hcl));
}

static int judge_tdx(judgement *j, cof_err *err)
{
	COF_AUTO_PTR(cof_tdx_verified) verified = NULL;
	COF_AUTO_PTR(json_t) policy = tdx_policy(&j->words);
	cof_role_file files[TDX_ROLES];
	if (policy == NULL)
		return cof_err_oom(err);
	const cof_verify_in tdx = {.files = files,
				   .n_files = tdx_files(j->in, files),
				   .policy = policy,
				   .now = j->in->now,
				   .cache = j->in->cache};
	int rc = cof_tdx_verify(&tdx, j->v, &verified, err);
	if (rc == 0 && j->v->fields != NULL)
		rc = cof_json_set_new(j->fields, "tdx", cof_steal(&j->v->fields), err);
	if (rc < 0 || verified == NULL)
		return rc;
	cof_span data = cof_tdx_verified_quote(verified)->td.report_data;
	check_tdreport(j, data);
	memcpy(j->report_data, data.data, sizeof j->report_data);
	j->genuine = true;
	return 0;
}

/* First of all, since neither verifier may find the checks of another in its way. */
static int judge_hardware(judgement *j, cof_err *err)
{
	if (j->hcl.report_type == COF_HCL_SNP)
		return judge_snp(j, err);
	return j->hcl.report_type == COF_HCL_TDX ? judge_tdx(j, err) : 0;
}

/* ---- what it is over ---- */

static bool all_zero(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	return cof_rd_zeros(&r, s.len);
}

static const char *tee_name(const cof_hcl *h)
{
	return h->report_type == COF_HCL_SNP ? "snp" : h->report_type == COF_HCL_TDX ? "tdx" : "unknown";
}

static void check_head(const judgement *j)
{
	cof_checks *c = &j->v->checks;
	const cof_hcl *h = &j->hcl;
	(void)cof_check_text(c, COF_STAGE_PARSE, "hcl-version",
			     (h->header_version == 1 || h->header_version == 2) && h->runtime_version == 1,
			     "1 or 2, and 1 of the runtime data", NULL);
	(void)cof_check_text(c, COF_STAGE_PARSE, "hcl-request", h->request_type == 2 && h->status == 0,
			     "a report that was made", NULL);
	(void)cof_check_that(c, COF_STAGE_PARSE, "hcl-reserved", all_zero(h->reserved));
	(void)cof_check_that(c, COF_STAGE_PARSE, "hcl-padding", all_zero(h->padding));
	(void)cof_check_text(c, COF_STAGE_PARSE, "hcl-report-type",
			     h->report_type == COF_HCL_SNP || h->report_type == COF_HCL_TDX, "2 (SNP) or 4 (TDX)",
			     NULL);
	(void)cof_check_text(c, COF_STAGE_PARSE, "hcl-hash-type", h->hash_type == COF_HCL_SHA256, "1 (SHA-256)", NULL);
	if (j->words.tee != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "tee-mismatch", strcmp(tee_name(h), j->words.tee) == 0,
				     j->words.tee, tee_name(h));
}

/* The rest of the field is zero: else a longer digest's beginning would do. */
static int check_binding(const judgement *j, bool *ret, cof_err *err)
{
	uint8_t want[COF_HCL_REPORT_DATA_LEN] = {0};
	int rc = cof_sha256(j->hcl.variable, want, err);
	if (rc < 0)
		return rc;
	if (!j->genuine)
		(void)cof_check_text(&j->v->checks, COF_STAGE_SIGNATURE, "report-data-binding", false,
				     "a hardware report that passed every check", "none");
	else
		*ret = cof_check_bytes(&j->v->checks, COF_STAGE_SIGNATURE, "report-data-binding",
				       cof_span_of(want, sizeof want),
				       cof_span_of(j->report_data, sizeof j->report_data));
	return 0;
}

static void check_claims(const judgement *j)
{
	cof_checks *c = &j->v->checks;
	const char *hex = json_string_value(json_object_get(j->claims, "user-data"));
	const char *id =
		json_string_value(json_object_get(json_object_get(j->claims, "vm-configuration"), "vmUniqueId"));
	uint8_t data[COF_HCL_REPORT_DATA_LEN];
	if (j->words.has_user_data) {
		bool read = hex != NULL && cof_unhex(hex, data, sizeof data, NULL) == 0;
		(void)cof_check_bytes(c, COF_STAGE_FRESHNESS, "user-data",
				      cof_span_of(j->words.user_data, sizeof j->words.user_data),
				      cof_span_of(data, read ? sizeof data : 0));
	}
	if (j->words.vm_unique_id != NULL)
		(void)cof_check_text(c, COF_STAGE_POLICY, "vm-unique-id",
				     id != NULL && strcmp(id, j->words.vm_unique_id) == 0, j->words.vm_unique_id, id);
}

/* The key that the hardware report vouches for. Without such a report there is none, whatever the claims say. */
static int take_ak(judgement *j, bool bound, cof_err *err)
{
	COF_AUTO(cof_buf) modulus = {0};
	cof_tpm_public ak;
	cof_err why = {0};
	if (j->claims == NULL)
		return 0;
	bool good = cof_hcl_ak_read(j->claims, &modulus, &ak, &why) == 0;
	(void)cof_check_text(&j->v->checks, COF_STAGE_AK, "hcl-ak", good, "one RSA key called HCLAkPub",
			     good ? NULL : why.text);
	return good && bound ? cof_tpm_public_key(&ak, &j->key, err) : 0;
}

/* ---- the TPM ---- */

static int check_tpm(judgement *j, cof_err *err)
{
	/* The paravisor's key is RSASSA with SHA-256, and its signature comes without a TPM's head. */
	const cof_tpm_signature signature = {.scheme = COF_TPM_ALG_RSASSA,
					     .hash_alg = COF_TPM_ALG_SHA256,
					     .rsa = cof_role(j->in, "quote_signature_raw")};
	const cof_tpm_attested_in in = {.attest = cof_role(j->in, "quote"),
					.signature = &signature,
					.key = j->key,
					.pcrs = cof_role(j->in, "pcrs"),
					.demands = &j->demands};
	int rc = cof_tpm_attested_check(&j->v->checks, &in, j->fields, &j->attested, err);
	const cof_tpm_log_in log = {.given = cof_role_given(j->in, "event_log"),
				    .bytes = cof_role(j->in, "event_log"),
				    .quote = &j->attested.quote,
				    .values = &j->attested.values,
				    .demands = &j->demands};
	return rc < 0 || !j->attested.decoded ? rc : cof_tpm_log_check(&j->v->checks, &log, j->fields, err);
}

/* ---- all of it ---- */

static int start(judgement *j, cof_err *err)
{
	(void)!cof_hcl_claims_parse(j->hcl.variable, &j->claims, NULL);
	int rc = cof_hcl_json(&j->hcl, j->claims, &j->fields, err);
	return rc < 0 ? rc
		      : cof_json_set_str(j->fields, "tier",
					 "measured by a TPM in a paravisor, which a hardware report vouches for", err);
}

static int judge(judgement *j, cof_err *err)
{
	bool bound = false;
	int rc = start(j, err);
	if (rc == 0)
		rc = judge_hardware(j, err);
	if (rc < 0)
		return rc;
	check_head(j);
	(void)cof_check_that(&j->v->checks, COF_STAGE_PARSE, "hcl-claims-malformed", j->claims != NULL);
	rc = check_binding(j, &bound, err);
	if (rc < 0)
		return rc;
	check_claims(j);
	rc = take_ak(j, bound, err);
	if (rc == 0)
		rc = check_tpm(j, err);
	if (rc == 0)
		j->v->fields = cof_steal(&j->fields);
	return rc;
}

int cof_kind_azure_hcl(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(judgement) j = calloc(1, sizeof *j);
	cof_err why = {0};
	if (j == NULL)
		return cof_err_oom(err);
	j->in = in;
	j->v = ret;
	int rc = read_policy(j, err);
	if (rc < 0)
		return rc;
	if (cof_hcl_parse(cof_role(in, "hcl_report"), &j->hcl, &why) < 0) {
		(void)cof_check_error(&ret->checks, COF_STAGE_PARSE, &why);
		return 0;
	}
	/* Here too, nothing of OpenSSL's is left behind. */
	(void)ERR_set_mark();
	rc = judge(j, err);
	(void)ERR_pop_to_mark();
	return rc;
}
