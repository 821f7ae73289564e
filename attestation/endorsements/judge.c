/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/judge_int.h"

#include "common/der.h"

int cof_endorse_is_other(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_POLICY, "endorsement-other", "it is about another %s than was asked", what);
}

int cof_endorse_no_above(cof_err *err)
{
	return cof_err_set(err, COF_E_POLICY, "endorsement-above", "the certificates that vouch for it are not there");
}

void cof_endorse_until(cof_endorsement *e, int64_t end)
{
	if (end < e->expires)
		e->expires = end;
}

/* A list without a number has no order but its date. spec: RFC 5280, 5.2.3 */
static bool read_number(const cof_x509_crl *crl, uint64_t *ret)
{
	static const uint8_t oid[] = {0x55, 0x1d, 0x14};
	const cof_x509_extension *e = cof_x509_find(&crl->ext, cof_span_of(oid, sizeof oid));
	if (e == NULL)
		return true;
	cof_rd r = cof_rd_of(e->value);
	*ret = cof_der_u64(&r, COF_DER_INTEGER);
	return cof_rd_end(&r);
}

int cof_endorse_list_facts(const cof_x509_crl *crl, cof_endorsement *e, cof_err *err)
{
	if (!read_number(crl, &e->number) || !crl->has_next)
		return cof_err_set(err, COF_E_MALFORMED, "endorsement-malformed", "a list's number or dates");
	e->issued = crl->validity.from;
	cof_endorse_until(e, crl->validity.to);
	return 0;
}

int cof_endorse_judge(cof_endorsement *e, const cof_judge_in *in, cof_err *err)
{
	COF_AUTO_FREE cof_checks *c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	e->issued = 0;
	e->number = 0;
	e->expires = INT64_MAX;
	int rc = cof_endorse_is_snp(e->id.type) ? cof_endorse_judge_snp(e, in, c, err)
						: cof_endorse_judge_tdx(e, in, c, err);
	/* What is wrong with the bytes says more than what then could not be done. */
	if (c->failed > 0 || (rc == 0 && !cof_checks_passed(c)))
		rc = cof_checks_refusal(c, err);
	return rc;
}
