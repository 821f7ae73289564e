/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the index of evidence: every case of a kind gets the verdict, the stage, the status and the fields it states.
 */
#pragma once

#include "tests/unit/verify/vectors.h"

#include "attestation/verify/kind.h"

enum { WALK_ROLES_MAX = 16 };

/* A verdict is too large for a test's frame. */
typedef cof_verdict walk_verdict;

static inline walk_verdict *walk_new(void)
{
	walk_verdict *r = calloc(1, sizeof *r);
	assert_non_null(r);
	return r;
}

static inline void walk_drop(walk_verdict *r)
{
	cof_verdict_release(r);
	free(r);
}
COF_DEFINE_AUTO_PTR(walk_verdict, walk_drop)

/* A case without a time was right when it was made: signed manifests have run out since. */
static inline int64_t walk_time(const json_t *v)
{
	return jstr(v, "time") != NULL ? (int64_t)vector_time(v) : 1700000000;
}

/* The verdict on a case, which must be possible to give. */
static inline void walk_case(const json_t *v, cof_verdict *ret)
{
	cof_buf bytes[WALK_ROLES_MAX] = {0};
	cof_role_file files[WALK_ROLES_MAX];
	const cof_kind *kind = NULL;
	const char *role;
	json_t *path;
	size_t n = 0;
	cof_err err = {0};
	json_object_foreach (json_object_get(v, "files"), role, path) {
		assert_true(n < WALK_ROLES_MAX);
		vector_file(v, role, &bytes[n]);
		files[n] = (cof_role_file){role, cof_buf_span(&bytes[n])};
		n++;
	}
	const cof_verify_in in = {
		.files = files, .n_files = n, .policy = json_object_get(v, "policy"), .now = walk_time(v)};
	if (cof_kind_find(jstr(v, "kind"), &kind, &err) < 0 || cof_verify(kind, &in, ret, &err) < 0)
		fail_msg("%s: %s: %s", jstr(v, "id"), err.reason, err.text);
	for (size_t i = 0; i < n; i++)
		cof_buf_release(&bytes[i]);
}

/* Every member of want is in got, and equal; objects likewise inside. Counts what is not. */
static inline int walk_fields(const char *id, const json_t *want, const json_t *got)
{
	const char *key;
	json_t *member;
	int bad = 0;
	json_object_foreach ((json_t *)(uintptr_t)want, key, member) {
		const json_t *is = json_object_get(got, key);
		if (json_is_object(member) && json_is_object(is)) {
			bad += walk_fields(id, member, is);
		} else if (!json_equal(member, is)) {
			char *a = json_dumps(member, JSON_ENCODE_ANY), *b = json_dumps(is, JSON_ENCODE_ANY);
			print_error("%s: field %s is %s, not %s\n", id, key, b == NULL ? "absent" : b, a);
			free(a);
			free(b);
			bad++;
		}
	}
	return bad;
}

static inline bool walk_stage_fits(const json_t *expect, cof_stage stage)
{
	const char *name = cof_stage_name(stage);
	size_t i;
	json_t *s;
	if (jstr(expect, "stage") == NULL || strcmp(jstr(expect, "stage"), name) == 0)
		return true;
	json_array_foreach (json_object_get(expect, "stage_any"), i, s) {
		if (strcmp(json_string_value(s), name) == 0)
			return true;
	}
	return false;
}

static inline const cof_check *walk_first(const cof_verdict *r)
{
	static const cof_check none = {.stage = COF_STAGES};
	return r->checks.failed == 0 ? &none : &r->checks.list[r->checks.first];
}

/* The stage of a failed check fits; where it is not the first one's, that is said. */
static inline int walk_stage(const json_t *v, const cof_verdict *r)
{
	const json_t *expect = json_object_get(v, "expect");
	if (r->accepted || walk_stage_fits(expect, walk_first(r)->stage))
		return 0;
	for (size_t i = 0; i < r->checks.n; i++) {
		const cof_check *k = &r->checks.list[i];
		if (!k->passed && walk_stage_fits(expect, k->stage)) {
			print_message("%s: first failed '%s', and '%s' fits\n", jstr(v, "id"), walk_first(r)->name,
				      k->name);
			return 0;
		}
	}
	print_error("%s: refused by '%s' (%s), not in stage %s\n", jstr(v, "id"), walk_first(r)->name,
		    cof_stage_name(walk_first(r)->stage), jstr(expect, "stage"));
	return 1;
}

