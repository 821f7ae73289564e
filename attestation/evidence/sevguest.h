/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV-SNP reports by the driver's own device, for kernels without configfs-tsm. The report comes from the processor's
 * firmware over a channel that the driver encrypts; the certificates beside it come from the host, and are only a help:
 * a host that has none, or too many, gets no say in whether there is a report.
 *
 * spec: Linux, Documentation/virt/coco/sev-guest; SEV-SNP Firmware ABI 56860, MSG_REPORT_RSP; GHCB 56421
 */
#pragma once

#include "attestation/evidence/sys.h"

#define COF_SEVGUEST_DEVICE "/dev/sev-guest"

enum { COF_SEVGUEST_DATA_LEN = 64, COF_SEVGUEST_CERTS_MAX = 64 << 10, COF_SEVGUEST_RESPONSE_LEN = 4000 };

/*
 * A report over data, and the certificate table, which may be empty. Both are appended. Reasons: (unavailable)
 * "sev-guest-absent"; "sev-guest-throttled": the host made the driver wait for too long, after some tries;
 * (io) "sev-guest-wiped": the driver has thrown its keys away after an earlier failure, and no report will come before
 * the next boot; "sev-guest-failed": the firmware's and the hypervisor's codes are in the text, and it is not asked
 * again, since the driver throws its keys away; (malformed) "sev-guest-response".
 */
COF_WUR int cof_sevguest_get(const cof_sys *sys, const char *device, const uint8_t data[COF_SEVGUEST_DATA_LEN],
			     cof_buf *ret_report, cof_buf *ret_certs, cof_err *err);

/* The report in the driver's response buffer; borrowed. Reason "sev-guest-response" (malformed). */
COF_WUR int cof_sevguest_response_parse(cof_span in, cof_span *ret_report, cof_err *err);
