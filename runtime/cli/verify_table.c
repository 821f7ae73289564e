/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/verify_table.h"

/* Of what passed, the start is enough; of what failed, a person needs every digit. */
enum { PASSED_TEXT_MAX = 44 };

typedef struct columns {
	int name, stage, expected;
} columns;

static int wider(int width, int len)
{
	return len > width ? len : width;
}

static int shown(const cof_check *k, const char *text)
{
	int len = (int)strlen(text);
	return k->passed && len > PASSED_TEXT_MAX ? PASSED_TEXT_MAX : len;
}

static columns measure(const cof_checks *c)
{
	columns w = {(int)strlen("check"), (int)strlen("stage"), (int)strlen("expected")};
	for (size_t i = 0; i < c->n; i++) {
		const cof_check *k = &c->list[i];
		w.name = wider(w.name, (int)strlen(k->name));
		w.stage = wider(w.stage, (int)strlen(cof_stage_name(k->stage)));
		w.expected = wider(w.expected, shown(k, k->expected));
	}
	return w;
}

/* What is cut is seen to be cut. */
static int put_text(const cof_check *k, const char *text, int width, cof_buf *b, cof_err *err)
{
	static const char cut[] = "...";
	int all = (int)strlen(text), some = shown(k, text);
	if (some == all)
		return cof_buf_printf(b, err, "  %-*s", width, text);
	return cof_buf_printf(b, err, "  %.*s%s", some - (int)strlen(cut), text, cut);
}

static int put_check(const cof_check *k, const columns *w, cof_buf *b, cof_err *err)
{
	int rc = cof_buf_printf(b, err, "%-6s  %-*s  %-*s",
				!k->passed  ? "FAILED"
				: k->waived ? "waived"
					    : "ok",
				w->name, k->name, w->stage, cof_stage_name(k->stage));
	if (rc == 0 && (k->expected[0] != '\0' || k->found[0] != '\0'))
		rc = put_text(k, k->expected, w->expected, b, err);
	if (rc == 0 && k->found[0] != '\0')
		rc = put_text(k, k->found, 0, b, err);
	while (rc == 0 && b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
	return rc < 0 ? rc : cof_buf_add_str(b, "\n", err);
}

static int put_checks(const cof_checks *c, bool passed, const columns *w, cof_buf *b, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		if (c->list[i].passed == passed)
			rc = put_check(&c->list[i], w, b, err);
	}
	return rc;
}

/* Evidence and reference values are good, and do not match. */
static bool is_other(const cof_verdict *v)
{
	return cof_checks_passed(&v->checks) && v->appraisal == COF_APPRAISED_NO_MATCH;
}

/* Good evidence that is not what was expected must not look like a yes at the first glance. */
static const char *word(const cof_verdict *v)
{
	if (is_other(v))
		return "NO MATCH (evidence and reference values are valid)";
	return !v->accepted ? "REFUSED" : v->decoded_only ? "parses, nothing was judged" : "accepted";
}

/* What was compared: the entry that matched or was nearest, and its conditions. */
static int put_appraisal(const json_t *a, bool with_conditions, cof_buf *b, cof_err *err)
{
	const json_t *entry = json_object_get(a, "entry");
	size_t i;
	json_t *c;
	int rc = cof_buf_printf(b, err, "reference values: %s", json_string_value(json_object_get(a, "result")));
	if (rc == 0 && entry != NULL)
		rc = cof_buf_printf(b, err, ", entry '%s' of '%s', by '%s'", json_string_value(entry),
				    json_string_value(json_object_get(a, "corim")),
				    json_string_value(json_object_get(a, "author")));
	if (rc == 0)
		rc = cof_buf_add_str(b, entry != NULL ? "\n" : ", no entry is of this class\n", err);
	/* Where they are no checks. */
	json_array_foreach (json_object_get(a, "conditions"), i, c) {
		if (rc == 0 && with_conditions)
			rc = cof_buf_printf(b, err, "  %-6s  %s: %s, found %s\n",
					    json_is_true(json_object_get(c, "passed")) ? "ok" : "DIFFER",
					    json_string_value(json_object_get(c, "field")),
					    json_string_value(json_object_get(c, "expected")),
					    json_string_value(json_object_get(c, "found")));
	}
	return rc;
}

int cof_verify_table(const cof_kind *kind, const cof_verdict *v, const char *anchor, cof_buf *ret, cof_err *err)
{
	columns w = measure(&v->checks);
	int rc = cof_buf_printf(ret, err, "%s: %s, %zu of %zu checks passed\n", kind->name, word(v),
				v->checks.n - v->checks.failed, v->checks.n);
	if (rc == 0 && v->tcb_status != NULL)
		rc = cof_buf_printf(ret, err, "TCB status: %s\n", v->tcb_status);
	if (rc == 0 && anchor != NULL)
		rc = cof_buf_printf(ret, err, "trust anchor named by hand: %s\n", anchor);
	if (rc == 0 && v->appraisal != COF_NOT_APPRAISED && json_object_get(v->fields, "appraisal") != NULL)
		rc = put_appraisal(json_object_get(v->fields, "appraisal"), is_other(v), ret, err);
	if (rc == 0)
		rc = cof_buf_printf(ret, err, "\n%-6s  %-*s  %-*s  %-*s  %s\n", "", w.name, "check", w.stage, "stage",
				    w.expected, "expected", "found");
	if (rc == 0)
		rc = put_checks(&v->checks, false, &w, ret, err);
	return rc < 0 ? rc : put_checks(&v->checks, true, &w, ret, err);
}

static int no_match(const cof_verdict *v, cof_err *err)
{
	const json_t *a = json_object_get(v->fields, "appraisal"), *entry = json_object_get(a, "entry");
	size_t i;
	json_t *c;
	json_array_foreach (json_object_get(a, "conditions"), i, c) {
		if (!json_is_true(json_object_get(c, "passed")))
			return cof_err_set(err, COF_E_POLICY, "reference-mismatch",
					   "nearest is '%.40s': %s, expected %s, found %s", json_string_value(entry),
					   json_string_value(json_object_get(c, "field")),
					   json_string_value(json_object_get(c, "expected")),
					   json_string_value(json_object_get(c, "found")));
	}
	return cof_err_set(err, COF_E_POLICY, "reference-mismatch", "no entry is of this class");
}

int cof_verify_refusal(const cof_verdict *v, cof_err *err)
{
	const char *reason = cof_verdict_reason(v);
	if (reason != NULL && strcmp(reason, "reference-mismatch") == 0)
		return no_match(v, err);
	return cof_checks_refusal(&v->checks, err);
}
