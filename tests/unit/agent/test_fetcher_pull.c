/* SPDX-License-Identifier: Apache-2.0 */
/* The image as the owner wants it: requests of every shape, logins, and signatures before anything is handed on. */
#include "agent/signers.h"
#include "tests/unit/agent/fetcher_rig.h"

#define SETTINGS "\"resolve\":[],\"logins\":false,\"signers\":false}"
#define LISTS "\"no_proxy\":[],\"token_servers\":[],\"mirrors\":[],"
#define REST LISTS SETTINGS

static void t047_pull_of_the_wrong_shape(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"", "json"},
		{"{}", "json"},
		{"[]", "json"},
		{"{\"reference\":1,\"ca\":\"\"," REST, "json"},
		{"{\"reference\":\"r.test/a@" PIN "\",\"ca\":null," REST, "json"},
		{"{\"reference\":\"r.test/a@" PIN "\",\"ca\":\"\",\"proxy\":5," REST, "json"},
		{"{\"reference\":\"r.test/a@" PIN "\",\"ca\":\"\",\"no_proxy\":\"a\"," SETTINGS, "json"},
		{"{\"reference\":\"r.test/a@" PIN "\",\"ca\":\"\"," LISTS "\"resolve\":[],\"logins\":1}", "json"},
		{PULL("r.test/a@" PIN, "", "{}"), "json"},
		{PULL("r.test/a@" PIN, "", "[1]"), "json"},
		{PULL("r.test/a@" PIN, "", "[\"a:1:b\",null]"), "json"},
		{PULL("", "", "[]"), "ref"},
		{PULL("r.test/../a@" PIN, "", "[]"), "ref"},
		{PULL("r.test/a@sha256:00", "", "[]"), "ref"},
		{PULL("http://r.test/a@" PIN, "", "[]"), "ref"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed b;
		setup(&b);
		send_text(&b, COF_FETCHER_PULL, cases[i].text);
		rig_turn(&b.r, &b.heard, 1);
		if (b.m.type != COF_ROLE_ERR)
			fail_msg("%s: type %u", cases[i].text, b.m.type);
		if (strstr(b.why.reason, cases[i].reason) == NULL)
			fail_msg("%s: '%s' (%s)", cases[i].text, b.why.reason, b.why.text);
		teardown(&b);
	}
}

/* --- records --- */

/* The read end of a pipe that holds these bytes and nothing behind them. */
static int record(cof_span bytes)
{
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	if (bytes.len > 0)
		assert_int_equal(write(fds[1], bytes.data, bytes.len), bytes.len);
	(void)close(fds[1]);
	return fds[0];
}

static int policy_record(const char *policy)
{
	COF_AUTO(cof_signers) s = {0};
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_add_str(&s.policy, policy, &err));
	assert_ok(cof_signers_encode(&s, &text, &err));
	return record(cof_buf_span(&text));
}

/* Answers a PULL with these pipes, which are taken: reason NULL is a manifest. */
static void assert_pull(const registry *g, int logins, int signers, const char *reason)
{
	bed b;
	setup(&b);
	send_pull_of(&b, g, logins, signers);
	rig_turn(&b.r, &b.heard, 1);
	if (reason == NULL ? b.m.type != COF_ROLE_MANIFEST : !cof_err_is(&b.why, reason))
		fail_msg("type %u '%s' (%s), not '%s'", b.m.type, b.why.reason, b.why.text,
			 reason != NULL ? reason : "a manifest");
	teardown(&b);
	(void)close(logins);
	(void)close(signers);
}

/* --- logins --- */

/* dXNlcjpwYXNz is "user:pass". */
#define AUTHS(host) "{\"auths\":{\"" host "\":{\"auth\":\"dXNlcjpwYXNz\"}}}"

static void start_private(registry *g)
{
	registry_start_with(g, "[\"/bin/sh\"]", REGISTRY_OK, "Basic dXNlcjpwYXNz");
}

static void a_login_opens_a_private_registry(void **state)
{
	registry g;
	char text[256];
	(void)state;
	start_private(&g);
	(void)snprintf(text, sizeof text, AUTHS("registry.coffer.test:%u"), g.port);
	assert_pull(&g, record(cof_span_str(text)), -1, NULL);
	assert_pull(&g, -1, -1, "registry-refused");
	registry_stop(&g);
}

