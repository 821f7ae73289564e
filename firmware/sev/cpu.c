/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/cpu.h"

#include <strings.h>

/* source: QEMU target/i386/cpu.c (builtin_x86_defs): versions of a model differ in features only */
const cof_cpu_type cof_cpu_types[] = {
	{"EPYC", 23, 1, 2},
	{"EPYC-v1", 23, 1, 2},
	{"EPYC-v2", 23, 1, 2},
	{"EPYC-IBPB", 23, 1, 2},
	{"EPYC-v3", 23, 1, 2},
	{"EPYC-v4", 23, 1, 2},
	{"EPYC-v5", 23, 1, 2},
	{"EPYC-Rome", 23, 49, 0},
	{"EPYC-Rome-v1", 23, 49, 0},
	{"EPYC-Rome-v2", 23, 49, 0},
	{"EPYC-Rome-v3", 23, 49, 0},
	{"EPYC-Rome-v4", 23, 49, 0},
	{"EPYC-Rome-v5", 23, 49, 0},
	{"EPYC-Milan", 25, 1, 1},
	{"EPYC-Milan-v1", 25, 1, 1},
	{"EPYC-Milan-v2", 25, 1, 1},
	{"EPYC-Milan-v3", 25, 1, 1},
	{"EPYC-Genoa", 25, 17, 0},
	{"EPYC-Genoa-v1", 25, 17, 0},
	{"EPYC-Genoa-v2", 25, 17, 0},
	{"EPYC-Turin", 26, 0, 0},
	{"EPYC-Turin-v1", 26, 0, 0},
	{0},
};

bool cof_cpu_is_first(const cof_cpu_type *t)
{
	const cof_cpu_type *u = cof_cpu_types;
	while (u->family != t->family || u->model != t->model || u->stepping != t->stepping)
		u++;
	return u == t;
}

uint32_t cof_cpu_signature(unsigned family, unsigned model, unsigned stepping)
{
	/* The base family has four bits; what is above them goes into the extended family. */
	uint32_t f = family > 15 ? ((family - 15) & 0xff) << 20 | 0xf00 : family << 8;
	return f | ((model >> 4) & 0xf) << 16 | (model & 0xf) << 4 | (stepping & 0xf);
}

int cof_cpu_find(const char *name, uint32_t *ret, cof_err *err)
{
	for (const cof_cpu_type *t = cof_cpu_types; t->name != NULL; t++) {
		if (strcasecmp(t->name, name) == 0) {
			*ret = cof_cpu_signature(t->family, t->model, t->stepping);
			return 0;
		}
	}
	return cof_err_set(err, COF_E_USAGE, "vcpu-type-unknown", "no CPU model is called '%.32s'", name);
}
