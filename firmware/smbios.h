/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of an SMBIOS structure table as OVMF measures it (202505 and later): serial numbers, asset tags and
 * the like are blanked first, so that the digest is the same on every machine of one kind.
 *
 * spec: DSP0134 3.7 (structures); EDK2 releases 202505 and later for the filter
 */
#pragma once

#include "common/digest.h"

enum { COF_SMBIOS_MAX = 256 << 10 };

/* Reason "smbios-malformed". */
COF_WUR int cof_smbios_digest(cof_span table, cof_hash alg, cof_digest *ret, cof_err *err);
