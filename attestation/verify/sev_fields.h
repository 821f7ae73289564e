/* SPDX-License-Identifier: Apache-2.0 */
/* A SEV platform's certificates as JSON, for people and programs; what they say, believed or not. */
#pragma once

#include <jansson.h>

#include "attestation/verify/sev_chain.h"

/* *ret is NULL where a certificate cannot be read. */
COF_WUR int cof_sev_fields(const cof_sev_chain *chain, json_t **ret, cof_err *err);
