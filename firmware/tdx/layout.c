/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdx.h"

enum { NEWEST = 202608 };

/* Each row holds from its release to the one before the next row's. source: EDK2's history, OvmfPkg and MdeModulePkg */
static const cof_tdx_layout layouts[] = {
	{.release = 202302},
	{.release = 202411, .separator_in_rtmr1 = true},
	{.release = 202505,
	 .separator_in_rtmr1 = true,
	 .fw_cfg_events = true,
	 .smbios = true,
	 .two_boot_options = true},
	{.release = 202508,
	 .separator_in_rtmr1 = true,
	 .fw_cfg_events = true,
	 .smbios = true,
	 .two_boot_options = true,
	 .initrd_first = true},
};

/* Stable tags come in February, May, August and November. */
static bool is_tag(unsigned release)
{
	unsigned month = release % 100;
	return month >= 2 && month <= 11 && month % 3 == 2;
}

int cof_tdx_layout_of(unsigned release, cof_tdx_layout *ret, cof_err *err)
{
	if (release < layouts[0].release || release > NEWEST || !is_tag(release))
		return cof_err_set(err, COF_E_USAGE, "firmware-release-unknown",
				   "what firmware release %u measures is not known; known are %u to %u", release,
				   layouts[0].release, (unsigned)NEWEST);
	size_t i = COF_COUNT(layouts) - 1;
	while (layouts[i].release > release)
		i--;
	*ret = layouts[i];
	ret->release = release;
	return 0;
}
