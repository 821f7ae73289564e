/* SPDX-License-Identifier: Apache-2.0 */
/* A file without a name, for bytes that must lie somewhere until more is known about them; it goes with its descriptor.
 */
#pragma once

#include "common/buf.h"

/* Where a machine keeps large things that it can lose (not a tmpfs, as /tmp may be), else in /tmp. */
COF_WUR int cof_spool_open(int *ret_fd, cof_err *err);
