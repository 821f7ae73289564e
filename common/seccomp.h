/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters that our helper processes put on themselves before they see a byte from outside. What else they
 * give up is in lockdown.h.
 */
#pragma once

#include "common/err.h"

/* Loads the calling process's filter: only what unpacking needs, anything else kills. Reason "seccomp-failed". */
COF_WUR int cof_seccomp_unpacker(cof_err *err);
/* The fetcher's: network is its work, but no exec, no mounts, no tracing, no new namespaces. */
COF_WUR int cof_seccomp_fetcher(cof_err *err);
