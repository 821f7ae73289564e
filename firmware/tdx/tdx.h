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

/*
 * The list of hand-off blocks that QEMU writes for this much memory, as it is measured: without its end marker. For
 * q35, the one machine for TDX. Reasons: "firmware-malformed" (no section for it), "bad-memory-size" (usage).
 */
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

/* Fails for what is not one of the stable tags 202302 to 202608: reason "firmware-release-unknown" (usage). */
COF_WUR int cof_tdx_layout_of(unsigned release, cof_tdx_layout *ret, cof_err *err);

typedef struct cof_named_blob {
	const char *name; /* fw_cfg file */
	cof_span bytes;
} cof_named_blob;

enum { COF_TDX_FW_CFG_MAX = 6, COF_TDX_ACPI_MAX = 9, COF_TDX_ACPI_USUAL = 3 };

/*
 * What is measured, by SHA-384 digest, so that a verifier needs no images; cof_tdx_inputs_of makes it from bytes. What
 * cannot be known offline (ACPI, SMBIOS) may be absent: then the events that follow are predicted all the same and
 * the absent ones are marked, to be read from the event log. What the layout does not measure is not looked at.
 */
typedef struct cof_tdx_launch {
	cof_tdx_layout layout;
	cof_digest mrtd;
	cof_digest hob; /* of the list */
	bool has_hob;	/* some projects leave it out */
	cof_digest cfv;
	const cof_digest *fw_cfg; /* one for each fw_cfg file that is measured and present, in order */
	size_t n_fw_cfg;	  /* with NULL above: that many are present and unknown */
	const cof_digest *acpi;	  /* table loader first, then each blob in the loader's order; NULL: unknown */
	size_t n_acpi;		  /* with NULL above: how many there are; 0 then means COF_TDX_ACPI_USUAL (no TPM) */
	const cof_digest *smbios; /* NULL: unknown */
	int secure_boot;	  /* the variable's byte; -1: absent */
	bool vars_unknown;	  /* the store is not empty: the variables' events are open */
	cof_digest kernel;	  /* Authenticode */
	const char *cmdline;
	bool has_initrd;
	cof_digest initrd;
} cof_tdx_launch;

typedef struct cof_tdx_prediction {
	uint8_t mrtd[COF_TDX_DIGEST_LEN];
	uint8_t rtmr[COF_TDX_RTMRS][COF_TDX_DIGEST_LEN]; /* as at the start of the kernel; RTMR3 is the guest's own */
	bool known[COF_TDX_RTMRS];			 /* false: the register has an open event, and is left zero */
	cof_ref_event events[COF_TDX_EVENTS_MAX];
	size_t n;
} cof_tdx_prediction;

/* The events in the order of the log. Reasons: "digest-algorithm" (not SHA-384), "cmdline-too-long" (usage). */
COF_WUR int cof_tdx_predict(const cof_tdx_launch *in, cof_tdx_prediction *ret, cof_err *err);

/* The bytes of a launch, as the VMM gets them. */
typedef struct cof_tdx_sources {
	cof_span firmware; /* the whole file: code and variable store, which must be empty */
	cof_mrtd_order order;
	unsigned release;
	bool no_hob; /* the firmware is one that leaves the HOB list out */
	int secure_boot;
	uint64_t memory_bytes;
	cof_span kernel;
	bool patched_kernel; /* forks from before upstream QEMU's TDX fill in the setup header */
	const char *cmdline; /* NULL or "": none */
	bool has_initrd;
	cof_span initrd;
	const cof_named_blob *fw_cfg; /* files as the VMM serves them, in any order; unmeasured ones do no harm */
	size_t n_fw_cfg;	      /* 0: what QEMU has when there is nothing to boot but the kernel, ACPI unknown */
	cof_span smbios;	      /* the structure table as the guest sees it; empty: unknown */
} cof_tdx_sources;

/* The files that QEMU serves for a machine with nothing to boot but its kernel. */
enum { COF_TDX_USUAL_FILES = 2 };
extern const cof_named_blob cof_tdx_usual_files[COF_TDX_USUAL_FILES];

typedef struct cof_tdx_inputs {
	cof_tdx_launch launch; /* points into this object, which must stay where it is; cmdline is borrowed */
	cof_digest fw_cfg[COF_TDX_FW_CFG_MAX];
	cof_digest acpi[COF_TDX_ACPI_MAX];
	cof_digest smbios;
} cof_tdx_inputs;

/* Reasons: those of the parts; "vars-not-empty" (policy), "acpi-malformed" (also for a file that is not among fw_cfg).
 */
COF_WUR int cof_tdx_inputs_of(const cof_tdx_sources *in, cof_tdx_inputs *ret, cof_err *err);
