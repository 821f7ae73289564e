/* SPDX-License-Identifier: Apache-2.0 */
/* Where the results of coffer measure go: stdout, and the files that were asked for. */
#pragma once

#include "runtime/cli/measure_result.h"

/* Gives the exit code. Files are written whole or not at all, before anything is printed. */
int cof_measure_output(const cof_measure_opts *o, const cof_measure_result *results, size_t n);