static inline bool walk_signature_held(const cof_verdict *got)
{
	bool held = false;
	for (size_t i = 0; i < got->checks.n; i++) {
		if (got->checks.list[i].stage != COF_STAGE_SIGNATURE)
			continue;
		if (!got->checks.list[i].passed)
			return false;
		held = true;
	}
	return held;
}

/* "valid-signature-only": what was signed is refused by a strict reader. "valid-or-invalid": it did not crash. */
static inline int walk_verdict_is(const json_t *v, const cof_verdict *r)
{
	const char *id = jstr(v, "id"), *want = jstr(json_object_get(v, "expect"), "verdict");
	bool parses = strcmp(want, "parses") == 0, valid = parses || strcmp(want, "valid") == 0;
	if (strcmp(want, "valid-or-invalid") == 0)
		return 0;
	if (strcmp(want, "valid-signature-only") == 0)
		return r->accepted || !walk_signature_held(r);
	if (cof_checks_passed(&r->checks) != valid || (valid && r->decoded_only != parses)) {
		print_error("%s: %s, not %s (%s: %s)\n", id, r->accepted ? "accepted" : "refused", want,
			    walk_first(r)->name, walk_first(r)->found);
		return 1;
	}
	return walk_stage(v, r);
}

/* What does not decode has no fields, and neither has a token whose signature does not hold. */
static inline bool walk_has_no_fields(const cof_verdict *r)
{
	cof_stage s = walk_first(r)->stage;
	return r->fields == NULL && !r->accepted && (s == COF_STAGE_PARSE || s == COF_STAGE_SIGNATURE);
}

/* A strict reader stops behind the signature: what it would have read later is not asked of it. */
static inline void walk_keep_known(json_t *want, const json_t *got)
{
	const char *key;
	json_t *member;
	void *next;
	json_object_foreach_safe (want, next, key, member) {
		if (json_object_get(got, key) == NULL)
			json_object_del(want, key);
	}
}

/* Where an appraisal is stated it is binding, and no other answer than a match is a yes. */
static inline int walk_appraisal(const json_t *v, const cof_verdict *r)
{
	const char *want = jstr(json_object_get(v, "expect"), "appraisal");
	bool is_match = r->appraisal == COF_APPRAISED_MATCH;
	if (want == NULL ||
	    (r->appraisal != COF_NOT_APPRAISED && is_match == (strcmp(want, "match") == 0) && r->accepted == is_match))
		return 0;
	print_error("%s: appraisal is not %s\n", jstr(v, "id"), want);
	return 1;
}

/* Counts what is not as the index says. */
static inline int walk_judge(const json_t *v, const cof_verdict *r)
{
	const char *id = jstr(v, "id"), *status = jstr(json_object_get(v, "expect"), "tcb_status");
	int bad = walk_verdict_is(v, r) + walk_appraisal(v, r);
	if (status != NULL && (r->tcb_status == NULL || strcmp(status, r->tcb_status) != 0)) {
		print_error("%s: TCB status %s, not %s\n", id, r->tcb_status == NULL ? "none" : r->tcb_status, status);
		bad++;
	}
	if (walk_has_no_fields(r))
		return bad;
	COF_AUTO_PTR(json_t) want = json_copy(json_object_get(v, "fields"));
	if (strcmp(jstr(json_object_get(v, "expect"), "verdict"), "valid-signature-only") == 0)
		walk_keep_known(want, r->fields);
	return bad + walk_fields(id, want, r->fields);
}

/* All cases of one kind, all as they should be; gives how many there were. Skips where there are no vectors. */
static inline size_t walk_kind(const char *kind)
{
	COF_AUTO_PTR(json_t) index = vector_index();
	size_t i, done = 0;
	int bad = 0;
	json_t *v;
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		COF_AUTO_PTR(walk_verdict) r = walk_new();
		if (strcmp(jstr(v, "kind"), kind) != 0)
			continue;
		walk_case(v, r);
		bad += walk_judge(v, r);
		done++;
	}
	assert_int_equal(bad, 0);
	return done;
}

/* The same for kinds that belong together (NULL-ended); at least so many cases. */
__attribute__((unused)) static void walk_kinds(const char *const *kinds, size_t least)
{
	size_t n = 0;
	for (; *kinds != NULL; kinds++)
		n += walk_kind(*kinds);
	assert_true(n >= least);
}
