/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest inside a CoRIM, judged part by part, for the kinds alone. */
#pragma once

#include "attestation/verify/kind.h"

/* bytes: tag 501 and its map. Adds checks and fields (v->fields is an object). */
COF_WUR int cof_corim_judge(cof_span bytes, int64_t now, cof_verdict *v, cof_err *err);
