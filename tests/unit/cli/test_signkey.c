/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/signkey.h"

#include <pty.h>
#include <sys/wait.h>

#include "common/ossl.h"
#include "firmware/sev/idkey.h"
#include "tests/unit/cli/token.h"

#define PASSPHRASE "correct horse"

static EVP_PKEY *make_key(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-384");
	assert_non_null(key);
	return key;
}

typedef struct folder {
	tmpdir dir;
	char key[160], other[160], pin[160];
	EVP_PKEY *pkey;
} folder;

static void folder_release(folder *f)
{
	EVP_PKEY_free(f->pkey);
	tmpdir_release(&f->dir);
}
COF_DEFINE_AUTO(folder, folder_release)

static folder make_folder(void)
{
	folder f = {.dir = tmpdir_new(), .pkey = make_key()};
	(void)tmpdir_path(&f.dir, "key.pem", f.key);
	(void)tmpdir_path(&f.dir, "other.pem", f.other);
	(void)tmpdir_path(&f.dir, "pin", f.pin);
	assert_ok(cof_file_write(f.pin, cof_span_str(PASSPHRASE "\n"), 0600, &err));
	return f;
}

static void write_public(const char *path, EVP_PKEY *key)
{
	BIO *b = BIO_new_file(path, "w");
	assert_non_null(b);
	assert_int_equal(PEM_write_bio_PUBKEY(b, key), 1);
	(void)BIO_free(b);
}

static void assert_loads(const cof_signkey_in *in, EVP_PKEY *want)
{
	COF_AUTO(cof_signkey) k = {0};
	assert_ok(cof_signkey_load(in, &k, &err));
	assert_int_equal(EVP_PKEY_eq(k.key, want), 1);
}

static void assert_no_key(const cof_signkey_in *in, const char *reason)
{
	cof_signkey k = {0};
	assert_fails(cof_signkey_load(in, &k, &err), reason);
	assert_null(k.key);
}

/* --- files --- */

static void keys_in_files(void **state)
{
	(void)state;
	COF_AUTO(folder) f = make_folder();
	write_key(f.key, f.pkey, NULL);
	assert_loads(&(cof_signkey_in){.name = f.key}, f.pkey);
	assert_loads(&(cof_signkey_in){.name = f.key, .public_half = true}, f.pkey);
	BIO *b = BIO_new_file(f.other, "w");
	assert_int_equal(PEM_write_bio_PrivateKey_traditional(b, f.pkey, NULL, NULL, 0, NULL, NULL), 1);
	(void)BIO_free(b);
	assert_loads(&(cof_signkey_in){.name = f.other}, f.pkey);
}

static void the_public_half_does_not_sign(void **state)
{
	(void)state;
	COF_AUTO(folder) f = make_folder();
	write_public(f.key, f.pkey);
	assert_loads(&(cof_signkey_in){.name = f.key, .public_half = true}, f.pkey);
	assert_no_key(&(cof_signkey_in){.name = f.key}, "key-unreadable");
}

static void encrypted_keys(void **state)
{
	(void)state;
	COF_AUTO(folder) f = make_folder();
	write_key(f.key, f.pkey, PASSPHRASE);
	assert_loads(&(cof_signkey_in){.name = f.key, .pin_file = f.pin}, f.pkey);
	static const char *const wrong[] = {"", "\n", "correct", PASSPHRASE "r\n", "\n" PASSPHRASE};
	for (size_t i = 0; i < COF_COUNT(wrong); i++) {
		assert_ok(cof_file_write(f.pin, cof_span_str(wrong[i]), 0600, &err));
		assert_no_key(&(cof_signkey_in){.name = f.key, .pin_file = f.pin}, "key-unreadable");
	}
	assert_ok(cof_file_write(f.pin, cof_span_str(PASSPHRASE "\r\nmore"), 0600, &err));
	assert_loads(&(cof_signkey_in){.name = f.key, .pin_file = f.pin}, f.pkey);
	assert_no_key(&(cof_signkey_in){.name = f.key, .pin_file = f.other}, "no-such-file");
}

