/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table for a Reference Value Provider Service: names, each with the values that may be found. The service keeps
 * no tie between values of different names, no events, no validity and no signature; so this is an export for
 * verifiers that have one, under the names that Trustee's policies read where there are such, and a reader for who has
 * nothing better and says so. Our own key broker takes CoRIM.
 *
 * spec: KBS protocol 10.2 (names), 13.3 (message)
 */
#pragma once

#include "attestation/refvalue/rim.h"

/* { "snp_launch_measurement": [ hex, … ], … }: values once each, in the table's order; docs/formats.md lists the
 * names. A new reference. Reasons of cof_rim_check; "rvps-unsupported" (policy): a condition that no list of values
 * says. */
COF_WUR int cof_rvps_json(const cof_rim *r, json_t **ret, cof_err *err);
/* The same as the message that registers it: { "version": "0.1.0", "type": "sample", "payload": base64 }. */
COF_WUR int cof_rvps_message(const cof_rim *r, json_t **ret, cof_err *err);

/*
 * Either of the two back into the table: one entry for each of snp and tdx that has names here, "rvps/snp", in which
 * each value may be any of its name's. Adds to ret. Reasons "reference-malformed" (not this form, or none of the
 * names), "rvps-unsupported" (policy): a name that is not known here, or values without the launch measurement.
 */
COF_WUR int cof_rvps_read(const json_t *doc, cof_rim *ret, cof_err *err);
