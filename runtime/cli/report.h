/* SPDX-License-Identifier: Apache-2.0 */
/* The run report, coffer-run-report/1 (docs/formats.md), and its short form for people. */
#pragma once

#include "common/digest.h"
#include "runtime/vm/state.h"

typedef struct cof_report {
	const char *outcome;				       /* "exited", "refused", "failed", "interrupted" */
	int exit_code;					       /* with "exited" */
	cof_err why;					       /* with every other */
	const char *tee, *accel, *profile, *transport, *image; /* NULL while not known */
	char initdata_digest[COF_DIGEST_STR_MAX];
	int64_t ready_ms; /* from the start of QEMU to the agent's first answer; 0: never */
	cof_state state;  /* the guest's last account */
} cof_report;

void cof_report_release(cof_report *r);
COF_DEFINE_AUTO(cof_report, cof_report_release)

/* "refused" for a check or a policy that said no, "failed" for the rest. */
const char *cof_report_outcome(cof_class cls);
COF_WUR int cof_report_json(const cof_report *r, json_t **ret, cof_err *err);
/* A few lines, each with "coffer: " before it. */
COF_WUR int cof_report_text(const cof_report *r, cof_buf *ret, cof_err *err);
