/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that becomes visible whole or not at all. It grows as TARGET.partial-XXXXXX/root, where the outer folder is
 * open to its owner alone, and gets its name by one rename. Whatever ends the process before that, a signal or the
 * kernel's hunger for memory: a small process that watches removes what was left.
 *
 * Reasons: "target-exists" (usage), "create-failed", "rename-failed", "fork-failed", "pipe-failed" (io).
 */
#pragma once

#include "common/cleanup.h"
#include "common/err.h"

typedef struct cof_staging cof_staging;

/* target is absent, or an empty folder. */
COF_WUR int cof_staging_new(cof_staging **ret, const char *target, cof_err *err);
/* Removes what was not published. Whoever else holds the life descriptor must have ended before. */
void cof_staging_free(cof_staging *s);
COF_DEFINE_AUTO_PTR(cof_staging, cof_staging_free)

/* The folder to fill; borrowed. Its mode is 0755. */
int cof_staging_root(const cof_staging *s);
/* Held by every process that writes into the folder: the watcher acts when the last of them is gone. Borrowed. */
int cof_staging_life(const cof_staging *s);
/* Gives the folder its name. */
COF_WUR int cof_staging_publish(cof_staging *s, cof_err *err);
