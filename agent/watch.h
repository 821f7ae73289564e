/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host may see of the guest's progress: phases with their times, byte counts, the verdict and the refusal.
 * It is all about the launch, nothing about what is inside; waiting watchers are told when something is newer.
 */
#pragma once

#include <event2/event.h>
#include <jansson.h>

#include "common/buf.h"

typedef enum cof_phase {
	COF_PHASE_BOOT,
	COF_PHASE_ATTEST,
	COF_PHASE_PULL,
	COF_PHASE_START,
	COF_PHASE_RUNNING,
	COF_PHASE_EXITED,
	COF_PHASE_FAILED,
} cof_phase;

enum { COF_WATCHERS_MAX = 4 };

typedef struct cof_watch cof_watch;

/* why is NULL, or says that the watcher was sent away. */
typedef void (*cof_watch_done)(void *arg, uint64_t seq, const char *json, const cof_err *why);

COF_WUR int cof_watch_new(cof_watch **ret, struct event_base *base, cof_err *err);
void cof_watch_free(cof_watch *w);
COF_DEFINE_AUTO_PTR(cof_watch, cof_watch_free)

/* Never calls back from inside; reason "too-many-calls" beyond COF_WATCHERS_MAX. */
COF_WUR int cof_watch_wait(cof_watch *w, uint64_t seq, cof_watch_done done, void *arg, cof_err *err);
/* Calls back with "cancelled" those watchers whose arg is gone (gone NULL: all). */
void cof_watch_cancel(cof_watch *w, bool (*gone)(const void *arg));

void cof_watch_phase(cof_watch *w, cof_phase phase);
/* phases_ms[name] = ms; the names are the run report's. */
void cof_watch_time(cof_watch *w, const char *name, int64_t ms);
void cof_watch_bytes(cof_watch *w, uint64_t pulled, uint64_t total);
/* The same of one layer; the first mention of each is in order. */
void cof_watch_layer(cof_watch *w, size_t layer, uint64_t pulled, uint64_t total);
/* One of verdict, image_digest, pcrs, refusal. Takes the reference; NULL is JSON null. */
void cof_watch_fact(cof_watch *w, const char *name, json_t *value);
/* Phase failed, with reason and message. The first failure stays. */
void cof_watch_failed(cof_watch *w, const cof_err *why);
