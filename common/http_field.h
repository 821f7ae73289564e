/* SPDX-License-Identifier: Apache-2.0 */
/* Values of header fields that a hostile server wrote. Nothing here does I/O or asks a clock. */
#pragma once

#include "common/buf.h"

/* spec: RFC 9110 14.4. A whole that the server does not tell is UINT64_MAX. */
typedef struct cof_content_range {
	uint64_t from, to; /* the last byte, as the field has it */
	uint64_t whole;
} cof_content_range;

/* "bytes FROM-TO/WHOLE". Reason "http-range" for anything else, also when it cannot be (FROM behind TO, TO behind
 * WHOLE). */
COF_WUR int cof_content_range_parse(const char *value, cof_content_range *ret, cof_err *err);

/* The target of the first link with rel "next", as heap string; NULL in *ret when there is none. Reason "http-link" for
 * a field that is none. spec: RFC 8288 3 */
COF_WUR int cof_link_next_parse(const char *value, char **ret, cof_err *err);

/* spec: RFC 9110, 10.2.3: seconds or a date; how many ms from now (seconds since the epoch) that is, 0 for what
 * cannot be read. */
int64_t cof_http_retry_after(const char *value, int64_t now);

/* True for an entity tag that promises the same bytes, and can stand in a header. spec: RFC 9110 8.8.3 */
bool cof_http_etag_strong(const char *value);
