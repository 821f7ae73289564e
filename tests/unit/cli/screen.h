/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal for a verb to draw on, and what it drew. Less than 4 KiB at a time: nobody reads meanwhile. */
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/test.h"

typedef struct screen {
	int ours, theirs;
	char name[64]; /* of their end */
	char text[5120];
} screen;

static inline void screen_release(screen *s)
{
	cof_fd_close(&s->ours);
	cof_fd_close(&s->theirs);
}
COF_DEFINE_AUTO(screen, screen_release)

static inline screen screen_open(void)
{
	screen s = {.ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	assert_true(s.ours >= 0 && grantpt(s.ours) == 0 && unlockpt(s.ours) == 0);
	assert_int_equal(ptsname_r(s.ours, s.name, sizeof s.name), 0);
	s.theirs = open(s.name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(s.theirs >= 0);
	assert_int_equal(fcntl(s.ours, F_SETFL, O_NONBLOCK), 0);
	return s;
}

/* What was drawn since the last time. */
static inline void screen_read(screen *s)
{
	size_t have = 0;
	ssize_t n = 0;
	while (have + 1 < sizeof s->text && (n = read(s->ours, s->text + have, sizeof s->text - 1 - have)) > 0)
		have += (size_t)n;
	s->text[have] = '\0';
}

static inline bool screen_says(const screen *s, const char *what)
{
	return strstr(s->text, what) != NULL;
}
