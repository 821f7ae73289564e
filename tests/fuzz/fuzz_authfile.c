/* SPDX-License-Identifier: Apache-2.0 */
/* An auth file: whatever login comes out of it can stand in a header, and nobody comes out of a refused one. */
#include "image-decrypt/authfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_login) l = {0};
	int r = cof_authfile_find_at(cof_span_of(data, len), "registry.coffer.test:5000", "team/app", &l, NULL);
	if (r < 0 && !cof_login_empty(&l))
		abort();
	if (l.user != NULL && (strpbrk(l.user, ":\r\n") != NULL || l.user[0] == '\0'))
		abort();
	return 0;
}
