/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is accepted comes back from its entry as the same. */
#include "attestation/refvalue/rim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_rim_entry) e = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO_PTR(json_t) again = NULL;
	cof_err err = {0};
	if (cof_json_parse(cof_span_of(data, len), &doc, NULL) < 0)
		return 0;
	if (cof_rim_entry_parse(doc, &e, &err) < 0) {
		if (err.reason[0] == '\0')
			abort();
		return 0;
	}
	if (cof_rim_entry_json(&e, &again, &err) < 0 || !json_equal(doc, again))
		abort();
	return 0;
}
