/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA signatures that come as raw numbers, in the DER form that OpenSSL wants, and their range. spec: RFC
 * 3279, 2.2.3; FIPS 186-5, 6.4.2 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

enum {
	COF_ECDSA_NUMBER_MAX = 66, /* P-521 */
	/* SEQUENCE, with a length of up to two bytes, of two INTEGERs, each with a zero in front where its first bit is
	   set */
	COF_ECDSA_DER_MAX = 3 + 2 * (2 + 1 + COF_ECDSA_NUMBER_MAX),
};

/* r and s are big-endian, of 1 to COF_ECDSA_NUMBER_MAX bytes; whether they are in range is for whoever checks. Gives
 * how many bytes were written; 0 for other lengths. */
COF_WUR size_t cof_ecdsa_der(cof_span r, cof_span s, uint8_t out[COF_ECDSA_DER_MAX]);

/* The order of P-256, P-384 or P-521, by its bits; empty for others. */
cof_span cof_ecdsa_order(int bits);
/* No more bytes than the order, from 1 to the order less 1. False where the order is empty. */
bool cof_ecdsa_in_range(cof_span v, cof_span order);
