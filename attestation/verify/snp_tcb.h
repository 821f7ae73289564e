/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD's product lines and their TCB versions. A TCB is compared part by part, never as one number, and its layout
 * follows from the line: Turin puts FMC where older lines have the boot loader.
 *
 * spec: SEV-SNP Firmware ABI 56860, TCB_VERSION; VCEK certificate and KDS interface 57230
 */
#pragma once

#include "common/buf.h"

typedef enum cof_snp_line {
	COF_SNP_LINE_NONE, /* not one that we know */
	COF_SNP_MILAN,
	COF_SNP_GENOA, /* Bergamo and Siena too */
	COF_SNP_TURIN,
	COF_SNP_VENICE,
	COF_SNP_LINES
} cof_snp_line;

/* "Milan"; "unknown" */
const char *cof_snp_line_name(cof_snp_line line);
cof_snp_line cof_snp_line_by_name(cof_span name);
/* Combined family and model, as a report states them. */
cof_snp_line cof_snp_line_by_cpuid(uint8_t family, uint8_t model);
/* Whether its TCB has an FMC, its chip ids eight bytes and its certificates structure version 1. */
bool cof_snp_line_has_fmc(cof_snp_line line);

typedef enum cof_snp_part {
	COF_SNP_PART_FMC,
	COF_SNP_PART_BOOTLOADER,
	COF_SNP_PART_TEE,
	COF_SNP_PART_SNP,
	COF_SNP_PART_MICROCODE,
	COF_SNP_PARTS
} cof_snp_part;

/* "fmc", "bootloader", ... */
const char *cof_snp_part_name(cof_snp_part part);

typedef struct cof_snp_tcb {
	uint8_t part[COF_SNP_PARTS];
	uint8_t has; /* bit n: part n is stated */
} cof_snp_tcb;

cof_snp_tcb cof_snp_tcb_of(uint64_t word, cof_snp_line line);
/* The bytes of a word that no part of this line lies in are zero. */
bool cof_snp_tcb_is_clean(uint64_t word, cof_snp_line line);
/* Every part that floor states is stated here and at least as high. */
bool cof_snp_tcb_covers(const cof_snp_tcb *tcb, const cof_snp_tcb *floor);
/* The same parts with the same values. */
bool cof_snp_tcb_equal(const cof_snp_tcb *a, const cof_snp_tcb *b);

enum { COF_SNP_TCB_TEXT_MAX = 80 };
/* "bootloader 4, tee 0, snp 24, microcode 219" behind prefix */
void cof_snp_tcb_text(const char *prefix, const cof_snp_tcb *tcb, char out[COF_SNP_TCB_TEXT_MAX]);
