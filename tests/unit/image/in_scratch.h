/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that work within a scratch folder, beside one real registry for all of them. */
#pragma once

#include "tests/unit/image/registry_up.h"
#include "tests/unit/image/scratch.h"

static __attribute__((unused)) registry_up up;
static __attribute__((unused)) bool running; /* false: there is no registry to run */

/* Before any test leaves this folder. */
static inline int registry_up_for_all(void **state)
{
	(void)state;
	running = registry_start(&up);
	return 0;
}

static inline int registry_down_for_all(void **state)
{
	(void)state;
	if (running)
		registry_stop(&up);
	return 0;
}

static inline int in_scratch_up(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	return r;
}

static inline int in_scratch_down(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}
