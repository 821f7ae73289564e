/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate table beside an extended report (auxblob of configfs-tsm). The host fills it: an ARK in it is no
 * anchor, and its certificates are as hostile as any.
 *
 * spec: GHCB 56421, SNP extended guest request; GUIDs lie as their text reads
 */
#pragma once

#include "common/buf.h"

enum { COF_SNP_TABLE_MAX = 64 << 10, COF_SNP_TABLE_ENTRIES_MAX = 32 };

/* Borrowed from the table; empty where it has none. */
typedef struct cof_snp_table {
	cof_span vcek, vlek, ask, ark, crl;
} cof_snp_table;

/* An empty blob is an empty table: hosts often have no certificates. Reason "certificate-table" (malformed): cut,
 * without its last entry, an entry twice or outside of the table, too many entries. */
COF_WUR int cof_snp_table_parse(cof_span in, cof_snp_table *ret, cof_err *err);
