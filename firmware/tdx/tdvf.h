/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TDVF metadata: what a firmware image says to a TDX launch.
 *
 * spec: Intel TDX Virtual Firmware Design Guide 1.01, 11 (TDVF metadata); QEMU hw/i386/tdvf.c for the checks
 */
#pragma once

#include "firmware/footer.h"

enum { COF_TDVF_SECTIONS_MAX = 64, COF_TDVF_MEMORY_MAX = 256 << 20 };

enum cof_tdvf_type {
	COF_TDVF_BFV = 0,
	COF_TDVF_CFV = 1,
	COF_TDVF_TD_HOB = 2,
	COF_TDVF_TEMP_MEM = 3,
	COF_TDVF_PERM_MEM = 4,
	COF_TDVF_PAYLOAD = 5,
	COF_TDVF_PAYLOAD_PARAM = 6,
	COF_TDVF_TD_INFO = 7,
	COF_TDVF_TD_PARAMS = 8,
};

enum cof_tdvf_attribute { COF_TDVF_EXTEND = 1, COF_TDVF_AUG = 2 };

typedef struct cof_tdvf_section {
	uint32_t data_offset;
	uint32_t raw_size;
	uint64_t memory_address;
	uint64_t memory_size;
	uint32_t type;
	uint32_t attributes;
} cof_tdvf_section;

typedef struct cof_tdvf {
	size_t n;
	cof_tdvf_section sections[COF_TDVF_SECTIONS_MAX]; /* in the order in which they are measured */
} cof_tdvf;

/*
 * Strict: sections lie in the image, in whole pages, and apart; code is measured; nothing is measured that is not in
 * the image. An image without a GUID table is taken for td-shim's, whose pointer leads to the descriptor; only there
 * may the types from COF_TDVF_PERM_MEM on occur. Reasons: "tdvf-missing" (policy: the image is not made for TDX),
 * "firmware-malformed".
 */
COF_WUR int cof_tdvf_parse(cof_span image, cof_tdvf *ret, cof_err *err);
/* The same rules for metadata that did not come from an image; shim: with td-shim's own types of section. Reason
 * "firmware-malformed". */
COF_WUR int cof_tdvf_check(const cof_tdvf *t, uint64_t image_size, bool shim, cof_err *err);
/* The one variable store; NULL when there is none, or more than one. */
const cof_tdvf_section *cof_tdvf_cfv(const cof_tdvf *t);
/* The bytes of a section, borrowed from the image of that metadata. */
cof_span cof_tdvf_data(cof_span image, const cof_tdvf_section *s);
/* "bfv", "td-hob", …; "unknown". */
const char *cof_tdvf_section_name(uint32_t type);
