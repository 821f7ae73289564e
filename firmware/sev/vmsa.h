/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The save area (VMSA) of a virtual CPU as it is measured at launch: one page, zero but for its registers.
 *
 * spec: AMD APM vol. 2, table B-4 (VMSA layout)
 */
#pragma once

#include "firmware/sev/vmm.h"

enum { COF_VMSA_LEN = 4096 };

#define COF_BSP_EIP 0xfffffff0u

typedef struct cof_vmsa_in {
	const cof_vmm *vmm;
	bool ap;
	uint32_t eip; /* COF_BSP_EIP, or the firmware's reset address for APs */
	uint32_t vcpu_sig;
	uint64_t guest_features; /* 0 for SEV-ES */
	bool zero_fpu;		 /* hosts that start the machine with the old init call leave mxcsr and fcw zero */
} cof_vmsa_in;

void cof_vmsa_page(const cof_vmsa_in *in, uint8_t ret[COF_VMSA_LEN]);
/* An SVSM's CPU in flat protected mode; fcw is a parameter (published values have 0, hosts since 2024 0x37f). */
void cof_vmsa_svsm_page(uint64_t rip, uint32_t vcpu_sig, uint16_t fcw, uint8_t ret[COF_VMSA_LEN]);
