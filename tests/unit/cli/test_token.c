/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cli/capture.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "attestation/token/jwks.h"
#include "runtime/cli/cli.h"

typedef struct bench {
	tmpdir dir;
	char key[160], half[160], wrong[160], out[160];
	capture said;
} bench;

static void put_pem(const char *path, EVP_PKEY *k, bool half)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	int ok = half ? PEM_write_bio_PUBKEY(b, k) : PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL);
	assert_int_equal(ok, 1);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_file_write(path, cof_span_of(text, (size_t)n), 0600, &err));
	BIO_free(b);
}

static int set_up(void **state)
{
	static bench b;
	EVP_PKEY *ec = EVP_EC_gen("P-384"), *rsa = EVP_RSA_gen(2048);
	b = (bench){.dir = tmpdir_new()};
	put_pem(tmpdir_path(&b.dir, "key", b.key), ec, false);
	put_pem(tmpdir_path(&b.dir, "half", b.half), ec, true);
	put_pem(tmpdir_path(&b.dir, "wrong", b.wrong), rsa, false);
	(void)tmpdir_path(&b.dir, "jwks", b.out);
	b.said = capture_in(&b.dir);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	*state = &b;
	return 0;
}

static int tear_down(void **state)
{
	bench *b = *state;
	tmpdir_release(&b->dir);
	return 0;
}

static int run(const bench *b, const char *const *more)
{
	const char *words[CAPTURE_WORDS_MAX] = {"jwks"};
	size_t n = 1;
	for (; *more != NULL; more++)
		words[n++] = *more;
	return capture_run(&b->said, cof_verbs_token[0].run, words, n);
}

#define RUN(b, ...) run(b, (const char *const[]){__VA_ARGS__, NULL})

/* The same from either half, to a file or not, and never the private one. */
static void the_public_half_alone(void **state)
{
	const bench *b = *state;
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) second = {0};
	COF_AUTO(cof_jwks) set = {0};
	assert_int_equal(RUN(b, "--key", b->key, "--out", b->out), COF_EXIT_YES);
	assert_int_equal(RUN(b, "--key", b->half), COF_EXIT_YES);
	assert_ok(cof_file_read(b->out, 1 << 16, &first, &err));
	assert_ok(cof_file_read(b->said.out, 1 << 16, &second, &err));
	assert_string_equal(cof_buf_str(&first), cof_buf_str(&second));
	assert_null(strstr(cof_buf_str(&first), "\"d\""));
	assert_says(b->out, "\"ES384\"");
	assert_ok(cof_jwks_parse(cof_buf_span(&first), &set, &err));
	assert_int_equal(set.n, 1);
	assert_int_equal(unlink(b->out), 0);
}

static void what_it_does_not_know(void **state)
{
	const bench *b = *state;
	const char *const cases[][5] = {
		{NULL},
		{"--key", NULL},
		{"--key", b->wrong, NULL},
		{"--key", "/nowhere", NULL},
		{"--key", b->key, "more", NULL},
		{"--other", b->key, NULL},
		{"--key", b->key, "--out", "/nowhere/jwks", NULL},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		if (run(b, cases[i]) != COF_EXIT_USAGE)
			fail_msg("case %zu", i);
	}
	assert_int_equal(RUN(b, "--help"), COF_EXIT_YES);
	assert_says(b->said.out, "JWK set");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_public_half_alone),
		cmocka_unit_test(what_it_does_not_know),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
