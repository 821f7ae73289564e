/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/endorsements/judge_int.h"

#include "attestation/verify/tdx_cert.h"
#include "common/ossl.h"

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

/* A list without a number has no order but its date. */
int cof_endorse_list_facts(const X509_CRL *crl, cof_endorsement *e, cof_err *err)
{
	int64_t next = 0;
	ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	bool fits = number == NULL || ASN1_INTEGER_get_uint64(&e->number, number) == 1;
	ASN1_INTEGER_free(number);
	if (!fits || !cof_tdx_asn1_time(X509_CRL_get0_lastUpdate(crl), &e->issued) ||
	    !cof_tdx_asn1_time(X509_CRL_get0_nextUpdate(crl), &next))
		return cof_err_set(err, COF_E_MALFORMED, "endorsement-malformed", "a list's number or dates");
	cof_endorse_until(e, next);
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
