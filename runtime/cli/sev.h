/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of `coffer sev` share. */
#pragma once

#include "attestation/verify/kind.h"
#include "runtime/cli/cli.h"

int cof_cmd_sev_session(int argc, char **argv);
int cof_cmd_sev_secret(int argc, char **argv);

/* The first failed check as an error of its name. Reason of the check (policy). */
COF_WUR int cof_sev_refusal(const cof_checks *checks, cof_err *err);
/* "1.55" of an option. Reason "usage". */
COF_WUR int cof_sev_take_api(const char *option, const char *text, uint8_t *ret_major, uint8_t *ret_minor,
			     cof_err *err);

/* An option that takes a text, by its letter. */
typedef struct cof_sev_text {
	int c;
	const char **to;
} cof_sev_text;

/* Sets the one of this letter, if it is there, to getopt's argument; 0, or an exit code after a message: it was set
 * already. */
int cof_sev_take_text(const cof_sev_text *texts, size_t n, int c, const char *value);
