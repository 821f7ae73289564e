/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TDX measurements: MRTD, and the events of RTMR0 to RTMR2 of an OVMF direct kernel boot. Pure.
 *
 * spec: Intel TDX Module Base Specification 1.5, TDH.MEM.PAGE.ADD, TDH.MR.EXTEND; TDVF Design Guide 1.01, 8
 */
#pragma once

#include "common/digest.h"
#include "firmware/refevent.h"
#include "firmware/tdx/tdvf.h"

typedef enum cof_mrtd_order {
	COF_MRTD_PAGE,	  /* each page is added, then measured (upstream KVM and QEMU) */
	COF_MRTD_SECTION, /* all pages of a section are added, then measured (stacks of 2023) */
} cof_mrtd_order;

enum { COF_TDX_DIGEST_LEN = COF_SHA384_LEN, COF_TDX_EVENTS_MAX = 64, COF_TDX_RTMRS = 4 };

COF_WUR int cof_tdx_mrtd(cof_span image, const cof_tdvf *meta, cof_mrtd_order order, uint8_t ret[COF_TDX_DIGEST_LEN],
			 cof_err *err);

/* The list of hand-off blocks that QEMU writes for this much memory, as it is measured: without its end marker. */
COF_WUR int cof_tdx_hob_list(const cof_tdvf *meta, uint64_t memory_bytes, cof_buf *ret, cof_err *err);

/* Where OVMF's releases differ in what they log. */
typedef struct cof_tdx_layout {
	unsigned release;	 /* edk2-stable tag, 202505 */
	bool fw_cfg_events;	 /* since 202505 */
	bool smbios;		 /* since 202505 */
	bool separator_in_rtmr1; /* since 202411 */
	bool initrd_first;	 /* since 202508: "initrd=initrd " before the command line */
	bool two_boot_options;	 /* since 202505 */
} cof_tdx_layout;

/* Fails for a release before 202302: reason "firmware-release-unknown" (usage). */
COF_WUR int cof_tdx_layout_of(unsigned release, cof_tdx_layout *ret, cof_err *err);

typedef struct cof_named_blob {
	const char *name; /* fw_cfg file */
	cof_span bytes;
} cof_named_blob;

/*
 * What is measured, by digest, so that a verifier needs no images; cof_tdx_inputs_of makes it from bytes. What
 * cannot be known offline (ACPI, SMBIOS) may be absent: then the events that follow are predicted all the same and
 * the absent ones are marked, to be read from the event log.
 */
typedef struct cof_tdx_launch {
	cof_tdx_layout layout;
	cof_digest mrtd;
	cof_digest hob; /* of the list */
	bool has_hob;	/* some projects leave it out */
	cof_digest cfv;
	const cof_digest *fw_cfg; /* one for each fw_cfg file that is measured and present, in order */
	size_t n_fw_cfg;
	const cof_digest *acpi; /* table loader first, then each blob in the loader's order; NULL: unknown */
	size_t n_acpi;
	const cof_digest *smbios; /* NULL: unknown */
	int secure_boot;	  /* the variable's byte; -1: absent */
	cof_digest kernel;	  /* Authenticode */
	const char *cmdline;
	bool has_initrd;
	cof_digest initrd;
} cof_tdx_launch;

typedef struct cof_tdx_event {
	cof_ref_event event;
	bool open; /* not predictable from what was given: any one event of this type is expected here */
} cof_tdx_event;

typedef struct cof_tdx_prediction {
	uint8_t mrtd[COF_TDX_DIGEST_LEN];
	uint8_t rtmr[COF_TDX_RTMRS][COF_TDX_DIGEST_LEN];
	bool known[COF_TDX_RTMRS]; /* false: the register has an open event */
	cof_tdx_event events[COF_TDX_EVENTS_MAX];
	size_t n;
} cof_tdx_prediction;

COF_WUR int cof_tdx_predict(const cof_tdx_launch *in, cof_tdx_prediction *ret, cof_err *err);
