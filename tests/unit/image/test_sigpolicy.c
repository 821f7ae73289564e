/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/sigpolicy.h"

#include "tests/unit/image/sigrig.h"
#include "tests/unit/image/vec.h"

#define REJECT "[{\"type\":\"reject\"}]"
#define ANY "[{\"type\":\"insecureAcceptAnything\"}]"
#define DEFAULT "\"default\":" REJECT
#define IN_DOCKER(scopes) "{" DEFAULT ",\"transports\":{\"docker\":{" scopes "}}}"
#define ONE(req) "{\"default\":[" req "]}"
#define SIGSTORE(more) ONE("{\"type\":\"sigstoreSigned\"" more "}")
#define SIGNED_BY(more) ONE("{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\"" more "}")

static void t039_vectors(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) cases = vector_cases();
	json_t *c;
	size_t i, n = 0;
	if (cases == NULL)
		skip();
	json_array_foreach (cases, i, c) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO_PTR(cof_sigpolicy) p = NULL;
		const char *file = json_string_value(json_object_get(c, "policy"));
		if (file == NULL)
			continue;
		n++;
		assert_int_equal(vector_read(file, &text), 0);
		if (strcmp(json_string_value(json_object_get(c, "want")), "ok") == 0)
			assert_ok(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err));
		else
			assert_fails(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err), "policy-malformed");
	}
	assert_true(n >= 5);
}

static void t039_one_doubt_refuses_the_file(void **state)
{
	(void)state;
	const char *const bad[] = {
		"",
		"[]",
		"{}",
		"null",
		"{" DEFAULT "} x",
		"{\"transports\":{}}",
		"{\"default\":null}",
		"{\"default\":{}}",
		"{\"default\":[]}",
		"{\"default\":[[]]}",
		"{\"default\":[{}]}",
		"{\"Default\":" REJECT "}",
		"{" DEFAULT ",\"x\":1}",
		"{" DEFAULT "," DEFAULT "}",
		"{" DEFAULT ",\"transports\":[]}",
		"{" DEFAULT ",\"transports\":{\"docker\":[]}}",
		"{" DEFAULT ",\"transports\":{\"dockr\":{}}}",
		"{" DEFAULT ",\"transports\":{\"docker\":{},\"docker\":{}}}",
		IN_DOCKER("\"a.b/c\":[]"),
		IN_DOCKER("\"a.b/c\":null"),
		IN_DOCKER("\"a.b/c\":" REJECT ",\"a.b/c\":" ANY),
		IN_DOCKER("\"a.b/c\":" REJECT ",\"A.b/c\":" ANY),
		ONE("{\"type\":\"Reject\"}"),
		ONE("{\"type\":\"reject\",\"x\":1}"),
		ONE("{\"type\":\"reject\",\"type\":\"insecureAcceptAnything\"}"),
		ONE("{\"type\":\"insecureAcceptAnything\",\"keyData\":\"\"}"),
		ONE("{\"type\":\"nothing\"}"),
		ONE("{\"type\":1}"),
		SIGSTORE(""),
		SIGSTORE(",\"keyPath\":\"\""),
		SIGSTORE(",\"keyPath\":1"),
		SIGSTORE(",\"keyPath\":\"/a\\u0000b\""),
		SIGSTORE(",\"keyPath\":\"/a\",\"keyData\":\"YQ==\""),
		SIGSTORE(",\"keyPath\":\"/a\",\"keyPaths\":[\"/a\"]"),
		SIGSTORE(",\"keyPaths\":[]"),
		SIGSTORE(",\"keyPaths\":\"/a\""),
		SIGSTORE(",\"keyPaths\":[1]"),
		SIGSTORE(",\"keyDatas\":[]"),
		SIGSTORE(",\"keyData\":\"-----BEGIN PUBLIC KEY-----\""), /* raw text, as image-rs has it */
		SIGSTORE(",\"keyPath\":\"/a\",\"keyType\":\"GPGKeys\""),
		SIGSTORE(",\"keyPath\":\"/a\",\"signedIdentity\":{}"),
		SIGSTORE(",\"keyPath\":\"/a\",\"signedIdentity\":null"),
		SIGSTORE(",\"keyPath\":\"/a\",\"signedIdentity\":{\"type\":\"matchAnything\"}"),
		SIGSTORE(",\"keyPath\":\"/a\",\"signedIdentity\":{\"type\":\"matchExact\",\"prefix\":\"a\"}"),
		SIGSTORE(",\"keyPath\":\"/a\",\"fulcio\":{}"),
		SIGSTORE(",\"fulcio\":1"),
		SIGSTORE(",\"fulcio\":{},\"pki\":{}"),
		SIGSTORE(",\"rekorPublicKeyPath\":\"/r\""),
		SIGSTORE(",\"keyPath\":\"/a\",\"rekorPublicKeyPath\":1"),
		ONE("{\"type\":\"signedBy\",\"keyPath\":\"/a\"}"),
		ONE("{\"type\":\"signedBy\",\"keyType\":\"PGP\",\"keyPath\":\"/a\"}"),
		SIGNED_BY(""),
		SIGNED_BY(",\"keyDatas\":[\"YQ==\"]"),
		SIGNED_BY(",\"keyPath\":\"/a\",\"x\":1"),
		ONE("{\"type\":\"signedBaseLayer\"}"),
		ONE("{\"type\":\"signedBaseLayer\",\"baseLayerIdentity\":{}}"),
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_sigpolicy *p = NULL;
		cof_err why = {0};
		if (cof_sigpolicy_parse(cof_span_str(bad[i]), &p, &why) == 0)
			fail_msg("accepted: %s", bad[i]);
		if (!cof_err_is(&why, "policy-malformed"))
			fail_msg("%s: %s (%s)", bad[i], why.reason, why.text);
	}
}

