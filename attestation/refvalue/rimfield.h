/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an entry can say of a launch: one table of the fields of SNP reports and TDX quotes. Each value is bytes of the
 * field's length, numbers with their highest byte first, so that one comparison serves them all; which forms a field
 * has decides what can be demanded of it.
 *
 * spec: SEV-SNP Firmware ABI 56860, ATTESTATION_REPORT; Intel TDX DCAP Quote Generation Library, TD report body
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum cof_rim_tee {
	COF_RIM_SNP,
	COF_RIM_TDX,
	COF_RIM_TPM,
	COF_RIM_SEV,
	COF_RIM_SEVES,
	COF_RIM_TEES
} cof_rim_tee;

typedef enum cof_rim_field {
	COF_RIM_MEASUREMENT,
	COF_RIM_HOST_DATA,
	COF_RIM_ID_KEY_DIGEST,
	COF_RIM_AUTHOR_KEY_DIGEST,
	COF_RIM_POLICY,
	COF_RIM_GUEST_SVN,
	COF_RIM_VERSION, /* of the report */
	COF_RIM_FAMILY_ID,
	COF_RIM_IMAGE_ID,
	COF_RIM_VMPL,
	COF_RIM_FLAGS, /* bit n: CoRIM's flag n */
	COF_RIM_PLATFORM_INFO,
	COF_RIM_REPORT_DATA,
	COF_RIM_REPORT_ID,
	COF_RIM_REPORT_ID_MA,
	COF_RIM_CURRENT_TCB,
	COF_RIM_REPORTED_TCB,
	COF_RIM_COMMITTED_TCB,
	COF_RIM_LAUNCH_TCB,
	COF_RIM_CURRENT_VERSION, /* of the firmware */
	COF_RIM_COMMITTED_VERSION,
	COF_RIM_CPUID_FAMILY,
	COF_RIM_CPUID_MODEL,
	COF_RIM_CPUID_STEPPING,
	COF_RIM_CHIP_ID,
	COF_RIM_CSP_ID,
	COF_RIM_TDX_FIRST,
	COF_RIM_MRTD = COF_RIM_TDX_FIRST,
	COF_RIM_RTMR0,
	COF_RIM_RTMR1,
	COF_RIM_RTMR2,
	COF_RIM_RTMR3,
	COF_RIM_MRCONFIGID,
	COF_RIM_MROWNER,
	COF_RIM_MROWNERCONFIG,
	COF_RIM_TD_ATTRIBUTES,
	COF_RIM_XFAM,
	COF_RIM_TD_REPORT_DATA,
	COF_RIM_TEE_TCB_SVN, /* of the module at launch */
	COF_RIM_TCB_STATUS,  /* converged, as the collateral gave it */
	COF_RIM_FIELDS
} cof_rim_field;

enum { COF_RIM_VALUE_MAX = 128 };

typedef enum cof_rim_form {
	COF_RIM_DIGEST, /* this value, or one of several */
	COF_RIM_BYTES,	/* the same, or under a mask */
	COF_RIM_NUMBER, /* a value, a minimum, a range */
	COF_RIM_TCB,	/* SNP's word: equal, or at least, part by part in the product's layout */
	COF_RIM_SVNS,	/* one number a byte: equal, or each at least */
	COF_RIM_DOTTED, /* major, minor, build: this one */
	COF_RIM_TEXT	/* one of several, followed by zeros */
} cof_rim_form;

typedef struct cof_rim_field_info {
	const char *name; /* in documents: "host_data"; in the name of a check '-' stands for '_' */
	const char *rvps; /* name in an RVPS; NULL: none */
	cof_rim_form form;
	size_t len;
	unsigned bits; /* of a number */
} cof_rim_field_info;

/* Never NULL for a field that there is. */
const cof_rim_field_info *cof_rim_field_of(cof_rim_field f);
/* The fields of a TEE are [first, end); none for TEEs whose entries are no lists of conditions. */
cof_rim_field cof_rim_field_first(cof_rim_tee tee);
cof_rim_field cof_rim_field_end(cof_rim_tee tee);
/* The one without which an entry would be true of any guest; COF_RIM_FIELDS where there is none. */
cof_rim_field cof_rim_field_launch(cof_rim_tee tee);
