/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's signed JSON (hostile): {"tcbInfo":{...},"signature":"<128 hex>"}. The signature covers the text of the inner
 * object as it was received, so that text is found by scanning, and parsed only after the signature holds.
 *
 * spec: Intel PCS API 4, "Get TDX TCB Info", "Get TD QE identity"
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>

#include "attestation/verify/p256.h"

enum { COF_TDX_SIGNED_MAX = 4 << 20 };

typedef struct cof_tdx_signed {
	cof_span text; /* from its { to its }, borrowed */
	uint8_t signature[COF_P256_RAW_LEN];
} cof_tdx_signed;

/* Exactly the members named member and "signature", each once, in either order. Reason "signed-json-malformed". */
COF_WUR int cof_tdx_signed_parse(cof_span in, const char *member, cof_tdx_signed *ret, cof_err *err);
