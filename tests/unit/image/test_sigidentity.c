/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigidentity.h"

#include "tests/unit/image/sigrig.h"

#define D "@" SIGRIG_DIGEST

static cof_sig_identity rule(const char *text)
{
	cof_sig_identity i = {0};
	COF_AUTO_PTR(json_t) v = text != NULL ? json_loads(text, 0, NULL) : NULL;
	assert_ok(cof_sig_identity_parse(v, &i, &err));
	return i;
}

static void same(const char *rule_text, const char *asked, const char *signed_name, bool want)
{
	COF_AUTO(cof_sig_identity) i = rule(rule_text);
	cof_ref ref = {0};
	cof_err why = {0};
	if (asked != NULL)
		ref = sigrig_ref(asked);
	int r = cof_sig_identity_check(&i, asked != NULL ? &ref : NULL, signed_name, &why);
	if ((r == 0) != want)
		fail_msg("%s: %s, signed %s: %d (%s)", rule_text != NULL ? rule_text : "default",
			 asked != NULL ? asked : "-", signed_name != NULL ? signed_name : "-", r, why.text);
	if (r < 0)
		assert_true(cof_err_is(&why, "signature-identity"));
}

static void t039_digest_or_exact(void **state)
{
	(void)state;
	const char *const rules[] = {NULL, "{\"type\":\"matchRepoDigestOrExact\"}"};
	for (size_t i = 0; i < COF_COUNT(rules); i++) {
		same(rules[i], "a.b/c:1", "a.b/c:1", true);
		same(rules[i], "a.b/c:1", "A.B/c:1", true);
		same(rules[i], "a.b/c:1", "a.b/c:2", false);
		same(rules[i], "a.b/c:1", "a.b/c", false);
		same(rules[i], "a.b/c:latest", "a.b/c", false);
		same(rules[i], "a.b/c:1", "a.b/c" D, false);
		same(rules[i], "a.b/c" D, "a.b/c:1", true);
		same(rules[i], "a.b/c" D, "a.b/c" D, true);
		same(rules[i], "a.b/c" D, "a.b/d:1", false);
		same(rules[i], "a.b/c" D, "a.b/c", false);
		same(rules[i], "a.b/c:1" D, "a.b/c:1", true);
		same(rules[i], "a.b/c:1" D, "a.b/c:1" D, true);
		same(rules[i], "a.b/c:1" D, "a.b/c:2", false);
		same(rules[i], "a.b/c:1" D, "a.b/c" D, false);
		same(rules[i], "a.b/c:1", "a.b:5000/c:1", false);
		same(rules[i], "a.b/c:1", "x.a.b/c:1", false);
		same(rules[i], "a.b/c:1", "", false);
		same(rules[i], "a.b/c:1", "a.b/c:1 ", false);
		same(rules[i], "a.b/c:1", "a.b//c:1", false);
		same(rules[i], "a.b/c:1", NULL, false);
		same(rules[i], NULL, "a.b/c:1", false);
		same(rules[i], "docker.io/library/x:1", "index.docker.io/library/x:1", true);
		same(rules[i], "docker.io/library/x:1", "x:1", true);
		same(rules[i], "docker.io/y/x:1", "y/x:1", true);
		same(rules[i], "a.b/y/x:1", "y/x:1", false);
	}
}

static void t039_exact(void **state)
{
	(void)state;
	const char *r = "{\"type\":\"matchExact\"}";
	same(r, "a.b/c:1", "a.b/c:1", true);
	same(r, "a.b/c" D, "a.b/c" D, true);
	same(r, "a.b/c" D, "a.b/c:1", false);
	same(r, "a.b/c:1", "a.b/c", false);
	same(r, "a.b/c:1", "a.b/c:2", false);
	same(r, NULL, "a.b/c:1", false);
}

/* Given by a person, a name may have neither tag nor digest: it is exactly nothing. */
static void t039_bare_names_are_not_exact(void **state)
{
	(void)state;
	const char *const rules[] = {NULL, "{\"type\":\"matchExact\"}",
				     "{\"type\":\"remapIdentity\",\"prefix\":\"a.b\",\"signedPrefix\":\"a.b\"}"};
	cof_ref bare = sigrig_ref("a.b/c");
	bare.tag[0] = '\0';
	for (size_t i = 0; i < COF_COUNT(rules); i++) {
		COF_AUTO(cof_sig_identity) id = rule(rules[i]);
		assert_fails(cof_sig_identity_check(&id, &bare, "a.b/c", &err), "signature-identity");
		assert_fails(cof_sig_identity_check(&id, &bare, "a.b/c:1", &err), "signature-identity");
	}
}

static void t039_repository(void **state)
{
	(void)state;
	const char *r = "{\"type\":\"matchRepository\"}";
	same(r, "a.b/c:1", "a.b/c", true);
	same(r, "a.b/c:1", "a.b/c:2", true);
	same(r, "a.b/c" D, "a.b/c", true);
	same(r, "a.b/c:1", "a.b/cc", false);
	same(r, "a.b/c:1", "a.b/c/d", false);
	same(r, "a.b/c:1", NULL, false);
	same(r, NULL, "a.b/c", false);
}

