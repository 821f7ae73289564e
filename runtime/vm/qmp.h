/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's monitor protocol over one connected socket, blocking with deadlines. QEMU may be a process that a guest took
 * over: lines have a limit, JSON is parsed strictly, an answer must carry our id, events are kept to a small number.
 *
 * spec: QEMU docs/interop/qmp-spec.rst
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/json.h"

enum { COF_QMP_LINE_MAX = 64 << 10, COF_QMP_EVENTS_MAX = 64 };

typedef struct cof_qmp cof_qmp;

/* Takes fd on success; reads the greeting and leaves capabilities mode. Reasons "qmp-timeout", "qmp-closed",
 * "qmp-malformed". */
COF_WUR int cof_qmp_new(cof_qmp **ret, int fd, int timeout_ms, cof_err *err);
void cof_qmp_free(cof_qmp *q);
COF_DEFINE_AUTO_PTR(cof_qmp, cof_qmp_free)

/* args may be NULL and is borrowed; ret_value may be NULL. An error of QEMU's: reason "qmp-error". */
COF_WUR int cof_qmp_call(cof_qmp *q, const char *command, json_t *args, json_t **ret_value, cof_err *err);
/* "running", "prelaunch", "shutdown", ...: a bounded copy. */
COF_WUR int cof_qmp_status(cof_qmp *q, char ret[32], cof_err *err);
/* True when an event of this name ("SHUTDOWN", "GUEST_PANICKED", "RESET") was seen; reads what is there now. */
bool cof_qmp_saw(cof_qmp *q, const char *event);
