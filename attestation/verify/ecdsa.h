/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA signatures that come as raw numbers, in the DER form that OpenSSL wants. spec: RFC 3279, 2.2.3 */
#pragma once

#include "common/buf.h"

enum {
	COF_ECDSA_NUMBER_MAX = 48, /* P-384 */
	/* SEQUENCE of two INTEGERs, each with a zero in front where its first bit is set */
	COF_ECDSA_DER_MAX = 2 + 2 * (2 + 1 + COF_ECDSA_NUMBER_MAX),
};

/* r and s are big-endian, of 1 to COF_ECDSA_NUMBER_MAX bytes; whether they are in range is for whoever checks. Gives
 * how many bytes were written; 0 for other lengths. */
COF_WUR size_t cof_ecdsa_der(cof_span r, cof_span s, uint8_t out[COF_ECDSA_DER_MAX]);
