/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper_image.h"

#include <stdio.h>

#include "agent/keeper.h"
#include "agent/signers.h"
#include "image-decrypt/authfile.h"
#include "tests/unit/test.h"

#define IMAGE                                                                                                          \
	"registry.test:5000/team/app@sha256:"                                                                          \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* dXNlcjpwYXNz is "user:pass". */
#define AUTHS                                                                                                          \
	"{\"auths\":{\"registry.test:5000\":{\"auth\":\"dXNlcjpwYXNz\"},\"other.test\":{\"auth\":"                     \
	"\"b3RoZXI6c2VjcmV0\"},"                                                                                       \
	"\"token.test\":{\"identitytoken\":\"tok\\\"en\"}}}"

/* The scope of this image names one key, others name theirs. */
#define POLICY                                                                                                         \
	"{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"docker\":{\"registry.test:5000/team\":["               \
	"{\"type\":\"sigstoreSigned\",\"keyPath\":\"kbs:///default/cosign/team\"},"                                    \
	"{\"type\":\"sigstoreSigned\",\"keyPaths\":[\"kbs:///default/cosign/team\",\"kbs:///default/cosign/two\"]}],"  \
	"\"other.test\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"kbs:///default/cosign/other\"}]}}}"

typedef struct broker {
	const char *auths, *policy;
	const char *refuse; /* tag that is refused */
	char asked[256];    /* tags, each behind a blank */
} broker;

static int get(void *arg, const cof_kbsp_path *path, cof_keeper_ask *ask, cof_secret *ret, cof_err *err)
{
	broker *b = arg;
	size_t n = strlen(b->asked);
	(void)snprintf(b->asked + n, sizeof b->asked - n, " %s", path->tag);
	if (b->refuse != NULL && strcmp(b->refuse, path->tag) == 0) {
		(void)snprintf(ask->refusal.reason, sizeof ask->refusal.reason, "pcr-mismatch");
		return cof_err_set(err, COF_E_POLICY, "pcr-mismatch", "PCR 4");
	}
	if (strcmp(path->tag, "auths") == 0)
		return cof_secret_from(ret, cof_span_str(b->auths), err);
	if (strcmp(path->tag, "policy") == 0)
		return cof_secret_from(ret, cof_span_str(b->policy), err);
	return cof_secret_from(ret, cof_span_str(path->tag), err);
}

typedef struct bed {
	broker b;
	cof_cdh cdh;
	cof_ref ref;
	cof_keeper_ask ask;
	cof_keeper_image in;
} bed;

#define TEXT(s) ((char *)(uintptr_t)(s))

static void setup(bed *t, const char *image)
{
	*t = (bed){.b = {.auths = AUTHS, .policy = POLICY},
		   .cdh = {.credentials_uri = TEXT("kbs:///default/credential/auths"),
			   .policy_uri = TEXT("kbs:///default/security-policy/policy")}};
	assert_ok(cof_ref_parse(image, &t->ref, &err));
	t->in = (cof_keeper_image){.cdh = &t->cdh, .ref = &t->ref, .ask = &t->ask, .get = get, .arg = &t->b};
}

/* --- logins --- */