static void scopes_that_no_image_can_have(void **state)
{
	(void)state;
	const struct {
		const char *transport, *scope;
		bool ok;
	} cases[] = {
		{"docker", "", true},
		{"docker", "docker.io", true},
		{"docker", "docker.io/library/busybox:latest", true},
		{"docker", "docker.io/busybox", true},
		{"docker", "localhost:5000", true},
		{"docker", "reg.example.org:5000/a/b_c", true},
		{"docker", "reg.example.org/a@" SIGRIG_DIGEST, true},
		{"docker", "*.example.org", true},
		{"docker", "busybox", false},
		{"docker", "index.docker.io/library/busybox", false}, /* every name of it is docker.io's */
		{"docker", "docker://reg.example.org/a", false},
		{"docker", "reg.example.org/", false},
		{"docker", "reg.example.org//a", false},
		{"docker", "reg.example.org/A", false},
		{"docker", "reg.example.org/a:", false},
		{"docker", "reg.example.org/a@sha256:12", false},
		{"docker", "/a", false},
		{"docker", "*", false},
		{"docker", "*.", false},
		{"docker", "*.example.org/a", false},
		{"docker", "*.example.org:5000", false},
		{"docker", "a.*.org", false},
		{"oci", "/srv/images", true},
		{"oci", "/srv/images:v1", true},
		{"oci", "srv", false},
		{"oci", "/", false},
		{"oci", "/srv/", false},
		{"oci", "/srv//x", false},
		{"oci", "/srv/../x", false},
		{"oci", "/srv/.", false},
		{"docker-daemon", "anything", true},
		{"docker-archive", "", true},
		{"docker-archive", "/x", false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		COF_AUTO(cof_buf) text = {0};
		COF_AUTO_PTR(cof_sigpolicy) p = NULL;
		assert_ok(cof_buf_printf(&text, &err, "{" DEFAULT ",\"transports\":{\"%s\":{\"%s\":" ANY "}}}",
					 cases[i].transport, cases[i].scope));
		if (cases[i].ok)
			assert_ok(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err));
		else
			assert_fails(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err), "policy-malformed");
	}
}

/* The truth table of scopes: each policy below has these, and all of them accept. */
#define POLICY(scopes)                                                                                                 \
	"{" DEFAULT ",\"transports\":{\"docker\":{" scopes "},\"oci\":{\"/srv/img:v1\":" ANY ",\"/srv\":" ANY "}}}"

static void finds(const char *policy, const char *ref, const char *want)
{
	COF_AUTO_PTR(cof_sigpolicy) p = sigrig_policy(policy);
	char scope[COF_SIGPOLICY_SCOPE_MAX];
	cof_ref r = sigrig_ref(ref);
	const cof_sig_place place = {.transport = "docker", .ref = &r};
	const cof_sig_reqs *reqs = cof_sigpolicy_find(p, &place, scope);
	if (strcmp(scope, want) != 0)
		fail_msg("%s: '%s', not '%s'", ref, scope, want);
	assert_int_equal(reqs->n, 1);
	assert_int_equal(reqs->list[0].type, want[0] == '\0' ? COF_SIG_REJECT : COF_SIG_ACCEPT_ANYTHING);
}

