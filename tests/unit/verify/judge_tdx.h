/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a platform of soft_tdx.h, and which checks gave it. */
#pragma once

#include "tests/unit/verify/soft_tdx.h"
#include "tests/unit/verify/walk.h"

/* Made once per program: judge_setup and judge_teardown. */
static soft_tdx keys;

static inline int judge_setup(void **state)
{
	(void)state;
	soft_keys(&keys);
	return 0;
}

static inline int judge_teardown(void **state)
{
	(void)state;
	soft_drop(&keys);
	return 0;
}

static inline void soft_release(soft_tdx *t)
{
	soft_drop(t);
}
COF_DEFINE_AUTO(soft_tdx, soft_release)

static inline walk_verdict *judge_files(const char *kind_name, const cof_role_file *files, size_t n, const char *policy)
{
	const cof_kind *kind = NULL;
	walk_verdict *r = walk_new();
	COF_AUTO_PTR(json_t) words = policy == NULL ? NULL : json_loads(policy, 0, NULL);
	const cof_verify_in in = {.files = files, .n_files = n, .policy = words, .now = SOFT_NOW};
	assert_true(policy == NULL || words != NULL);
	assert_ok(cof_kind_find(kind_name, &kind, &err));
	assert_ok(cof_verify(kind, &in, r, &err));
	return r;
}

static inline walk_verdict *judge(const soft_tdx *t, const char *policy)
{
	cof_role_file files[SOFT_FILES_MAX];
	size_t n = soft_files(t, files);
	return judge_files("tdx-quote", files, n, policy);
}

static inline void print_failures(const cof_verdict *r)
{
	for (size_t i = 0; i < r->checks.n; i++) {
		const cof_check *k = &r->checks.list[i];
		if (!k->passed)
			print_error("  %s/%s: '%s', found '%s'\n", cof_stage_name(k->stage), k->name, k->expected,
				    k->found);
	}
}

static inline void assert_accepted(const soft_tdx *t, const char *policy)
{
	COF_AUTO_PTR(walk_verdict) r = judge(t, policy);
	if (!r->accepted)
		print_failures(r);
	assert_true(r->accepted);
}

static inline const cof_check *find_check(const cof_verdict *r, const char *name)
{
	for (size_t i = 0; i < r->checks.n; i++) {
		if (strcmp(r->checks.list[i].name, name) == 0)
			return &r->checks.list[i];
	}
	fail_msg("no check '%s'", name);
	return NULL;
}
