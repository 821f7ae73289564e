/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoMID in full, for a reader that judges shapes and understands no value: every triple of the draft, with every
 * member of the type that it must have. What a table of references makes of a CoMID is corim.h's matter.
 *
 * spec: draft-ietf-rats-corim at 0b855af, 5 (CoMID); the concise evidence of TCG has the same measurements
 */
#pragma once

#include "attestation/refvalue/cbor.h"
#include "common/json.h"

enum { COF_COMID_TRIPLES_MAX = 4096, COF_COMID_LIST_MAX = 4096 };

/* Members with negative keys are a profile's own: refused where none was named. Reason "comid-malformed". */
COF_WUR int cof_comid_check(const cof_cbor *comid, bool has_profile, cof_err *err);
/* {"tag_id", "triples": {"0": how many, …}} of a CoMID that was checked; a new reference. */
COF_WUR int cof_comid_fields(const cof_cbor *comid, json_t **ret, cof_err *err);

/* An id as text or UUID; NULL for anything else or when memory ran out. A new reference: text, or hex. */
json_t *cof_comid_id(const cof_cbor *v);

/* [ environment, [ + measurement ] ] */
COF_WUR int cof_comid_record(const cof_cbor *record, bool has_profile, cof_err *err);
/* What one record of each kind of triple is; concise evidence has the same. Reason "comid-malformed". */
COF_WUR int cof_comid_triples(const cof_cbor *triples, bool has_profile, cof_err *err);
