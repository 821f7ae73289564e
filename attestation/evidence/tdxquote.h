/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of a TDX quote as its collector must read: where it ends, since the buffer that it came in may be longer,
 * and what it was made over.
 *
 * spec: Intel TDX DCAP Quote Library, quote 4 and 5
 */
#pragma once

#include "common/buf.h"

enum { COF_TDXQUOTE_DATA_LEN = 64, COF_TDXQUOTE_MAX = 128 << 10 };

typedef struct cof_tdxquote {
	cof_span quote;	      /* without the zeros behind it */
	cof_span report_data; /* 64 bytes; both borrowed */
} cof_tdxquote;

/* Reason "quote-malformed" (malformed): version, TEE type, a length that does not fit, or more than zeros behind it. */
COF_WUR int cof_tdxquote_parse(cof_span in, cof_tdxquote *ret, cof_err *err);
