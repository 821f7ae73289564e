/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are measured, read in one pass and with little memory. */
#pragma once

#include "firmware/document.h"

/* Hashes a file of any size. Reason "no-such-file" and those of reading. */
COF_WUR int cof_measure_hash_file(const char *path, bool sha384, cof_launch_file *ret, cof_err *err);
/* "sha256:HEX" or a file. */
COF_WUR int cof_measure_file_or_digest(const char *text, bool sha384, cof_launch_file *ret, cof_err *err);
