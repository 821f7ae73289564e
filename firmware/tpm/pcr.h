/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicts the TPM's PCRs 0-7 and 9 of an OVMF direct kernel boot, for one bank, as the ordered list of events that the
 * firmware and the kernel's EFI stub will log. Pure: bytes in, digests out. The inputs belong to the owner; they are
 * parsed strictly all the same. PCR 8 is not predicted: it holds the initdata digest alone.
 */
#pragma once

#include "firmware/refevent.h"
#include "firmware/tpm/build.h"

enum {
	COF_TPM_EVENTS_MAX = 64,
	COF_TPM_PCRS_PREDICTED = 9,
	COF_TPM_REGS_PREDICTED = 0x2ff, /* PCRs 0-7 and 9, as a cof_reg_set */
};

typedef enum cof_machine { COF_MACHINE_Q35, COF_MACHINE_PC } cof_machine;

/* The fw_cfg files that OVMF measures, as QEMU hands them over for exactly this machine (runtime/vm/qtest.h). */
typedef struct cof_acpi_blobs {
	cof_span table_loader; /* etc/table-loader */
	cof_span rsdp;	       /* etc/acpi/rsdp */
	cof_span tpm_log;      /* etc/tpm/log */
	cof_span tables;       /* etc/acpi/tables */
} cof_acpi_blobs;

typedef struct cof_tpm_launch {
	cof_hash bank;			 /* SHA-256 when left out */
	cof_span code;			 /* firmware code image */
	cof_span vars;			 /* its variable store before the first boot; empty: the stock empty store */
	cof_span kernel;		 /* bzImage or EFI application */
	const cof_digest *kernel_digest; /* instead of kernel: Authenticode of what the firmware gets, of the bank */
	cof_span initrd;
	const cof_digest *initrd_digest; /* instead of initrd: of the file, of the bank */
	uint64_t initrd_size;		 /* with initrd_digest: some machines write it into the kernel */
	bool has_initrd;
	const char *cmdline; /* NULL or "": none */
	cof_machine machine;
	uint64_t memory_bytes;
	bool plain_kernel; /* QEMU serves etc/boot/kernel (10.0 and later); else only a patched copy */
	bool no_acpi;	   /* the machine's tables are not known: PCR 1's events lack them, and it is not predicted */
	cof_acpi_blobs acpi;
	cof_span smbios; /* the structure table as the guest sees it; only builds that measure it need it */
	const cof_firmware_build *extra; /* a build that is not in the table (calibration); may be NULL */
} cof_tpm_launch;

typedef struct cof_tpm_prediction {
	cof_ref_event events[COF_TPM_EVENTS_MAX];
	size_t n;
	cof_digest pcrs[COF_PCRS]; /* only 0-7 and 9 mean something */
} cof_tpm_prediction;

/*
 * Reasons: "firmware-unknown" (policy), "firmware-malformed", "vars-not-empty", "kernel-malformed", "acpi-malformed",
 * "input-digest" (usage: a digest of another bank, or beside the bytes), "initrd-file-needed" (usage: a patched kernel,
 * and the initrd's size is not known).
 */
COF_WUR int cof_tpm_predict(const cof_tpm_launch *in, cof_tpm_prediction *ret, cof_err *err);

/* The port that some builds write into the PEI volume before they hash it. */
uint32_t cof_acpi_timer_port(cof_machine machine);

/* 0-7 and 9. */
bool cof_pcr_is_predicted(uint32_t pcr);
