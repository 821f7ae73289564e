/* SPDX-License-Identifier: Apache-2.0 */
/* What the launches of SEV, SEV-ES and SEV-SNP have in common; for this folder alone. */
#pragma once

#include "firmware/sev/sev.h"

/*
 * Checks what all digests rest on. Reasons as in firmware/sev/sev.h: "firmware-malformed", "vcpus-out-of-range",
 * "reset-address-missing", "kernel-hashes-unsupported".
 */
COF_WUR int cof_sev_launch_check(const cof_sev_launch *in, unsigned vcpus, cof_err *err);
/* The image itself is there, and may be one. Reasons "firmware-image-needed", "firmware-too-large",
 * "firmware-malformed". */
COF_WUR int cof_sev_launch_check_image(cof_span image, cof_err *err);
/* The metadata is that of this image. Reason "metadata-mismatch" (usage). */
COF_WUR int cof_sev_launch_check_meta(const cof_sev_launch *in, cof_span image, cof_err *err);
/* The save area of the first CPU, or of each further one. */
void cof_sev_launch_vmsa(const cof_sev_launch *in, bool ap, uint64_t guest_features, bool zero_fpu,
			 uint8_t ret[COF_VMSA_LEN]);
