/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP client asks of libcurl: TLS (who may vouch for the peer), and its codes as errors of ours. */
#pragma once

#include <curl/curl.h>

#include "common/buf.h"

/* roots (PEM) alone vouch when there are any. *untrusted, which lives as long as easy, becomes true when a peer's
 * certificate is refused. */
COF_WUR int cof_http_tls(CURL *easy, const cof_buf *roots, bool *untrusted, cof_err *err);

/* A transfer's failure, with libcurl's text. */
COF_WUR int cof_http_outcome(CURLcode code, const char *why, cof_err *err);
