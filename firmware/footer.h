/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GUID table at the end of an OVMF image (and of an SVSM one): records walked backwards from 0x20 bytes before the
 * end. The image may be hostile; every length is bounded by what is left of the table.
 *
 * source: EDK2 OvmfPkg/ResetVector (guided structures at the end of flash)
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

enum { COF_GUID_LEN = 16, COF_GUID_STR_MAX = 37, COF_FOOTER_ENTRIES_MAX = 32 };

typedef struct cof_footer_entry {
	uint8_t guid[COF_GUID_LEN]; /* as on disk: the first three groups little-endian */
	cof_span data;		    /* borrowed from the image */
} cof_footer_entry;

typedef struct cof_footer {
	bool present; /* false: the image has no table, which is no error by itself */
	size_t n;
	cof_footer_entry entries[COF_FOOTER_ENTRIES_MAX]; /* from the end of the image towards its start */
} cof_footer;

/* Reason "firmware-malformed": wrong lengths, two records of one GUID, too many records. */
COF_WUR int cof_footer_parse(cof_span image, cof_footer *ret, cof_err *err);
/* The record's data; false when the table has none of that GUID. */
bool cof_footer_find(const cof_footer *f, const uint8_t guid[COF_GUID_LEN], cof_span *ret);

/* What the known records are called ("sev-metadata"); NULL for an unknown GUID. */
const char *cof_footer_name(const uint8_t guid[COF_GUID_LEN]);
/* "4c2eb361-7d9b-4cc3-8081-127c90d3d294" */
void cof_guid_str(const uint8_t guid[COF_GUID_LEN], char out[COF_GUID_STR_MAX]);
/* The reverse; digits of either case. Reason "guid-malformed" (usage). */
COF_WUR int cof_guid_read(const char *text, uint8_t ret[COF_GUID_LEN], cof_err *err);

extern const uint8_t cof_guid_sev_es_reset[COF_GUID_LEN];
extern const uint8_t cof_guid_sev_secret[COF_GUID_LEN];
extern const uint8_t cof_guid_sev_hashes[COF_GUID_LEN];
extern const uint8_t cof_guid_sev_metadata[COF_GUID_LEN];
extern const uint8_t cof_guid_tdx_metadata[COF_GUID_LEN];
extern const uint8_t cof_guid_igvm_metadata[COF_GUID_LEN];
extern const uint8_t cof_guid_svsm_info[COF_GUID_LEN];
