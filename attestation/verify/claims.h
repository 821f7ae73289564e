/* SPDX-License-Identifier: Apache-2.0 */
/* The token's claims about `tpm` evidence, with the names that the key broker protocol's peers read. */
#pragma once

#include "attestation/verify/tpm.h"

/* ak_spki: DER; has_log: an event log came and replayed. *ret is a new reference. */
COF_WUR int cof_tpm_claims(const cof_tpm_verdict *v, cof_span ak_spki, cof_span report_data, bool has_log, json_t **ret,
			   cof_err *err);
