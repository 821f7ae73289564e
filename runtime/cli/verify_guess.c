/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/verify_guess.h"

#include <unistd.h>

#include "attestation/refvalue/cose.h"
#include "common/file.h"
#include "common/rd.h"
#include "common/secret.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/endorsements.h"

enum { EVIDENCE_MAX = 16 << 20, COSE_PARTS = 4, CLAIM_PROFILE = 265 };

void cof_verify_guess_release(cof_verify_guess *g)
{
	cof_buf_release(&g->bytes);
	cof_endorse_files_release(&g->files);
	*g = (cof_verify_guess){0};
}

/* --- what it looks like --- */

static bool begins(cof_span s, const void *with, size_t len)
{
	cof_rd r = cof_rd_of(s);
	return cof_ct_equal(cof_rd_bytes(&r, len), cof_span_of(with, len));
}

static bool is_report(cof_span s)
{
	return s.len == COF_SNP_REPORT_LEN;
}

static bool is_response(cof_span s)
{
	cof_span report;
	return s.len == COF_SNP_RESPONSE_LEN && cof_snp_response_parse(s, &report, NULL) == 0;
}

/* Version, then the kind of key, then the TEE: 81 hex. */
static bool is_quote(cof_span s)
{
	cof_rd r = cof_rd_of(s);
	uint16_t version = cof_rd_u16le(&r);
	cof_rd_skip(&r, 2);
	return cof_rd_u32le(&r) == 0x81 && version >= 3 && version <= 5;
}

/* TPM_GENERATED_VALUE */
static bool is_attest(cof_span s)
{
	return begins(s,
		      "\xff"
		      "TCG",
		      4);
}

/* The paravisor's report of an Azure machine. */
static bool is_hcl(cof_span s)
{
	return begins(s, "HCLA", 4);
}

/* Its first event is of PCR 0 and says which specification it follows; 20 bytes of digest and a size lie before. */
static bool is_log(cof_span s)
{
	static const char id[] = "Spec ID Event03";
	cof_rd r = cof_rd_of(s);
	cof_rd_skip(&r, 4 + 4 + 20 + 4);
	return cof_ct_equal(cof_rd_bytes(&r, sizeof id), cof_span_of(id, sizeof id));
}

/* A header in base64url, which begins with '{"', and two dots. */
static bool is_jwt(cof_span s)
{
	size_t dots = 0;
	cof_rd r = cof_rd_of(s);
	if (!begins(s, "eyJ", 3))
		return false;
	while (r.left > 0)
		dots += cof_rd_u8(&r) == '.';
	return dots == 2;
}

/* What is inside of a COSE_Sign1, whose signature nobody has checked: good for a guess. */
static bool cose_parts(cof_span s, cof_cbor **ret_message, cof_cbor **ret_header, cof_span *ret_payload)
{
	static const uint8_t cwt[] = {0xd8, COF_COSE_TAG_CWT}, sign1[] = {0xc0 | COF_COSE_TAG_SIGN1};
	cof_rd r = cof_rd_of(s);
	cof_span header;
	size_t n = 0;
	if (begins(s, cwt, sizeof cwt))
		cof_rd_skip(&r, sizeof cwt);
	if (!cof_ct_equal(cof_rd_bytes(&r, sizeof sign1), cof_span_of(sign1, sizeof sign1)))
		return false;
	if (cof_cbor_load(cof_rd_rest(&r), ret_message, NULL) < 0)
		return false;
	return cof_cbor_array(*ret_message, &n) && n == COSE_PARTS &&
	       cof_cbor_bytes(cof_cbor_at(*ret_message, 0), &header) && cof_cbor_load(header, ret_header, NULL) == 0 &&
	       cof_cbor_bytes(cof_cbor_at(*ret_message, 2), ret_payload);
}

static bool is_signed_corim(cof_span s)
{
	COF_AUTO_PTR(cof_cbor) message = NULL;
	COF_AUTO_PTR(cof_cbor) header = NULL;
	cof_span payload, type;
	return cose_parts(s, &message, &header, &payload) &&
	       cof_cbor_text(cof_cbor_get(header, COF_COSE_LABEL_CONTENT_TYPE), &type) &&
	       (cof_ct_equal(type, cof_span_str("application/rim+cbor")) ||
		cof_ct_equal(type, cof_span_str("application/corim-unsigned+cbor")));
}

