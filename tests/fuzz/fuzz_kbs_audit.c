/* SPDX-License-Identifier: Apache-2.0 */
/* A line of an audit log as a broker, or whoever had it since, gives it. */
#include "attestation/kbs/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_audit_head head = {0};
	if (cof_audit_check(&head, cof_span_of(data, len), NULL) == 0 ? head.seq != 1 : head.seq != 0)
		abort();
	return 0;
}