static void t039_the_closest_scope_decides(void **state)
{
	(void)state;
	const char *all = POLICY("\"r.ex.org:5000/a/b:t\":" ANY ",\"r.ex.org:5000/a/b@" SIGRIG_DIGEST "\":" ANY
				 ",\"r.ex.org:5000/a/b\":" ANY ",\"r.ex.org:5000/a\":" ANY ",\"r.ex.org:5000\":" ANY
				 ",\"*.ex.org\":" ANY ",\"*.org\":" ANY ",\"\":" ANY);
	finds(all, "r.ex.org:5000/a/b:t", "docker:r.ex.org:5000/a/b:t");
	finds(all, "R.EX.org:5000/a/b:t", "docker:r.ex.org:5000/a/b:t");
	finds(all, "r.ex.org:5000/a/b@" SIGRIG_DIGEST, "docker:r.ex.org:5000/a/b@" SIGRIG_DIGEST);
	finds(all, "r.ex.org:5000/a/b:t@" SIGRIG_DIGEST, "docker:r.ex.org:5000/a/b@" SIGRIG_DIGEST);
	finds(all, "r.ex.org:5000/a/b:t@" SIGRIG_OTHER, "docker:r.ex.org:5000/a/b:t");
	finds(all, "r.ex.org:5000/a/b:T", "docker:r.ex.org:5000/a/b");
	finds(all, "r.ex.org:5000/a/b@" SIGRIG_OTHER, "docker:r.ex.org:5000/a/b");
	finds(all, "r.ex.org:5000/a/bb:t", "docker:r.ex.org:5000/a");
	finds(all, "r.ex.org:5000/a/b/c:t", "docker:r.ex.org:5000/a/b");
	finds(all, "r.ex.org:5000/ab:t", "docker:r.ex.org:5000");
	finds(all, "R.Ex.Org:5000/ab:t", "docker:r.ex.org:5000");
	finds(all, "r.ex.org/a/b:t", "docker:*.ex.org");
	finds(all, "s.r.ex.org:5000/a/b:t", "docker:*.ex.org");
	finds(all, "ex.org/a/b:t", "docker:*.org");
	finds(all, "xex.org/a", "docker:*.org");
	finds(all, "example.net/a", "docker");
	finds(POLICY("\"r.ex.org/a\":" ANY), "r.ex.org/ab", "");
	finds(POLICY("\"r.ex.org/a\":" ANY), "r.ex.org:443/a", "");
	finds(POLICY("\"r.ex.org\":" ANY), "r.ex.org.evil.net/a", "");
	finds(POLICY("\"*.ex.org\":" ANY), "evilex.org/a", "");
	finds(POLICY("\"*.ex.org\":" ANY), "ex.org/a", "");
	finds(POLICY("\"*.ex.org\":" ANY), "x.ex.org.evil.net/a", "");
	finds(POLICY("\"docker.io/library/busybox\":" ANY), "docker.io/library/busybox:1",
	      "docker:docker.io/library/busybox");
}

static void paths_have_scopes_too(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sigpolicy) p = sigrig_policy(POLICY("\"\":" ANY));
	const struct {
		const char *transport, *path, *ref, *want;
	} cases[] = {
		{"oci", "/srv/img", "v1", "oci:/srv/img:v1"},
		{"oci", "/srv/img", "v2", "oci:/srv"},
		{"oci", "/srv/img", NULL, "oci:/srv"},
		{"oci", "/srvx", "v1", ""},
		{"oci", "/", "v1", ""},
		{"oci-archive", "/srv/img", "v1", ""},
		{"docker", NULL, NULL, "docker"},
		{"unheard-of", "/srv/img", "v1", ""},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		char scope[COF_SIGPOLICY_SCOPE_MAX];
		const cof_sig_place place = {cases[i].transport, NULL, cases[i].path, cases[i].ref};
		assert_non_null(cof_sigpolicy_find(p, &place, scope));
		assert_string_equal(scope, cases[i].want);
	}
}

