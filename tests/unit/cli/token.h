/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software token (softhsm2) with one P-384 key "idkey", in a folder of its own. Where softhsm2 or OpenSSL's pkcs11
 * engine is not installed, the test is skipped. COFFER_SOFTHSM names another libsofthsm2.so.
 */
#pragma once

#include <openssl/crypto.h>
#include <openssl/pem.h>

#include "common/proc.h"
#include "tests/unit/kbs/tmpdir.h"

#define TOKEN_PIN "47110815"

typedef struct token {
	tmpdir dir;
	const char *module;
	char pin_file[160], key_file[160];
} token;

static inline const char *token_module(void)
{
	static const char *const places[] = {"/usr/lib/softhsm/libsofthsm2.so",
					     "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"};
	const char *named = getenv("COFFER_SOFTHSM");
	for (size_t i = 0; named == NULL && i < COF_COUNT(places); i++)
		named = access(places[i], R_OK) == 0 ? places[i] : NULL;
	return named;
}

static inline bool token_has_engine(void)
{
	char path[400];
	const char *dir = getenv("OPENSSL_ENGINES");
	const char *built = OpenSSL_version(OPENSSL_ENGINES_DIR); /* ENGINESDIR: "/…" */
	const char *quote = strchr(built, '"');
	if (dir == NULL && quote == NULL)
		return false;
	int n = dir != NULL ? snprintf(path, sizeof path, "%s/pkcs11.so", dir)
			    : snprintf(path, sizeof path, "%.*s/pkcs11.so", (int)strcspn(quote + 1, "\""), quote + 1);
	return n > 0 && access(path, R_OK) == 0;
}

static inline bool token_util(const char *const *words)
{
	char conf[200], path[400];
	const char *argv[16] = {"softhsm2-util"};
	size_t n = 1;
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	cof_err err = {0};
	for (; words[n - 1] != NULL; n++)
		argv[n] = words[n - 1];
	(void)snprintf(conf, sizeof conf, "SOFTHSM2_CONF=%s", getenv("SOFTHSM2_CONF"));
	(void)snprintf(path, sizeof path, "PATH=%s", getenv("PATH"));
	const char *const env[] = {conf, path, NULL};
	const cof_proc_opts o = {.argv = argv, .env = env, .search_path = true};
	return cof_proc_spawn(&o, &p, &err) == 0 && cof_proc_wait(&p, 60000, &status, &err) == 0 && status == 0;
}

#define TOKEN_UTIL(...) token_util((const char *const[]){__VA_ARGS__, NULL})

static inline void write_key(const char *path, EVP_PKEY *key, const char *passphrase)
{
	BIO *b = BIO_new_file(path, "w");
	assert_non_null(b);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, key, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
						       passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0,
						       NULL, NULL),
			 1);
	(void)BIO_free(b);
}

static inline void token_release(token *t)
{
	(void)unsetenv("SOFTHSM2_CONF");
	tmpdir_release(&t->dir);
}
COF_DEFINE_AUTO(token, token_release)

static inline void token_conf(const token *t)
{
	char path[160];
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_printf(&b, &err, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
				 t->dir.path));
	(void)tmpdir_path(&t->dir, "softhsm2.conf", path);
	assert_ok(cof_file_write(path, cof_buf_span(&b), 0600, &err));
	assert_int_equal(setenv("SOFTHSM2_CONF", path, 1), 0);
}

/* key stays the caller's. */
static inline token token_make(EVP_PKEY *key)
{
	token t = {.module = token_module()};
	if (t.module == NULL || !token_has_engine()) {
		print_message("no softhsm2 or no libengine-pkcs11-openssl: skipped\n");
		skip();
	}
	t.dir = tmpdir_new();
	token_conf(&t);
	(void)tmpdir_path(&t.dir, "pin", t.pin_file);
	(void)tmpdir_path(&t.dir, "key.pem", t.key_file);
	assert_ok(cof_file_write(t.pin_file, cof_span_str(TOKEN_PIN "\n"), 0600, &err));
	write_key(t.key_file, key, NULL);
	assert_true(TOKEN_UTIL("--module", t.module, "--init-token", "--free", "--label", "coffer test", "--pin",
			       TOKEN_PIN, "--so-pin", "00000000"));
	assert_true(TOKEN_UTIL("--module", t.module, "--import", t.key_file, "--token", "coffer test", "--label",
			       "idkey", "--id", "01", "--pin", TOKEN_PIN));
	return t;
}
