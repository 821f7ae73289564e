/* SPDX-License-Identifier: Apache-2.0 */
/* A report, alone or in the driver's buffer: what parses is of a known version and can be said, judged and signed by
 * nobody. */
#include "attestation/verify/snp_fields.h"
#include "attestation/verify/snp_policy.h"
#include "attestation/verify/snp_signature.h"
#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void judge(cof_span in, const cof_snp_report *r)
{
	static cof_checks checks;
	cof_snp_demands demands;
	cof_snp_line line = cof_snp_report_line(r);
	COF_AUTO_PTR(json_t) fields = NULL;
	checks.n = checks.failed = 0;
	if (r->version < 2 || r->version > 5 || r->signing_key > 7 || r->reserved_set >= COF_SNP_SIGNED_LEN)
		abort();
	if (cof_snp_fields(r, line, &fields, NULL) < 0 || cof_snp_demands_read(NULL, &demands, NULL) < 0)
		abort();
	cof_snp_report_check(r, line, &checks);
	cof_snp_demands_check(&demands, r, line, NULL, &checks);
	if (cof_snp_signature_check(in, r, NULL, &checks, NULL) < 0 || cof_checks_passed(&checks))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_snp_report r;
	cof_err err = {0};
	cof_span in = cof_span_of(data, len);
	(void)!cof_snp_response_parse(in, &in, &err);
	if (cof_snp_report_parse(in, &r, &err) == 0)
		judge(in, &r);
	else if (err.reason[0] == '\0')
		abort();
	return 0;
}