/* T-40: a login for another registry, another port or a longer name is none for this one. */
static void t040_another_registrys_login(void **state)
{
	static const char *const hosts[] = {AUTHS("registry.coffer.test"), AUTHS("registry.coffer.test:1"),
					    AUTHS("coffer.test"), AUTHS("evil-registry.coffer.test"), "{\"auths\":{}}"};
	registry g;
	(void)state;
	start_private(&g);
	for (size_t i = 0; i < COF_COUNT(hosts); i++)
		assert_pull(&g, record(cof_span_str(hosts[i])), -1, "registry-refused");
	registry_stop(&g);
}

/* T-42: nothing, or what is no auth file, ends the pull before the registry is asked: anonymous is not meant. */
static void t042_logins_that_are_none(void **state)
{
	registry g;
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_OK);
	assert_pull(&g, record((cof_span){0}), -1, "settings-missing");
	assert_pull(&g, record(cof_span_str("x")), -1, "auth-malformed");
	registry_stop(&g);
}

/* --- signatures --- */

/* T-39: who judges by a policy says yes where it says yes, and to nothing else. */
static void t039_the_policy_decides(void **state)
{
	static const struct {
		const char *policy, *reason;
	} cases[] = {
		{"{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}", NULL},
		{"{\"default\":[{\"type\":\"reject\"}]}", "policy-rejects"},
		{"{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"registry.coffer.test\":"
		 "[{\"type\":\"insecureAcceptAnything\"}]}}}",
		 "policy-rejects"}, /* the scope is another port's */
		{"{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"\":"
		 "[{\"type\":\"insecureAcceptAnything\"}]}}}",
		 NULL},
		{"{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"kbs:///default/cosign/gone\"}]}",
		 "signature-key"},
		{"{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/etc/passwd\"}]}", "signature-key"},
		{"{\"default\":[]}", "policy-malformed"},
		{"", "policy-malformed"},
	};
	registry g;
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_OK);
	for (size_t i = 0; i < COF_COUNT(cases); i++)
		assert_pull(&g, -1, policy_record(cases[i].policy), cases[i].reason);
	registry_stop(&g);
}

/* T-39: no record, half a record, and a record of another kind are no policy, which is a refusal. */
static void t039_no_policy_at_all(void **state)
{
	registry g;
	(void)state;
	registry_start(&g, "[\"/bin/sh\"]", REGISTRY_OK);
	assert_pull(&g, -1, record((cof_span){0}), "settings-missing");
	assert_pull(&g, -1, record(cof_span_of("\0\0\0\5{}", 6)), "peer-malformed");
	assert_pull(&g, -1, record(cof_span_str("{\"default\":[]}")), "peer-malformed");
	registry_stop(&g);
}

/* T-59: what init says is there must be there, in number. */
static void t059_settings_without_their_pipes(void **state)
{
	static const char *const words[] = {"\"logins\":true,\"signers\":false}", "\"logins\":false,\"signers\":true}",
					    "\"logins\":true,\"signers\":true}"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		bed b;
		char text[512];
		setup(&b);
		(void)snprintf(text, sizeof text,
			       "{\"reference\":\"r.test/a@" PIN "\",\"ca\":\"\"," LISTS "\"resolve\":[],%s", words[i]);
		send_text(&b, COF_FETCHER_PULL, text);
		assert_refuses(&b, "fetcher-malformed");
		teardown(&b);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t047_pull_of_the_wrong_shape),	     cmocka_unit_test(a_login_opens_a_private_registry),
		cmocka_unit_test(t040_another_registrys_login),	     cmocka_unit_test(t042_logins_that_are_none),
		cmocka_unit_test(t039_the_policy_decides),	     cmocka_unit_test(t039_no_policy_at_all),
		cmocka_unit_test(t059_settings_without_their_pipes),
	};
	if (rig_role(argc, argv) != NULL)
		_exit(cof_fetcher_main(COF_HELPER_CHAN));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
