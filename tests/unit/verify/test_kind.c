/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around kinds, by kinds of the test's own. */
#include "tests/unit/test.h"

#include "attestation/verify/kind.h"
#include "common/json.h"

static const char *const needs[] = {"report", "key", NULL};
static const char *const may[] = {"root", NULL};
static const char *const none[] = {NULL};

static int accept(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	ret->fields = json_pack("{s:I}", "now", (json_int_t)in->now);
	(void)cof_check_equal(&ret->checks, COF_STAGE_PARSE, "size", 3, cof_role(in, "report").len);
	return ret->fields != NULL ? 0 : cof_err_oom(err);
}

static int refuse(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	(void)in;
	(void)err;
	ret->accepted = true; /* not a kind's to say */
	ret->tcb_status = "OutOfDate";
	(void)cof_check_that(&ret->checks, COF_STAGE_PARSE, "fine", true);
	(void)cof_check_at_least(&ret->checks, COF_STAGE_TCB, "tcb-too-low", 24, 23);
	return 0;
}

static int say_nothing(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	(void)in;
	(void)err;
	ret->accepted = true;
	return 0;
}

static int decode(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	(void)in;
	(void)err;
	ret->decoded_only = true;
	(void)cof_check_that(&ret->checks, COF_STAGE_PARSE, "fine", true);
	return 0;
}

static int break_down(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	(void)in;
	ret->fields = json_object();
	return cof_err_set(err, COF_E_USAGE, "policy-word", "luck");
}

static const cof_kind accepting = {"a", "", needs, may, accept}, refusing = {"r", "", none, none, refuse},
		      silent = {"s", "", none, none, say_nothing}, decoding = {"d", "", none, none, decode},
		      failing = {"f", "", none, none, break_down};

static cof_verdict *fresh(void)
{
	cof_verdict *v = calloc(1, sizeof *v);
	assert_non_null(v);
	return v;
}

static void drop(cof_verdict *v)
{
	cof_verdict_release(v);
	free(v);
}

static void kinds_by_name(void **state)
{
	(void)state;
	const cof_kind *k = NULL;
	for (const cof_kind *each = cof_kinds; each->name != NULL; each++) {
		assert_ok(cof_kind_find(each->name, &k, &err));
		assert_ptr_equal(k, each); /* no name twice */
		assert_non_null(each->summary);
		assert_non_null(each->verify);
		assert_non_null(each->required[0]);
		assert_non_null(each->optional);
	}
	k = NULL;
	assert_fails(cof_kind_find("", &k, &err), "kind-unknown");
	assert_fails(cof_kind_find("EAR-JWT", &k, &err), "kind-unknown");
	assert_null(k);
}

static void roles(void **state)
{
	(void)state;
	cof_verdict *v = fresh();
	const cof_role_file files[] = {{"report", cof_span_str("abc")}, {"key", {0}}, {"root", {0}}, {"Root", {0}}};
	cof_verify_in in = {.files = files, .n_files = 2, .now = 7};
	assert_true(cof_role_given(&in, "key"));
	assert_false(cof_role_given(&in, "root"));
	assert_int_equal(cof_role(&in, "report").len, 3);
	assert_int_equal(cof_role(&in, "root").len, 0);
	assert_ok(cof_verify(&accepting, &in, v, &err));
	assert_true(v->accepted);
	assert_int_equal(json_integer_value(json_object_get(v->fields, "now")), 7);
	cof_verdict_release(v);
	in.n_files = 3;
	assert_ok(cof_verify(&accepting, &in, v, &err));
	cof_verdict_release(v);
	in.n_files = 4;
	assert_fails(cof_verify(&accepting, &in, v, &err), "role-unknown");
	in.n_files = 1;
	assert_fails(cof_verify(&accepting, &in, v, &err), "role-missing");
	in = (cof_verify_in){0};
	assert_fails(cof_verify(&accepting, &in, v, &err), "role-missing");
	assert_false(v->accepted);
	assert_null(v->fields);
	drop(v);
}

static void only_checks_decide(void **state)
{
	(void)state;
	const cof_verify_in in = {0};
	cof_verdict *v = fresh();
	assert_ok(cof_verify(&refusing, &in, v, &err));
	assert_false(v->accepted);
	cof_verdict_release(v);
	assert_ok(cof_verify(&silent, &in, v, &err));
	assert_false(v->accepted);
	cof_verdict_release(v);
	v->accepted = true;
	assert_fails(cof_verify(&failing, &in, v, &err), "policy-word");
	assert_false(v->accepted);
	assert_null(v->fields);
	drop(v);
}

static const char *text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void as_json(void **state)
{
	(void)state;
	const cof_verify_in in = {0};
	cof_verdict *v = fresh();
	COF_AUTO_PTR(json_t) j = NULL;
	COF_AUTO_PTR(json_t) d = NULL;
	COF_AUTO_PTR(json_t) s = NULL;
	assert_ok(cof_verify(&refusing, &in, v, &err));
	assert_ok(cof_verdict_json(&refusing, v, &j, &err));
	assert_string_equal(text(j, "kind"), "r");
	assert_string_equal(text(j, "verdict"), "invalid");
	assert_string_equal(text(j, "reason"), "tcb-too-low");
	assert_string_equal(text(j, "stage"), "tcb");
	assert_string_equal(text(j, "tcb_status"), "OutOfDate");
	assert_null(json_object_get(j, "fields"));
	const json_t *second = json_array_get(json_object_get(j, "checks"), 1);
	assert_int_equal(json_array_size(json_object_get(j, "checks")), 2);
	assert_string_equal(text(second, "name"), "tcb-too-low");
	assert_string_equal(text(second, "stage"), "tcb");
	assert_string_equal(text(second, "expected"), "at least 24");
	assert_string_equal(text(second, "found"), "23");
	assert_true(json_is_false(json_object_get(second, "passed")));
	cof_verdict_release(v);
	assert_ok(cof_verify(&decoding, &in, v, &err));
	assert_ok(cof_verdict_json(&decoding, v, &d, &err));
	assert_string_equal(text(d, "verdict"), "parses");
	assert_true(json_is_null(json_object_get(d, "reason")));
	assert_null(json_object_get(d, "tcb_status"));
	cof_verdict_release(v);
	assert_ok(cof_verify(&silent, &in, v, &err));
	assert_ok(cof_verdict_json(&silent, v, &s, &err));
	assert_string_equal(text(s, "verdict"), "invalid");
	assert_int_equal(json_array_size(json_object_get(s, "checks")), 0);
	drop(v);
}

static void fields_are_shared_and_kept(void **state)
{
	(void)state;
	cof_verdict *v = fresh();
	COF_AUTO_PTR(json_t) j = NULL;
	const cof_role_file files[] = {{"report", cof_span_str("abc")}, {"key", {0}}};
	const cof_verify_in in = {.files = files, .n_files = 2, .now = 7};
	assert_ok(cof_verify(&accepting, &in, v, &err));
	assert_ok(cof_verdict_json(&accepting, v, &j, &err));
	drop(v);
	assert_string_equal(text(j, "verdict"), "valid");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "fields"), "now")), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_name),
		cmocka_unit_test(roles),
		cmocka_unit_test(only_checks_decide),
		cmocka_unit_test(as_json),
		cmocka_unit_test(fields_are_shared_and_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
