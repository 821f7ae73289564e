/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one log: one line per event, key=value, on stderr (or on the fd that a parent gave). Programs log, libraries
 * return errors. Values are quoted and made printable; secrets, plain text and paths inside images never go in.
 *
 *	cof_log(COF_LOG_INFO, "kbs", "listening", "addr", addr, NULL);
 */
#pragma once

#include "common/err.h"

typedef enum cof_log_level { COF_LOG_ERROR, COF_LOG_WARN, COF_LOG_INFO, COF_LOG_DEBUG } cof_log_level;

/* Once per process, before the first line: its name, where lines go, and the least important level shown. */
void cof_log_init(const char *program, int fd, cof_log_level level);

/* Pairs of key and value, both const char *, ended by NULL. A NULL value is written as "". */
__attribute__((sentinel)) void cof_log(cof_log_level level, const char *module, const char *event, ...);

/* One line for a failure: class, reason and text of err. */
void cof_log_err(cof_log_level level, const char *module, const char *event, const cof_err *err);
