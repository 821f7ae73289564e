/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A launch secret as guests expect it: one table of entries by GUID, which the firmware reserves and Linux (efi_secret)
 * shows as files below /sys/kernel/security/secrets/coco.
 *
 * source: Linux Documentation/security/secrets/coco.rst; GUIDs lie with their first three groups little-endian
 */
#pragma once

#include "common/secret.h"
#include "firmware/footer.h"

enum { COF_SEV_TABLE_ENTRIES_MAX = 64 };

typedef struct cof_sev_entry {
	uint8_t guid[COF_GUID_LEN];
	cof_span data; /* secret */
} cof_sev_entry;

/* Spans borrow from what was read. */
typedef struct cof_sev_table {
	size_t n;
	cof_sev_entry entries[COF_SEV_TABLE_ENTRIES_MAX];
} cof_sev_table;

/* "disk-passphrase", "kbc", or a GUID. Reason "guid-malformed" (usage). */
COF_WUR int cof_sev_entry_guid(const char *name, uint8_t ret[COF_GUID_LEN], cof_err *err);

/* With zeros up to a whole unit of 16 bytes. Reason "sev-table" (usage): no entry or too many, an empty one, one GUID
 * twice or none, more than 16 KiB. */
COF_WUR int cof_sev_table_make(const cof_sev_table *table, cof_secret *ret, cof_err *err);
/* Reason "sev-table" (malformed): the same, lengths that do not fit, bytes behind the table that are not zero. */
COF_WUR int cof_sev_table_parse(cof_span in, cof_sev_table *ret, cof_err *err);

/* Whether the firmware's image sets so many bytes aside for a secret: what comes behind them may be the hashes of the
 * kernel. Reasons "sev-secret-room" (policy), "firmware-malformed". */
COF_WUR int cof_sev_secret_fits(cof_span firmware, size_t len, cof_err *err);
