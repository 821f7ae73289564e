/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The draft's attestation result in CBOR, translated into its JSON form, so that one reader judges both, and from it,
 * so that one issuer makes both. Claims with unknown numbers are passed over; a known one of another shape is refused
 * by its number.
 *
 * spec: draft-ietf-rats-ear-03, 3 and appendix (CBOR keys); RFC 9711, 10.3; RFC 8392, 3.1
 */
#pragma once

#include "attestation/refvalue/cbor.h"
#include "common/json.h"

/* *ret is a new reference. Reason "cwt-claim" (malformed). */
COF_WUR int cof_ear_from_cbor(const cof_cbor *map, json_t **ret, cof_err *err);
/* Appends the claims of the draft's profile, deterministic. Reasons (usage) "ear-malformed" for what has no place
 * there, "json-not-cbor". */
COF_WUR int cof_ear_to_cbor(const json_t *claims, cof_buf *ret, cof_err *err);
