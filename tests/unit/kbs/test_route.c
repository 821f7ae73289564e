/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <stdio.h>

#include "attestation/kbs/route.h"

#define S(text) cof_span_str(text)

static enum cof_kb_route route_of(const char *method, const char *target)
{
	cof_kb_match m;
	return cof_kb_route_of(S(method), S(target), &m, NULL) == 0 ? m.route : COF_ROUTE_NONE;
}

static void t068_t070_odd_paths_are_no_paths(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"/",
		"*",
		"/kbs/v0",
		"/kbs/v0/",
		"/kbs/v0/auth/",
		"//kbs/v0/auth",
		"/kbs//v0/auth",
		"/kbs/v0/../v0/auth",
		"/KBS/v0/auth",
		"/kbs/v0/auth%00",
		"/kbs/v0/auth?x=1",
		"/kbs/v0/auth#x",
		"http://kbs/kbs/v0/auth",
		"/kbs/v0/resource",
		"/kbs/v0/resource/",
		"/kbs/v0/resource/a",
		"/kbs/v0/resource/a/b",
		"/kbs/v0/resource/a/b/",
		"/kbs/v0/resource/a/b/c/",
		"/kbs/v0/resource/a/b/c/d",
		"/kbs/v0/resource//b/c",
		"/kbs/v0/resource/../b/c",
		"/kbs/v0/resource/a/%2e%2e/c",
		"/kbs/v0/resource/a/b/.c",
		"/kbs/v0/resource/a/b/c?x",
		"/kbs/v0/resource/a/b/c;x",
		"/kbs/v0/resource/a\\b/b/c",
		"/kbs/v0/resource/a/b/c ",
		"/kbs/v0/audit?",
		"/kbs/v0/audit?from=",
		"/kbs/v0/audit?from=-1",
		"/kbs/v0/audit?from=1&x=2",
		"/kbs/v0/audit?from=99999999999999999999",
		"/kbs/v0/resource-policy/x",
		"/kbs/v0/unknown/plugin",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		for (const char *const *m = (const char *const[]){"GET", "POST", "DELETE", NULL}; *m != NULL; m++)
			if (route_of(*m, bad[i]) != COF_ROUTE_NONE)
				fail_msg("%s %s is a route", *m, bad[i]);
}

static void t068_methods_are_exact(void **state)
{
	(void)state;
	cof_kb_match m;
	static const char *const methods[] = {"", "get", "HEAD", "PUT", "PATCH", "OPTIONS", "GETX", "TRACE"};
	for (size_t i = 0; i < COF_COUNT(methods); i++)
		assert_fails(cof_kb_route_of(S(methods[i]), S("/kbs/v0/resource/a/b/c"), &m, &err), "bad-method");
	assert_fails(cof_kb_route_of(S("GET"), S("/kbs/v0/auth"), &m, &err), "bad-method");
	assert_fails(cof_kb_route_of(S("POST"), S("/kbs/v0/audit"), &m, &err), "bad-method");
	assert_fails(cof_kb_route_of(S("GET"), S("/nowhere"), &m, &err), "bad-path");
}

static void t070_names_may_have_slashes_and_nothing_else(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "/a", "a/", "a//b", "a/../b", "../a", "a/.b", "a%2fb", "."};
	char target[128];
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		(void)snprintf(target, sizeof target, "/kbs/v0/reference-value/%s", bad[i]);
		assert_int_equal(route_of("DELETE", target), COF_ROUTE_NONE);
	}
	assert_int_equal(route_of("DELETE", "/kbs/v0/reference-value/0.1.0/default"), COF_ROUTE_REFERENCE_DELETE);
}

static void a_long_target_is_none(void **state)
{
	(void)state;
	char target[COF_KB_TARGET_MAX + 2];
	memset(target, 'a', sizeof target);
	memcpy(target, "/kbs/v0/reference-value/", 24);
	cof_kb_match m;
	assert_fails(cof_kb_route_of(S("DELETE"), cof_span_of(target, sizeof target), &m, &err), "bad-path");
}

static void the_protocols_paths_are_known(void **state)
{
	(void)state;
	assert_int_equal(route_of("POST", "/kbs/v0/auth"), COF_ROUTE_AUTH);
	assert_int_equal(route_of("POST", "/kbs/v0/attest"), COF_ROUTE_ATTEST);
	assert_int_equal(route_of("GET", "/kbs/v0/resource/default/image-key/demo"), COF_ROUTE_RESOURCE_GET);
	assert_int_equal(route_of("POST", "/kbs/v0/resource/default/image-key/demo"), COF_ROUTE_RESOURCE_PUT);
	assert_int_equal(route_of("DELETE", "/kbs/v0/resource/a/b/c"), COF_ROUTE_RESOURCE_DELETE);
	assert_int_equal(route_of("POST", "/kbs/v0/resource-policy"), COF_ROUTE_POLICY_PUT);
	assert_int_equal(route_of("POST", "/kbs/v0/reference-value"), COF_ROUTE_REFERENCE_PUT);
	assert_int_equal(route_of("GET", "/healthz"), COF_ROUTE_HEALTH);
}

static void parts_and_numbers_come_out(void **state)
{
	(void)state;
	cof_kb_match m;
	assert_ok(cof_kb_route_of(S("GET"), S("/kbs/v0/resource/default/image-key/demo.v1"), &m, &err));
	assert_span_equal(m.part[0], "default", 7);
	assert_span_equal(m.part[1], "image-key", 9);
	assert_span_equal(m.part[2], "demo.v1", 7);
	assert_ok(cof_kb_route_of(S("GET"), S("/kbs/v0/audit?from=120"), &m, &err));
	assert_int_equal(m.from, 120);
	assert_span_equal(m.path, "/kbs/v0/audit", 13);
	assert_ok(cof_kb_route_of(S("GET"), S("/kbs/v0/audit"), &m, &err));
	assert_int_equal(m.from, 1);
}

/* Each route's own method and path lead back to it, and only the guest's four need no admin. */
static void t068_the_table_is_consistent(void **state)
{
	(void)state;
	unsigned open_routes = 0;
	for (unsigned i = 1; i < COF_ROUTES; i++) {
		enum cof_kb_route r = (enum cof_kb_route)i;
		char target[128];
		const char *path = cof_kb_route_path(r);
		bool tail = path[strlen(path) - 1] == '/';
		(void)snprintf(target, sizeof target, "%s%s", path,
			       !tail					? ""
			       : strcmp(path, "/kbs/v0/resource/") == 0 ? "a/b/c"
									: "name");
		assert_int_equal(route_of(cof_kb_route_method(r), target), r);
		open_routes += !cof_kb_route_is_admin(r);
	}
	assert_int_equal(open_routes, 4);
	assert_false(cof_kb_route_is_admin(COF_ROUTES));
	assert_string_equal(cof_kb_route_name(COF_ROUTE_NONE), "none");
	assert_null(cof_kb_route_method(COF_ROUTE_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t068_t070_odd_paths_are_no_paths),
		cmocka_unit_test(t068_methods_are_exact),
		cmocka_unit_test(t070_names_may_have_slashes_and_nothing_else),
		cmocka_unit_test(a_long_target_is_none),
		cmocka_unit_test(the_protocols_paths_are_known),
		cmocka_unit_test(parts_and_numbers_come_out),
		cmocka_unit_test(t068_the_table_is_consistent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
