/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP client asks of libcurl: TLS (who may vouch for the peer), and its codes as errors of ours. */
#pragma once

#include <curl/curl.h>

#include "common/buf.h"

typedef struct cof_http_peer {
	cof_span roots;	   /* PEM, these alone vouch; empty: the system's */
	bool system_roots; /* both vouch */
	bool untrusted;	   /* became true: a peer's certificate was refused */
	bool bad_roots;	   /* became true: roots is no list of certificates */
} cof_http_peer;

/* p lives as long as easy is used. */
COF_WUR int cof_http_tls(CURL *easy, cof_http_peer *p, cof_err *err);

/* A transfer's failure, with libcurl's text. */
COF_WUR int cof_http_outcome(CURLcode code, const char *why, cof_err *err);
