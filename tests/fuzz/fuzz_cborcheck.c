/* SPDX-License-Identifier: Apache-2.0 */
/* What passes the walk is loaded in bounds; what the strict walk takes, the plain one takes too. */
#include "attestation/refvalue/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = cof_span_of(data, len);
	COF_AUTO_PTR(cof_cbor) v = NULL;
	cof_err err = {0};
	int plain = cof_cbor_check(in, &err);
	if (plain < 0 && err.reason[0] == '\0')
		abort();
	if (plain < 0 && (cof_cbor_check_ordered(in, NULL) == 0 || cof_cbor_load(in, &v, NULL) == 0))
		abort();
	if (plain == 0)
		(void)!cof_cbor_load(in, &v, NULL);
	return 0;
}
