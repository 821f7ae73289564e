/* SPDX-License-Identifier: Apache-2.0 */
/* From the options of coffer measure to what the library predicts from: files read, hashed once, and checked. */
#pragma once

#include "firmware/tee.h"
#include "runtime/cli/measure_options.h"
#include "runtime/vm/manifest.h"

/* What is known of a launch besides its measurement; goes into the outputs. */
typedef struct cof_measure_extras {
	bool has_host_data, has_mrconfigid, has_policy;
	uint8_t host_data[COF_SHA256_LEN];
	uint8_t mrconfigid[COF_SHA384_LEN];
	uint64_t policy;
} cof_measure_extras;

/* Everything that a measurement borrows from. */
typedef struct cof_measure_inputs {
	cof_buf firmware, kernel, svsm;
	cof_launch_document doc;
	cof_manifest manifest; /* of --guest */
	const cof_profile *profile;
	const cof_guest_file *guest_firmware;
	cof_measure_in in;
	cof_measure_extras extras;
} cof_measure_inputs;

void cof_measure_inputs_release(cof_measure_inputs *i);
COF_DEFINE_AUTO(cof_measure_inputs, cof_measure_inputs_release)

enum { COF_TEES_MAX = 8 };

/* The TEEs that --tee names ("snp", "snp,tdx", "all"), NULL-ended. */
COF_WUR int cof_measure_tees(const char *text, const cof_tee_measure *ret[COF_TEES_MAX + 1], cof_err *err);

/*
 * Reads what these TEEs need and no more; of a guest image the firmware is the first one's. in borrows from ret
 * itself: do not move it.
 */
COF_WUR int cof_measure_inputs_load(const cof_measure_opts *o, const cof_tee_measure *const *tees,
				    cof_measure_inputs *ret, cof_err *err);
