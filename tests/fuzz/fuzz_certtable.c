/* SPDX-License-Identifier: Apache-2.0 */
/* A host's certificate table as the guest hands it on: what it accepts, the verifier reads as the same certificates. */
#include "attestation/evidence/certtable.h"
#include "attestation/verify/snp_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static size_t len_of(const json_t *list, const char *type)
{
	size_t i;
	json_t *c;
	json_array_foreach (list, i, c)
		if (strcmp(json_string_value(json_object_get(c, "cert_type")), type) == 0)
			return json_array_size(json_object_get(c, "data"));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_snp_table t = {0};
	json_t *v = NULL;
	cof_err err = {0};
	cof_span in = {data, len};
	if (cof_certtable_parse(in, &v, &err) < 0) {
		if (err.reason[0] == '\0' || v != NULL)
			abort();
		return 0;
	}
	if (cof_snp_table_parse(in, &t, NULL) < 0 || t.vcek.len != len_of(v, "VCEK") ||
	    t.vlek.len != len_of(v, "VLEK") || t.ask.len != len_of(v, "ASK") || t.ark.len != len_of(v, "ARK") ||
	    t.crl.len != len_of(v, "CRL"))
		abort();
	json_decref(v);
	return 0;
}
