/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launch digests of SEV, SEV-ES and SEV-SNP machines. Pure: bytes in, digests out.
 *
 * spec: AMD SEV API 0.24, LAUNCH_MEASURE; SEV-SNP ABI 1.55, 8.17 (SNP_LAUNCH_UPDATE, PAGE_INFO)
 */
#pragma once

#include "common/digest.h"
#include "firmware/sev/hashes.h"
#include "firmware/sev/metadata.h"
#include "firmware/sev/vmsa.h"

enum { COF_SNP_DIGEST_LEN = COF_SHA384_LEN, COF_SEV_VCPUS_MAX = 512 };

#define COF_SNP_VMSA_GPA 0xfffffffff000ull

typedef struct cof_sev_launch {
	cof_span firmware;	      /* the image; SNP alone can do without it when ovmf_hash is given */
	const cof_sev_metadata *meta; /* of that image (in SVSM mode: of the SVSM image) */
	const cof_sev_hashes *hashes; /* NULL: no kernel, or kernel-hashes=off */
	const cof_vmm *vmm;	      /* not for plain SEV */
	uint32_t vcpu_sig;
	uint64_t guest_features;  /* SNP */
	bool zero_fpu;		  /* SEV-ES */
	const uint8_t *ovmf_hash; /* SNP: 48 bytes, the digest after the firmware's pages; NULL: hash them */
	uint64_t vmsa_gpa;	  /* SNP: 0 is COF_SNP_VMSA_GPA */
	cof_span svsm;		  /* SNP: an SVSM image below the variables; empty: none */
	uint32_t svsm_vars_size;
	uint16_t svsm_fcw;
} cof_sev_launch;

/*
 * Reasons: "kernel-hashes-unsupported" (policy: hashes were given and the firmware has no place for them),
 * "firmware-malformed", "firmware-too-large", "section-type-unknown", "vcpus-out-of-range" (usage),
 * "reset-address-missing" (policy: APs, and the image does not say where they start), "sev-metadata-missing" (policy:
 * SNP, and the image has no sections), "firmware-image-needed" (usage), "metadata-mismatch" (usage: the metadata is
 * that of an image of another size).
 */
COF_WUR int cof_sev_measure(const cof_sev_launch *in, uint8_t ret[COF_SHA256_LEN], cof_err *err);
COF_WUR int cof_seves_measure(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SHA256_LEN], cof_err *err);
COF_WUR int cof_snp_measure(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SNP_DIGEST_LEN], cof_err *err);
/* ret[i] is the digest of a machine with i + 1 CPUs, for the price of the last. */
COF_WUR int cof_snp_measure_upto(const cof_sev_launch *in, unsigned max_vcpus, uint8_t (*ret)[COF_SNP_DIGEST_LEN],
				 cof_err *err);
COF_WUR int cof_seves_measure_upto(const cof_sev_launch *in, unsigned max_vcpus, uint8_t (*ret)[COF_SHA256_LEN],
				   cof_err *err);
/* The digest after the firmware's pages alone ("OVMF hash"). */
COF_WUR int cof_snp_ovmf_hash(cof_span firmware, uint8_t ret[COF_SNP_DIGEST_LEN], cof_err *err);

/* The guest owner's check of a SEV or SEV-ES launch. */
typedef struct cof_sev_mac_in {
	uint8_t api_major, api_minor, build;
	uint32_t policy;
	uint8_t digest[COF_SHA256_LEN];
	uint8_t mnonce[16];
	cof_span tik; /* 16 bytes, secret */
} cof_sev_mac_in;

/* Reason "tik-size" (usage). spec: AMD SEV API 0.24, 6.5.1 (LAUNCH_MEASURE) */
COF_WUR int cof_sev_mac(const cof_sev_mac_in *in, uint8_t ret[COF_SHA256_LEN], cof_err *err);
