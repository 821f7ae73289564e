/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_status.h"

#include "common/cleanup.h"

static const char *const names[COF_TDX_STATUSES] = {
	[COF_TDX_UP_TO_DATE] = "UpToDate",
	[COF_TDX_SW_HARDENING] = "SWHardeningNeeded",
	[COF_TDX_CONFIGURATION] = "ConfigurationNeeded",
	[COF_TDX_CONFIGURATION_SW] = "ConfigurationAndSWHardeningNeeded",
	[COF_TDX_OUT_OF_DATE] = "OutOfDate",
	[COF_TDX_OUT_OF_DATE_CONFIGURATION] = "OutOfDateConfigurationNeeded",
	[COF_TDX_REVOKED] = "Revoked",
	[COF_TDX_RELAUNCH] = "TDRelaunchAdvised",
	[COF_TDX_RELAUNCH_CONFIGURATION] = "TDRelaunchAdvisedConfigurationNeeded",
	[COF_TDX_NOT_SUPPORTED] = "NotSupported",
	[COF_TDX_MODULE_MISMATCH] = "ModuleMismatch",
	[COF_TDX_NO_STATUS] = "",
};

/* What a status becomes when a part is out of date; those that are not here stay as they are. */
static const cof_tdx_status with_old_part[COF_TDX_STATUSES] = {
	[COF_TDX_UP_TO_DATE] = COF_TDX_OUT_OF_DATE,
	[COF_TDX_SW_HARDENING] = COF_TDX_OUT_OF_DATE,
	[COF_TDX_CONFIGURATION] = COF_TDX_OUT_OF_DATE_CONFIGURATION,
	[COF_TDX_CONFIGURATION_SW] = COF_TDX_OUT_OF_DATE_CONFIGURATION,
	[COF_TDX_OUT_OF_DATE] = COF_TDX_OUT_OF_DATE,
	[COF_TDX_OUT_OF_DATE_CONFIGURATION] = COF_TDX_OUT_OF_DATE_CONFIGURATION,
	[COF_TDX_REVOKED] = COF_TDX_REVOKED,
	[COF_TDX_RELAUNCH] = COF_TDX_OUT_OF_DATE,
	[COF_TDX_RELAUNCH_CONFIGURATION] = COF_TDX_OUT_OF_DATE_CONFIGURATION,
	[COF_TDX_NOT_SUPPORTED] = COF_TDX_NOT_SUPPORTED,
	[COF_TDX_MODULE_MISMATCH] = COF_TDX_MODULE_MISMATCH,
	[COF_TDX_NO_STATUS] = COF_TDX_NOT_SUPPORTED,
};

const char *cof_tdx_status_name(cof_tdx_status s)
{
	return s < COF_TDX_STATUSES ? names[s] : "";
}

bool cof_tdx_status_by_name(const char *name, cof_tdx_status last, cof_tdx_status *ret)
{
	for (size_t i = 0; i < COF_COUNT(names) && i <= last; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (cof_tdx_status)i;
			return true;
		}
	}
	return false;
}

cof_tdx_status cof_tdx_status_converge(cof_tdx_status status, cof_tdx_status part)
{
	bool refused =
		status == COF_TDX_REVOKED || status == COF_TDX_NOT_SUPPORTED || status == COF_TDX_MODULE_MISMATCH;
	if (refused || part == COF_TDX_UP_TO_DATE || part == COF_TDX_NO_STATUS)
		return status;
	return part == COF_TDX_OUT_OF_DATE ? with_old_part[status] : part;
}