/* Claims, and whether their profile is one of attestation results ("…/ear", "…/ear#03"). */
static bool has_claims(cof_span s, bool ear)
{
	COF_AUTO_PTR(cof_cbor) message = NULL;
	COF_AUTO_PTR(cof_cbor) header = NULL;
	COF_AUTO_PTR(cof_cbor) claims = NULL;
	cof_span payload, profile;
	size_t n = 0;
	if (!cose_parts(s, &message, &header, &payload) || cof_cbor_load_floats(payload, &claims, NULL) < 0 ||
	    !cof_cbor_map(claims, &n))
		return false;
	if (!cof_cbor_text(cof_cbor_get(claims, CLAIM_PROFILE), &profile))
		return !ear;
	COF_AUTO_FREE char *text = cof_span_dup_str(profile);
	return (text != NULL && strstr(text, "/ear") != NULL) == ear;
}

static bool is_ear(cof_span s)
{
	return has_claims(s, true);
}

static bool is_eat(cof_span s)
{
	return has_claims(s, false);
}

static bool is_cose(cof_span s)
{
	return begins(s, "\xd2\x84", 2);
}

/* spec: draft-ietf-rats-corim: tags 501, 506, 571 */
static bool is_corim(cof_span s)
{
	return begins(s, "\xd9\x01\xf5", 3);
}

static bool is_comid(cof_span s)
{
	return begins(s, "\xd9\x01\xfa", 3);
}

static bool is_concise_evidence(cof_span s)
{
	return begins(s, "\xd9\x02\x3b", 3);
}

/* The narrow before the wide. */
static const struct {
	const char *kind, *role;
	bool (*looks)(cof_span s);
} guesses[] = {
	{"snp-report", "report", is_report}, {"snp-report", "report", is_response},
	{"tdx-quote", "quote", is_quote},    {"tpm-quote", "quote", is_attest},
	{"azure-hcl", "hcl_report", is_hcl}, {"ccel", "event_log", is_log},
	{"corim", "corim", is_corim},	     {"corim", "corim", is_signed_corim},
	{"comid", "comid", is_comid},	     {"concise-evidence", "ce", is_concise_evidence},
	{"ear-cwt", "token", is_ear},	     {"eat-cwt", "token", is_eat},
	{"cose-sign1", "cose", is_cose},     {"ear-jwt", "token", is_jwt},
};

const char *cof_verify_guess_kind(cof_span bytes, const char **ret_role)
{
	for (size_t i = 0; i < COF_COUNT(guesses); i++) {
		if (!guesses[i].looks(bytes))
			continue;
		*ret_role = guesses[i].role;
		return guesses[i].kind;
	}
	*ret_role = NULL;
	return NULL;
}

/* --- the file --- */

static int find_kind(cof_verify_guess *g, const char *path, cof_err *err)
{
	const char *name = cof_verify_guess_kind(cof_buf_span(&g->bytes), &g->role);
	if (name == NULL)
		return cof_err_set(err, COF_E_USAGE, "evidence-unknown",
				   "%s looks like no evidence that is known: name its kind (--list)", path);
	g->evidence = cof_buf_span(&g->bytes);
	if (is_response(g->evidence))
		(void)!cof_snp_response_parse(g->evidence, &g->evidence, NULL);
	return cof_kind_find(name, &g->kind, err);
}

int cof_verify_guess_file(const char *path, cof_verify_guess *ret, cof_err *err)
{
	COF_AUTO(cof_verify_guess) g = {0};
	int rc = access(path, F_OK) < 0 ? cof_kind_find(path, &g.kind, err) : 0;
	if (rc == 0)
		rc = cof_file_read(path, EVIDENCE_MAX, &g.bytes, err);
	if (rc == 0)
		rc = find_kind(&g, path, err);
	if (rc < 0)
		return rc;
	*ret = g;
	g = (cof_verify_guess){0};
	return 0;
}

