/* SPDX-License-Identifier: Apache-2.0 */
/* TCB statuses: Intel's words, and how two of them become one. spec: Intel PCS API 4, tcbStatus; DCAP QVL, "converge"
 */
#pragma once

#include <stdbool.h>

#include "common/err.h"

/* The order is that of the names, not of badness. */
typedef enum cof_tdx_status {
	COF_TDX_UP_TO_DATE,
	COF_TDX_SW_HARDENING,
	COF_TDX_CONFIGURATION,
	COF_TDX_CONFIGURATION_SW,
	COF_TDX_OUT_OF_DATE,
	COF_TDX_OUT_OF_DATE_CONFIGURATION,
	COF_TDX_REVOKED,
	COF_TDX_LAST_SIGNED = COF_TDX_REVOKED, /* up to here Intel's collateral has them */
	COF_TDX_RELAUNCH,
	COF_TDX_RELAUNCH_CONFIGURATION,
	COF_TDX_LAST_NAMED = COF_TDX_RELAUNCH_CONFIGURATION,
	COF_TDX_NOT_SUPPORTED,	 /* below every level */
	COF_TDX_MODULE_MISMATCH, /* a TDX module that Intel does not name */
	COF_TDX_NO_STATUS,	 /* nothing was compared */
	COF_TDX_STATUSES
} cof_tdx_status;

/* "UpToDate"; "" for COF_TDX_NO_STATUS. */
const char *cof_tdx_status_name(cof_tdx_status s);
/* A word of Intel's, up to last; false for any other. */
COF_WUR bool cof_tdx_status_by_name(const char *name, cof_tdx_status last, cof_tdx_status *ret);
/*
 * What is left of status when a part of the platform (module, quoting enclave) has a status of its own: one of
 * COF_TDX_UP_TO_DATE, COF_TDX_OUT_OF_DATE, COF_TDX_REVOKED, or COF_TDX_NO_STATUS, which changes nothing. Whatever else
 * the part is becomes the result.
 */
cof_tdx_status cof_tdx_status_converge(cof_tdx_status status, cof_tdx_status part);
