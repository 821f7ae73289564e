/* SPDX-License-Identifier: Apache-2.0 */
/* What TCB info and QE identity have in common, for tdx_tcbinfo.c and tdx_qeidentity.c alone. Reasons "json-*". */
#pragma once

#include "attestation/verify/tdx_tcbinfo.h"

COF_WUR int cof_tdx_json_hex(const json_t *o, const char *key, void *out, size_t len, cof_err *err);
COF_WUR int cof_tdx_json_dates(const json_t *o, cof_tdx_dates *ret, cof_err *err);
/* Status (up to COF_TDX_LAST_SIGNED), date and advisories. */
COF_WUR int cof_tdx_json_head(const json_t *level, cof_tdx_level_head *ret, cof_err *err);
COF_WUR int cof_tdx_json_svn_levels(const json_t *o, cof_tdx_svn_level ret[COF_TDX_SVN_LEVELS_MAX], size_t *ret_n,
				    cof_err *err);
