/* SPDX-License-Identifier: Apache-2.0 */
/* A prediction as reference values (coffer-reference-values/1, docs/formats.md). */
#pragma once

#include "common/json.h"
#include "firmware/tpm/pcr.h"

/* name says which guest and profile this is ("0.1.0/default"). */
COF_WUR int cof_tpm_prediction_json(const cof_tpm_prediction *p, const char *name, json_t **ret, cof_err *err);
