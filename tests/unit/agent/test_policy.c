/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/policy.h"

#include "tests/unit/test.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "sha256:1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "{\"format\":\"coffer-policy/1\",\"containers\":["
#define ENTRY "{\"image\":\"r.test/a\",\"digest\":\"" DIGEST "\""

static const char full[] =
	HEAD ENTRY ",\"args\":[\"/hello\",\"x\"],\"env\":[\"A=b\"],\"cwd\":\"/w\",\"user\":{\"uid\":5,"
		   "\"gid\":6},\"terminal\":true,\"require_encrypted\":true}],\"exec\":[[\"/bin/status\",\"--short\"]],"
		   "\"signals\":[1,15,64],\"stdin\":true,\"stdout\":true,\"stderr\":false}";

static cof_policy *parse(const char *text)
{
	cof_policy *p = NULL;
	assert_ok(cof_policy_parse(cof_span_str(text), &p, &err));
	return p;
}

/* Every document here would let the host do more than its author can have meant. */
static void t002_policy_refuses_what_it_does_not_know(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"{\"format\":\"coffer-policy/2\",\"containers\":[]}",
		"{\"format\":1,\"containers\":[]}",
		"{\"containers\":[]}",
		"{\"format\":\"coffer-policy/1\"}",
		"{\"format\":\"coffer-policy/1\",\"containers\":{}}",
		"{\"format\":\"coffer-policy/1\",\"containers\":[],\"allow_all\":true}",
		"{\"format\":\"coffer-policy/1\",\"containers\":[],\"stdin\":1}",
		"{\"format\":\"coffer-policy/1\",\"containers\":[],\"stdin\":true,\"stdin\":false}",
		"{\"format\":\"coffer-policy/1\",\"containers\":[]} x",
		HEAD "{\"image\":\"r.test/a\"}]}",
		HEAD "{\"digest\":\"" DIGEST "\"}]}",
		HEAD "7]}",
		HEAD "{\"image\":\"\",\"digest\":\"" DIGEST "\"}]}",
		HEAD "{\"image\":\"r.test/a@" DIGEST "\",\"digest\":\"" DIGEST "\"}]}",
		HEAD "{\"image\":\"r.test/a\",\"digest\":\"latest\"}]}",
		HEAD "{\"image\":\"r.test/a\",\"digest\":\"md5:0123456789abcdef0123456789abcdef\"}]}",
		HEAD "{\"image\":\"r.test/a\",\"digest\":\"sha256:0123\"}]}",
		HEAD ENTRY ",\"args\":[]}]}",
		HEAD ENTRY ",\"args\":\"/x\"}]}",
		HEAD ENTRY ",\"args\":[1]}]}",
		HEAD ENTRY ",\"args\":[\"a\\u0000b\"]}]}",
		HEAD ENTRY ",\"cwd\":\"relative\"}]}",
		HEAD ENTRY ",\"user\":{\"uid\":0}}]}",
		HEAD ENTRY ",\"user\":{\"uid\":-1,\"gid\":0}}]}",
		HEAD ENTRY ",\"user\":{\"uid\":4294967295,\"gid\":0}}]}",
		HEAD ENTRY ",\"user\":{\"uid\":0,\"gid\":0,\"name\":\"x\"}}]}",
		HEAD ENTRY ",\"privileged\":true}]}",
		HEAD ENTRY ",\"require_encrypted\":1}]}",
		HEAD "],\"exec\":[[]]}",
		HEAD "],\"exec\":[\"/bin/sh\"]}",
		HEAD "],\"exec\":[[\"/bin/sh\",null]]}",
		HEAD "],\"signals\":[0]}",
		HEAD "],\"signals\":[65]}",
		HEAD "],\"signals\":[\"TERM\"]}",
		HEAD "],\"signals\":9}",
		HEAD "],\"stdout\":null}",
		HEAD "],\"scratch\":null}",
		HEAD "],\"scratch\":true}",
		HEAD "],\"scratch\":\"\"}",
		HEAD "],\"scratch\":\"plain\"}",
		HEAD "],\"scratch\":\"Integrity\"}",
		HEAD "],\"scratch\":[\"no\"]}",
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_policy *p = NULL;
		assert_fails(cof_policy_parse(cof_span_str(bad[i]), &p, &err), "policy-malformed");
		assert_null(p);
	}
}

