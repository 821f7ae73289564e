/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table for a Reference Value Provider Service: names, each with the values that may be found. The service keeps
 * no tie between values of different names, no events, no validity and no signature; so this is an export for
 * verifiers that have one, under the names that Trustee's policies read where there are such. Our own key broker takes
 * CoRIM.
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