static void t039_exact_names_do_not_ask_the_image(void **state)
{
	(void)state;
	const char *reference = "{\"type\":\"exactReference\",\"dockerReference\":\"a.b/c:1\"}";
	same(reference, "x.y/z:9", "a.b/c:1", true);
	same(reference, NULL, "a.b/c:1", true);
	same(reference, "a.b/c:1", "a.b/c:2", false);
	same(reference, "a.b/c:1", "a.b/c", false);
	same("{\"type\":\"exactReference\",\"dockerReference\":\"a.b/c:1" D "\"}", NULL, "a.b/c:1", false);
	const char *repo = "{\"type\":\"exactRepository\",\"dockerRepository\":\"a.b/c\"}";
	same(repo, "x.y/z:9", "a.b/c", true);
	same(repo, NULL, "a.b/c:7", true);
	same(repo, "a.b/c:1", "a.b/d", false);
	same(repo, "a.b/c:1", NULL, false);
}

static void t039_remap(void **state)
{
	(void)state;
	const char *host = "{\"type\":\"remapIdentity\",\"prefix\":\"mirror.lan\",\"signedPrefix\":\"vendor.org\"}";
	same(host, "mirror.lan/a/b:1", "vendor.org/a/b:1", true);
	same(host, "mirror.lan/a/b" D, "vendor.org/a/b:1", true);
	same(host, "mirror.lan/a/b:1", "vendor.org/a/b:2", false);
	same(host, "mirror.lan/a/b:1", "mirror.lan/a/b:1", false);
	same(host, "mirror.lan/a/b:1", "vendor.org/a/b", false);
	same(host, "other.lan/a/b:1", "other.lan/a/b:1", true);
	same(host, "mirror.lan:5000/a:1", "vendor.org:5000/a:1", false);
	same(host, "mirror.lan:5000/a:1", "mirror.lan:5000/a:1", true);
	const char *ns = "{\"type\":\"remapIdentity\",\"prefix\":\"mirror.lan/v\",\"signedPrefix\":\"vendor.org/x/y\"}";
	same(ns, "mirror.lan/v/b:1", "vendor.org/x/y/b:1", true);
	same(ns, "mirror.lan/v:1", "vendor.org/x/y:1", true);
	same(ns, "mirror.lan/vv/b:1", "vendor.org/x/yv/b:1", false);
	same(ns, "mirror.lan/vv/b:1", "mirror.lan/vv/b:1", true);
}

static void digest_only(void **state)
{
	(void)state;
	const char *r = "{\"type\":\"cofferDigestOnly\"}";
	same(r, "a.b/c:1", NULL, true);
	same(r, "a.b/c:1", "x.y/z:2", true);
	same(r, NULL, NULL, true);
}

/* The command line's: what is given must agree, what is not given cannot. */
static void named(void **state)
{
	(void)state;
	const cof_sig_identity i = {.match = COF_SIG_MATCH_NAMED};
	const struct {
		const char *asked, *found;
		bool want;
	} cases[] = {
		{"a.b/c:1", "a.b/c", true},  {"a.b/c:1", "a.b/c:1", true}, {"a.b/c:1", "a.b/c:2", false},
		{"a.b/c:1", "a.b/d", false}, {"a.b/c:1", NULL, true},	   {NULL, "a.b/c", true},
		{"a.b/c", "a.b/c:1", true},  {"a.b/c", "a.b/d:1", false},
	};
	for (size_t n = 0; n < COF_COUNT(cases); n++) {
		cof_ref ref = {0};
		if (cases[n].asked != NULL)
			ref = sigrig_ref(cases[n].asked);
		if (cases[n].asked != NULL && strrchr(cases[n].asked, ':') == NULL)
			ref.tag[0] = '\0';
		int r = cof_sig_identity_check(&i, cases[n].asked != NULL ? &ref : NULL, cases[n].found, NULL);
		if ((r == 0) != cases[n].want)
			fail_msg("%s, signed %s: %d", cases[n].asked, cases[n].found, r);
	}
}

static void rules_must_be_whole(void **state)
{
	(void)state;
	const char *const bad[] = {
		"[]",
		"{}",
		"{\"type\":\"exactReference\"}",
		"{\"type\":\"exactReference\",\"dockerReference\":\"a.b/c\"}",
		"{\"type\":\"exactReference\",\"dockerReference\":\"a.b/c:\"}",
		"{\"type\":\"exactRepository\",\"dockerRepository\":\"a.b/c:1\"}",
		"{\"type\":\"exactRepository\",\"dockerRepository\":\"\"}",
		"{\"type\":\"exactRepository\",\"dockerRepository\":\"a.b/c\",\"dockerReference\":\"a.b/c:1\"}",
		"{\"type\":\"remapIdentity\",\"prefix\":\"a.b\"}",
		"{\"type\":\"remapIdentity\",\"prefix\":\"a.b/\",\"signedPrefix\":\"c.d\"}",
		"{\"type\":\"remapIdentity\",\"prefix\":\"a.b\",\"signedPrefix\":\"c.d/e:1\"}",
		"{\"type\":\"remapIdentity\",\"prefix\":\"a b\",\"signedPrefix\":\"c.d\"}",
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO_PTR(json_t) v = json_loads(bad[i], 0, NULL);
		cof_sig_identity made = {0};
		assert_non_null(v);
		assert_fails(cof_sig_identity_parse(v, &made, &err), "policy-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t039_digest_or_exact),
		cmocka_unit_test(t039_exact),
		cmocka_unit_test(t039_bare_names_are_not_exact),
		cmocka_unit_test(t039_repository),
		cmocka_unit_test(t039_exact_names_do_not_ask_the_image),
		cmocka_unit_test(t039_remap),
		cmocka_unit_test(digest_only),
		cmocka_unit_test(named),
		cmocka_unit_test(rules_must_be_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
