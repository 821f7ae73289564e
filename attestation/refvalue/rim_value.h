/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions as JSON, for documents of reference values and of an RVPS. By the form of the field:
 *
 *	digest, bytes, tcb, svns  hex, lower case (a word of a SNP report as the number's digits)
 *	number                    integer
 *	dotted                    "1.55.40"
 *	text                      text
 *
 * One value stands for itself, a list is one of several, and an object is {"value","mask"} (both hex), {"min"} or
 * {"min","max"}.
 */
#pragma once

#include "attestation/refvalue/rim.h"

/* A new reference. */
COF_WUR int cof_rim_cond_json(const cof_rim_cond *c, json_t **ret, cof_err *err);
/* Adds the condition. Reasons "rim-malformed" of cof_rim_demand, "reference-malformed" for another form. */
COF_WUR int cof_rim_demand_json(cof_rim_entry *e, cof_rim_field f, const json_t *v, cof_err *err);
/* A text that is lower-case hex of exactly len bytes. */
bool cof_rim_hex(const json_t *v, uint8_t *ret, size_t len);
enum { COF_RIM_DOTTED_LEN = 3 };
/* "1.55.40": three numbers of a byte each, without leading zeros. */
bool cof_rim_dotted(cof_span text, uint8_t ret[COF_RIM_DOTTED_LEN]);
/* One value as a person reads it, cut where it does not fit: hex, a number, "1.55.40", a text. */
void cof_rim_value_text(cof_rim_field f, cof_span value, char *ret, size_t room);
