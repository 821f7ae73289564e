/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run's way to its workload is shown: on a terminal a line for each layer under way and one for all, drawn over
 * themselves; on a pipe nothing, or plain lines for whoever asks for them. All of it is what the guest says of itself.
 */
#pragma once

#include "runtime/cli/progress.h"
#include "runtime/vm/state.h"

typedef struct cof_run_progress {
	cof_progress terminal;
	int plain_fd; /* -EBADF: no plain lines */
	char phase[sizeof((cof_state *)0)->phase];
	bool told[COF_STATE_LAYERS_MAX]; /* layers whose end was told in plain lines */
	bool told_all;
	int64_t pull_ms; /* when the first byte was on its way; 0: not yet */
} cof_run_progress;

/* quiet: nothing at all. plain: lines when fd is no terminal. */
cof_run_progress cof_run_progress_of(int fd, bool quiet, bool plain);
/* Before there is a state. */
void cof_run_progress_phase(cof_run_progress *p, const char *phase);
void cof_run_progress_show(cof_run_progress *p, const cof_state *s);
void cof_run_progress_clear(cof_run_progress *p);
/* The terminal is the workload's now; plain lines end too. */
void cof_run_progress_end(cof_run_progress *p);
