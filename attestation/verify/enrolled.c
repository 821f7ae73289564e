/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/enrolled.h"

#include "common/secret.h"

bool cof_name_is_enrolled(cof_span name, cof_span list)
{
	bool found = false;
	if (name.len != 2 + COF_SHA256_LEN || name.data[0] != 0x00 || name.data[1] != 0x0b ||
	    list.len % COF_SHA256_LEN != 0)
		return false;
	for (size_t at = 0; at < list.len; at += COF_SHA256_LEN)
		found |= cof_ct_equal(cof_span_of(name.data + 2, COF_SHA256_LEN),
				      cof_span_of(list.data + at, COF_SHA256_LEN));
	return found;
}