/* Standard input is not asked: it may be a pipe of anything. */
static void without_a_terminal_nobody_is_asked(void **state)
{
	(void)state;
	COF_AUTO(folder) f = make_folder();
	int status = -1;
	write_key(f.key, f.pkey, PASSPHRASE);
	pid_t child = fork();
	if (child == 0) {
		cof_signkey k = {0};
		cof_err err = {0};
		int fds[2];
		bool ok = setsid() > 0 && pipe(fds) == 0 && write(fds[1], PASSPHRASE "\n", 14) == 14 &&
			  dup2(fds[0], 0) == 0;
		const cof_signkey_in in = {.name = f.key};
		_exit(ok && cof_signkey_load(&in, &k, &err) < 0 && cof_err_is(&err, "key-pin-needed") ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Types the answer when asked; gives how often the terminal was asked. */
static size_t type_answer(int fd, const char *answer)
{
	static const char prompt[] = "passphrase of the key: ";
	char text[4096] = "";
	size_t len = 0, asked = 0;
	for (ssize_t n; len < sizeof text - 1 && (n = read(fd, text + len, sizeof text - 1 - len)) > 0;) {
		len += (size_t)n;
		size_t seen = 0;
		for (const char *at = text; (at = strstr(at, prompt)) != NULL; at += strlen(prompt))
			seen++;
		for (; asked < seen; asked++)
			assert_int_equal(write(fd, answer, strlen(answer)), (ssize_t)strlen(answer));
	}
	return asked;
}

static void the_terminal_is_asked_once(void **state)
{
	(void)state;
	static const struct {
		const char *answer, *reason;
	} cases[] = {{PASSPHRASE "\n", ""}, {"wrong\n", "key-unreadable"}};
	COF_AUTO(folder) f = make_folder();
	write_key(f.key, f.pkey, PASSPHRASE);
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		int fd = -1, status = -1;
		pid_t child = forkpty(&fd, NULL, NULL, NULL);
		if (child == 0) {
			cof_signkey k = {0};
			cof_err err = {0};
			const cof_signkey_in in = {.name = f.key, .public_half = true}; /* read in two ways */
			bool loaded = cof_signkey_load(&in, &k, &err) == 0;
			_exit(loaded == (cases[i].reason[0] == '\0') && cof_err_is(&err, cases[i].reason) ? 0 : 1);
		}
		assert_int_equal(type_answer(fd, cases[i].answer), 1);
		(void)close(fd);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static void files_that_hold_no_key(void **state)
{
	(void)state;
	static const char *const texts[] = {"",
					    "\n",
					    "x",
					    "-----BEGIN PRIVATE KEY-----\n",
					    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
					    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
	COF_AUTO(folder) f = make_folder();
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		assert_ok(cof_file_write(f.key, cof_span_str(texts[i]), 0600, &err));
		assert_no_key(&(cof_signkey_in){.name = f.key}, "key-unreadable");
		assert_no_key(&(cof_signkey_in){.name = f.key, .public_half = true}, "key-unreadable");
	}
	assert_no_key(&(cof_signkey_in){.name = f.other}, "no-such-file");
	assert_no_key(&(cof_signkey_in){.name = f.dir.path}, "read-failed");
	assert_no_key(&(cof_signkey_in){.name = "/dev/zero"}, "file-too-large");
	assert_no_key(&(cof_signkey_in){.name = ""}, "no-such-file");
}

static void two_keys_in_one_file(void **state)
{
	(void)state;
	COF_AUTO(folder) f = make_folder();
	COF_AUTO(cof_buf) both = {0};
	EVP_PKEY *second = make_key();
	write_key(f.key, f.pkey, NULL);
	write_key(f.other, second, NULL);
	EVP_PKEY_free(second);
	assert_ok(cof_file_read(f.key, 4096, &both, &err));
	assert_ok(cof_file_read(f.other, 4096, &both, &err));
	assert_ok(cof_file_write(f.key, cof_buf_span(&both), 0600, &err));
	assert_no_key(&(cof_signkey_in){.name = f.key}, "key-unreadable");
}

/* --- URIs --- */

static void a_pin_on_the_command_line_is_refused(void **state)
{
	(void)state;
	static const char *const uris[] = {"pkcs11:object=a?pin-value=4711", "pkcs11:object=a;pin-value=4711",
					   "pkcs11:pin-value=4711;object=a",
					   "pkcs11:object=a?module-path=/m&pin-value=4711"};
	for (size_t i = 0; i < COF_COUNT(uris); i++) {
		const cof_signkey_in in = {.name = uris[i]};
		cof_signkey k = {0};
		cof_err err = {0};
		assert_true(cof_signkey_load(&in, &k, &err) < 0);
		assert_string_equal(err.reason, "key-pin-exposed");
		assert_null(strstr(err.text, "4711"));
	}
}

static void hostile_queries(void **state)
{
	(void)state;
	static const char *const uris[] = {
		"pkcs11:object=a?",
		"pkcs11:object=a?&",
		"pkcs11:object=a?pin-source",
		"pkcs11:object=a?pin-source=",
		"pkcs11:object=a?pin-source=pin",
		"pkcs11:object=a?pin-source=file:pin",
		"pkcs11:object=a?pin-source=|/bin/true",
		"pkcs11:object=a?pin-source=%7c/bin/true",
		"pkcs11:object=a?pin-source=/a%",
		"pkcs11:object=a?pin-source=/a%2",
		"pkcs11:object=a?pin-source=/a%zz",
		"pkcs11:object=a?pin-source=/a%00",
		"pkcs11:object=a?pin-source=/a&pin-source=/a",
		"pkcs11:object=a;pin-source=/a",
		"pkcs11:object=a?module-path=m.so",
		"pkcs11:object=a?module-path=/a&module-path=/b",
		"pkcs11:object=a?module-name=softhsm2",
		"pkcs11:object=a?x=y",
		"pkcs11:object=a?=",
		"pkcs11:object=a?pin-source=/a?module-path=/b&",
	};
	for (size_t i = 0; i < COF_COUNT(uris); i++)
		assert_no_key(&(cof_signkey_in){.name = uris[i]}, "key-uri");
	assert_no_key(&(cof_signkey_in){.name = "pkcs11:object=a?pin-source=/nonexistent"}, "no-such-file");
	assert_no_key(&(cof_signkey_in){.name = "pkcs11:object=a?pin-source=file:///nonexistent"}, "no-such-file");
}

static void no_engine(void **state)
{
	(void)state;
	COF_AUTO(tmpdir) empty = tmpdir_new();
	const char *before = getenv("OPENSSL_ENGINES");
	COF_AUTO_FREE char *saved = before != NULL ? strdup(before) : NULL;
	assert_int_equal(setenv("OPENSSL_ENGINES", empty.path, 1), 0);
	assert_no_key(&(cof_signkey_in){.name = "pkcs11:object=a"}, "pkcs11-absent");
	assert_int_equal(saved != NULL ? setenv("OPENSSL_ENGINES", saved, 1) : unsetenv("OPENSSL_ENGINES"), 0);
}

/* --- a token --- */

static void token_uri(const token *t, const char *object, const char *pin_file, char ret[600])
{
	int n = snprintf(ret, 600, "pkcs11:token=coffer%%20test;object=%s?module-path=%s%s%s", object, t->module,
			 pin_file != NULL ? "&pin-source=file:" : "", pin_file != NULL ? pin_file : "");
	assert_true(n > 0 && n < 600);
}

/* A PKCS#11 module stays logged in as long as its process lives: every look at a token has one of its own. */
static int in_child(bool (*look)(const cof_signkey_in *, const void *), const cof_signkey_in *in, const void *arg)
{
	int status = -1;
	pid_t child = fork();
	if (child == 0)
		_exit(look(in, arg) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static bool is_refused(const cof_signkey_in *in, const void *reason)
{
	cof_signkey k = {0};
	cof_err err = {0};
	int rc = cof_signkey_load(in, &k, &err);
	if (rc == 0 || !cof_err_is(&err, reason))
		(void)fprintf(stderr, "'%s', not '%s'\n", rc == 0 ? "" : err.reason, (const char *)reason);
	return rc < 0 && cof_err_is(&err, reason);
}

/* Signs as both keys, and is the key whose digest is given. */
static bool signs(const cof_signkey_in *in, const void *digest)
{
	COF_AUTO(cof_signkey) k = {0};
	cof_idblock b = {.policy = 0x30000};
	cof_idauth a;
	uint8_t block[COF_IDBLOCK_LEN], auth[COF_IDAUTH_LEN];
	cof_err err = {0};
	cof_idblock_bytes(&b, block);
	int rc = cof_signkey_load(in, &k, &err);
	if (rc == 0)
		rc = cof_idauth_sign(block, k.key, k.key, auth, &err);
	if (rc == 0)
		rc = cof_idauth_verify(block, cof_span_of(auth, sizeof auth), &a, &err);
	if (rc < 0)
		(void)fprintf(stderr, "%s: %s\n", err.reason, err.text);
	return rc == 0 && memcmp(a.id_key_digest, digest, sizeof a.id_key_digest) == 0 &&
	       memcmp(a.author_key_digest, digest, sizeof a.author_key_digest) == 0;
}

static bool has_digest(const cof_signkey_in *in, const void *digest)
{
	COF_AUTO(cof_signkey) k = {0};
	uint8_t d[COF_SHA384_LEN];
	return cof_signkey_load(in, &k, NULL) == 0 && cof_idkey_digest(k.key, d, NULL) == 0 &&
	       memcmp(d, digest, sizeof d) == 0;
}

static void a_token_signs(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_key();
	COF_AUTO(token) t = token_make(key);
	uint8_t digest[COF_SHA384_LEN];
	char uri[600], bare[600];
	assert_ok(cof_idkey_digest(key, digest, &err));
	token_uri(&t, "idkey", t.pin_file, uri);
	token_uri(&t, "idkey", NULL, bare);
	assert_int_equal(in_child(signs, &(cof_signkey_in){.name = uri}, digest), 0);
	assert_int_equal(in_child(signs, &(cof_signkey_in){.name = bare, .pin_file = t.pin_file}, digest), 0);
	/* a digest needs no PIN */
	assert_int_equal(in_child(has_digest, &(cof_signkey_in){.name = bare, .public_half = true}, digest), 0);
}

static void a_token_says_no(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_ossl_key) key = make_key();
	COF_AUTO(token) t = token_make(key);
	uint8_t digest[COF_SHA384_LEN];
	char uri[600], bare[600], wrong[160], long_pin[600];
	assert_ok(cof_idkey_digest(key, digest, &err));
	token_uri(&t, "another", t.pin_file, uri);
	assert_int_equal(in_child(is_refused, &(cof_signkey_in){.name = uri}, "token-key"), 0);
	(void)tmpdir_path(&t.dir, "wrong", wrong);
	token_uri(&t, "idkey", wrong, uri);
	token_uri(&t, "idkey", NULL, bare);
	assert_ok(cof_file_write(wrong, cof_span_str("00000001"), 0600, &err));
	assert_int_equal(in_child(is_refused, &(cof_signkey_in){.name = uri}, "token-key"), 0);
	/* Never cut to what a token takes. */
	memset(long_pin, '1', sizeof long_pin);
	assert_ok(cof_file_write(wrong, cof_span_of(long_pin, 300), 0600, &err));
	assert_int_equal(in_child(is_refused, &(cof_signkey_in){.name = uri}, "token-key"), 0);
	assert_ok(cof_file_write(wrong, cof_span_of(long_pin, sizeof long_pin), 0600, &err));
	assert_int_equal(in_child(is_refused, &(cof_signkey_in){.name = uri}, "file-too-large"), 0);
	assert_int_equal(in_child(is_refused, &(cof_signkey_in){.name = bare, .pin_file = wrong}, "file-too-large"), 0);
	/* pin-source is nearer to the key than --pin-file. */
	assert_ok(cof_file_write(wrong, cof_span_str("00000001"), 0600, &err));
	token_uri(&t, "idkey", t.pin_file, uri);
	assert_int_equal(in_child(signs, &(cof_signkey_in){.name = uri, .pin_file = wrong}, digest), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_in_files),
		cmocka_unit_test(the_public_half_does_not_sign),
		cmocka_unit_test(encrypted_keys),
		cmocka_unit_test(without_a_terminal_nobody_is_asked),
		cmocka_unit_test(the_terminal_is_asked_once),
		cmocka_unit_test(files_that_hold_no_key),
		cmocka_unit_test(two_keys_in_one_file),
		cmocka_unit_test(a_pin_on_the_command_line_is_refused),
		cmocka_unit_test(hostile_queries),
		cmocka_unit_test(no_engine), /* before an engine is there */
		cmocka_unit_test(a_token_says_no),
		cmocka_unit_test(a_token_signs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
