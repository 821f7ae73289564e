/* SPDX-License-Identifier: Apache-2.0 */
/* A request line: METHOD, a space, the target. Parts that come out are plain names. */
#include "attestation/kbs/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_part(cof_span s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
			  c == '_' || c == '.' || c == '/';
		if (!ok || (c == '.' && (i == 0 || s.data[i - 1] == '/')))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_kb_match m;
	size_t n = 0;
	while (n < len && data[n] != ' ')
		n++;
	cof_span target = n < len ? cof_span_of(data + n + 1, len - n - 1) : (cof_span){0};
	if (cof_kb_route_of(cof_span_of(data, n), target, &m, NULL) < 0)
		return 0;
	if (m.route == COF_ROUTE_NONE || m.route >= COF_ROUTES || m.path.len > COF_KB_TARGET_MAX)
		abort();
	for (size_t i = 0; i < 3; i++)
		check_part(m.part[i]);
	return 0;
}
