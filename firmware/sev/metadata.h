/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a firmware image says to an SEV launch: the sections to measure, where the kernel hashes go, where APs start.
 * A verifier needs this and the digest of the image, never the image (firmware/document.h).
 *
 * source: EDK2 OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm; QEMU target/i386/sev.c
 */
#pragma once

#include "firmware/footer.h"

/* COF_SEV_SECTION_SIZE_MAX counts for all sections together. */
enum { COF_SEV_SECTIONS_MAX = 64, COF_SEV_SECTION_SIZE_MAX = 64 << 20, COF_FIRMWARE_MAX = 64 << 20 };

enum cof_sev_section_type {
	COF_SEV_SEC_MEM = 1,
	COF_SEV_SECRETS = 2,
	COF_SEV_CPUID = 3,
	COF_SEV_SVSM_CAA = 4,
	COF_SEV_KERNEL_HASHES = 0x10,
};

typedef struct cof_sev_section {
	uint32_t gpa;
	uint32_t size;
	uint32_t type;
} cof_sev_section;

typedef struct cof_sev_metadata {
	uint64_t image_size;	  /* it is loaded so that it ends at 4 GiB */
	uint32_t reset_eip;	  /* where APs start; 0: the image does not say (then no SEV-ES or SNP with APs) */
	uint32_t hash_table_gpa;  /* 0: the firmware cannot hold kernel hashes */
	uint32_t hash_table_size; /* of the area */
	bool is_svsm;		  /* the image names an SVSM's entry point */
	uint32_t svsm_entry;	  /* its offset, which may be 0 */
	size_t n;
	cof_sev_section sections[COF_SEV_SECTIONS_MAX]; /* in the order in which they are measured */
} cof_sev_metadata;

/*
 * An image without SEV metadata gives n 0 (it can be launched with plain SEV). Reasons: "firmware-malformed" (also for
 * sections that overlap, that are not page-aligned, that lie above 4 GiB or in the image, and for an area of kernel
 * hashes outside their section), "firmware-too-large".
 */
COF_WUR int cof_sev_metadata_parse(cof_span image, cof_sev_metadata *ret, cof_err *err);
/* What parse checks of its result, for metadata that comes without its image. Reason "firmware-malformed". */
COF_WUR int cof_sev_metadata_check(const cof_sev_metadata *m, cof_err *err);
/* The section that takes kernel hashes; NULL when there is none (of a size). */
const cof_sev_section *cof_sev_hashes_section(const cof_sev_metadata *m);
/* "sec-mem", "secrets", …; "unknown". */
const char *cof_sev_section_name(uint32_t type);
