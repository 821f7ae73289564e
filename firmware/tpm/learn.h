/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Learns a firmware build from one boot on the owner's own machine: takes from the event log what cannot be computed
 * from the image, then predicts that very boot and requires every event to be equal. What is learnt is never more
 * than the members of cof_firmware_build.
 */
#pragma once

#include "firmware/tpm/pcr.h"

/*
 * Zero words of the PEI volume that are tried as the place of the ACPI timer's port. Each try hashes the volume: of a
 * larger one than any build has, none is made.
 */
enum { COF_LEARN_TRIES_MAX = 1 << 15, COF_LEARN_VOLUME_MAX = 2 << 20 };

/*
 * in describes the boot that made the log (in->extra and in->bank are ignored). Reasons: "calibration-unpredictable"
 * (policy: this build measures something that changes in a way we cannot compute), "calibration-inconsistent" (crypto:
 * the log is not one of this boot; the text names the first event that differs), and those of cof_tpm_predict.
 */
COF_WUR int cof_firmware_learn(const cof_tpm_launch *in, const cof_eventlog *log, cof_firmware_build *ret,
			       cof_err *err);
