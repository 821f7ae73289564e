/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicts the TPM's SHA-256 PCRs 0-7 and 9 of an OVMF direct kernel boot, as the ordered list of events that the
 * firmware and the kernel's EFI stub will log. Pure: bytes in, digests out. The inputs belong to the owner; they are
 * parsed strictly all the same. PCR 8 is not predicted: it holds the initdata digest alone.
 */
#pragma once

#include "firmware/tpm/build.h"
#include "firmware/eventlog.h"

enum { COF_TPM_EVENTS_MAX = 64, COF_TPM_PCRS_PREDICTED = 9 };

typedef enum cof_machine { COF_MACHINE_Q35, COF_MACHINE_PC } cof_machine;

typedef struct cof_ref_event {
	uint32_t pcr;
	uint32_t type;
	char name[COF_EVENT_NAME_MAX];
	uint8_t digest[COF_SHA256_LEN];
} cof_ref_event;

/* The fw_cfg files that OVMF measures, as QEMU hands them over for exactly this machine (runtime/vm/qtest.h). */
typedef struct cof_acpi_blobs {
	cof_span table_loader; /* etc/table-loader */
	cof_span rsdp;	       /* etc/acpi/rsdp */
	cof_span tpm_log;      /* etc/tpm/log */
	cof_span tables;       /* etc/acpi/tables */
} cof_acpi_blobs;

typedef struct cof_tpm_launch {
	cof_span code;	 /* firmware code image */
	cof_span vars;	 /* its variable store before the first boot; empty: the stock empty store */
	cof_span kernel; /* bzImage or EFI application */
	cof_span initrd;
	bool has_initrd;
	const char *cmdline; /* NULL or "": none */
	cof_machine machine;
	uint64_t memory_bytes;
	bool plain_kernel; /* QEMU serves etc/boot/kernel (10.0 and later); else only a patched copy */
	cof_acpi_blobs acpi;
	cof_span smbios; /* the structure table as the guest sees it; only builds that measure it need it */
	const cof_firmware_build *extra; /* a build that is not in the table (calibration); may be NULL */
} cof_tpm_launch;

typedef struct cof_tpm_prediction {
	cof_ref_event events[COF_TPM_EVENTS_MAX];
	size_t n;
	uint8_t pcrs[COF_PCRS][COF_SHA256_LEN]; /* only 0-7 and 9 mean something */
} cof_tpm_prediction;

/* Reasons: "firmware-unknown" (policy), "firmware-malformed", "vars-not-empty", "kernel-malformed", "acpi-malformed".
 */
COF_WUR int cof_tpm_predict(const cof_tpm_launch *in, cof_tpm_prediction *ret, cof_err *err);

/* The port that some builds write into the PEI volume before they hash it. */
uint32_t cof_acpi_timer_port(cof_machine machine);

/* 0-7 and 9. */
bool cof_pcr_is_predicted(uint32_t pcr);
/* Replays events into start values. */
COF_WUR int cof_ref_events_replay(const cof_ref_event *events, size_t n, uint8_t ret[COF_PCRS][COF_SHA256_LEN],
				  cof_err *err);

typedef struct cof_event_diff {
	uint32_t pcr;
	char name[COF_EVENT_NAME_MAX]; /* the reference's name; for a surplus event the log's own label */
	bool missing;		       /* expected, and the log ended without it: found is zero */
	bool surplus;		       /* logged, and nothing more was expected: expected is zero */
	uint8_t expected[COF_SHA256_LEN];
	uint8_t found[COF_SHA256_LEN];
} cof_event_diff;

/*
 * Compares the predicted registers' events with a log, register by register, and finds the first difference in the
 * log's order. Events of other registers are skipped. Returns true when they differ and then fills ret.
 */
bool cof_ref_events_differ(const cof_ref_event *want, size_t n, const cof_eventlog *got, cof_event_diff *ret);
