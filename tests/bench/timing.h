/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: CPU time, so that what else runs on the machine counts little, and the middle of a series.
 */
#pragma once

#include <stdlib.h>
#include <time.h>

static inline double cpu_seconds(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Sorts the series. */
static inline double median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return v[n / 2];
}
