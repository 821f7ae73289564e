/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp.h"

#include <openssl/err.h>
#include <stdio.h>

#include "attestation/verify/snp_cached.h"
#include "attestation/verify/snp_signature.h"
#include "common/secret.h"

struct cof_snp_verified {
	cof_snp_report report;
	cof_snp_line line;
	bool by_amd;
	char csp_id[COF_SNP_CSP_ID_MAX];
};

void cof_snp_verified_free(cof_snp_verified *v)
{
	free(v);
}

const cof_snp_report *cof_snp_verified_report(const cof_snp_verified *v)
{
	return &v->report;
}

cof_snp_line cof_snp_verified_line(const cof_snp_verified *v)
{
	return v->line;
}

const char *cof_snp_verified_csp(const cof_snp_verified *v)
{
	return v->csp_id;
}

bool cof_snp_verified_by_amd(const cof_snp_verified *v)
{
	return v->by_amd;
}

/* ---- report against certificates ---- */

/* source: version 2 states no CPUID: the product comes from the certificates */
static cof_snp_line find_line(const cof_snp_report *r, const cof_snp_certs *s)
{
	if (r->has_cpuid)
		return cof_snp_report_line(r);
	if (s->has_ext && s->ext.line != COF_SNP_LINE_NONE)
		return s->ext.line;
	return s->line != COF_SNP_LINE_NONE ? s->line : cof_snp_report_line(r);
}

static void check_key_kind(const cof_snp_report *r, const cof_snp_certs *s, cof_checks *c)
{
	static const char *const names[] = {"VCEK", "VLEK"};
	const char *found = r->signing_key <= COF_SNP_VLEK ? names[r->signing_key] : "none";
	(void)cof_check_text(c, COF_STAGE_TCB, "signing-key-kind", r->signing_key == (uint32_t)s->kind,
			     names[s->kind == COF_SNP_VLEK], found);
}

static void check_product(const cof_snp_said *said, const cof_snp_certs *s, cof_checks *c)
{
	char found[COF_CHECK_TEXT_MAX] = "not stated";
	const cof_snp_report *r = &said->report;
	if (r->has_cpuid)
		(void)snprintf(found, sizeof found, "%s (family 0x%x, model 0x%x)", cof_snp_line_name(said->line),
			       r->cpuid_family, r->cpuid_model);
	(void)cof_check_text(c, COF_STAGE_TCB, "report-product", said->line == s->line, cof_snp_line_name(s->line),
			     found);
}

static void check_certified_tcb(const cof_snp_said *said, const cof_snp_vek *vek, cof_checks *c)
{
	char want[COF_SNP_TCB_TEXT_MAX], found[COF_SNP_TCB_TEXT_MAX];
	cof_snp_tcb tcb = cof_snp_tcb_of(said->report.reported_tcb, said->line);
	cof_snp_tcb_text("", &vek->tcb, want);
	cof_snp_tcb_text("", &tcb, found);
	(void)cof_check_text(c, COF_STAGE_TCB, "tcb-not-certified", cof_snp_tcb_equal(&tcb, &vek->tcb), want, found);
}

/* A masked chip id equals no certificate: then nothing says which chip signed, and a VLEK is needed. */
static void check_chip(const cof_snp_report *r, const cof_snp_vek *vek, cof_checks *c)
{
	static const uint8_t masked[COF_SNP_CHIP_ID_LEN];
	cof_span chip = cof_span_of(r->chip_id, sizeof r->chip_id), want = cof_span_of(vek->hwid, sizeof vek->hwid);
	if (vek->kind != COF_SNP_VCEK)
		return;
	bool is_masked = cof_ct_equal(chip, cof_span_of(masked, sizeof masked));
	if (is_masked)
		(void)cof_check_text(c, COF_STAGE_TCB, "chip-id", false, "the chip that the VCEK is of", "masked");
	else
		(void)cof_check_bytes(c, COF_STAGE_TCB, "chip-id", want, chip);
}

/* LAUNCH may lie above CURRENT after a rollback of firmware that was not committed. */
static void check_order(const cof_snp_said *said, cof_checks *c)
{
	char want[COF_SNP_TCB_TEXT_MAX], found[COF_SNP_TCB_TEXT_MAX];
	cof_snp_tcb reported = cof_snp_tcb_of(said->report.reported_tcb, said->line);
	cof_snp_tcb current = cof_snp_tcb_of(said->report.current_tcb, said->line);
	cof_snp_tcb_text("at most ", &current, want);
	cof_snp_tcb_text("", &reported, found);
	(void)cof_check_text(c, COF_STAGE_TCB, "reported-above-current", cof_snp_tcb_covers(&current, &reported), want,
			     found);
}

