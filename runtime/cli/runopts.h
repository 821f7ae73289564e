/* SPDX-License-Identifier: Apache-2.0 */
/* What a person asks of `coffer run`. */
#pragma once

#include "runtime/cli/cli.h"

enum { COF_RUN_HOSTS_MAX = 64 };

typedef struct cof_runopts {
	const char *guest; /* manifest; NULL: the one beside this program */
	const char *tee;
	const char *transport;
	const char *profile;
	const char *initdata;
	const char *tpm_ca;
	const char *report;
	const char *console;
	const char *scratch_dir; /* NULL: $TMPDIR, or /tmp */
	uint64_t scratch_bytes;	 /* 0: no scratch disk */
	bool scratch_integrity;
	const char *image; /* NAME@sha256:... */
	bool json, use_stdin, plain;
	long timeout_s;			    /* 0: none */
	char *hosts[COF_RUN_HOSTS_MAX + 1]; /* "ADDR NAME", NULL-ended; owned */
	size_t n_hosts;
	bool help; /* asked for, and printed */
} cof_runopts;

void cof_runopts_release(cof_runopts *o);
COF_DEFINE_AUTO(cof_runopts, cof_runopts_release)

/* Class usage when it makes no sense. The strings are borrowed from argv. */
COF_WUR int cof_runopts_parse(int argc, char **argv, cof_runopts *ret, cof_err *err);
