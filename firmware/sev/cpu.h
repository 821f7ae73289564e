/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual CPU's signature (CPUID 1, EAX), which QEMU puts into rdx of every VMSA: by QEMU's model name or by numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

typedef struct cof_cpu_type {
	const char *name; /* QEMU's -cpu name, "EPYC-Milan-v2" */
	uint16_t family;
	uint16_t model;
	uint8_t stepping;
} cof_cpu_type;

/* NULL-name-ended, oldest first. */
extern const cof_cpu_type cof_cpu_types[];
/* The first name of each signature stands for all models of it. t is one of the table's. */
bool cof_cpu_is_first(const cof_cpu_type *t);
/* spec: AMD APM vol. 3, CPUID Fn0000_0001_EAX */
uint32_t cof_cpu_signature(unsigned family, unsigned model, unsigned stepping);
/* Case matters not. Reason "vcpu-type-unknown" (usage). */
COF_WUR int cof_cpu_find(const char *name, uint32_t *ret, cof_err *err);
