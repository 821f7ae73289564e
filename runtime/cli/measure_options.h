/* SPDX-License-Identifier: Apache-2.0 */
/* The options of coffer measure and of its verbs that describe a launch: one table, one way to read them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/digest.h"

typedef struct cof_measure_opts {
	/* what is launched */
	const char *tee;
	const char *firmware, *kernel, *initrd, *append; /* files, or for kernel and initrd "sha256:HEX" */
	const char *launch;				 /* a launch document to read instead of files */
	const char *guest, *profile, *calibration;	 /* a guest image manifest instead of both */
	const char *initdata;
	/* the machine */
	bool has_vcpus, has_vcpu_sig; /* 0 is a signature, and 1 may be asked for where a profile has more */
	uint32_t vcpus;
	const char *vcpu_type, *vcpu_fms;
	uint32_t vcpu_sig;
	const char *vmm;
	uint64_t guest_features, vmsa_gpa;
	uint64_t memory_bytes;
	const char *mrtd_order;
	uint32_t release, qemu_major;
	bool zero_fpu, igvm_data_pages, no_kernel_hashes, patched_kernel;
	const char *svsm, *ovmf_hash;
	uint32_t svsm_vars_size;
	uint64_t svsm_fcw;
	/* what goes along with the launch and is no part of its digest */
	const char *host_data;
	bool has_policy;
	uint64_t policy;
	/* what to do with the result */
	uint64_t corim_version; /* 0: not said */
	uint32_t corim_days;	/* 0: without an end */
	const char *output, *corim, *corim_key, *pin_file, *rvps, *document;
	/* what a log or a report is compared with */
	const char *pcrs, *reference, *bank;
	const char *wanted[8];
	size_t n_wanted;
	const char *file; /* the one argument of a verb that has one */
	bool json, help;
	bool any; /* set by verbs that try all CPUs and orders of pages: none has to be given */
} cof_measure_opts;

enum { COF_MEASURE_FEATURES = 1 };

/* Fills ret with the defaults, then from argv. 0, or an exit code after a message. */
int cof_measure_options(int argc, char **argv, bool takes_file, cof_measure_opts *ret);
/* The lines of --help that describe these options. */
extern const char cof_measure_options_help[];

/* A whole number, decimal or 0x; false when it is not one or beyond max. */
bool cof_parse_number(const char *text, uint64_t max, uint64_t *ret);
/* Bits: "0x30000", or one digit. Anything else could be meant either way, and is refused. */
bool cof_parse_bits(const char *text, uint64_t *ret);
/* Exactly len bytes in hex; else it is wrong usage of this option. */
COF_WUR int cof_parse_hex(const char *option, const char *text, void *ret, size_t len, cof_err *err);
/* "512", "512M", "2G" (no letter: MiB, as QEMU's -m) in bytes. */
bool cof_parse_size(const char *text, uint64_t *ret);
