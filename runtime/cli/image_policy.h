/* SPDX-License-Identifier: Apache-2.0 */
/* An image judged by a policy file (containers-policy.json) that the owner gives. */
#pragma once

#include "image-decrypt/depot.h"
#include "image-decrypt/sigcheck.h"

/*
 * Whether the policy admits the image of this name. Keys that it names by path are read from files. ret may be NULL.
 * Reasons: "policy-malformed", those of image-decrypt/sigcheck.h and common/file.h.
 */
COF_WUR int cof_cli_image_admit(const char *policy_file, const cof_image_name *name, const cof_image_source *source,
				const cof_image *image, cof_sig_report *ret, cof_err *err);
