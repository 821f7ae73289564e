/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. It lives on the caller's stack, holds no heap, and carries a class (what a program may
 * branch on), a stable reason word (what a person and a test look for, listed in docs/reason-codes.md) and a
 * bounded text. Library functions return 0, or the negative class that they also stored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define COF_WUR __attribute__((warn_unused_result))
#define COF_PRINTF(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))

typedef enum cof_class {
	COF_OK = 0,
	COF_E_USAGE,	   /* the caller or the person asked for something that cannot be */
	COF_E_IO,	   /* the machine: files, sockets, processes */
	COF_E_MALFORMED,   /* bytes that break their format or a limit */
	COF_E_CRYPTO,	   /* a signature, digest, MAC or key does not hold */
	COF_E_POLICY,	   /* well-formed and genuine, but not allowed */
	COF_E_UNAVAILABLE, /* a peer that does not answer, or answers "later" */
	COF_E_INTERNAL,	   /* our own bug, or memory ran out */
} cof_class;

enum { COF_ERR_REASON_MAX = 48, COF_ERR_TEXT_MAX = 320 };

typedef struct cof_err {
	cof_class cls;
	int sys; /* errno where there was one, else 0 */
	char reason[COF_ERR_REASON_MAX];
	char text[COF_ERR_TEXT_MAX];
} cof_err;

/* Fills err (NULL is allowed) and returns -cls, so that a failure is one line. The text is made printable. */
COF_WUR COF_PRINTF(4, 5) int cof_err_set(cof_err *err, cof_class cls, const char *reason, const char *fmt, ...);

/* Like cof_err_set, class COF_E_IO, with errno recorded and its text appended. */
COF_WUR COF_PRINTF(3, 4) int cof_err_sys(cof_err *err, const char *reason, const char *fmt, ...);

/* Puts context before the text and returns the code again; class and reason stay. */
COF_WUR COF_PRINTF(2, 3) int cof_err_wrap(cof_err *err, const char *fmt, ...);

/* Out of memory, everywhere in the same words. */
COF_WUR int cof_err_oom(cof_err *err);

/* "malformed", "policy", ...: stable words, never NULL. */
const char *cof_class_name(cof_class cls);

/* True when err carries exactly this reason. */
bool cof_err_is(const cof_err *err, const char *reason);
