/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer verify --ear` and `--cwt` on a TDX platform of the test's own: files, exit codes, and the way back. */
#include "tests/unit/verify/soft_tdx.h"

#include <sys/stat.h>

#include "attestation/token/ear.h"
#include "common/jwe.h"
#include "common/kbs_proto.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/verify_options.h"
#include "tests/unit/cli/capture.h"

#define AT "2027-01-15T08:00:00Z" /* SOFT_NOW */

typedef struct bench {
	tmpdir dir;
	char paths[SOFT_FILES_MAX][160];
	const char *options[2 * SOFT_FILES_MAX];
	size_t n;
	char key[160], wrong[160], policy[160], runtime[160], token[160], jwks[160];
	capture said;
} bench;

static void put(const char *path, cof_span bytes)
{
	assert_ok(cof_file_write(path, bytes, 0600, &err));
}

static void put_key(const char *path, EVP_PKEY *k)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	assert_int_equal(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
	long n = BIO_get_mem_data(b, &text);
	put(path, cof_span_of(text, (size_t)n));
	BIO_free(b);
	EVP_PKEY_free(k);
}

/* A quote whose report data are bound to a guest's key, its collateral, and a policy that demands all of it. */
static void put_evidence(bench *b)
{
	static soft_tdx keys, t;
	static const char *const names[][2] = {{"quote", "--quote"},
					       {"tcb_info", "--tcb-info"},
					       {"qe_identity", "--qe-identity"},
					       {"tcb_signing_chain", "--tcb-signing-chain"},
					       {"pck_crl", "--pck-crl"},
					       {"root_crl", "--root-crl"},
					       {"root", "--root"}};
	cof_role_file files[SOFT_FILES_MAX];
	uint8_t report_data[64] = {0};
	char hex[129];
	COF_AUTO_PTR(cof_jwe_key) guest = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_jwe_key_new(&guest, &err));
	assert_ok(cof_jwe_key_jwk(guest, &jwk, &err));
	assert_ok(cof_kbsp_report_data("n", jwk, "", report_data, &err));
	COF_AUTO_PTR(json_t) runtime = json_pack("{s:s, s:O}", "nonce", "n", "tee-pubkey", jwk);
	assert_ok(cof_json_dump(runtime, &text, &err));
	put(tmpdir_path(&b->dir, "runtime", b->runtime), cof_buf_span(&text));
	cof_hex(cof_span_of(report_data, sizeof report_data), hex);
	text.len = 0;
	assert_ok(cof_buf_printf(&text, &err, "{\"report_data\":\"%s\"}", hex));
	put(tmpdir_path(&b->dir, "policy", b->policy), cof_buf_span(&text));
	soft_keys(&keys);
	soft_start(&t, &keys);
	memcpy(t.body.data + AT_REPORT_DATA, report_data, sizeof report_data);
	soft_finish(&t);
	b->n = soft_files(&t, files);
	for (size_t i = 0; i < b->n; i++) {
		assert_string_equal(files[i].role, names[i][0]);
		put(tmpdir_path(&b->dir, files[i].role, b->paths[i]), files[i].bytes);
		b->options[2 * i] = names[i][1];
		b->options[2 * i + 1] = b->paths[i];
	}
	soft_drop(&t);
	soft_drop(&keys);
}

static int set_up(void **state)
{
	static bench b;
	b = (bench){.dir = tmpdir_new()};
	put_evidence(&b);
	put_key(tmpdir_path(&b.dir, "key", b.key), EVP_EC_gen("P-384"));
	put_key(tmpdir_path(&b.dir, "wrong", b.wrong), EVP_RSA_gen(2048));
	(void)tmpdir_path(&b.dir, "token", b.token);
	(void)tmpdir_path(&b.dir, "jwks", b.jwks);
	b.said = capture_in(&b.dir);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	bench *b = *state;
	tmpdir_release(&b->dir);
	return 0;
}

/* The quote's files, and these words behind them. */
static int verify(const bench *b, const char *const *more)
{
	const char *words[CAPTURE_WORDS_MAX] = {"verify", "tdx-quote"};
	size_t n = 2;
	for (size_t i = 0; i < 2 * b->n; i++)
		words[n++] = b->options[i];
	words[n++] = "--at";
	words[n++] = AT;
	for (; *more != NULL; more++) {
		assert_true(n + 1 < CAPTURE_WORDS_MAX);
		words[n++] = *more;
	}
	return capture_run(&b->said, cof_cmd_verify, words, n);
}

#define VERIFY(b, ...) verify(b, (const char *const[]){__VA_ARGS__, NULL})

static void assert_absent(const char *path)
{
	assert_int_not_equal(access(path, F_OK), 0);
}

static void publish(const bench *b)
{
	const char *words[CAPTURE_WORDS_MAX] = {"jwks", "--key", b->key, "--out", b->jwks};
	assert_int_equal(capture_run(&b->said, cof_verbs_token[0].run, words, 5), COF_EXIT_YES);
}

/* What the verb itself says to the result, by the published key; the exit code. */
static int read_back(const bench *b, const char *kind, const char *at)
{
	const char *words[CAPTURE_WORDS_MAX] = {"verify", kind,	    "--token", b->token, "--key",
						b->jwks,  "--json", "--at",    at};
	return capture_run(&b->said, cof_cmd_verify, words, 9);
}

static json_t *printed(const bench *b)
{
	json_t *j = NULL;
	assert_ok(cof_json_read_file(b->said.out, 1 << 20, &j, &err));
	return j;
}

static void there_and_back(void **state)
{
	static const struct {
		const char *option, *kind;
	} forms[] = {{"--ear", "ear-jwt"}, {"--cwt", "ear-cwt"}};
	const bench *b = *state;
	struct stat st;
	publish(b);
	for (size_t i = 0; i < COF_COUNT(forms); i++) {
		assert_int_equal(VERIFY(b, forms[i].option, b->token, "--sign-key", b->key, "--policy", b->policy,
					"--tee-pubkey", b->runtime, "--audience", "rp", "--lifetime", "10"),
				 COF_EXIT_YES);
		assert_int_equal(stat(b->token, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0644);
		assert_int_equal(read_back(b, forms[i].kind, AT), COF_EXIT_YES);
		COF_AUTO_PTR(json_t) j = printed(b);
		const json_t *cpu = json_object_get(
			json_object_get(json_object_get(json_object_get(j, "fields"), "submods"), "cpu0"), "vector");
		assert_int_equal(json_integer_value(json_object_get(cpu, "configuration")), 3);
		assert_int_equal(json_integer_value(json_object_get(cpu, "hardware")), 32);
		assert_int_equal(json_integer_value(json_object_get(cpu, "executables")), 0);
		assert_non_null(json_object_get(json_object_get(j, "fields"), "nonce"));
		assert_non_null(json_object_get(json_object_get(json_object_get(j, "fields"), "cnf"), "jwk"));
		assert_int_equal(read_back(b, forms[i].kind, "2027-01-15T08:00:10Z"), COF_EXIT_NO);
		assert_int_equal(unlink(b->token), 0);
	}
}

static void standard_output_gets_the_bytes_alone(void **state)
{
	const bench *b = *state;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_ear) ear = {0};
	assert_int_equal(VERIFY(b, "--ear", "-", "--sign-key", b->key, "--ear-profile", "coco"), COF_EXIT_YES);
	assert_ok(cof_file_read(b->said.out, 1 << 20, &text, &err));
	assert_true(text.len > 0 && text.data[text.len - 1] != '\n');
	put(b->token, cof_buf_span(&text));
	assert_int_equal(read_back(b, "ear-jwt", AT), COF_EXIT_YES);
	assert_int_equal(unlink(b->token), 0);
}

static void t007_a_refused_quote_has_a_result_and_exit_code_1(void **state)
{
	const bench *b = *state;
	char policy[160];
	(void)tmpdir_path(&b->dir, "other", policy);
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_printf(&text, &err, "{\"report_data\":\"%0128d\"}", 0));
	put(policy, cof_buf_span(&text));
	assert_int_equal(VERIFY(b, "--ear", b->token, "--sign-key", b->key, "--policy", policy), COF_EXIT_NO);
	assert_says(b->said.err, "report-data");
	publish(b);
	assert_int_equal(read_back(b, "ear-jwt", AT), COF_EXIT_YES);
	assert_says(b->said.out, "\"ear_status\": \"contraindicated\"");
	assert_int_equal(unlink(b->token), 0);
}

/* A key that the report data do not hold: refused, whatever else was good. */
static void t066_a_key_of_another_guest(void **state)
{
	const bench *b = *state;
	char other[160];
	COF_AUTO_PTR(cof_jwe_key) guest = NULL;
	COF_AUTO_PTR(json_t) jwk = NULL;
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_jwe_key_new(&guest, &err));
	assert_ok(cof_jwe_key_jwk(guest, &jwk, &err));
	COF_AUTO_PTR(json_t) runtime = json_pack("{s:s, s:O}", "nonce", "n", "tee-pubkey", jwk);
	assert_ok(cof_json_dump(runtime, &text, &err));
	put(tmpdir_path(&b->dir, "other-key", other), cof_buf_span(&text));
	assert_int_equal(VERIFY(b, "--json", "--tee-pubkey", other), COF_EXIT_NO);
	assert_says(b->said.out, "\"reason\": \"key-binding\"");
	assert_int_equal(VERIFY(b, "--cwt", b->token, "--sign-key", b->key, "--tee-pubkey", other), COF_EXIT_NO);
	assert_int_equal(unlink(b->token), 0);
	assert_int_equal(VERIFY(b, "--json", "--tee-pubkey", b->runtime), COF_EXIT_YES);
}

static void what_cannot_be_is_usage_and_writes_nothing(void **state)
{
	const bench *b = *state;
	char large[COF_EAR_AUDIENCE_MAX + 2];
	memset(large, 'a', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	const char *const cases[][9] = {
		{"--ear", b->token, NULL},
		{"--sign-key", b->key, NULL},
		{"--audience", "rp", NULL},
		{"--lifetime", "5", NULL},
		{"--ear-profile", "coco", NULL},
		{"--pin-file", b->key, NULL},
		{"--ear", b->token, "--sign-key", b->key, "--json", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--cwt", b->token, NULL},
		{"--ear", b->token, "--ear", b->token, "--sign-key", b->key, NULL},
		{"--ear", "", "--sign-key", b->key, NULL},
		{"--ear", b->token, "--sign-key", b->wrong, NULL},
		{"--cwt", b->token, "--sign-key", b->wrong, NULL},
		{"--ear", b->token, "--sign-key", b->policy, NULL},
		{"--ear", b->token, "--sign-key", "/nowhere", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "0", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "-1", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "3601", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "18446744073709551617", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "5s", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--lifetime", "5", "--lifetime", "5", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--ear-profile", "IETF", NULL},
		{"--cwt", b->token, "--sign-key", b->key, "--ear-profile", "veraison", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--audience", large, NULL},
		{"--ear", b->token, "--sign-key", b->key, "--audience", "\xff", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--tee-pubkey", "/nowhere", NULL},
		{"--ear", b->token, "--sign-key", b->key, "--tee-pubkey", b->policy, NULL},
		{"--ear", b->token, "--sign-key", b->key, "--tee-pubkey", b->key, NULL},
		{"--ear", "/nowhere/token", "--sign-key", b->key, NULL},
		{"--ear", b->dir.path, "--sign-key", b->key, NULL},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		if (verify(b, cases[i]) != COF_EXIT_USAGE)
			fail_msg("case %zu", i);
		assert_absent(b->token);
	}
}

/* An old result stays whole when a new one cannot be made. */
static void t079_a_failure_leaves_the_old_file(void **state)
{
	const bench *b = *state;
	put(b->token, cof_span_str("old"));
	assert_int_equal(VERIFY(b, "--ear", b->token, "--sign-key", b->wrong), COF_EXIT_USAGE);
	assert_says(b->token, "old");
	assert_int_equal(unlink(b->token), 0);
}

static void kinds_without_a_result(void **state)
{
	const bench *b = *state;
	static const char *const kinds[] = {"tdx-quote-parse", "ear-jwt", "corim"};
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		const char *words[CAPTURE_WORDS_MAX] = {"verify", kinds[i], "--ear", b->token, "--sign-key", b->key};
		assert_int_equal(capture_run(&b->said, cof_cmd_verify, words, 6), COF_EXIT_USAGE);
		assert_says(b->said.err, "no-result");
		assert_absent(b->token);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(standard_output_gets_the_bytes_alone),
		cmocka_unit_test(t007_a_refused_quote_has_a_result_and_exit_code_1),
		cmocka_unit_test(t066_a_key_of_another_guest),
		cmocka_unit_test(what_cannot_be_is_usage_and_writes_nothing),
		cmocka_unit_test(t079_a_failure_leaves_the_old_file),
		cmocka_unit_test(kinds_without_a_result),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