static void check_report(const cof_snp_said *said, const cof_snp_certs *s, cof_checks *c)
{
	cof_snp_report_check(&said->report, said->line, c);
	check_key_kind(&said->report, s, c);
	check_product(said, s, c);
	check_order(said, c);
	if (s->has_ext) {
		check_certified_tcb(said, &s->ext, c);
		check_chip(&said->report, &s->ext, c);
	}
}

/* ---- everything ---- */

static int check_revocation(const cof_snp_in *in, const cof_snp_certs *s, cof_checks *c, cof_err *err)
{
	const cof_snp_crl_in crl = {in->crl, s, in->now, in->cache};
	if (in->demands->require_crl)
		(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-missing", in->has_crl, "a revocation list",
				     in->has_crl ? "given" : "none");
	if (!in->has_crl || s->root == NULL || s->intermediate == NULL || s->vek == NULL)
		return 0;
	return cof_snp_crl_find(c, &crl, err);
}

/* A root that came with the evidence is as good as its key; one that was named is, too, where the policy says so. */
static void check_vendor(const cof_snp_in *in, const cof_snp_certs *s, cof_checks *c)
{
	bool asked = in->root_is_presented || in->demands->require_vendor_root;
	if (asked && s->root != NULL && s->intermediate != NULL && s->vek != NULL)
		(void)cof_check_text(c, COF_STAGE_CHAIN, "vendor-root", s->is_amd, "a key of AMD's roots, pinned here",
				     s->is_amd		     ? "AMD's"
				     : in->root_is_presented ? "another one, out of the certificate table"
							     : "another one, named by the caller");
}

static int judge(const cof_snp_in *in, cof_checks *c, cof_snp_said *said, cof_snp_verified *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_held) held = NULL;
	const cof_snp_certs_in chain = {in->vek, in->intermediate, in->root, in->now, in->cache};
	int rc = cof_snp_certs_find(c, &chain, &held, err);
	if (rc < 0)
		return rc;
	const cof_snp_certs *s = held->object;
	check_vendor(in, s, c);
	rc = check_revocation(in, s, c, err);
	if (rc < 0)
		return rc;
	EVP_PKEY *key = s->vek != NULL ? cof_x509_key(s->vek, COF_X509_P384) : NULL;
	rc = cof_snp_signature_check(in->report, &said->report, key, c, err);
	if (rc < 0)
		return rc;
	said->line = find_line(&said->report, s);
	check_report(said, s, c);
	cof_snp_demands_check(in->demands, &said->report, said->line, s->has_ext ? &s->ext : NULL, c);
	ret->by_amd = s->is_amd;
	if (s->has_ext)
		memcpy(ret->csp_id, s->ext.csp_id, sizeof ret->csp_id);
	return 0;
}

static int make_verified(const cof_snp_said *said, const cof_snp_verified *from, cof_snp_verified **ret, cof_err *err)
{
	cof_snp_verified *v = calloc(1, sizeof *v);
	if (v == NULL)
		return cof_err_oom(err);
	*v = *from;
	v->report = said->report;
	v->line = said->line;
	*ret = v;
	return 0;
}

/* Everything but the verified report. */
static int check_all(const cof_snp_in *in, cof_checks *checks, cof_snp_said *ret_said, cof_snp_verified *ret_found,
		     cof_err *err)
{
	cof_snp_said said = {0};
	cof_err bad = {0};
	if (cof_snp_report_parse(in->report, &said.report, &bad) < 0) {
		(void)cof_check_error(checks, COF_STAGE_PARSE, &bad);
		*ret_said = said;
		return 0;
	}
	said.decoded = true;
	/* What OpenSSL thinks of hostile bytes is not left behind for the caller's next TLS call. */
	(void)ERR_set_mark();
	int rc = judge(in, checks, &said, ret_found, err);
	(void)ERR_pop_to_mark();
	if (rc == 0)
		*ret_said = said;
	return rc;
}

int cof_snp_verify(const cof_snp_in *in, cof_checks *checks, cof_snp_said *ret_said, cof_snp_verified **ret,
		   cof_err *err)
{
	cof_snp_verified found = {0};
	int rc = check_all(in, checks, ret_said, &found, err);
	if (ret == NULL)
		return rc;
	*ret = NULL;
	return rc == 0 && cof_checks_passed(checks) ? make_verified(ret_said, &found, ret, err) : rc;
}
