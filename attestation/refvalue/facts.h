/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verified evidence says, field by field, as reference values ask for it. Made from verified reports and quotes
 * alone, so that nothing can be compared that nobody vouched for.
 */
#pragma once

#include "attestation/refvalue/rim.h"
#include "attestation/verify/snp.h"
#include "attestation/verify/tdx.h"

typedef struct cof_facts {
	cof_rim_tee tee;
	bool vlek;	   /* snp */
	cof_snp_line line; /* snp: decides the layout of a TCB */
	bool stated[COF_RIM_FIELDS];
	uint8_t value[COF_RIM_FIELDS][COF_RIM_VALUE_MAX];
} cof_facts;

/* Not stated: CPUID by reports of version 2, a masked chip id, the author's key where there was none, zero ids, the
 * provider where a chip's key signs. */
void cof_facts_snp(const cof_snp_verified *v, cof_facts *ret);
/* Not stated: a status where the policy asked for none. */
void cof_facts_tdx(const cof_tdx_verified *v, cof_facts *ret);

/* Empty where it is not stated. */
cof_span cof_fact(const cof_facts *f, cof_rim_field field);