/* T-40: of the owner's logins the fetcher gets the one for this registry, and never sees the others. */
static void t040_one_login_goes_out(void **state)
{
	static const struct {
		const char *image, *text;
	} cases[] = {
		{IMAGE, "{\"auths\":{\"registry.test:5000/team/app\":{\"auth\":\"dXNlcjpwYXNz\"}}}"},
		{"token.test/a:b", "{\"auths\":{\"token.test/a\":{\"identitytoken\":\"tok\\\"en\"}}}"},
		{"registry.test/team/app:b", "{\"auths\":{}}"},
		{"registry.test:5001/team/app:b", "{\"auths\":{}}"},
		{"evil-registry.test:5000/a:b", "{\"auths\":{}}"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed t;
		COF_AUTO(cof_secret) file = {0};
		setup(&t, cases[i].image);
		assert_ok(cof_keeper_logins(&t.in, &file, &err));
		assert_span_equal(cof_secret_span(&file), cases[i].text, strlen(cases[i].text));
		assert_string_equal(t.b.asked, " auths");
	}
}

/* A mirror of this registry has a login of its own, one of another registry is not spoken of. */
static void t040_logins_of_mirrors(void **state)
{
	static const char want[] = "{\"auths\":{\"registry.test:5000/team/app\":{\"auth\":\"dXNlcjpwYXNz\"},"
				   "\"other.test/team/app\":{\"auth\":\"b3RoZXI6c2VjcmV0\"}}}";
	bed t;
	COF_AUTO(cof_secret) file = {0};
	(void)state;
	setup(&t, IMAGE);
	t.cdh.mirrors[0] = (cof_cdh_mirror){TEXT("registry.test:5000"), TEXT("https://other.test/x")};
	t.cdh.mirrors[1] = (cof_cdh_mirror){TEXT("registry.test"), TEXT("https://token.test")};
	t.cdh.n_mirrors = 2;
	assert_ok(cof_keeper_logins(&t.in, &file, &err));
	assert_span_equal(cof_secret_span(&file), want, strlen(want));
}

/* What the fetcher reads of it is the login that the owner wrote. */
static void the_login_is_the_owners(void **state)
{
	bed t;
	COF_AUTO(cof_secret) file = {0};
	COF_AUTO(cof_login) login = {0};
	(void)state;
	setup(&t, IMAGE);
	assert_ok(cof_keeper_logins(&t.in, &file, &err));
	assert_ok(cof_authfile_find(cof_secret_span(&file), &t.ref, &login, &err));
	assert_string_equal(login.user, "user");
	assert_span_equal(cof_secret_span(&login.password), "pass", 4);
}

static void logins_that_are_not_to_be_had(void **state)
{
	bed t;
	COF_AUTO(cof_secret) file = {0};
	(void)state;
	setup(&t, IMAGE);
	t.b.refuse = "auths";
	assert_fails(cof_keeper_logins(&t.in, &file, &err), "pcr-mismatch");
	assert_string_equal(t.ask.refusal.reason, "pcr-mismatch");
	setup(&t, IMAGE);
	t.b.auths = "{";
	assert_true(cof_keeper_logins(&t.in, &file, NULL) < 0);
	setup(&t, IMAGE);
	t.cdh.credentials_uri = NULL;
	assert_fails(cof_keeper_logins(&t.in, &file, &err), "settings-unnamed");
	assert_string_equal(t.b.asked, "");
	assert_null(file.data);
}

/* --- signers --- */

static void take(const bed *t, cof_signers *ret)
{
	COF_AUTO(cof_secret) record = {0};
	*ret = (cof_signers){0};
	assert_ok(cof_keeper_signers(&t->in, &record, &err));
	assert_ok(cof_signers_parse(cof_secret_span(&record), ret, &err));
}

/* The policy goes out with the keys of the scope that decides, each once, and no other key is even asked for. */
static void t039_keys_of_the_scope_that_decides(void **state)
{
	bed t;
	COF_AUTO(cof_signers) s = {0};
	COF_AUTO(cof_buf) key = {0};
	(void)state;
	setup(&t, IMAGE);
	take(&t, &s);
	assert_string_equal(t.b.asked, " policy team two");
	assert_string_equal(cof_buf_str(&s.policy), POLICY);
	assert_int_equal(s.n, 2);
	assert_ok(cof_signers_read_key(&s, "kbs:///default/cosign/two", &key, &err));
	assert_string_equal(cof_buf_str(&key), "two");
	cof_signers_release(&s);
	setup(&t, "nobody.test/a:b");
	take(&t, &s);
	assert_string_equal(t.b.asked, " policy");
}

/* The policy that stands in cdh.toml itself needs no broker, unless it names a key. */
static void a_policy_of_cdh_itself(void **state)
{
	bed t;
	COF_AUTO(cof_signers) s = {0};
	(void)state;
	setup(&t, IMAGE);
	t.cdh.policy_uri = NULL;
	t.cdh.policy = TEXT("{\"default\":[{\"type\":\"sigstoreSigned\",\"keyPath\":\"/keys/a.pub\"}]}");
	take(&t, &s);
	assert_string_equal(t.b.asked, "");
	assert_int_equal(s.n, 0);
}

/* T-39: a policy that was asked for and is not to be had, or is none, is a refusal and never an empty policy. */
static void t039_no_policy_is_not_no_rule(void **state)
{
	static const struct {
		const char *policy, *refuse, *reason;
	} cases[] = {
		{POLICY, "policy", "pcr-mismatch"},
		{POLICY, "two", "pcr-mismatch"},
		{"", NULL, "policy-malformed"},
		{"{}", NULL, "policy-malformed"},
		{"{\"default\":[]}", NULL, "policy-malformed"},
		{"{\"default\":[{\"type\":\"insecureAcceptAnything\"}],\"x\":1}", NULL, "policy-malformed"},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		bed t;
		COF_AUTO(cof_secret) record = {0};
		setup(&t, IMAGE);
		t.b.policy = cases[i].policy;
		t.b.refuse = cases[i].refuse;
		assert_fails(cof_keeper_signers(&t.in, &record, &err), cases[i].reason);
		assert_null(record.data);
	}
	bed t;
	COF_AUTO(cof_secret) record = {0};
	setup(&t, IMAGE);
	t.cdh.policy_uri = NULL;
	assert_fails(cof_keeper_signers(&t.in, &record, &err), "settings-unnamed");
}

/* T-35: what fits into no pipe is refused here: nobody may keep the keeper waiting. */
static void t035_a_policy_larger_than_the_pipe(void **state)
{
	static const char head[] = "{\"default\":[{\"type\":\"reject\"}]";
	bed t;
	COF_AUTO(cof_secret) record = {0};
	COF_AUTO_FREE char *policy = malloc(COF_KEEPER_RECORD_MAX + 64);
	(void)state;
	setup(&t, IMAGE);
	memset(policy, ' ', COF_KEEPER_RECORD_MAX);
	memcpy(policy, head, strlen(head));
	policy[COF_KEEPER_RECORD_MAX - 1] = '}';
	policy[COF_KEEPER_RECORD_MAX] = '\0';
	t.b.policy = policy;
	assert_fails(cof_keeper_signers(&t.in, &record, &err), "policy-too-large");
	policy[COF_KEEPER_RECORD_MAX - 4 - 1] = '}';
	policy[COF_KEEPER_RECORD_MAX - 4] = '\0';
	assert_ok(cof_keeper_signers(&t.in, &record, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t040_one_login_goes_out),
		cmocka_unit_test(t040_logins_of_mirrors),
		cmocka_unit_test(the_login_is_the_owners),
		cmocka_unit_test(logins_that_are_not_to_be_had),
		cmocka_unit_test(t039_keys_of_the_scope_that_decides),
		cmocka_unit_test(a_policy_of_cdh_itself),
		cmocka_unit_test(t039_no_policy_is_not_no_rule),
		cmocka_unit_test(t035_a_policy_larger_than_the_pipe),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
