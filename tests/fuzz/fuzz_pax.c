/* SPDX-License-Identifier: Apache-2.0 */
/* Records of extended headers; sparse maps are in order and a global header never changes anything. */
#include "image-decrypt/pax.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_pax) p = {0};
	bool ok = cof_pax_parse(cof_span_of(data, len), &p, NULL) == 0;
	bool global = cof_pax_check_global(cof_span_of(data, len), NULL) == 0;
	if (global && (!ok || p.path != NULL || p.link != NULL || p.has_size || p.n_xattrs > 0))
		abort();
	for (size_t i = 1; i < p.map.n; i++)
		if (p.map.parts[i].offset < p.map.parts[i - 1].offset + p.map.parts[i - 1].len)
			abort();
	if (p.n_xattrs > COF_PAX_XATTRS_MAX || p.mtime_ns >= 1000000000)
		abort();
	return 0;
}
