/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: a process for one job. It takes a stranger's evidence together with what the key holder expects,
 * judges, answers, and ends. It has no keys, no store, no network and hardly a system call.
 */
#pragma once

#include "attestation/kbs/wire.h"

enum { COF_VERIFIER_FD = 3 };

/* The process: one job from COF_VERIFIER_FD, its answer to the same. Returns the exit code. */
int cof_verifier_main(void);

/* One job, decoded: appends the whole answering frame. Evidence that fails is an answer, not an error. */
COF_WUR int cof_verifier_bind(const cof_kb_job_bind *job, cof_buf *ret, cof_err *err);
COF_WUR int cof_verifier_judge(const cof_kb_job_verify *job, cof_buf *ret, cof_err *err);
