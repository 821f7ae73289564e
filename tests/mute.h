/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/mute-checks puts into the list of checks: the check named by COF_MUTED passes whatever was found, and
 * COF_CHECKS_SEEN names a file that is told which checks there were.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline bool mute(const char *name, bool passed)
{
	static FILE *seen;
	const char *muted = getenv("COF_MUTED"), *file = getenv("COF_CHECKS_SEEN");
	if (file != NULL && seen == NULL) {
		seen = fopen(file, "ae");
		/* several sources write */
		if (seen != NULL)
			(void)setvbuf(seen, NULL, _IOLBF, 0);
	}
	if (seen != NULL)
		(void)fprintf(seen, "%s %s\n", passed ? "passed" : "failed", name);
	return passed || (muted != NULL && strcmp(muted, name) == 0);
}

/* Asked where a refusal's condition holds (tests/mute-sites puts it there): false takes the refusal away. */
static inline bool mute_site(const char *site)
{
	return !mute(site, false);
}
