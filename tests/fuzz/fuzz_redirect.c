/* SPDX-License-Identifier: Apache-2.0 */
/* A Location of a hostile server: what is followed is https, names no user, and has an origin to compare. */
#include "common/http_url.h"

#include "common/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE char *location = cof_span_dup_str(cof_span_of(data, len));
	COF_AUTO_FREE char *to = NULL;
	cof_origin o;
	if (location == NULL || cof_url_follow("https://h.x:5000/v2/a/blobs/b?c=d", location, &to, NULL) < 0)
		return 0;
	if (strncmp(to, "https://", 8) != 0 || strpbrk(to, "\r\n ") != NULL)
		abort();
	if (cof_origin_of(to, &o, NULL) < 0 || strpbrk(o.host, "@/?#") != NULL || strcmp(o.scheme, "https") != 0)
		abort();
	return 0;
}