static void t002_policy_refuses_every_truncation(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof full - 1; n++) {
		cof_policy *p = NULL;
		assert_fails(cof_policy_parse(cof_span_of(full, n), &p, &err), "policy-malformed");
	}
}

static void policy_limits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add_str(&b, HEAD, &err));
	for (int i = 0; i <= COF_POLICY_CONTAINERS_MAX; i++)
		assert_ok(cof_buf_printf(&b, &err, "%s" ENTRY "}", i > 0 ? "," : ""));
	assert_ok(cof_buf_add_str(&b, "]}", &err));
	cof_policy *p = NULL;
	assert_fails(cof_policy_parse(cof_buf_span(&b), &p, &err), "policy-malformed");
	COF_AUTO(cof_buf) big = {0};
	assert_ok(cof_buf_reserve(&big, COF_POLICY_MAX + 1, &err));
	memset(big.data, ' ', COF_POLICY_MAX + 1);
	big.len = COF_POLICY_MAX + 1;
	assert_fails(cof_policy_parse(cof_buf_span(&big), &p, &err), "policy-malformed");
}

static void policy_full(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = parse(full);
	assert_int_equal(p->n_containers, 1);
	const cof_policy_container *c = &p->containers[0];
	assert_string_equal(c->image, "r.test/a");
	assert_string_equal(c->digest, DIGEST);
	assert_int_equal(c->args.n, 2);
	assert_string_equal(c->args.at[1], "x");
	assert_string_equal(c->env.at[0], "A=b");
	assert_string_equal(c->cwd, "/w");
	assert_true(c->has_user && c->terminal && c->require_encrypted);
	assert_int_equal(c->uid, 5);
	assert_int_equal(c->gid, 6);
	assert_true(p->stdin_ok && p->stdout_ok && !p->stderr_ok);
}

/* Silence means the strictest that still lets the guest have the room. */
static void t031_policy_says_what_a_scratch_disk_must_be(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) silent = parse(HEAD "]}");
	COF_AUTO_PTR(cof_policy) integrity = parse(HEAD "],\"scratch\":\"integrity\"}");
	COF_AUTO_PTR(cof_policy) encrypted = parse(HEAD "],\"scratch\":\"encrypted\"}");
	COF_AUTO_PTR(cof_policy) no = parse(HEAD "],\"scratch\":\"no\"}");
	assert_int_equal(silent->scratch, COF_SCRATCH_INTEGRITY);
	assert_int_equal(integrity->scratch, COF_SCRATCH_INTEGRITY);
	assert_int_equal(encrypted->scratch, COF_SCRATCH_ENCRYPTED);
	assert_int_equal(no->scratch, COF_SCRATCH_NO);
}

/* What is absent is denied. */
static void t008_policy_default_denies(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = parse("{\"format\":\"coffer-policy/1\",\"containers\":[]}");
	char *argv[] = {(char *)(uintptr_t) "/bin/sh"};
	const cof_policy_container *c = NULL;
	assert_false(p->stdin_ok || p->stdout_ok || p->stderr_ok);
	assert_false(cof_policy_exec_allowed(p, argv, 1));
	assert_false(cof_policy_exec_allowed(p, argv, 0));
	for (uint32_t s = 0; s <= 70; s++)
		assert_false(cof_policy_signal_allowed(p, s));
	assert_fails(cof_policy_image(p, "r.test/a@" DIGEST, &c, &err), "policy-denied");
}

static void t009_policy_image_is_pinned_whole(void **state)
{
	static const char *const others[] = {
		"",
		"r.test/a",
		"r.test/a:latest",
		"r.test/a@" OTHER,
		"r.test/a:1@" DIGEST,
		"r.test/ab@" DIGEST,
		"r.test/@" DIGEST,
		"x/r.test/a@" DIGEST,
		"r.test/a@" DIGEST "x",
		"r.test/a@@" DIGEST,
		"R.test/a@" DIGEST,
		"r.test/a @" DIGEST,
		"@" DIGEST,
		"r.test//a@" DIGEST,
	};
	(void)state;
	COF_AUTO_PTR(cof_policy) p = parse(full);
	const cof_policy_container *c = NULL;
	for (size_t i = 0; i < COF_COUNT(others); i++)
		assert_fails(cof_policy_image(p, others[i], &c, &err), "policy-denied");
	assert_ok(cof_policy_image(p, "r.test/a@" DIGEST, &c, &err));
	assert_ptr_equal(c, &p->containers[0]);
}

