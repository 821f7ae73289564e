/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters: the profile that crun puts on a workload, and the far narrower one that the unpacker puts on
 * itself before it sees a byte of an image.
 */
#pragma once

#include <jansson.h>

#include "common/err.h"

/* linux.seccomp of a container: kernel attack surface that no ordinary program needs answers EPERM. New reference. */
json_t *cof_seccomp_profile(void);

/* Loads the calling process's filter: only what unpacking needs, anything else kills. Reason "seccomp-failed". */
COF_WUR int cof_seccomp_unpacker(cof_err *err);
/* The fetcher's: network is its work, but no exec, no mounts, no tracing, no new namespaces. */
COF_WUR int cof_seccomp_fetcher(cof_err *err);
