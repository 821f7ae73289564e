/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a URL speaks to, told by the parser that will connect, so that no two readings of one text exist. URLs with a
 * user in them are refused everywhere: "https://registry.example@evil/" is evil's.
 */
#pragma once

#include "common/err.h"

enum { COF_ORIGIN_HOST_MAX = 255 };

/* spec: RFC 6454 4: scheme, host and port together. */
typedef struct cof_origin {
	char scheme[8];
	char host[COF_ORIGIN_HOST_MAX + 1]; /* lower case, no dot at its end; IPv6 in brackets */
	char port[6];
} cof_origin;

/* Of an http or https URL. Reason "http-url". */
COF_WUR int cof_origin_of(const char *url, cof_origin *ret, cof_err *err);
bool cof_origin_equal(const cof_origin *a, const cof_origin *b);
/* True when where is "HOST:PORT" of it. */
bool cof_origin_at(const cof_origin *o, const char *where);
/* Where a Location that came from url leads, as heap string. Reason "http-redirect" (malformed): no URL, one with a
 * user, or out of https. */
COF_WUR int cof_url_follow(const char *url, const char *location, char **ret, cof_err *err);