/* --- the cache --- */

static bool is_snp(const cof_verify_guess *g)
{
	return strcmp(g->kind->name, "snp-report") == 0;
}

static bool is_log_of_td(const cof_verify_guess *g)
{
	return strcmp(g->kind->name, "ccel") == 0;
}

/* What the vendor is asked about: the file, or the quote that was given with an event log. Empty: nothing. */
static cof_span endorsed(const cof_verify_guess *g, const cof_role_file *given, size_t n_given)
{
	const cof_verify_in in = {.files = given, .n_files = n_given};
	if (is_snp(g) || strcmp(g->kind->name, "tdx-quote") == 0)
		return g->evidence;
	return is_log_of_td(g) ? cof_role(&in, "quote") : (cof_span){0};
}

/* A report of version 2 does not say of which product it is: of that one whose VCEK the cache has. */
static int try_products(const cof_endorse_files_in *in, cof_verify_guess *g, cof_checks *checks, cof_err *err)
{
	static const cof_snp_line lines[] = {COF_SNP_GENOA, COF_SNP_TURIN};
	COF_AUTO_FREE cof_checks *c = calloc(1, sizeof *c);
	int rc = c == NULL ? cof_err_oom(err) : 0;
	for (size_t i = 0; rc == 0 && checks->failed > 0 && i < COF_COUNT(lines); i++) {
		COF_AUTO(cof_endorse_files) files = {0};
		cof_endorse_wants wants = {0};
		cof_endorse_files_in of_line = *in;
		of_line.wants = &wants;
		*c = (cof_checks){0};
		rc = cof_endorse_wants_report(g->evidence, lines[i], &wants, err);
		if (rc == 0)
			rc = cof_endorse_files_load(&of_line, c, &files, err);
		if (rc < 0 || c->failed > 0)
			continue;
		cof_endorse_files_release(&g->files);
		g->files = files;
		files = (cof_endorse_files){0};
		*checks = *c;
	}
	return rc;
}

static int load(const char *dir, cof_endorse_files_in *in, cof_verify_guess *g, cof_checks *checks, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_PTR(cof_ecache) store = NULL;
	cof_err why = {0};
	int rc = cof_endorsements_cache(dir, &path, err);
	if (rc < 0)
		return rc;
	rc = cof_ecache_open(path, false, &store, &why);
	if (rc < 0 && why.cls != COF_E_POLICY)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	if (rc < 0) {
		(void)cof_check_error(checks, COF_STAGE_COLLATERAL, &why);
		return 0;
	}
	in->store = store;
	rc = cof_endorse_files_load(in, checks, &g->files, err);
	return rc == 0 && is_snp(g) && checks->failed > 0 ? try_products(in, g, checks, err) : rc;
}

int cof_verify_guess_load(const char *dir, const cof_role_file *given, size_t n_given, cof_verify_guess *g,
			  cof_checks *checks, cof_err *err)
{
	cof_endorse_wants wants = {0};
	cof_err why = {0};
	cof_span evidence = endorsed(g, given, n_given);
	if (evidence.len == 0)
		return 0;
	int rc = is_snp(g) ? cof_endorse_wants_report(evidence, COF_SNP_LINE_NONE, &wants, &why)
			   : cof_endorse_wants_quote(evidence, &wants, &why);
	if (rc < 0) {
		(void)cof_check_error(checks, COF_STAGE_PARSE, &why);
		return why.cls == COF_E_INTERNAL ? cof_err_set(err, why.cls, why.reason, "%s", why.text) : 0;
	}
	cof_endorse_files_in in = {.wants = &wants, .given = given, .n_given = n_given};
	return cof_endorse_files_needed(&in) ? load(dir, &in, g, checks, err) : 0;
}

const char *cof_verify_guess_hint(const cof_verify_guess *g)
{
	if (is_log_of_td(g))
		return "coffer endorsements fetch --quote QUOTE";
	return is_snp(g) ? "coffer endorsements fetch --report FILE" : "coffer endorsements fetch --quote FILE";
}
