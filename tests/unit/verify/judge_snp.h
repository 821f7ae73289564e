/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a machine of soft_snp.h, and which check gave it. */
#pragma once

#include "tests/unit/verify/soft_snp.h"

/* Made once per program: soft_setup and soft_teardown. */
static soft_keys keys;

static inline int soft_setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static inline int soft_teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

/* Of what was made; the verdict is the caller's to release. */
static inline void soft_verify(const soft_snp *s, cof_verdict *ret)
{
	static const char *const roles[SOFT_ROLES] = {"report", "vek", "intermediate", "root", "crl"};
	cof_role_file files[SOFT_ROLES];
	const cof_kind *kind = NULL;
	COF_AUTO_PTR(json_t) policy = json_loads(s->policy, 0, NULL);
	assert_non_null(policy);
	for (size_t i = 0; i < SOFT_ROLES; i++)
		files[i] = (cof_role_file){roles[i], cof_buf_span(&s->made[i])};
	const cof_verify_in in = {
		.files = files, .n_files = s->crl.given ? SOFT_ROLES : SOFT_ROLES - 1, .policy = policy, .now = s->now};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
}

/* The first check that failed; one called "none" when none did. */
static inline const cof_check *soft_failed(const cof_verdict *v)
{
	static const cof_check none = {.name = "none"};
	return v->checks.failed > 0 ? &v->checks.list[v->checks.first] : &none;
}

/* The names of the checks that failed, for people. */
static inline void soft_print_failed(const char *label, const cof_checks *c, const char *want)
{
	print_error("%s: wanted %s, failed:", label, want == NULL ? "none" : want);
	for (size_t i = 0; i < c->n; i++) {
		if (!c->list[i].passed)
			print_error(" %s (expected '%s', found '%s')", c->list[i].name, c->list[i].expected,
				    c->list[i].found);
	}
	print_error("\n");
}

/* "NAME": the only check that failed; "NAME+": the first of several; NULL: none did. */
static inline bool soft_is_refused_by(const cof_verdict *v, const char *want)
{
	size_t n = want == NULL ? 0 : strcspn(want, "+");
	const char *first = soft_failed(v)->name;
	if (want == NULL)
		return v->accepted;
	return !v->accepted && strlen(first) == n && strncmp(first, want, n) == 0 &&
	       (want[n] == '+' || v->checks.failed == 1);
}

/* Makes, verifies and drops. */
static inline void assert_soft(soft_snp *s, const char *label, const char *want)
{
	static cof_verdict v; /* too large for a frame */
	soft_make(s);
	soft_verify(s, &v);
	bool fits = soft_is_refused_by(&v, want);
	if (!fits)
		soft_print_failed(label, &v.checks, want);
	cof_verdict_release(&v);
	soft_drop(s);
	assert_true(fits);
}
