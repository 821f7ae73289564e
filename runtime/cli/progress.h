/* SPDX-License-Identifier: Apache-2.0 */
/* One line on a terminal that is drawn over itself; nothing at all on a pipe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct cof_progress {
	int fd;
	bool on;    /* fd is a terminal and nobody asked for quiet */
	bool drawn; /* there is a line to clear */
	unsigned turns;
} cof_progress;

cof_progress cof_progress_of(int fd, bool quiet);
/* "attest", or with total: "pull [####      ] 3.1 of 8.0 MiB". */
void cof_progress_show(cof_progress *p, const char *what, uint64_t done, uint64_t total);
void cof_progress_clear(cof_progress *p);
