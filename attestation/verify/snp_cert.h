/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AMD certifies of a chip: the extensions of a VCEK or VLEK. Every one once, none unknown below AMD's arc, since
 * a part of the TCB that is skipped is a part that nobody compared.
 *
 * spec: VCEK certificate and KDS interface 57230, tables of extensions
 */
#pragma once

#include "attestation/verify/snp_report.h"
#include "attestation/verify/snp_x509.h"

enum { COF_SNP_PRODUCT_MAX = 32, COF_SNP_CSP_ID_MAX = 128 };

typedef struct cof_snp_vek {
	cof_snp_key kind; /* what the extensions are those of: VCEK or VLEK */
	uint8_t struct_version;
	char product[COF_SNP_PRODUCT_MAX]; /* "Milan-B0" */
	cof_snp_line line;		   /* of product, without the stepping */
	cof_snp_tcb tcb;
	uint8_t hwid[COF_SNP_CHIP_ID_LEN]; /* VCEK */
	size_t hwid_len;
	char csp_id[COF_SNP_CSP_ID_MAX]; /* VLEK */
} cof_snp_vek;

/* Reasons (malformed) "vek-extension-missing", "vek-extension-repeated", "vek-extension-unknown",
 * "vek-extension-value", "vek-hwid-size". */
COF_WUR int cof_snp_vek_read(const cof_x509 *cert, cof_snp_key kind, cof_snp_vek *ret, cof_err *err);
