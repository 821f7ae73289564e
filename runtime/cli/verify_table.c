/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/verify_table.h"

/* Of what passed, the start is enough; of what failed, a person needs every digit. */
enum { PASSED_TEXT_MAX = 32 };

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

static int put_check(const cof_check *k, const columns *w, cof_buf *b, cof_err *err)
{
	int rc = cof_buf_printf(b, err, "%-6s  %-*s  %-*s", k->passed ? "ok" : "FAILED", w->name, k->name, w->stage,
				cof_stage_name(k->stage));
	if (rc == 0 && (k->expected[0] != '\0' || k->found[0] != '\0'))
		rc = cof_buf_printf(b, err, "  %-*.*s  %.*s", w->expected, shown(k, k->expected), k->expected,
				    shown(k, k->found), k->found);
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

static const char *word(const cof_verdict *v)
{
	return !v->accepted ? "REFUSED" : v->decoded_only ? "parses, nothing was judged" : "accepted";
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
	if (rc == 0)
		rc = cof_buf_printf(ret, err, "\n%-6s  %-*s  %-*s  %-*s  %s\n", "", w.name, "check", w.stage, "stage",
				    w.expected, "expected", "found");
	if (rc == 0)
		rc = put_checks(&v->checks, false, &w, ret, err);
	return rc < 0 ? rc : put_checks(&v->checks, true, &w, ret, err);
}

int cof_verify_refusal(const cof_verdict *v, cof_err *err)
{
	return cof_checks_refusal(&v->checks, err);
}
