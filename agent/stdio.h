/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process's standard streams. The pipe itself is the bounded buffer: nothing is read from it before the host asks,
 * so a workload that writes faster than the host reads is stopped by its own pipe, and the agent holds no output.
 */
#pragma once

#include <event2/event.h>

#include "common/buf.h"

enum { COF_STDIO_CHUNK = 32 << 10, COF_STDIO_WAITERS_MAX = 8, COF_STDIO_DRAIN_MS = 500 };

/* why is NULL on success; empty data is the end of the stream. */
typedef void (*cof_read_done)(void *arg, cof_span data, const cof_err *why);
/* All bytes were taken, or why says what stopped them. */
typedef void (*cof_write_done)(void *arg, size_t n, const cof_err *why);

typedef struct cof_outlet cof_outlet; /* stdout or stderr, seen from the agent */
COF_WUR int cof_outlet_new(cof_outlet **ret, struct event_base *base, int fd, cof_err *err);
void cof_outlet_free(cof_outlet *o); /* calls back whoever still waits */
COF_DEFINE_AUTO_PTR(cof_outlet, cof_outlet_free)
/* Calls back, from here or later, with 1 to len bytes. At most COF_STDIO_WAITERS_MAX at a time. */
COF_WUR int cof_outlet_read(cof_outlet *o, size_t len, cof_read_done done, void *arg, cof_err *err);
/* The process ended: what its pipe holds can be read; a stray holder of the pipe delays the end only so long. */
void cof_outlet_process_ended(cof_outlet *o);
/* Calls back with "cancelled" those waiters whose arg is gone (gone NULL: all): bytes read for them would be lost. */
void cof_outlet_cancel(cof_outlet *o, bool (*gone)(const void *arg));

typedef struct cof_inlet cof_inlet; /* stdin */
COF_WUR int cof_inlet_new(cof_inlet **ret, struct event_base *base, int fd, cof_err *err);
void cof_inlet_free(cof_inlet *i);
COF_DEFINE_AUTO_PTR(cof_inlet, cof_inlet_free)
/* One write at a time. Reason "stdin-busy", "stdin-closed". */
COF_WUR int cof_inlet_write(cof_inlet *i, cof_span data, cof_write_done done, void *arg, cof_err *err);
void cof_inlet_close(cof_inlet *i);