static void keeps_what_it_read(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_sigpolicy)
	p = sigrig_policy(
		"{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPaths\":[\"kbs:///default/key/a\",\"/etc/b.pub\"]},"
		"{\"type\":\"signedBy\",\"keyType\":\"GPGKeys\",\"keyData\":\"YWJj\",\"signedIdentity\":"
		"{\"type\":\"remapIdentity\",\"prefix\":\"a.b\",\"signedPrefix\":\"c.d/e\"}},"
		"{\"type\":\"sigstoreSigned\",\"fulcio\":{\"caPath\":\"/x\"},\"rekorPublicKeyPath\":\"/y\"},"
		"{\"type\":\"signedBy\",\"keyType\":\"X509Certificates\",\"keyPath\":\"/a\"},"
		"{\"type\":\"signedBaseLayer\",\"baseLayerIdentity\":{\"type\":\"matchExact\"}}]}");
	const cof_sig_place place = {.transport = "dir"};
	const cof_sig_reqs *reqs = cof_sigpolicy_find(p, &place, NULL);
	assert_int_equal(reqs->n, 5);
	assert_int_equal(reqs->list[0].type, COF_SIG_SIGSTORE_SIGNED);
	assert_int_equal(reqs->list[0].n_keys, 2);
	assert_string_equal(reqs->list[0].keys[0].path, "kbs:///default/key/a");
	assert_int_equal(reqs->list[0].identity.match, COF_SIG_MATCH_REPO_DIGEST_OR_EXACT);
	assert_int_equal(reqs->list[1].type, COF_SIG_SIGNED_BY);
	assert_null(reqs->list[1].keys[0].path);
	assert_string_equal(cof_buf_str(&reqs->list[1].keys[0].data), "abc");
	assert_string_equal(reqs->list[1].identity.signed_prefix, "c.d/e");
	assert_string_equal(reqs->list[2].unsupported, "certificates of Fulcio");
	for (size_t i = 2; i < 5; i++) {
		assert_int_equal(reqs->list[i].type, COF_SIG_UNSUPPORTED);
		assert_non_null(reqs->list[i].unsupported);
	}
}

static void t039_has_limits(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	cof_sigpolicy *p = NULL;
	assert_ok(cof_buf_add_str(&text, "{\"default\":[{\"type\":\"reject\"}", &err));
	for (int i = 0; i < COF_SIGPOLICY_LIST_MAX; i++)
		assert_ok(cof_buf_add_str(&text, ",{\"type\":\"reject\"}", &err));
	assert_ok(cof_buf_add_str(&text, "]}", &err));
	assert_fails(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err), "policy-malformed");
	cof_buf_release(&text);
	assert_ok(cof_buf_add_str(&text, "{" DEFAULT "}", &err));
	while (text.len <= COF_SIGPOLICY_MAX)
		assert_ok(cof_buf_add_str(&text, "                                                ", &err));
	assert_fails(cof_sigpolicy_parse(cof_buf_span(&text), &p, &err), "policy-malformed");
}

/* Whatever one bit or one missing byte makes of a policy, an image that nobody signed does not pass. */
static void t039_no_damage_opens_it(void **state)
{
	(void)state;
	static const char policy[] = "{\"default\":" REJECT ",\"transports\":{\"docker\":{\"" SIGRIG_REPO
				     "\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/k\"}],\"" SIGRIG_REPO
				     ":free\":[{\"type\":\"reject\"}]}}}";
	cof_ref ref = sigrig_ref(SIGRIG_REPO ":1");
	char text[sizeof policy];
	size_t parsed = 0;
	for (size_t bit = 0; bit < (sizeof policy - 1) * 8; bit += unit_stride()) {
		COF_AUTO_PTR(cof_sigpolicy) p = NULL;
		cof_err why = {0};
		memcpy(text, policy, sizeof policy);
		text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
		if (cof_sigpolicy_parse(cof_span_of(text, sizeof policy - 1), &p, NULL) < 0)
			continue;
		parsed++;
		assert_true(sigrig_judge(p, &ref, NULL, 0, NULL, &why) < 0);
		assert_string_not_equal(why.reason, "");
	}
	assert_true(parsed > 0);
	for (size_t n = 0; n < sizeof policy - 1; n++) {
		cof_sigpolicy *p = NULL;
		assert_fails(cof_sigpolicy_parse(cof_span_of(policy, n), &p, &err), "policy-malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t039_vectors),
		cmocka_unit_test(t039_one_doubt_refuses_the_file),
		cmocka_unit_test(scopes_that_no_image_can_have),
		cmocka_unit_test(t039_the_closest_scope_decides),
		cmocka_unit_test(paths_have_scopes_too),
		cmocka_unit_test(keeps_what_it_read),
		cmocka_unit_test(t039_has_limits),
		cmocka_unit_test(t039_no_damage_opens_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
