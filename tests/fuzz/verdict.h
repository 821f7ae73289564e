/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of every verdict, whatever the evidence was; and evidence of several files in one input. */
#pragma once

#include "attestation/verify/kind.h"
#include "common/json.h"
#include "common/rd.h"

static inline void fuzz_text(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			abort();
	}
}

static inline void fuzz_verdict(const cof_kind *kind, const cof_verdict *v)
{
	COF_AUTO_PTR(json_t) j = NULL;
	size_t failed = 0;
	for (size_t i = 0; i < v->checks.n; i++) {
		fuzz_text(v->checks.list[i].expected);
		fuzz_text(v->checks.list[i].found);
		failed += !v->checks.list[i].passed;
	}
	if (v->accepted != (v->checks.n > 0 && failed == 0) || (v->accepted && v->fields == NULL))
		abort();
	if (cof_verdict_json(kind, v, &j, NULL) < 0)
		abort();
}

/* The verdict's own invariants, and whether it was accepted. */
static inline bool fuzz_verify(const char *name, const cof_role_file *files, size_t n, const json_t *policy)
{
	const cof_kind *kind = NULL;
	cof_verdict *v = calloc(1, sizeof *v);
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = 1800000000};
	if (v == NULL || cof_kind_find(name, &kind, NULL) < 0 || cof_verify(kind, &in, v, NULL) < 0)
		abort();
	fuzz_verdict(kind, v);
	bool accepted = v->accepted;
	cof_verdict_release(v);
	free(v);
	return accepted;
}

/* The next file, behind its length of two bytes; what is left where the length says more. */
static inline cof_span fuzz_next(cof_rd *r)
{
	size_t n = cof_rd_u16be(r);
	return cof_rd_bytes(r, n <= r->left ? n : r->left);
}
