/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/judge_int.h"
#include "attestation/verify/snp_crl.h"
#include "common/secret.h"

/* A root that came from outside is AMD's by its key, or the very one that was named. */
static int check_root(cof_span root, const cof_judge_in *in, cof_err *err)
{
	if (in->root.len > 0 ? cof_ct_equal(root, in->root) : cof_snp_root_is_amd(root))
		return 0;
	return cof_err_set(err, COF_E_POLICY, "endorsement-root", "its root is not %s",
			   in->root.len > 0 ? "the one that was named" : "AMD's");
}

static void add_end(const cof_x509 *cert, cof_endorsement *e)
{
	if (cert != NULL)
		cof_endorse_until(e, cert->validity.to);
}

static int check_line(const cof_endorsement *e, const cof_snp_certs *s, cof_err *err)
{
	return s->line == e->id.line ? 0 : cof_endorse_is_other(err, "product");
}

static int judge_chain(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO(cof_snp_certs) s = {.kind = e->id.key};
	int rc = check_root(cof_buf_span(&e->chain), in, err);
	if (rc == 0)
		rc = cof_snp_authorities_check(cof_buf_span(&e->body), cof_buf_span(&e->chain), in->now, c, &s, err);
	if (rc == 0)
		rc = check_line(e, &s, err);
	add_end(s.intermediate, e);
	add_end(s.root, e);
	return rc;
}

static int judge_crl(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO_PTR(cof_x509) root = NULL;
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	if (in->above == NULL || in->above->id.line != e->id.line)
		return cof_endorse_no_above(err);
	int rc = check_root(cof_buf_span(&in->above->chain), in, err);
	if (rc == 0)
		rc = cof_x509_read(cof_buf_span(&in->above->chain), &root, err);
	if (rc < 0 || !cof_snp_crl_read(cof_buf_span(&e->body), root, in->now, c, &crl))
		return rc;
	return cof_endorse_list_facts(crl, e, err);
}

/* AMD's certificate, but of another chip, would only be found out when a report comes. */
static int check_chip(const cof_endorse_id *id, const cof_snp_certs *s, cof_err *err)
{
	const cof_snp_vek *v = &s->ext;
	if (!s->has_ext || v->kind != COF_SNP_VCEK || v->line != id->line)
		return cof_endorse_is_other(err, "product");
	if (v->hwid_len != cof_endorse_chip_len(id->line) ||
	    !cof_ct_equal(cof_span_of(v->hwid, v->hwid_len), cof_span_of(id->chip, v->hwid_len)))
		return cof_endorse_is_other(err, "chip");
	return cof_snp_tcb_equal(&v->tcb, &id->tcb) ? 0 : cof_endorse_is_other(err, "TCB");
}

static int judge_vcek(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	COF_AUTO(cof_snp_certs) s = {0};
	const cof_endorsement *above = in->above;
	if (above == NULL || above->id.line != e->id.line || above->id.key != COF_SNP_VCEK)
		return cof_endorse_no_above(err);
	int rc = check_root(cof_buf_span(&above->chain), in, err);
	if (rc == 0)
		rc = cof_snp_certs_check(cof_buf_span(&e->body), cof_buf_span(&above->body),
					 cof_buf_span(&above->chain), in->now, c, &s, err);
	if (rc == 0)
		rc = check_chip(&e->id, &s, err);
	add_end(s.vek, e);
	return rc;
}

int cof_endorse_judge_snp(cof_endorsement *e, const cof_judge_in *in, cof_checks *c, cof_err *err)
{
	if (e->id.type == COF_ENDORSE_SNP_CHAIN)
		return judge_chain(e, in, c, err);
	return e->id.type == COF_ENDORSE_SNP_CRL ? judge_crl(e, in, c, err) : judge_vcek(e, in, c, err);
}
