/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a hypervisor launches an SEV guest: register values and the order of pages, as versioned profiles. When a
 * hypervisor or host kernel changes a register, a profile of the next version is added and none is changed, so that
 * yesterday's measurements stay computable.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

enum { COF_VMM_NAME_MAX = 24 };

typedef struct cof_vmm {
	const char *name;		/* "qemu" */
	unsigned version;		/* from 1 */
	const char *note;		/* what sets it apart, for people */
	uint16_t cs_bsp, cs_ap, ss, tr; /* attributes */
	uint64_t g_pat;
	bool rdx_is_signature; /* else rdx below */
	uint32_t rdx;
	uint32_t mxcsr;
	uint16_t fcw;
	bool cpuid_last;	 /* CPUID pages after all other sections */
	bool sec_mem_unmeasured; /* SEC_MEM as UNMEASURED instead of ZERO */
} cof_vmm;

/* "qemu" is its newest version, "ec2@1" exactly that one. Reason "vmm-unknown" (usage). */
COF_WUR int cof_vmm_find(const char *name, const cof_vmm **ret, cof_err *err);
/* All profiles, for listings and searches; NULL-name-ended. */
extern const cof_vmm cof_vmms[];
/* "qemu@1" */
void cof_vmm_str(const cof_vmm *v, char out[COF_VMM_NAME_MAX]);
