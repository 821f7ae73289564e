/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer verify` on messages that the test signs: what is printed where, and the exit codes. */
#include "tests/unit/token/make_token.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/verify_options.h"
#include "runtime/cli/verify_table.h"
#include "tests/unit/kbs/tmpdir.h"

#define AT "2027-01-15T08:00:00Z" /* TOKEN_NOW */

typedef struct bench {
	tmpdir dir;
	char key[160], cose[160], token[160], policy[160], out[160], err[160];
} bench;

static void put(const bench *b, const char *path, cof_span bytes)
{
	(void)b;
	assert_ok(cof_file_write(path, bytes, 0600, &err));
}

static void put_token(const bench *b, EVP_PKEY *k)
{
	COF_AUTO(cof_buf) payload = {0};
	COF_AUTO(cof_buf) token = {0};
	hex_bytes("a1041a6b49d23c", &payload); /* exp: TOKEN_NOW + 60 */
	sign_cwt(cof_buf_span(&payload), k, &token);
	put(b, b->token, cof_buf_span(&token));
}

static int set_up(void **state)
{
	static bench b;
	COF_AUTO(cof_buf) jwk = {0};
	COF_AUTO(cof_buf) cose = {0};
	EVP_PKEY *k = EVP_EC_gen("P-256");
	b = (bench){.dir = tmpdir_new()};
	key_file(k, &jwk);
	sign_cwt(cof_span_str("payload"), k, &cose);
	put(&b, tmpdir_path(&b.dir, "key", b.key), cof_buf_span(&jwk));
	put(&b, tmpdir_path(&b.dir, "cose", b.cose), cof_buf_span(&cose));
	(void)tmpdir_path(&b.dir, "token", b.token);
	put_token(&b, k);
	(void)tmpdir_path(&b.dir, "policy", b.policy);
	(void)tmpdir_path(&b.dir, "out", b.out);
	(void)tmpdir_path(&b.dir, "err", b.err);
	EVP_PKEY_free(k);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	bench *b = *state;
	tmpdir_release(&b->dir);
	return 0;
}

static int divert(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && to >= 0 && dup2(to, fd) >= 0);
	(void)close(to);
	return saved;
}

static void put_back(int fd, int saved)
{
	assert_true(dup2(saved, fd) >= 0);
	(void)close(saved);
}

/* Runs the verb with both outputs in files; gives its exit code. */
static int verify(const bench *b, const char *const *words)
{
	char *argv[24] = {(char *)(uintptr_t) "verify"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	(void)fflush(NULL);
	int out = divert(STDOUT_FILENO, b->out), err_fd = divert(STDERR_FILENO, b->err);
	int code = cof_cmd_verify(argc, argv);
	(void)fflush(NULL);
	put_back(STDOUT_FILENO, out);
	put_back(STDERR_FILENO, err_fd);
	return code;
}

#define VERIFY(b, ...) verify(b, (const char *const[]){__VA_ARGS__, NULL})

static void assert_says(const char *path, const char *want)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("'%s' is not in: %s", want, cof_buf_str(&text));
}

static void assert_silent(const char *path)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	assert_string_equal(cof_buf_str(&text), "");
}

static json_t *printed(const bench *b)
{
	json_t *j = NULL;
	assert_ok(cof_json_read_file(b->out, 1 << 20, &j, &err));
	return j;
}

static void accepted(void **state)
{
	const bench *b = *state;
	assert_int_equal(VERIFY(b, "cose-sign1", "--cose", b->cose, "--key", b->key), 0);
	assert_says(b->out, "cose-sign1: accepted, 3 of 3 checks passed");
	assert_says(b->out, "ok      cose-signature");
	assert_silent(b->err);
	char joined[200];
	(void)snprintf(joined, sizeof joined, "--cose=%s", b->cose);
	assert_int_equal(VERIFY(b, "cose-sign1", "--json", joined, "--key", b->key), 0);
	COF_AUTO_PTR(json_t) j = printed(b);
	assert_string_equal(json_string_value(json_object_get(j, "verdict")), "valid");
	assert_null(json_object_get(j, "trust_anchor"));
	assert_silent(b->err);
}

static void refused_with_its_reason_on_stderr(void **state)
{
	const bench *b = *state;
	static const char late[] = "2027-01-15T08:01:00Z";
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->key, "--at", AT), 0);
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->key, "--at", late), 1);
	assert_says(b->out, "eat-cwt: REFUSED");
	assert_says(b->err, "coffer: token-expired: claims, expected above 1800000060, found 1800000060\n");
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->key, "--at", late, "--json"), 1);
	assert_says(b->err, "coffer: token-expired: ");
	COF_AUTO_PTR(json_t) j = printed(b);
	assert_string_equal(json_string_value(json_object_get(j, "verdict")), "invalid");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "token-expired");
	/* hostile files are refused, and are no broken environment */
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->key, "--key", b->key), 1);
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->token), 1);
	assert_says(b->err, "coffer: jwk-malformed: parse");
}

static void a_policy_that_is_not_understood_judges_nothing(void **state)
{
	const bench *b = *state;
	static const char *const bad[] = {"",
					  "[]",
					  "{\"nonce\":\"00\"} x",
					  "{\"nonce\":\"00\",\"nonce\":\"00\"}",
					  "{\"luck\":1}",
					  "{\"nonce\":7}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		put(b, b->policy, cof_span_str(bad[i]));
		assert_int_equal(
			VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->key, "--at", AT, "--policy", b->policy),
			2);
		assert_silent(b->out);
	}
	put(b, b->policy, cof_span_str("{\"nonce\":\"0001020304050607\"}"));
	assert_int_equal(VERIFY(b, "eat-cwt", "--token", b->token, "--key", b->key, "--at", AT, "--policy", b->policy),
			 1);
	assert_says(b->err, "coffer: token-nonce: ");
}

static void hostile_words(void **state)
{
	const bench *b = *state;
	static const char *const bad[][8] = {
		{NULL},
		{"luck", "--json"},
		{"", "--json"},
		{"EAT-CWT"},
		{"--json", "eat-cwt"},
		{"eat-cwt", "token"},
		{"eat-cwt", "--token"},
		{"eat-cwt", "--"},
		{"eat-cwt", "---token", "x"},
		{"eat-cwt", "-t", "x"},
		{"eat-cwt", "--tok", "x"},
		{"eat-cwt", "--token", "x", "--token", "y"},
		{"eat-cwt", "--policy", "x", "--policy", "x"},
		{"eat-cwt", "--at", AT, "--at", AT},
		{"eat-cwt", "--at", "now"},
		{"eat-cwt", "--trust-anchor", "x"},
		{"eat-cwt", "--root", "x"},
		{"eat-cwt", "--json=yes"},
		{"eat-cwt", "--detached_payload", "x"},
		{"eat-cwt", "--cose", "x"},
		{"eat-cwt", "eat-cwt"},
		{"--token", "x", "eat-cwt"},
		{"eat-cwt"},
		{"eat-cwt", "--token", "/nonexistent/x", "--key", "/nonexistent/y"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_int_equal(verify(b, bad[i]), 2);
		assert_silent(b->out);
		assert_says(b->err, "coffer: ");
	}
}

static void help_and_list(void **state)
{
	const bench *b = *state;
	assert_int_equal(VERIFY(b, "--list"), 0);
	assert_says(b->out, "cose-sign1: ");
	assert_says(b->out, "  --cose FILE --key FILE [--detached-payload FILE]\n");
	assert_int_equal(VERIFY(b, "--help"), 0);
	assert_says(b->out, "Usage: coffer verify KIND");
	assert_int_equal(VERIFY(b, "eat-cwt", "-h"), 0);
	assert_says(b->out, "Usage: coffer verify KIND");
}

static void times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want;
	} good[] = {{"1970-01-01T00:00:00Z", 0},
		    {"2000-02-29T23:59:59Z", 951868799},
		    {"2024-02-29T00:00:00Z", 1709164800},
		    {"2026-01-01T00:01:00Z", 1767225660},
		    {"2026-01-01T02:01:00+02:00", 1767225660},
		    {"2025-12-31T19:01:00-05:00", 1767225660},
		    {"2100-03-01T00:00:00Z", 4107542400},
		    {"9999-12-31T23:59:59Z", 253402300799}};
	static const char *const bad[] = {"",
					  "2026",
					  "1969-12-31T23:59:59Z",
					  "1970-01-01T00:00:00+00:01",
					  "2026-01-01",
					  "2026-01-01T00:00:00",
					  "2026-01-01 00:00:00Z",
					  "2026-01-01t00:00:00z",
					  "2026-00-01T00:00:00Z",
					  "2026-13-01T00:00:00Z",
					  "2026-01-00T00:00:00Z",
					  "2026-02-29T00:00:00Z",
					  "2100-02-29T00:00:00Z",
					  "2026-04-31T00:00:00Z",
					  "2026-01-01T24:00:00Z",
					  "2026-01-01T00:60:00Z",
					  "2026-01-01T00:00:60Z",
					  "2026-01-01T00:00:00.5Z",
					  "2026-01-01T00:00:00Z ",
					  "2026-01-01T00:00:00+0100",
					  "2026-01-01T00:00:00+24:00",
					  "2026-01-01T00:00:00*01:00",
					  "+026-01-01T00:00:00Z",
					  "1767225660"};
	int64_t t = 0;
	for (size_t i = 0; i < COF_COUNT(good); i++) {
		assert_ok(cof_verify_time(good[i].text, &t, &err));
		assert_int_equal(t, good[i].want);
	}
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_verify_time(bad[i], &t, &err), "bad-time");
	assert_int_equal(t, good[COF_COUNT(good) - 1].want);
}

static void anchors(void **state)
{
	(void)state;
	assert_true(cof_verify_is_anchor("root"));
	assert_true(cof_verify_is_anchor("ek_root"));
	assert_true(cof_verify_is_anchor("ark"));
	assert_false(cof_verify_is_anchor("root_crl"));
	assert_false(cof_verify_is_anchor("key"));
	assert_false(cof_verify_is_anchor("uproot"));
	static const char *const kinds[][2] = {
		{"snp-report", "root"}, {"tdx-quote", "root"}, {"tpm-quote", "ek_root"}, {"sev-legacy-chain", "ark"}};
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		char kind[32], option[] = "--trust-anchor", file[] = "my.pem", verb[] = "verify";
		char *argv[] = {verb, kind, option, file};
		cof_verify_opts o = {0};
		(void)snprintf(kind, sizeof kind, "%s", kinds[i][0]);
		assert_ok(cof_verify_options(COF_COUNT(argv), argv, &o, &err));
		assert_int_equal(o.n_files, 1);
		assert_string_equal(o.files[0].role, kinds[i][1]);
	}
}

static void table_of(const cof_verdict *v, const char *anchor, cof_buf *ret)
{
	const cof_kind *k = NULL;
	assert_ok(cof_kind_find("eat-cwt", &k, &err));
	ret->len = 0;
	assert_ok(cof_verify_table(k, v, anchor, ret, &err));
}

static void the_table(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) text = {0};
	cof_verdict *v = verdict_new();
	static const uint8_t zeros[48];
	(void)cof_check_bytes(&v->checks, COF_STAGE_PCR, "first", cof_span_of(zeros, 48), cof_span_of(zeros, 48));
	(void)cof_check_at_least(&v->checks, COF_STAGE_TCB, "tcb-too-low", 24, 23);
	v->tcb_status = "OutOfDate";
	table_of(v, "my.pem", &text);
	assert_string_equal(cof_buf_str(&text),
			    "eat-cwt: REFUSED, 1 of 2 checks passed\n"
			    "TCB status: OutOfDate\n"
			    "trust anchor named by hand: my.pem\n\n"
			    "        check        stage  expected                                      found\n"
			    "FAILED  tcb-too-low  tcb    at least 24                                   23\n"
			    "ok      first        pcr    00000000000000000000000000000000000000000...  "
			    "00000000000000000000000000000000000000000...\n");
	cof_err e = {0};
	assert_true(cof_verify_refusal(v, &e) < 0);
	assert_true(cof_err_is(&e, "tcb-too-low"));
	assert_string_equal(e.text, "tcb, expected at least 24, found 23");
	*v = (cof_verdict){0};
	table_of(v, NULL, &text);
	assert_true(cof_verify_refusal(v, &e) < 0);
	assert_true(cof_err_is(&e, "nothing-checked"));
	v->accepted = v->decoded_only = true;
	table_of(v, NULL, &text);
	assert_non_null(strstr(cof_buf_str(&text), "parses, nothing was judged"));
	verdict_free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused_with_its_reason_on_stderr),
		cmocka_unit_test(a_policy_that_is_not_understood_judges_nothing),
		cmocka_unit_test(hostile_words),
		cmocka_unit_test(help_and_list),
		cmocka_unit_test(times),
		cmocka_unit_test(anchors),
		cmocka_unit_test(the_table),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
