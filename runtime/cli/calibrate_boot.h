/* SPDX-License-Identifier: Apache-2.0 */
/* One boot of a firmware build under QEMU and swtpm, for its event log. */
#pragma once

#include "runtime/vm/manifest.h"

enum { COF_CALIBRATION_BOOT_MS = 180000, COF_CALIBRATION_CONSOLE_MAX = 1 << 20 };

/* An initramfs that holds the calibration's init alone. */
COF_WUR int cof_calibration_initrd(cof_buf *ret, cof_err *err);

/* The log between the marks of a serial line's output. Reason "calibration-no-log". */
COF_WUR int cof_calibration_parse(cof_span console, cof_buf *ret, cof_err *err);

/* Boots m (whose initrd is cof_calibration_initrd's) and gives the log; dir is a private folder. Reasons
 * "calibration-timeout", "calibration-no-log". */
COF_WUR int cof_calibration_boot(const cof_manifest *m, const cof_profile *p, const char *qemu, const char *dir,
				 cof_buf *ret, cof_err *err);
