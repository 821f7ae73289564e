/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coffer's verbs share: their table, usage, and the one way in which an error becomes a line and an exit code.
 * Exit codes: 0 yes, 1 the answer is no, 2 usage or environment; `coffer run` alone gives the workload's, or 125.
 */
#pragma once

#include <stdio.h>

#include "common/buf.h"
#include "common/json.h"

typedef struct cof_verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the verb itself; the result is the exit code */
} cof_verb;

enum { COF_EXIT_YES = 0, COF_EXIT_NO = 1, COF_EXIT_USAGE = 2, COF_EXIT_NOT_WORKLOAD = 125 };

/* NULL-name-ended. */
extern const cof_verb cof_verbs_image[];
extern const cof_verb cof_verbs_kbs[];
extern const cof_verb cof_verbs_initdata[];
extern const cof_verb cof_verbs_token[];
extern const cof_verb cof_verbs_endorsements[];

int cof_cmd_measure(int argc, char **argv);
int cof_cmd_run(int argc, char **argv);
int cof_cmd_sev(int argc, char **argv);
int cof_cmd_tpm_ca(int argc, char **argv);
int cof_cmd_verify(int argc, char **argv);

/* Finds argv[1] in the table and runs it with argv moved by one; handles --help, -h and a missing or unknown verb.
 * what is the command so far ("coffer image"). */
int cof_cli_dispatch(const char *what, const cof_verb *verbs, int argc, char **argv);

/* Prints "coffer: reason: text" on stderr, or with json {"ok":false,"class","reason","message"} on stdout, and gives
 * the exit code of the error's class: no (1) for malformed, crypto and policy; 2 for all else. */
int cof_cli_fail(const cof_err *err, bool json);
/* A usage error in the same form; gives 2. */
COF_PRINTF(1, 2) int cof_cli_usage(const char *fmt, ...);
/* Prints v on stdout, indented; gives 0, or 2 when that fails. */
int cof_cli_print_json(const json_t *v);
/* Writes to the file, or to stdout when path is NULL or "-". */
COF_WUR int cof_cli_write(const char *path, cof_span data, mode_t mode, cof_err *err);
/* Reads the file, or stdin when path is "-". */
COF_WUR int cof_cli_read(const char *path, size_t max, cof_buf *ret, cof_err *err);

/* "NAME:PORT:ADDR", checked; a name as DNS writes it, a port, an IPv4 or (in brackets or not) IPv6 address. */
typedef struct cof_resolve {
	char name[254];
	unsigned port;
	char addr[46];
} cof_resolve;

COF_WUR int cof_cli_resolve(const char *in, cof_resolve *ret, cof_err *err);

/* A list of --resolve texts as the HTTP client takes them: borrowed, NULL-ended. */
enum { COF_CLI_RESOLVES_MAX = 16 };
typedef struct cof_cli_resolves {
	const char *at[COF_CLI_RESOLVES_MAX + 1];
	size_t n;
} cof_cli_resolves;
/* Checks and adds one; 0, or an exit code after a message. */
int cof_cli_add_resolve(cof_cli_resolves *list, const char *text, bool json);

/* The guest image manifest: asked for, else $COFFER_GUEST, else beside this program or where it is installed. */
COF_WUR int cof_cli_guest(const char *asked, char **ret, cof_err *err);
