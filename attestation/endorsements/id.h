/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be endorsed, one identity each: a chip's certificate at a TCB, a product line's chain and revocation list,
 * Intel's statements on a platform. An identity has a name, which is its key in the cache and in bundles.
 */
#pragma once

#include "attestation/verify/snp_report.h"

typedef enum cof_endorse_type {
	COF_ENDORSE_SNP_CHAIN, /* ASK or ASVK, and ARK. Users before the used: what comes later is judged by it */
	COF_ENDORSE_SNP_CRL,
	COF_ENDORSE_SNP_VCEK,
	COF_ENDORSE_TDX_QE_IDENTITY,
	COF_ENDORSE_TDX_TCB_INFO,
	COF_ENDORSE_TDX_PCK_CRL,
	COF_ENDORSE_TDX_ROOT_CRL,
	COF_ENDORSE_TYPES
} cof_endorse_type;

enum { COF_ENDORSE_FMSPC_LEN = 6, COF_ENDORSE_NAME_MAX = 192, COF_ENDORSE_WANTS_MAX = 4 };

typedef struct cof_endorse_id {
	cof_endorse_type type;
	cof_snp_line line;		      /* SNP */
	cof_snp_key key;		      /* SNP_CHAIN, SNP_CRL: which intermediate */
	uint8_t chip[COF_SNP_CHIP_ID_LEN];    /* SNP_VCEK */
	cof_snp_tcb tcb;		      /* SNP_VCEK */
	uint8_t fmspc[COF_ENDORSE_FMSPC_LEN]; /* TDX_TCB_INFO */
	bool processor_ca;		      /* TDX_PCK_CRL: else the platform CA's */
} cof_endorse_id;

/* What evidence of one kind needs; in the order in which they are fetched and judged. */
typedef struct cof_endorse_wants {
	cof_endorse_id id[COF_ENDORSE_WANTS_MAX];
	size_t n;
} cof_endorse_wants;

bool cof_endorse_is_snp(cof_endorse_type type);
/* How many bytes of a chip id count: 64, of Turin 8. */
size_t cof_endorse_chip_len(cof_snp_line line);

/* "snp/chain/vcek/Milan", "snp/vcek/Milan/CHIPID/4.0.24.219" (the parts of the TCB in the order of the KDS),
 * "tdx/tcb-info/00806f050000", "tdx/pck-crl/platform" */
void cof_endorse_name(const cof_endorse_id *id, char out[COF_ENDORSE_NAME_MAX]);
/* Exactly a name as written above. Reason "endorsement-name" (malformed). */
COF_WUR int cof_endorse_name_parse(cof_span name, cof_endorse_id *ret, cof_err *err);

/*
 * What a report, or the driver's answer with one, needs of AMD. A VLEK is no public certificate: it is not among
 * them. Reasons of cof_snp_report_parse; "report-unsigned" and "endorsement-none" (policy) for a report that no
 * published certificate belongs to: signed by no key, of an unknown product, of a chip that is masked. A report of
 * version 2 does not state its product: then it is of line, or, with COF_SNP_LINE_NONE, taken for Milan's.
 */
COF_WUR int cof_endorse_wants_report(cof_span report, cof_snp_line line, cof_endorse_wants *ret, cof_err *err);
/* What a quote needs of Intel. Reasons of cof_tdx_quote_parse, cof_tdx_chain_read and cof_tdx_pck_read; nothing of it
 * is believed here. */
COF_WUR int cof_endorse_wants_quote(cof_span quote, cof_endorse_wants *ret, cof_err *err);
void cof_endorse_wants_platform(const uint8_t fmspc[COF_ENDORSE_FMSPC_LEN], bool processor_ca, cof_endorse_wants *ret);
