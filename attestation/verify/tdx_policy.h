/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's rules for TDX quotes, as the words of docs/verifying.md. */
#pragma once

#include "attestation/verify/check.h"
#include "attestation/verify/tdx_quote.h"
#include "attestation/verify/tdx_status.h"

enum { COF_TDX_EXPECTS = 9, COF_TDX_EXPECT_MAX = 64 };

typedef struct cof_tdx_expect {
	bool given;
	uint8_t bytes[COF_TDX_EXPECT_MAX];
} cof_tdx_expect;

typedef struct cof_tdx_policy {
	bool accept[COF_TDX_LAST_NAMED + 1];
	bool allow_debug, allow_migratable, allow_service_td;
	bool require_sept_ve_disable, require_vendor_root;
	bool exact_length;    /* no padding */
	bool signatures_only; /* a quote without collateral is judged by its chain and signatures */
	uint32_t min_tcb_evaluation;
	cof_tdx_expect expect[COF_TDX_EXPECTS]; /* report_data, mr_td, ...: in the order of the table in tdx_policy.c */
} cof_tdx_policy;

/*
 * NULL: the defaults. An unknown word, a value of the wrong type or size, and a status that is never accepted (Revoked,
 * NotSupported, any other word) are all refused: reason "policy-word" (usage).
 */
COF_WUR int cof_tdx_policy_read(const json_t *words, cof_tdx_policy *ret, cof_err *err);

/* Adds the checks of stage policy: "debug", "td-attributes-reserved", "td-migratable", "td-sept-ve-disable",
 * "service-td", and of each given value ("report-data", "mr-td", ...). */
void cof_tdx_policy_check(cof_checks *c, const cof_tdx_policy *p, const cof_tdx_td *td);
/* Adds "tcb-status", or "tcb-not-supported" or "module-mismatch", of stage tcb. */
bool cof_tdx_policy_check_status(cof_checks *c, const cof_tdx_policy *p, cof_tdx_status status);
