/* SPDX-License-Identifier: Apache-2.0 */
/* One `coffer run`: the context that its two halves share, what the machine is made of (run_prepare) and its life. */
#pragma once

#include "runtime/cli/report.h"
#include "runtime/cli/run_progress.h"
#include "runtime/cli/runopts.h"
#include "runtime/vm/session.h"
#include "runtime/vm/vm.h"

enum { COF_RUN_SIGNALS = 3 };

typedef struct cof_run {
	cof_runopts o;
	cof_report report;
	cof_run_progress progress;
	cof_buf initdata;
	cof_manifest guest;
	cof_qemu qemu;
	cof_transport transport;
	cof_vm_opts vm_opts;
	int scratch_fd;
	struct event_base *base;
	struct event *signals[COF_RUN_SIGNALS], *timeout, *settle, *grace;
	cof_vm *vm;
	cof_session *session;
	int null_fd;
	bool session_ended, over, asked;
	cof_err vm_why;
} cof_run;

/* Initdata, guest image, machine profile, TEE, QEMU, accelerator and transport, each checked; fills the report as it
 * goes. */
COF_WUR int cof_run_prepare(cof_run *r, cof_err *err);
