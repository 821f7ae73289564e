/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report that the paravisor of an Azure confidential VM leaves in its TPM (NV index 01400001): a hardware report,
 * and the runtime data that it is over, with the TPM's attestation key in it. Hostile until the hardware report was
 * judged and found to be over exactly these bytes.
 *
 * source: the layout as seven reports have it; numbers are little-endian
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/public.h"

enum {
	COF_HCL_MAX = 64 << 10,
	COF_HCL_HARDWARE_LEN = 1184,
	COF_HCL_TDREPORT_LEN = 1024,
	COF_HCL_RUNTIME_AT = 1216, /* of the runtime data's head */
	COF_HCL_SNP = 2,
	COF_HCL_TDX = 4,
	COF_HCL_SHA256 = 1,
	COF_HCL_REPORT_DATA_LEN = 64,
};

/* Borrows from the input. */
typedef struct cof_hcl {
	uint32_t header_version, report_size, request_type, status;
	cof_span reserved;
	cof_span hardware; /* SNP report, or TDREPORT with zeros behind it */
	uint32_t data_size, runtime_version, report_type, hash_type;
	cof_span variable; /* the bytes that the hardware report is over */
	cof_span padding;  /* behind the report, to the end of the NV index */
} cof_hcl;

/* Reason "hcl-malformed": no such head, or sizes that do not agree. */
COF_WUR int cof_hcl_parse(cof_span in, cof_hcl *ret, cof_err *err);
/* What a TDREPORT says that it is over; 64 bytes. */
cof_span cof_hcl_tdreport_data(const cof_hcl *h);

/* The variable data, one JSON object. Reason "hcl-claims-malformed". *ret is a new reference. */
COF_WUR int cof_hcl_claims_parse(cof_span variable, json_t **ret, cof_err *err);
/*
 * The attestation key among the claims: one RSA key called HCLAkPub, of 2048 to 4096 bits and exponent 65537, signing
 * by RSASSA with SHA-256. *keep holds the modulus. Reason "hcl-ak".
 */
COF_WUR int cof_hcl_ak_read(const json_t *claims, cof_buf *keep, cof_tpm_public *ret, cof_err *err);
/* What report and claims (NULL: unreadable) say; a new reference. */
COF_WUR int cof_hcl_json(const cof_hcl *h, const json_t *claims, json_t **ret, cof_err *err);
