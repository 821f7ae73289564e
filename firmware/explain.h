/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a reported digest is not the predicted one: tries the small space of settings that people and hosts get wrong,
 * and names the combination with the fewest changes that gives the reported value. Pure.
 */
#pragma once

#include "firmware/tee.h"

enum { COF_EXPLAIN_CHANGES_MAX = 8, COF_EXPLAIN_TEXT_MAX = 64, COF_EXPLAIN_VCPUS_MAX = 64 };

typedef struct cof_explain_change {
	const char *setting; /* "vcpus", "vmm" */
	char value[COF_EXPLAIN_TEXT_MAX];
} cof_explain_change;

typedef struct cof_explanation {
	bool found;
	char reg[COF_REGISTER_NAME_MAX]; /* the register that has the reported value */
	size_t n;			 /* 0: the prediction as it was asked for */
	cof_explain_change changes[COF_EXPLAIN_CHANGES_MAX];
	size_t tried; /* machines */
} cof_explanation;

/*
 * Looks for wanted (32 or 48 bytes) among the registers of tee. Combinations that cannot be computed from what is
 * given are passed over; the first failure counts only when nothing could be computed.
 */
COF_WUR int cof_explain(const cof_tee_measure *tee, const cof_measure_in *in, cof_span wanted, cof_explanation *ret,
			cof_err *err);
