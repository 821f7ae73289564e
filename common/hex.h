/* SPDX-License-Identifier: Apache-2.0 */
/* Hex (lower case, strict) and base64 (RFC 4648: standard with padding, and URL without) of bounded spans. */
#pragma once

#include "common/buf.h"

/* Writes 2 * len digits and a NUL; out must hold 2 * len + 1. */
void cof_hex(cof_span in, char *out);
/* Heap string, NULL when memory ran out. */
char *cof_hex_dup(cof_span in);
/* Exactly len bytes from exactly 2 * len lower- or upper-case digits. Reason "bad-hex". */
COF_WUR int cof_unhex(const char *in, void *out, size_t len, cof_err *err);
COF_WUR int cof_unhex_span(cof_span in, void *out, size_t len, cof_err *err);

char *cof_b64_dup(cof_span in);
char *cof_b64url_dup(cof_span in);
/* Strict: no white space, canonical trailing bits, right padding (standard) or none (URL). Reason "bad-base64". */
COF_WUR int cof_unb64(cof_span in, cof_buf *ret, cof_err *err);
COF_WUR int cof_unb64url(cof_span in, cof_buf *ret, cof_err *err);
