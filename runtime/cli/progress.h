/* SPDX-License-Identifier: Apache-2.0 */
/* Lines on a terminal that are drawn over themselves; nothing at all on a pipe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COF_PROGRESS_LINES_MAX = 24 };

typedef struct cof_progress {
	int fd;
	bool on;      /* fd is a terminal and nobody asked for quiet */
	size_t drawn; /* lines that are there to be drawn over */
	unsigned turns;
	int64_t drawn_ms; /* when */
} cof_progress;

typedef struct cof_progress_line {
	char what[40];
	uint64_t done, total; /* bytes; total 0: something moves, nobody knows how far */
	const char *note;     /* behind it; may be NULL */
} cof_progress_line;

cof_progress cof_progress_of(int fd, bool quiet);
/* "attest", or with total: "pull [####      ] 3.1 of 8.0 MiB". */
void cof_progress_show(cof_progress *p, const char *what, uint64_t done, uint64_t total);
/* At most COF_PROGRESS_LINES_MAX lines, and no more than the terminal has. */
void cof_progress_draw(cof_progress *p, const cof_progress_line *lines, size_t n);
/* False while what is drawn is so fresh that nobody could have read it. */
bool cof_progress_due(const cof_progress *p);
/* A line that stays; what is drawn goes on below it. */
void cof_progress_keep(cof_progress *p, const cof_progress_line *line);
void cof_progress_clear(cof_progress *p);
