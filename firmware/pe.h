/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Authenticode digest of a PE/COFF image as UEFI firmware computes it. The image may be hostile.
 *
 * spec: Microsoft Authenticode PE, "Calculating the PE Image Hash"; without padding at the end, as OVMF does
 */
#pragma once

#include "common/digest.h"

enum { COF_PE_MAX = 256 << 20, COF_PE_SECTIONS_MAX = 96 };

/* Reason "kernel-malformed". */
COF_WUR int cof_pe_digest(cof_span image, cof_hash alg, cof_digest *ret, cof_err *err);
