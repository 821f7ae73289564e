/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/vmm.h"

#include <stdio.h>

#include "common/cleanup.h"

#define G_PAT 0x0007040600070406ull

const cof_vmm cof_vmms[] = {
	{
		.name = "qemu",
		.version = 1,
		.note = "QEMU with KVM",
		.cs_bsp = 0x9b,
		.cs_ap = 0x9b,
		.ss = 0x93,
		.tr = 0x8b,
		.g_pat = G_PAT,
		.rdx_is_signature = true,
		.mxcsr = 0x1f80,
		.fcw = 0x37f,
	},
	{
		.name = "ec2",
		.version = 1,
		.note = "Amazon EC2 until April 2026: rdx is 0",
		.cs_bsp = 0x9a,
		.cs_ap = 0x9b,
		.ss = 0x92,
		.tr = 0x83,
		.g_pat = G_PAT,
		.cpuid_last = true,
	},
	{
		.name = "ec2",
		.version = 2,
		.note = "Amazon EC2 since April 2026: rdx is 0x600",
		.cs_bsp = 0x9a,
		.cs_ap = 0x9b,
		.ss = 0x92,
		.tr = 0x83,
		.g_pat = G_PAT,
		.rdx = 0x600,
		.cpuid_last = true,
	},
	{
		.name = "gce",
		.version = 1,
		.note = "Google Compute Engine",
		.cs_bsp = 0x9b,
		.cs_ap = 0x9b,
		.ss = 0x93,
		.tr = 0x8b,
		.g_pat = 0x00070106,
		.rdx = 0x600,
		.sec_mem_unmeasured = true,
	},
	{0},
};

void cof_vmm_str(const cof_vmm *v, char out[COF_VMM_NAME_MAX])
{
	(void)snprintf(out, COF_VMM_NAME_MAX, "%s@%u", v->name, v->version);
}

/* Compared with the spelling that we give ourselves, so that each profile has one name and no number is read. */
static bool is_exactly(const cof_vmm *v, const char *name)
{
	char full[COF_VMM_NAME_MAX];
	cof_vmm_str(v, full);
	return strcmp(full, name) == 0;
}

int cof_vmm_find(const char *name, const cof_vmm **ret, cof_err *err)
{
	const cof_vmm *found = NULL;
	for (const cof_vmm *v = cof_vmms; v->name != NULL; v++) {
		bool newer = found == NULL || v->version > found->version;
		if (is_exactly(v, name) || (strcmp(v->name, name) == 0 && newer))
			found = v;
	}
	if (found == NULL)
		return cof_err_set(err, COF_E_USAGE, "vmm-unknown", "no hypervisor profile is called '%.32s'", name);
	*ret = found;
	return 0;
}
