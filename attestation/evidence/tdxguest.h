/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the driver of a TDX guest gives beside quotes: the TD's own measurement registers, by the kernel's attributes
 * (Linux 6.16) or by a TDREPORT from the TDX module, and extending RTMRs. Neither proves anything to somebody else:
 * quotes come by configfs-tsm alone.
 *
 * spec: Linux, Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest, uapi/linux/tdx-guest.h; TDX module,
 * TDREPORT_STRUCT and TDINFO_STRUCT
 */
#pragma once

#include "attestation/evidence/sys.h"
#include "common/digest.h"

#define COF_TDXGUEST_DEVICE "/dev/tdx_guest"
#define COF_TDXGUEST_MEASUREMENTS "/sys/devices/virtual/misc/tdx_guest/measurements"

enum { COF_TDXGUEST_REPORT_LEN = 1024, COF_TDXGUEST_DATA_LEN = 64 };

/* A TDREPORT over data, which is in it. Reasons "tdx-guest-absent" (unavailable), "tdx-guest-failed" (io),
 * "tdx-guest-report" (malformed): not over data. */
COF_WUR int cof_tdxguest_report(const cof_sys *sys, const char *device, const uint8_t data[COF_TDXGUEST_DATA_LEN],
				uint8_t ret[COF_TDXGUEST_REPORT_LEN], cof_err *err);

/* MRCONFIGID, by the attribute below root, or else by a TDREPORT. Reasons as above. */
COF_WUR int cof_tdxguest_mrconfigid(const cof_sys *sys, const char *root, uint8_t ret[COF_SHA384_LEN], cof_err *err);

/* An RTMR (0 to 3). Reason "rtmr-unsupported" (unavailable): the kernel has no such attribute; "tdx-guest-failed". */
COF_WUR int cof_tdxguest_rtmr(const cof_sys *sys, const char *root, unsigned n, uint8_t ret[COF_SHA384_LEN],
			      cof_err *err);
/* RTMR = SHA-384(RTMR || digest). Reasons as above. */
COF_WUR int cof_tdxguest_extend(const cof_sys *sys, const char *root, unsigned n, const uint8_t digest[COF_SHA384_LEN],
				cof_err *err);
