/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB info version 3 and TD QE identity version 2: the signed objects as numbers. The functions take text whose
 * signature was found good; cof_tdx_collateral_check is the one caller outside of tests.
 *
 * spec: Intel PCS API 4, "TCB Info (V3)", "Enclave Identity (V2)"
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/tdx_status.h"
#include "common/buf.h"

enum {
	COF_TDX_COMPONENTS = 16,
	COF_TDX_LEVELS_MAX = 64,
	COF_TDX_SVN_LEVELS_MAX = 16,
	COF_TDX_MODULES_MAX = 16,
	COF_TDX_ADVISORIES_MAX = 128, /* of one level */
	COF_TDX_MRSIGNER_SEAM_LEN = 48,
	COF_TDX_FMSPC_LEN = 6,
};

/* What every level has. */
typedef struct cof_tdx_level_head {
	cof_tdx_status status;
	const char *date;
	const json_t *advisories; /* of strings; NULL: none */
} cof_tdx_level_head;

typedef struct cof_tdx_level {
	uint8_t sgx[COF_TDX_COMPONENTS];
	uint16_t pcesvn;
	uint8_t tdx[COF_TDX_COMPONENTS];
	cof_tdx_level_head head;
} cof_tdx_level;

/* Of a module or an enclave: its status is COF_TDX_UP_TO_DATE, COF_TDX_OUT_OF_DATE or COF_TDX_REVOKED. */
typedef struct cof_tdx_svn_level {
	uint32_t isvsvn;
	cof_tdx_level_head head;
} cof_tdx_svn_level;

/* Who made a module. */
typedef struct cof_tdx_signer {
	uint8_t mrsigner[COF_TDX_MRSIGNER_SEAM_LEN];
	uint8_t attributes[8], mask[8];
} cof_tdx_signer;

typedef struct cof_tdx_module {
	uint8_t version; /* of "TDX_03": 3 */
	cof_tdx_signer signer;
	cof_tdx_svn_level levels[COF_TDX_SVN_LEVELS_MAX]; /* in Intel's order, highest first */
	size_t n;					  /* at least 1 */
} cof_tdx_module;

typedef struct cof_tdx_dates {
	int64_t issued, next_update;
	uint32_t evaluation; /* tcbEvaluationDataNumber */
} cof_tdx_dates;

typedef struct cof_tdx_tcb_info {
	json_t *text; /* owns what is borrowed below */
	cof_tdx_dates dates;
	uint8_t fmspc[COF_TDX_FMSPC_LEN];
	uint8_t pceid[2];
	cof_tdx_signer module;	 /* of version 0 */
	cof_tdx_module *modules; /* up to COF_TDX_MODULES_MAX */
	size_t n_modules;
	cof_tdx_level *levels; /* in Intel's order, highest first; 1 to COF_TDX_LEVELS_MAX */
	size_t n;
} cof_tdx_tcb_info;

typedef struct cof_tdx_qe_identity {
	json_t *text;
	cof_tdx_dates dates;
	uint8_t miscselect[4], miscselect_mask[4];
	uint8_t attributes[16], attributes_mask[16];
	uint8_t mrsigner[32];
	uint16_t isvprodid;
	cof_tdx_svn_level levels[COF_TDX_SVN_LEVELS_MAX];
	size_t n;
} cof_tdx_qe_identity;

void cof_tdx_tcb_info_release(cof_tdx_tcb_info *i);
COF_DEFINE_AUTO(cof_tdx_tcb_info, cof_tdx_tcb_info_release)
void cof_tdx_qe_identity_release(cof_tdx_qe_identity *i);
COF_DEFINE_AUTO(cof_tdx_qe_identity, cof_tdx_qe_identity_release)

/*
 * Members of later editions are passed over: Intel signs them, and raises the version when they matter. Reasons
 * "tcb-info-id" (not for TDX), "tcb-info-version", "tcb-info-format".
 */
COF_WUR int cof_tdx_tcb_info_parse(cof_span text, cof_tdx_tcb_info *ret, cof_err *err);
/* Reasons "qe-identity-id" (not TD_QE), "qe-identity-version", "qe-identity-format". */
COF_WUR int cof_tdx_qe_identity_parse(cof_span text, cof_tdx_qe_identity *ret, cof_err *err);
/* "2025-03-12T00:00:00Z" and no other form; reason "json-type". */
COF_WUR int cof_tdx_time_parse(const char *text, int64_t *ret, cof_err *err);
