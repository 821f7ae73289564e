/* SPDX-License-Identifier: Apache-2.0 */
/* What coffer measure found, for people and for programs. */
#pragma once

#include "runtime/cli/measure_inputs.h"
#include "runtime/cli/measure_tpm.h"

/* One TEE's, with all that it was made from: a guest image has a firmware of its own for each kind of TEE. */
typedef struct cof_measure_result {
	const cof_tee_measure *tee;
	cof_measure_inputs inputs;
	cof_measure_tpm tpm;
	cof_err why; /* cls COF_OK: m holds */
	cof_measurement m;
} cof_measure_result;

void cof_measure_result_release(cof_measure_result *r);

/* Loads and measures; what fails is in ret->why. */
void cof_measure_result_make(const cof_measure_opts *o, const cof_tee_measure *tee, cof_measure_result *ret);

/* {"tee":"snp","measurement":"HEX", ...}: the registers, the events where there are some, and the inputs that counted.
 */
COF_WUR int cof_measure_result_json(const cof_measure_result *r, json_t **ret, cof_err *err);
/* "0.1.0/default": which guest image and profile; what is not of a guest image is called after its firmware. */
COF_WUR int cof_measure_result_name(const cof_measure_result *r, cof_buf *ret, cof_err *err);
/* The table for people, on stdout; false when writing failed. */
bool cof_measure_result_print(const cof_measure_result *r);
