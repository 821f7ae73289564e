/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_tcb.h"

#include <stdio.h>

#include "common/secret.h"

static const char *const line_names[COF_SNP_LINES] = {
	[COF_SNP_LINE_NONE] = "unknown", [COF_SNP_MILAN] = "Milan",   [COF_SNP_GENOA] = "Genoa",
	[COF_SNP_TURIN] = "Turin",	 [COF_SNP_VENICE] = "Venice",
};

static const char *const part_names[COF_SNP_PARTS] = {
	[COF_SNP_PART_FMC] = "fmc", [COF_SNP_PART_BOOTLOADER] = "bootloader", [COF_SNP_PART_TEE] = "tee",
	[COF_SNP_PART_SNP] = "snp", [COF_SNP_PART_MICROCODE] = "microcode",
};

typedef struct cpuid_range {
	uint8_t family, first, last;
	cof_snp_line line;
} cpuid_range;

/* source: AMD's model ranges as Linux and the KDS know them */
static const cpuid_range cpuids[] = {
	{0x19, 0x00, 0x0f, COF_SNP_MILAN},  {0x19, 0x10, 0x1f, COF_SNP_GENOA},	{0x19, 0xa0, 0xaf, COF_SNP_GENOA},
	{0x1a, 0x00, 0x11, COF_SNP_TURIN},  {0x1a, 0x50, 0x57, COF_SNP_VENICE}, {0x1a, 0x90, 0x9f, COF_SNP_VENICE},
	{0x1a, 0xa0, 0xaf, COF_SNP_VENICE}, {0x1a, 0xc0, 0xc7, COF_SNP_VENICE},
};

/* Byte of the word in which a part lies, or none. */
static const int8_t places[2][COF_SNP_PARTS] = {{-1, 0, 1, 6, 7}, {0, 1, 2, 3, 7}};

const char *cof_snp_line_name(cof_snp_line line)
{
	return line_names[line < COF_SNP_LINES ? line : COF_SNP_LINE_NONE];
}

cof_snp_line cof_snp_line_by_name(cof_span name)
{
	for (cof_snp_line l = COF_SNP_MILAN; l < COF_SNP_LINES; l++) {
		if (cof_ct_equal(name, cof_span_str(line_names[l])))
			return l;
	}
	return COF_SNP_LINE_NONE;
}

cof_snp_line cof_snp_line_by_cpuid(uint8_t family, uint8_t model)
{
	for (size_t i = 0; i < COF_COUNT(cpuids); i++) {
		if (cpuids[i].family == family && model >= cpuids[i].first && model <= cpuids[i].last)
			return cpuids[i].line;
	}
	return COF_SNP_LINE_NONE;
}

bool cof_snp_line_has_fmc(cof_snp_line line)
{
	return line == COF_SNP_TURIN || line == COF_SNP_VENICE;
}

const char *cof_snp_part_name(cof_snp_part part)
{
	return part < COF_SNP_PARTS ? part_names[part] : "unknown";
}

cof_snp_tcb cof_snp_tcb_of(uint64_t word, cof_snp_line line)
{
	cof_snp_tcb t = {0};
	const int8_t *place = places[cof_snp_line_has_fmc(line)];
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if (place[i] < 0)
			continue;
		t.part[i] = (uint8_t)(word >> 8 * place[i]);
		t.has |= (uint8_t)(1u << i);
	}
	return t;
}

bool cof_snp_tcb_is_clean(uint64_t word, cof_snp_line line)
{
	const int8_t *place = places[cof_snp_line_has_fmc(line)];
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if (place[i] >= 0)
			word &= ~((uint64_t)0xff << 8 * place[i]);
	}
	return word == 0;
}

bool cof_snp_tcb_covers(const cof_snp_tcb *tcb, const cof_snp_tcb *floor)
{
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if ((floor->has >> i & 1) != 0 && ((tcb->has >> i & 1) == 0 || tcb->part[i] < floor->part[i]))
			return false;
	}
	return true;
}

bool cof_snp_tcb_equal(const cof_snp_tcb *a, const cof_snp_tcb *b)
{
	return cof_snp_tcb_covers(a, b) && cof_snp_tcb_covers(b, a);
}

void cof_snp_tcb_text(const char *prefix, const cof_snp_tcb *tcb, char out[COF_SNP_TCB_TEXT_MAX])
{
	int n = snprintf(out, COF_SNP_TCB_TEXT_MAX, "%s", prefix);
	const char *between = "";
	for (unsigned i = 0; i < COF_SNP_PARTS; i++) {
		if ((tcb->has >> i & 1) == 0 || n < 0 || n >= COF_SNP_TCB_TEXT_MAX)
			continue;
		n += snprintf(out + n, (size_t)(COF_SNP_TCB_TEXT_MAX - n), "%s%s %u", between, part_names[i],
			      tcb->part[i]);
		between = ", ";
	}
}
