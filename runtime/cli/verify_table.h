/* SPDX-License-Identifier: Apache-2.0 */
/* A verdict for people: one line that says it, then the checks, the failed ones first. Plain text, no colours. */
#pragma once

#include "attestation/verify/kind.h"

/* anchor: the file of a root that was named by hand; NULL: none. Appends. */
COF_WUR int cof_verify_table(const cof_kind *kind, const cof_verdict *v, const char *anchor, cof_buf *ret,
			     cof_err *err);
/* The refusal as an error, for the line on stderr: the first failed check's name is the reason. */
COF_WUR int cof_verify_refusal(const cof_verdict *v, cof_err *err);
