/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation report of SEV-SNP firmware, versions 2 to 5; hostile. Nothing in it is a fact before its signature
 * was checked over the bytes that came; see snp.h.
 *
 * spec: SEV-SNP Firmware ABI 56860, ATTESTATION_REPORT
 */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/snp_tcb.h"

enum {
	COF_SNP_REPORT_LEN = 1184,
	COF_SNP_SIGNED_LEN = 0x2a0,
	COF_SNP_REPORT_DATA_LEN = 64,
	COF_SNP_HOST_DATA_LEN = 32,
	COF_SNP_KEY_DIGEST_LEN = 48,
	COF_SNP_MEASUREMENT_LEN = 48,
	COF_SNP_CHIP_ID_LEN = 64,
	COF_SNP_CHIP_ID_SHORT_LEN = 8, /* lines with an FMC: the rest of the field is zero */
	COF_SNP_SCALAR_LEN = 48,
	COF_SNP_RESPONSE_LEN = 4000,
	COF_SNP_RESPONSE_HEAD_LEN = 32,
};

/* Bits of POLICY. */
#define COF_SNP_POLICY_SMT ((uint64_t)1 << 16)
#define COF_SNP_POLICY_ONE ((uint64_t)1 << 17)
#define COF_SNP_POLICY_MIGRATE ((uint64_t)1 << 18)
#define COF_SNP_POLICY_DEBUG ((uint64_t)1 << 19)
#define COF_SNP_POLICY_SINGLE_SOCKET ((uint64_t)1 << 20)
#define COF_SNP_POLICY_KNOWN (((uint64_t)1 << 26) - 1)
/* Bits of PLATFORM_INFO; what other bits mean is not ours to refuse. */
#define COF_SNP_PLATFORM_CIPHERTEXT_HIDING ((uint64_t)1 << 4)
#define COF_SNP_PLATFORM_ALIAS_CHECK ((uint64_t)1 << 5)

/* SIGNING_KEY */
typedef enum cof_snp_key { COF_SNP_VCEK = 0, COF_SNP_VLEK = 1, COF_SNP_UNSIGNED = 7 } cof_snp_key;

typedef struct cof_snp_firmware {
	uint8_t build, minor, major;
} cof_snp_firmware;

typedef struct cof_snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl; /* UINT32_MAX: the host asked, not the guest */
	uint32_t signature_algo;
	uint64_t current_tcb; /* words: cof_snp_tcb_of, once the line is known */
	uint64_t platform_info;
	uint32_t key_info;
	uint32_t author_key_en, mask_chip_key, signing_key; /* bits of key_info */
	uint8_t report_data[COF_SNP_REPORT_DATA_LEN];
	uint8_t measurement[COF_SNP_MEASUREMENT_LEN];
	uint8_t host_data[COF_SNP_HOST_DATA_LEN];
	uint8_t id_key_digest[COF_SNP_KEY_DIGEST_LEN];
	uint8_t author_key_digest[COF_SNP_KEY_DIGEST_LEN];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint64_t reported_tcb;
	bool has_cpuid; /* version 3 and later */
	uint32_t cpuid_family, cpuid_model, cpuid_stepping;
	uint8_t chip_id[COF_SNP_CHIP_ID_LEN];
	uint64_t committed_tcb;
	cof_snp_firmware current, committed;
	uint64_t launch_tcb;
	bool has_mit; /* version 5 and later */
	uint64_t launch_mit_vector, current_mit_vector;
	uint8_t r[COF_SNP_SCALAR_LEN], s[COF_SNP_SCALAR_LEN]; /* big-endian */
	bool scalars_fit;				      /* the fields of R and S hold zero above these */
	uint16_t reserved_set; /* offset of the first reserved byte that is not zero; 0: none */
} cof_snp_report;

/* Reasons (malformed) "report-size", "report-version", "report-algorithm", "report-padding" (bytes behind the
 * signature, which nothing signs). */
COF_WUR int cof_snp_report_parse(cof_span in, cof_snp_report *ret, cof_err *err);
/* By CPUID. Version 2 states none; only Milan's firmware is known to write it, so without a certificate it is that. */
cof_snp_line cof_snp_report_line(const cof_snp_report *r);
/* What the signature covers and no field may hold: reserved bytes and bits, by version and line. Stage parse. */
void cof_snp_report_check(const cof_snp_report *r, cof_snp_line line, cof_checks *c);
/* The report in the driver's response buffer. Reasons (malformed) "response-size", "response-status",
 * "response-report-size", "response-reserved". */
COF_WUR int cof_snp_response_parse(cof_span in, cof_span *ret_report, cof_err *err);
