/* SPDX-License-Identifier: Apache-2.0 */
/* From evidence to what must be known of its maker. Nothing of the evidence is believed: it only says what to ask. */
#include "attestation/endorsements/id.h"
#include "attestation/verify/tdx_pck.h"
#include "attestation/verify/tdx_quote.h"
#include "common/secret.h"

enum { LEAF, CA, PCK_CHAIN = 3 };

static void add(cof_endorse_wants *w, cof_endorse_id id)
{
	w->id[w->n++] = id;
}

/* --- SEV-SNP --- */

static int none(cof_err *err, const char *why)
{
	return cof_err_set(err, COF_E_POLICY, "endorsement-none", "no published certificate belongs to it: %s", why);
}

static int add_vcek(const cof_snp_report *r, cof_snp_line line, cof_endorse_wants *w, cof_err *err)
{
	static const uint8_t masked[COF_SNP_CHIP_ID_LEN];
	cof_endorse_id id = {.type = COF_ENDORSE_SNP_VCEK, .line = line, .tcb = cof_snp_tcb_of(r->reported_tcb, line)};
	if (cof_ct_equal(cof_span_of(r->chip_id, sizeof r->chip_id), cof_span_of(masked, sizeof masked)))
		return none(err, "the chip id is masked");
	memcpy(id.chip, r->chip_id, cof_endorse_chip_len(line));
	add(w, id);
	return 0;
}

int cof_endorse_wants_report(cof_span report, cof_snp_line line, cof_endorse_wants *ret, cof_err *err)
{
	cof_endorse_wants w = {0};
	cof_snp_report r;
	int rc = report.len == COF_SNP_RESPONSE_LEN ? cof_snp_response_parse(report, &report, err) : 0;
	if (rc == 0)
		rc = cof_snp_report_parse(report, &r, err);
	if (rc < 0)
		return rc;
	if (r.has_cpuid || line == COF_SNP_LINE_NONE)
		line = cof_snp_report_line(&r);
	if (r.signing_key > COF_SNP_VLEK)
		return cof_err_set(err, COF_E_POLICY, "report-unsigned", "the report says that no key signed it");
	if (line == COF_SNP_LINE_NONE)
		return none(err, "unknown product");
	add(&w, (cof_endorse_id){.type = COF_ENDORSE_SNP_CHAIN, .line = line, .key = (cof_snp_key)r.signing_key});
	add(&w, (cof_endorse_id){.type = COF_ENDORSE_SNP_CRL, .line = line, .key = (cof_snp_key)r.signing_key});
	if (r.signing_key == COF_SNP_VCEK)
		rc = add_vcek(&r, line, &w, err);
	if (rc == 0)
		*ret = w;
	return rc;
}

/* --- TDX --- */

void cof_endorse_wants_platform(const uint8_t fmspc[COF_ENDORSE_FMSPC_LEN], bool processor_ca, cof_endorse_wants *ret)
{
	cof_endorse_id info = {.type = COF_ENDORSE_TDX_TCB_INFO};
	memcpy(info.fmspc, fmspc, sizeof info.fmspc);
	*ret = (cof_endorse_wants){0};
	add(ret, (cof_endorse_id){.type = COF_ENDORSE_TDX_QE_IDENTITY});
	add(ret, info);
	add(ret, (cof_endorse_id){.type = COF_ENDORSE_TDX_PCK_CRL, .processor_ca = processor_ca});
	add(ret, (cof_endorse_id){.type = COF_ENDORSE_TDX_ROOT_CRL});
}

/* The rest of the name is the verifier's to check. */
static bool is_processor_ca(const cof_x509 *ca)
{
	char name[COF_X509_NAME_MAX];
	cof_x509_common_name(ca->subject, name);
	return strcmp(name, "Intel SGX PCK Processor CA") == 0;
}

int cof_endorse_wants_quote(cof_span quote, cof_endorse_wants *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_chain) chain = {0};
	cof_tdx_quote q;
	cof_tdx_pck pck;
	int rc = cof_tdx_quote_parse(quote, &q, err);
	if (rc == 0)
		rc = cof_tdx_chain_read(q.pck_chain, PCK_CHAIN, &chain, err);
	if (rc == 0)
		rc = cof_tdx_pck_read(chain.cert[LEAF], &pck, err);
	if (rc == 0)
		cof_endorse_wants_platform(pck.fmspc, is_processor_ca(chain.cert[CA]), ret);
	return rc;
}
