/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in the order it wants, and assertions that say which reason came instead. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/buf.h"

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
