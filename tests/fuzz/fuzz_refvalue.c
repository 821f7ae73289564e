/* SPDX-License-Identifier: Apache-2.0 */
/* A reference that is accepted comes back from its own JSON as the same. */
#include "attestation/refvalue/refvalue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_refvalue) v = {0};
	COF_AUTO(cof_refvalue) again = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err err = {0};
	if (cof_refvalue_read(cof_span_of(data, len), &v, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	if (cof_refvalue_json(&v, &doc, &err) < 0 || cof_refvalue_parse(doc, &again, &err) < 0 || again.n != v.n ||
	    memcmp(again.pcrs, v.pcrs, sizeof v.pcrs) != 0)
		abort();
	return 0;
}
