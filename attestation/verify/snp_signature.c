/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_signature.h"

#include "attestation/verify/p384.h"
#include "common/rd.h"

int cof_snp_signature_check(cof_span in, const cof_snp_report *r, EVP_PKEY *key, cof_checks *c, cof_err *err)
{
	bool holds = false;
	bool is_signed = cof_check_text(c, COF_STAGE_SIGNATURE, "report-unsigned", r->signing_key != COF_SNP_UNSIGNED,
					"signed by a VCEK or VLEK", NULL);
	bool in_range = cof_check_text(c, COF_STAGE_SIGNATURE, "report-signature-range",
				       r->scalars_fit && cof_p384_in_range(r->r) && cof_p384_in_range(r->s),
				       "R and S from 1 to the order less 1", NULL);
	cof_rd rd = cof_rd_of(in);
	cof_span covered = cof_rd_bytes(&rd, COF_SNP_SIGNED_LEN);
	bool usable = is_signed && in_range && key != NULL && cof_rd_ok(&rd);
	int rc = usable ? cof_p384_verify(key, covered, r->r, r->s, &holds, err) : 0;
	if (rc == 0)
		(void)cof_check_text(c, COF_STAGE_SIGNATURE, "report-signature", holds, "signed by the VEK", NULL);
	return rc;
}
