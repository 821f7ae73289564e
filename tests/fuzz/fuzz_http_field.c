/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields of a hostile server: Content-Range, Link, Retry-After, ETag, each from the same text. */
#include "common/http_field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void range(const char *text)
{
	cof_content_range c;
	if (cof_content_range_parse(text, &c, NULL) == 0 && (c.from > c.to || c.to >= c.whole))
		abort();
}

/* What is given stands in the text. */
static void next_link(const char *text)
{
	COF_AUTO_FREE char *next = NULL;
	if (cof_link_next_parse(text, &next, NULL) == 0 && next != NULL && strstr(text, next) == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE char *text = cof_span_dup_str(cof_span_of(data, len));
	if (text == NULL)
		return 0;
	range(text);
	next_link(text);
	if (cof_http_retry_after(text, 1800000000) < 0)
		abort();
	if (cof_http_etag_strong(text) && strpbrk(text, " \r\n") != NULL)
		abort();
	return 0;
}
