/* SPDX-License-Identifier: Apache-2.0 */
/* The guest image's own TPM prediction: its files, and the ACPI tables that QEMU makes for the profile's machine. */
#pragma once

#include "runtime/cli/measure_guest.h"
#include "runtime/cli/measure_inputs.h"

typedef struct cof_measure_tpm {
	cof_guest_inputs guest;
	cof_firmware_build build; /* of --calibration */
} cof_measure_tpm;

void cof_measure_tpm_release(cof_measure_tpm *t);
COF_DEFINE_AUTO(cof_measure_tpm, cof_measure_tpm_release)

/* Does nothing when none of the TEEs asks for the machine's tables; else in->in borrows from ret. */
COF_WUR int cof_measure_tpm_load(const cof_measure_opts *o, const cof_tee_measure *const *tees, cof_measure_inputs *in,
				 cof_measure_tpm *ret, cof_err *err);
