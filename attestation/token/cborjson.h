/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values as CBOR, deterministic: what has no claim key of its own in a CBOR token (annotated evidence) goes there
 * under its JSON names.
 *
 * spec: RFC 8949, 4.2.1 (order of keys) and 6.2 (JSON to CBOR)
 */
#pragma once

#include "common/json.h"
#include "common/wr.h"

/* No reals, and at most COF_JSON_DEPTH_MAX deep. Reason "json-not-cbor" (usage). */
COF_WUR int cof_cbor_put_json(cof_wr *w, const json_t *v, cof_err *err);
/* The names of an object in the order of their encoding: shorter ones first. Heap, of borrowed texts; NULL: memory. */
const char **cof_cbor_sorted_names(const json_t *object);
