/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in the order it wants, and assertions that say which reason came instead. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/buf.h"

/* The step of a run over every bit or length: 1, unless UNIT_STRIDE asks for less of it (make valgrind). */
static inline size_t unit_stride(void)
{
	const char *n = getenv("UNIT_STRIDE");
	long step = n == NULL ? 1 : strtol(n, NULL, 10);
	if (step > 1)
		print_message("every %ldth\n", step);
	return step > 1 ? (size_t)step : 1;
}

/* The call, given its error as `&err` in the caller's scope, succeeds. */
#define assert_ok(call)                                                                                                \
	do {                                                                                                           \
		cof_err err = {0};                                                                                     \
		if ((call) < 0)                                                                                        \
			fail_msg("%s: %s: %s", #call, err.reason, err.text);                                           \
	} while (0)

/* The call fails, with exactly this reason. */
#define assert_fails(call, why)                                                                                        \
	do {                                                                                                           \
		cof_err err = {0};                                                                                     \
		if ((call) >= 0)                                                                                       \
			fail_msg("%s succeeded, not '%s'", #call, why);                                                \
		if (!cof_err_is(&err, why))                                                                            \
			fail_msg("%s: '%s' (%s), not '%s'", #call, err.reason, err.text, why);                         \
	} while (0)

#define assert_span_equal(span, bytes, size)                                                                           \
	do {                                                                                                           \
		cof_span got_ = (span);                                                                                \
		assert_int_equal(got_.len, size);                                                                      \
		assert_memory_equal(got_.data, bytes, size);                                                           \
	} while (0)
