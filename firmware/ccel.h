/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI table that tells a confidential guest where its event log lies, and the log in the area that it names.
 * Linux shows both below /sys/firmware/acpi/tables: CCEL and data/CCEL. Both are written by the host's firmware, so
 * neither is believed: the log's replay must equal signed registers.
 *
 * spec: UEFI 2.10, 38.4.1 (CC event log table); ACPI 6.5, 5.2.6 (table header)
 */
#pragma once

#include "firmware/eventlog.h"

enum { COF_CCEL_LEN = 56 };

typedef enum cof_cc_type { COF_CC_SEV = 1, COF_CC_TDX = 2 } cof_cc_type;

typedef struct cof_ccel {
	cof_cc_type type;
	uint8_t subtype;
	uint64_t log_len;     /* bytes of the area, padding and all */
	uint64_t log_address; /* guest-physical */
} cof_ccel;

/* Exactly one table. Reason "ccel-malformed": signature, length, revision, checksum, type. */
COF_WUR int cof_ccel_parse(cof_span table, cof_ccel *ret, cof_err *err);

/*
 * The log in an area, without the padding behind it; borrows from area. Reasons: those of cof_eventlog_parse, and
 * "ccel-malformed" for an area that is longer than the table says or holds a log of another kind.
 */
COF_WUR int cof_ccel_log(const cof_ccel *table, cof_span area, cof_span *ret, cof_err *err);
