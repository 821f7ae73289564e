/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every TEE's launch measurement behind one interface: a description of the machine in, registers out. Pure. A TEE
 * is one entry of one table; nothing else asks for its name.
 */
#pragma once

#include "firmware/document.h"
#include "firmware/sev/sev.h"

enum { COF_REGISTER_NAME_MAX = 16, COF_REGISTERS_MAX = 24, COF_MEASURED_EVENTS_MAX = 64 };

/* What is launched, and the machine. Members of other TEEs are ignored. */
typedef struct cof_measure_in {
	const cof_launch_document *doc;
	cof_span firmware; /* the image; empty: only the document is at hand */
	cof_span kernel;   /* the file; empty: only its digests are */
	/* SEV family */
	const cof_vmm *vmm;
	unsigned vcpus;
	uint32_t vcpu_sig;
	uint64_t guest_features;
	uint64_t vmsa_gpa; /* 0: COF_SNP_VMSA_GPA */
	bool zero_fpu;
	bool no_kernel_hashes; /* the machine is started with kernel-hashes=off */
	cof_span svsm;
	uint32_t svsm_vars_size;
	uint16_t svsm_fcw;
	bool igvm_zero_pages; /* IGVM: the loader turns pages without data into ZERO pages, as QEMU does */
	/* TDX and TPM */
	cof_mrtd_order mrtd_order;
	uint64_t memory_bytes;
	unsigned release;		  /* edk2-stable tag; 0: not known */
	bool patched_kernel;		  /* the VMM fills in the setup header before the firmware sees the kernel */
	const struct cof_tpm_launch *tpm; /* TPM: the whole machine with its ACPI tables; NULL: made of the above */
} cof_measure_in;

typedef struct cof_register {
	char name[COF_REGISTER_NAME_MAX]; /* "measurement", "mrtd", "rtmr0", "pcr4" */
	bool known;			  /* false: cannot be predicted from what was given */
	cof_digest value;
} cof_register;

typedef struct cof_measurement {
	const char *tee;
	size_t n;
	cof_register registers[COF_REGISTERS_MAX]; /* the first is the one that names the launch */
	cof_reg_set judged;			   /* the registers whose events are all below */
	size_t n_events;
	cof_ref_event events[COF_MEASURED_EVENTS_MAX];
} cof_measurement;

typedef struct cof_tee_measure {
	const char *name;
	cof_hash alg;		/* of its registers */
	unsigned parts;		/* enum cof_launch_part: what it needs of the firmware's image */
	bool confidential;	/* its memory is closed to the host */
	bool needs_image;	/* the document does not do */
	bool needs_cpu;		/* number and signature of its vCPUs count */
	bool counts_features;	/* so do its SEV features */
	bool counts_memory;	/* and here its memory and the firmware's release */
	bool has_kernel_hashes; /* kernel, initrd and command line count by SEV's hash table */
	bool hashes_kernel;	/* the kernel counts by its Authenticode digest: its bytes are needed */
	bool initrd_sha384;
	bool wants_machine; /* cof_measure_in.tpm, where the machine can be had */
	bool has_log;	    /* of this kind */
	cof_log_kind log_kind;
	bool has_host_data, has_mrconfigid; /* fields that the host fills, beside the measurement */
	int (*measure)(const cof_measure_in *in, cof_measurement *ret, cof_err *err);
	/* Its reference values as a document of their own (docs/formats.md), by this name; NULL: has none. */
	int (*json)(const cof_measurement *m, const char *name, json_t **ret, cof_err *err);
	/* Registers for 1 to n vCPUs at once, the first register of each; NULL: their number does not count. */
	int (*upto)(const cof_measure_in *in, unsigned n, cof_digest *ret, cof_err *err);
} cof_tee_measure;

/* NULL-name-ended: sev, seves, snp, tdx, tpm. */
extern const cof_tee_measure cof_tee_measures[];
/* Reason "tee-unknown" (usage). */
COF_WUR int cof_tee_measure_find(const char *name, const cof_tee_measure **ret, cof_err *err);
