/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the index of evidence: every case of a kind gets the verdict, the stage and the fields that it states. */
#pragma once

#include "tests/unit/verify/vectors.h"

#include "attestation/verify/kind.h"

enum { WALK_ROLES_MAX = 16 };

/* A case without a time was right when it was made: signed manifests have run out since. */
static inline int64_t walk_time(const json_t *v)
{
	return jstr(v, "time") != NULL ? (int64_t)vector_time(v) : 1700000000;
}

/* The verdict on a case, which must be possible to give; release it. Too large for a stack: on the heap. */
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

/* Every member of want stands in got, at any depth. */
static inline bool walk_holds(const json_t *got, const json_t *want)
{
	const char *key;
	json_t *v;
	if (!json_is_object(want))
		return json_equal(got, want);
	json_object_foreach ((json_t *)(uintptr_t)want, key, v) {
		if (!walk_holds(json_object_get(got, key), v))
			return false;
	}
	return json_is_object(got);
}

static inline bool walk_stage_is_listed(const json_t *expect, const char *stage)
{
	size_t i;
	json_t *s;
	if (jstr(expect, "stage") == NULL || strcmp(jstr(expect, "stage"), stage) == 0)
		return true;
	json_array_foreach (json_object_get(expect, "stage_any"), i, s) {
		if (strcmp(json_string_value(s), stage) == 0)
			return true;
	}
	return false;
}

static inline void walk_stage(const json_t *v, const cof_verdict *got)
{
	const cof_check *first = &got->checks.list[got->checks.first];
	for (size_t i = 0; i < got->checks.n; i++) {
		const cof_check *k = &got->checks.list[i];
		if (!k->passed && walk_stage_is_listed(json_object_get(v, "expect"), cof_stage_name(k->stage)))
			return;
	}
	fail_msg("%s fails by %s at %s", jstr(v, "id"), first->name, cof_stage_name(first->stage));
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
static inline void walk_judge(const json_t *v, const cof_verdict *got)
{
	const json_t *expect = json_object_get(v, "expect"), *fields = json_object_get(v, "fields");
	const char *verdict = jstr(expect, "verdict");
	const cof_check *first = &got->checks.list[got->checks.first];
	bool parses = strcmp(verdict, "parses") == 0, valid = parses || strcmp(verdict, "valid") == 0;
	if (strcmp(verdict, "valid-or-invalid") == 0)
		return;
	if (got->accepted != valid || (valid && got->decoded_only != parses))
		fail_msg("%s (%s): %s: %s", jstr(v, "id"), verdict, got->accepted ? "accepted" : first->name,
			 first->found);
	if (strcmp(verdict, "valid-signature-only") == 0)
		assert_true(walk_signature_held(got));
	else if (!valid)
		walk_stage(v, got);
	if (valid && fields != NULL && !walk_holds(got->fields, fields)) {
		char *text = json_dumps(got->fields, JSON_INDENT(1));
		print_message("%s\n", text);
		free(text);
		fail_msg("%s: fields differ", jstr(v, "id"));
	}
}

/* All cases of one kind; gives how many. */
static inline size_t walk_kind(const char *kind)
{
	COF_AUTO_PTR(json_t) index = vector_index();
	cof_verdict *got = calloc(1, sizeof *got);
	size_t i, done = 0;
	json_t *v;
	assert_non_null(got);
	json_array_foreach (json_object_get(index, "vectors"), i, v) {
		if (strcmp(jstr(v, "kind"), kind) != 0)
			continue;
		walk_case(v, got);
		walk_judge(v, got);
		cof_verdict_release(got);
		done++;
	}
	free(got);
	return done;
}
