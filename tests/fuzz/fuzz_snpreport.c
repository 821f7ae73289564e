/* SPDX-License-Identifier: Apache-2.0 */
/* A driver's response, and what may be a report in it, on its way into JSON. */
#include "attestation/evidence/sevguest.h"
#include "attestation/evidence/snpreport.h"
#include "attestation/verify/snp_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_down(cof_span report)
{
	json_t *v = NULL;
	cof_err err = {0};
	cof_snp_report r;
	if (cof_snpreport_parse(report, &v, &err) < 0) {
		if (err.reason[0] == '\0' || v != NULL)
			abort();
		return;
	}
	/* What the verifier would find wrong beyond its signature: algorithms, and nothing that the JSON hides. */
	if (json_object_size(v) != 29 ||
	    (cof_snp_report_parse(report, &r, &err) == 0 && r.reserved_set != 0 && r.version >= 3))
		abort();
	json_decref(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = {data, len}, report = {0}, theirs = {0};
	int r = cof_sevguest_response_parse(in, &report, NULL);
	/* The verifier also judges what lies behind the report; here nobody looks at it. */
	if (cof_snp_response_parse(in, &theirs, NULL) == 0 && (r < 0 || report.data != theirs.data))
		abort();
	write_down(in);
	if (r == 0)
		write_down(report);
	return 0;
}
