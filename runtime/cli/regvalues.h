/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Register values as somebody read them from a machine: {"sha256":{"0":"<hex>"}}, or what tpm2_pcrread prints. For
 * TDX the JSON's numbers are the RTMRs'.
 *
 * source: tpm2-tools 5.4 tpm2_pcrread(1): a line "  sha256:" for each bank, then "    0 : 0x<HEX>" lines
 */
#pragma once

#include "firmware/register.h"

enum { COF_REG_VALUES_FILE_MAX = 64 << 10, COF_REG_BANKS = COF_SM3 + 1 };

typedef struct cof_reg_values {
	cof_reg_set has[COF_REG_BANKS]; /* by cof_hash */
	cof_digest at[COF_REG_BANKS][COF_REGS_MAX];
} cof_reg_values;

/* Reason "pcrs-malformed": also for banks and registers that nobody has, and for values given twice. */
COF_WUR int cof_reg_values_parse(cof_span text, cof_reg_values *ret, cof_err *err);
