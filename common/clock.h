/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks for deadlines and durations. None of them tells the time of day: that one belongs to the host. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t cof_clock_ms(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t); /* cannot fail for the clocks below */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Does not count sleep: how long something has been worked on. */
static inline int64_t cof_now_ms(void)
{
	return cof_clock_ms(CLOCK_MONOTONIC);
}

/* Counts sleep: how old a token or a session is. */
static inline int64_t cof_boot_ms(void)
{
	return cof_clock_ms(CLOCK_BOOTTIME);
}