static void t013_policy_exec_compares_whole_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = parse(full);
	char *good[] = {(char *)(uintptr_t) "/bin/status", (char *)(uintptr_t) "--short"};
	char *more[] = {good[0], good[1], good[1]};
	char *other[] = {good[0], (char *)(uintptr_t) "--shor"};
	assert_true(cof_policy_exec_allowed(p, good, 2));
	assert_false(cof_policy_exec_allowed(p, good, 1));
	assert_false(cof_policy_exec_allowed(p, good, 0));
	assert_false(cof_policy_exec_allowed(p, more, 3));
	assert_false(cof_policy_exec_allowed(p, other, 2));
}

static void policy_signals(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_policy) p = parse(full);
	for (uint32_t s = 0; s < 200; s++)
		assert_int_equal(cof_policy_signal_allowed(p, s), s == 1 || s == 15 || s == 64);
	assert_false(cof_policy_signal_allowed(p, UINT32_MAX));
}

/* A changed byte gives the same policy, another valid one, or none; never a crash, and never a looser pin. */
static void policy_bit_flips(void **state)
{
	(void)state;
	char copy[sizeof full];
	for (size_t i = 0; i < sizeof full - 1; i++) {
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, full, sizeof full);
			copy[i] = (char)(copy[i] ^ (1 << bit));
			COF_AUTO_PTR(cof_policy) p = NULL;
			cof_err err = {0};
			if (cof_policy_parse(cof_span_of(copy, sizeof full - 1), &p, &err) < 0)
				assert_true(cof_err_is(&err, "policy-malformed"));
			else
				assert_non_null(p->containers[0].digest);
		}
	}
}

/* T-82: an absent list allows nothing; a broken pattern refuses the whole policy. */
static void t082_resources_are_listed_or_denied(void **state)
{
	(void)state;
	static const char *const bad[] = {"\"a/b\"", "\"*\"", "\"a/b/c*\"", "7"};
	cof_kbsp_path path = {0};
	COF_AUTO_PTR(cof_policy) none = NULL;
	COF_AUTO_PTR(cof_policy) some = NULL;
	assert_ok(cof_kbsp_path_parse("default/demo/secret", &path, &err));
	assert_ok(cof_policy_parse(cof_span_str("{\"format\":\"coffer-policy/1\",\"containers\":[]}"), &none, &err));
	assert_false(cof_policy_resource_allowed(none, &path));
	assert_false(none->token_ok);
	assert_false(none->measure_ok);
	assert_ok(cof_policy_parse(
		cof_span_str("{\"format\":\"coffer-policy/1\",\"containers\":[],"
			     "\"resources\":[\"other/x/y\",\"default/demo/*\"],\"token\":true,\"measure\":true}"),
		&some, &err));
	assert_true(cof_policy_resource_allowed(some, &path));
	assert_true(some->token_ok);
	assert_true(some->measure_ok);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO_PTR(cof_policy) p = NULL;
		assert_ok(cof_buf_printf(
			&text, &err, "{\"format\":\"coffer-policy/1\",\"containers\":[],\"resources\":[%s]}", bad[i]));
		assert_fails(cof_policy_parse(cof_buf_span(&text), &p, &err), "policy-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t082_resources_are_listed_or_denied),
		cmocka_unit_test(t002_policy_refuses_what_it_does_not_know),
		cmocka_unit_test(t002_policy_refuses_every_truncation),
		cmocka_unit_test(policy_limits),
		cmocka_unit_test(t008_policy_default_denies),
		cmocka_unit_test(t009_policy_image_is_pinned_whole),
		cmocka_unit_test(t013_policy_exec_compares_whole_vectors),
		cmocka_unit_test(policy_bit_flips),
		cmocka_unit_test(policy_full),
		cmocka_unit_test(t031_policy_says_what_a_scratch_disk_must_be),
		cmocka_unit_test(policy_signals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
