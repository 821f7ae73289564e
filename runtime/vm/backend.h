/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TEE adds to a machine, behind one interface: a table of functions per back end, found by name. No other file
 * knows a TEE by name.
 */
#pragma once

#include <stdint.h>

#include "common/proc.h"
#include "runtime/vm/argv.h"

/* What a back end holds for one machine. */
typedef struct cof_tee_run cof_tee_run;

typedef struct cof_tee_ctx {
	const char *run_dir;  /* private, 0700 */
	const char *keep_dir; /* kept CA ("--tpm-ca"), or NULL */
	const uint8_t *initdata_digest;
	size_t initdata_digest_len;
	bool bare; /* no identity is needed: a probe */
} cof_tee_ctx;

typedef struct cof_tee {
	const char *name;    /* "tpm" */
	const char *summary; /* what it gives, in one line for people */
	/* 0 when this host has it; unavailable and why otherwise. */
	int (*probe)(cof_err *err);
	/* Starts what the machine needs beside QEMU. */
	int (*start)(const cof_tee_ctx *ctx, cof_tee_run **ret, cof_err *err);
	/* Adds its part to the arguments and its descriptors (numbers from *next on) to the spawn's table. */
	int (*attach)(cof_tee_run *run, cof_argv_in *in, cof_proc_fd *fds, size_t *n_fds, int *next, cof_err *err);
	/* QEMU runs and has its descriptors: ours of them are closed. */
	void (*attached)(cof_tee_run *run);
	/* A helper process to watch: its pidfd, or -1. */
	int (*helper_pidfd)(const cof_tee_run *run);
	void (*stop)(cof_tee_run *run);
} cof_tee;

/* In order of preference. NULL-ended. */
extern const cof_tee *const cof_tees[];
extern const cof_tee cof_tee_tpm;

/* "auto": the first one that this host has. Reasons "tee-unknown" (usage), "tee-unavailable". */
COF_WUR int cof_tee_choose(const char *name, const cof_tee **ret, cof_err *err);
