/* SPDX-License-Identifier: Apache-2.0 */
/* TOML's characters, strings and plain values, below tables and keys (common/toml.c). Hostile bytes. */
#pragma once

#include "common/json.h"
#include "common/rd.h"

enum { COF_TOML_END = -1 };

typedef struct cof_toml_scan {
	cof_rd r;
	unsigned line;
} cof_toml_scan;

/* The next byte, or COF_TOML_END. */
int cof_toml_peek(const cof_toml_scan *s);
/* Takes c if it is next. */
bool cof_toml_take(cof_toml_scan *s, char c);
/* Takes the text if it is next. */
bool cof_toml_take_text(cof_toml_scan *s, const char *text);
COF_WUR COF_PRINTF(3, 4) int cof_toml_bad(const cof_toml_scan *s, cof_err *err, const char *fmt, ...);

/* Blanks on this line. */
void cof_toml_blanks(cof_toml_scan *s);
/* Blanks, a comment, and a line's end (or the document's). */
COF_WUR int cof_toml_line_end(cof_toml_scan *s, cof_err *err);
/* Blanks, comments and line ends, as many as there are. */
COF_WUR int cof_toml_space(cof_toml_scan *s, cof_err *err);

/* A string in any of the four spellings; multi-line ones only when allowed. Appends its bytes. */
COF_WUR int cof_toml_string(cof_toml_scan *s, bool multi_line, cof_buf *ret, cof_err *err);
/* An integer or a boolean. */
COF_WUR int cof_toml_scalar(cof_toml_scan *s, json_t **ret, cof_err *err);
