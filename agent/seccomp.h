/* SPDX-License-Identifier: Apache-2.0 */
/* The system call profile that crun puts on a workload. What our own processes load is in common/seccomp.h. */
#pragma once

#include <jansson.h>

/* linux.seccomp of a container: kernel attack surface that no ordinary program needs answers EPERM. New reference. */
json_t *cof_seccomp_profile(void);
