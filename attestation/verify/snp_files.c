/* SPDX-License-Identifier: Apache-2.0 */
/* What the kind snp-report is given: certificates as files of their own, or in the table beside an extended report. */
#include "attestation/verify/snp.h"
#include "attestation/verify/snp_fields.h"
#include "attestation/verify/snp_table.h"

/* Without a table each of the three must be there. */
static int check_roles(const cof_verify_in *in, cof_err *err)
{
	static const char *const certs[] = {"vek", "intermediate", "root"};
	for (size_t i = 0; !cof_role_given(in, "certs") && i < COF_COUNT(certs); i++) {
		if (!cof_role_given(in, certs[i]))
			return cof_err_set(err, COF_E_USAGE, "role-missing",
					   "snp-report needs the file of the role %s, or certs", certs[i]);
	}
	return 0;
}

/* Of a table with both, the one that the report says it was signed with. */
static cof_span vek_of(const cof_snp_table *t, cof_span report)
{
	cof_snp_report r;
	bool vlek = t->vcek.len == 0 ||
		    (t->vlek.len > 0 && cof_snp_report_parse(report, &r, NULL) == 0 && r.signing_key == COF_SNP_VLEK);
	return vlek ? t->vlek : t->vcek;
}

/* A file of its own goes before the table's. */
static cof_span either(const cof_verify_in *in, const char *role, cof_span in_table)
{
	return cof_role_given(in, role) ? cof_role(in, role) : in_table;
}

static void fill(const cof_verify_in *in, const cof_snp_table *t, cof_snp_in *ret)
{
	ret->report = cof_role(in, "report");
	ret->vek = either(in, "vek", vek_of(t, ret->report));
	ret->intermediate = either(in, "intermediate", t->ask);
	ret->root = either(in, "root", t->ark);
	ret->root_is_presented = !cof_role_given(in, "root");
	ret->crl = either(in, "crl", t->crl);
	ret->has_crl = cof_role_given(in, "crl") || t->crl.len > 0;
	ret->now = in->now;
	ret->cache = in->cache;
}

int cof_snp_verify_files(const cof_verify_in *in, cof_verdict *ret, cof_snp_verified **ret_report, cof_err *err)
{
	cof_snp_table table = {0};
	cof_snp_demands demands;
	cof_snp_in snp = {.demands = &demands};
	cof_snp_said said;
	cof_err bad = {0};
	if (ret_report != NULL)
		*ret_report = NULL;
	int rc = cof_snp_demands_read(in->policy, &demands, err);
	if (rc == 0)
		rc = check_roles(in, err);
	if (rc < 0)
		return rc;
	if (cof_snp_table_parse(cof_role(in, "certs"), &table, &bad) < 0)
		(void)cof_check_error(&ret->checks, COF_STAGE_PARSE, &bad);
	fill(in, &table, &snp);
	rc = cof_snp_verify(&snp, &ret->checks, &said, ret_report, err);
	if (rc == 0 && said.decoded)
		rc = cof_snp_fields(&said.report, said.line, &ret->fields, err);
	return rc;
}
