/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer measure idblock`: what is made is verified, what is not right is refused, and no PIN is ever printed. */
#include <fcntl.h>
#include <getopt.h>
#include <sys/wait.h>

#include "common/hex.h"
#include "firmware/sev/idkey.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/measure.h"
#include "tests/unit/cli/token.h"
#include "tests/unit/launch_vectors.h"

#define HEX48 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
#define HEX16 "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"

typedef struct owner {
	tmpdir dir;
	char id[160], author[160], block[160], auth[160], out[160], err[160];
	EVP_PKEY *id_key, *author_key;
} owner;

static int set_up(void **state)
{
	static owner o;
	o.dir = tmpdir_new();
	o.id_key = EVP_EC_gen("P-384");
	o.author_key = EVP_EC_gen("P-384");
	write_key(tmpdir_path(&o.dir, "id.pem", o.id), o.id_key, NULL);
	write_key(tmpdir_path(&o.dir, "author.pem", o.author), o.author_key, NULL);
	(void)tmpdir_path(&o.dir, "block", o.block);
	(void)tmpdir_path(&o.dir, "auth", o.auth);
	(void)tmpdir_path(&o.dir, "stdout", o.out);
	(void)tmpdir_path(&o.dir, "stderr", o.err);
	*state = &o;
	return 0;
}

static int tear_down(void **state)
{
	owner *o = *state;
	EVP_PKEY_free(o->id_key);
	EVP_PKEY_free(o->author_key);
	tmpdir_release(&o->dir);
	return 0;
}

static int divert(const char *path, int to)
{
	int saved = dup(to), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, to), to);
	(void)close(fd);
	return saved;
}

static void restore(int saved, int to)
{
	assert_int_equal(dup2(saved, to), to);
	(void)close(saved);
}

/* Its exit code; what it printed lies in the two files. */
static int idblock(const owner *o, const char *const *words)
{
	char *argv[32] = {(char *)(uintptr_t) "idblock"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	assert_int_equal(fflush(stdout), 0);
	int out = divert(o->out, 1), err = divert(o->err, 2);
	int code = cof_cmd_measure_idblock(argc, argv);
	(void)fflush(stdout);
	restore(out, 1);
	restore(err, 2);
	return code;
}

#define IDBLOCK(o, ...) idblock(o, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define MAKE(o, ...)                                                                                                   \
	IDBLOCK(o, "make", "--measurement", HEX48, "--id-key", (o)->id, "--block", (o)->block, "--auth",               \
		(o)->auth __VA_OPT__(, ) __VA_ARGS__)
#define VERIFY(o, ...) IDBLOCK(o, "verify", "--block", (o)->block, "--auth", (o)->auth __VA_OPT__(, ) __VA_ARGS__)

static void slurp(const char *path, cof_buf *ret)
{
	ret->len = 0;
	assert_ok(cof_file_read(path, 1 << 20, ret, &err));
}

static json_t *printed(const owner *o)
{
	COF_AUTO(cof_buf) text = {0};
	json_t *j = NULL;
	slurp(o->out, &text);
	assert_ok(cof_json_parse(cof_buf_span(&text), &j, &err));
	return j;
}

static void assert_said(const owner *o, const char *reason)
{
	COF_AUTO(cof_buf) text = {0};
	char want[80];
	slurp(o->err, &text);
	(void)snprintf(want, sizeof want, "coffer: %s: ", reason);
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("not %s: %s", reason, cof_buf_str(&text));
}

static void assert_key(const json_t *j, const char *member, EVP_PKEY *key)
{
	uint8_t d[COF_SHA384_LEN];
	assert_ok(cof_idkey_digest(key, d, &err));
	assert_hex(d, sizeof d, jstr(j, member));
}

static void assert_file_is(const char *path, const char *b64)
{
	COF_AUTO(cof_buf) file = {0};
	slurp(path, &file);
	COF_AUTO_FREE char *text = cof_b64_dup(cof_buf_span(&file));
	assert_string_equal(text, b64);
}

static void what_is_made_is_verified(void **state)
{
	const owner *o = *state;
	assert_int_equal(MAKE(o, "--family-id", "family", "--image-id", HEX16, "--guest-svn", "4294967295", "--policy",
			      "0xB0000", "--author-key", o->author, "--json"),
			 COF_EXIT_YES);
	COF_AUTO_PTR(json_t) made = printed(o);
	assert_true(json_is_true(json_object_get(made, "ok")));
	assert_string_equal(jstr(made, "measurement"), HEX48);
	assert_string_equal(jstr(made, "family_id"), "66616d696c7900000000000000000000");
	assert_string_equal(jstr(made, "image_id"), HEX16);
	assert_int_equal(json_integer_value(json_object_get(made, "guest_svn")), 4294967295);
	assert_string_equal(jstr(made, "policy"), "0xb0000");
	assert_key(made, "id_key_digest", o->id_key);
	assert_key(made, "author_key_digest", o->author_key);
	assert_file_is(o->block, jstr(made, "id_block"));
	assert_file_is(o->auth, jstr(made, "id_auth"));
	assert_int_equal(VERIFY(o, "--json", "--measurement", HEX48, "--policy", "0xb0000"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) verified = printed(o);
	assert_true(json_equal(verified, made));
}

static void what_is_left_out_is_zero(void **state)
{
	const owner *o = *state;
	assert_int_equal(MAKE(o, "--json"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(o);
	assert_string_equal(jstr(j, "family_id"), "00000000000000000000000000000000");
	assert_string_equal(jstr(j, "image_id"), "00000000000000000000000000000000");
	assert_int_equal(json_integer_value(json_object_get(j, "guest_svn")), 0);
	assert_string_equal(jstr(j, "policy"), "0x30000");
	assert_true(json_is_null(json_object_get(j, "author_key_digest")));
}

static void lines_for_people(void **state)
{
	const owner *o = *state;
	COF_AUTO(cof_buf) text = {0};
	assert_int_equal(MAKE(o, "--guest-svn", "7"), COF_EXIT_YES);
	slurp(o->out, &text);
	static const char *const lines[] = {"measurement        " HEX48 "\n", "\nguest_svn          7\n",
					    "\npolicy             0x30000\n", "\nauthor_key_digest  none\n",
					    "\nid_block           AAEC",      "\nid_auth            AQAAAAAA"};
	for (size_t i = 0; i < COF_COUNT(lines); i++)
		assert_non_null(strstr(cof_buf_str(&text), lines[i]));
	assert_int_equal(IDBLOCK(o, "key-digest", o->id), COF_EXIT_YES);
	slurp(o->out, &text);
	uint8_t d[COF_SHA384_LEN];
	assert_ok(cof_idkey_digest(o->id_key, d, &err));
	text.data[text.len - 1] = '\0'; /* the line's end */
	assert_hex(d, sizeof d, cof_buf_str(&text));
	assert_int_equal(IDBLOCK(o, "key-digest", "--json", o->id), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(o);
	assert_key(j, "digest", o->id_key);
}

static void the_block_of_another_launch(void **state)
{
	const owner *o = *state;
	static const char other[] =
		"ff"
		"0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f";
	assert_int_equal(MAKE(o, "--policy", "0x10000"), COF_EXIT_USAGE); /* bit 17 must be one */
	assert_int_equal(MAKE(o, "--policy", "0x4030000"), COF_EXIT_USAGE);
	assert_int_equal(MAKE(o, "--policy", "0x30000"), COF_EXIT_YES);
	assert_int_equal(VERIFY(o, "--measurement", other), COF_EXIT_NO);
	assert_said(o, "idblock-mismatch");
	assert_int_equal(VERIFY(o, "--policy", "0xb0000", "--json"), COF_EXIT_NO); /* debug allowed */
	assert_said(o, "idblock-mismatch");
	COF_AUTO_PTR(json_t) j = printed(o);
	assert_true(json_is_false(json_object_get(j, "ok")));
	assert_string_equal(jstr(j, "reason"), "idblock-mismatch");
}

static void changed_files(void **state)
{
	const owner *o = *state;
	COF_AUTO(cof_buf) block = {0};
	COF_AUTO(cof_buf) auth = {0};
	assert_int_equal(MAKE(o), COF_EXIT_YES);
	slurp(o->block, &block);
	slurp(o->auth, &auth);
	block.data[3] ^= 1;
	assert_ok(cof_file_write(o->block, cof_buf_span(&block), 0600, &err));
	assert_int_equal(VERIFY(o), COF_EXIT_NO);
	assert_said(o, "idauth-signature");
	block.data[3] ^= 1;
	assert_ok(cof_file_write(o->block, cof_span_of(block.data, 95), 0600, &err));
	assert_int_equal(VERIFY(o), COF_EXIT_NO);
	assert_said(o, "idblock-malformed");
	assert_ok(cof_buf_add(&block, "", 1, &err));
	assert_ok(cof_file_write(o->block, cof_buf_span(&block), 0600, &err));
	assert_int_equal(VERIFY(o), COF_EXIT_NO);
	assert_said(o, "file-too-large");
	block.len--;
	assert_ok(cof_file_write(o->block, cof_buf_span(&block), 0600, &err));
	assert_ok(cof_file_write(o->auth, cof_span_of(auth.data, 4095), 0600, &err));
	assert_int_equal(VERIFY(o), COF_EXIT_NO);
	assert_said(o, "idauth-malformed");
	assert_int_equal(IDBLOCK(o, "verify", "--block", o->block, "--auth", "/nonexistent"), COF_EXIT_USAGE);
}

static void wrong_usage(void **state)
{
	const owner *o = *state;
	static const char *const bad[][2] = {
		{"--measurement", ""},
		{"--measurement", "00"},
		{"--measurement", HEX48 "00"},
		{"--measurement", "zz" HEX16},
		{"--policy", ""},
		{"--policy", "0x"},
		{"--policy", "30000 "},
		{"--policy", "-1"},
		{"--policy", "0x10000000000000000"},
		{"--policy", "3000g"},
		{"--policy", "30000"},
		{"--guest-svn", ""},
		{"--guest-svn", "4294967296"},
		{"--guest-svn", "-1"},
		{"--guest-svn", "0x1"},
		{"--guest-svn", "1 "},
		{"--guest-svn", "99999999999999999999"},
		{"--family-id", "seventeen letters"},
		{"--image-id", HEX16 "00"},
		{"--image-id", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"},
	};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		(void)unlink(o->block);
		assert_int_equal(MAKE(o, bad[i][0], bad[i][1]), COF_EXIT_USAGE);
		assert_said(o, "usage");
		assert_int_equal(access(o->block, F_OK), -1);
	}
	assert_int_equal(IDBLOCK(o), COF_EXIT_USAGE);
	assert_int_equal(IDBLOCK(o, "sign"), COF_EXIT_USAGE);
	assert_int_equal(IDBLOCK(o, "make"), COF_EXIT_USAGE);
	assert_int_equal(IDBLOCK(o, "verify", "--block", o->block), COF_EXIT_USAGE);
	assert_int_equal(IDBLOCK(o, "key-digest"), COF_EXIT_USAGE);
	assert_int_equal(IDBLOCK(o, "key-digest", o->id, o->id), COF_EXIT_USAGE);
	assert_int_equal(MAKE(o, "more"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY(o, "--id-key", o->id), COF_EXIT_USAGE); /* not its option */
	assert_int_equal(VERIFY(o, "--nonsense"), COF_EXIT_USAGE);
	assert_int_equal(VERIFY(o, "--measurement", "00"), COF_EXIT_USAGE);
	static const char *const verbs[] = {"make", "verify", "key-digest"};
	for (size_t i = 0; i < COF_COUNT(verbs); i++) {
		COF_AUTO(cof_buf) text = {0};
		assert_int_equal(IDBLOCK(o, verbs[i], "--help"), COF_EXIT_YES);
		slurp(o->out, &text);
		assert_int_equal(strncmp(cof_buf_str(&text), "Usage: coffer measure idblock ", 30), 0);
	}
}

static void ids_of_exactly_sixteen_letters(void **state)
{
	const owner *o = *state;
	assert_int_equal(MAKE(o, "--family-id", "sixteen letters.", "--image-id", "", "--json"), COF_EXIT_YES);
	COF_AUTO_PTR(json_t) j = printed(o);
	assert_string_equal(jstr(j, "family_id"), "7369787465656e206c6574746572732e");
	assert_string_equal(jstr(j, "image_id"), "00000000000000000000000000000000");
}

static void keys_that_do_not_sign(void **state)
{
	const owner *o = *state;
	char p256[160], public[160];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	write_key(tmpdir_path(&o->dir, "p256.pem", p256), key, NULL);
	EVP_PKEY_free(key);
	BIO *b = BIO_new_file(tmpdir_path(&o->dir, "public.pem", public), "w");
	assert_int_equal(PEM_write_bio_PUBKEY(b, o->id_key), 1);
	(void)BIO_free(b);
	(void)unlink(o->block);
	(void)unlink(o->auth);
	assert_int_equal(MAKE(o, "--id-key", p256), COF_EXIT_USAGE);
	assert_said(o, "idkey-unsupported");
	assert_int_equal(MAKE(o, "--author-key", p256), COF_EXIT_USAGE);
	assert_said(o, "idkey-unsupported");
	assert_int_equal(MAKE(o, "--id-key", public), COF_EXIT_USAGE);
	assert_said(o, "key-unreadable");
	assert_int_equal(MAKE(o, "--author-key", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(access(o->block, F_OK), -1);
	assert_int_equal(access(o->auth, F_OK), -1);
	assert_int_equal(IDBLOCK(o, "key-digest", public), COF_EXIT_YES);
	assert_int_equal(IDBLOCK(o, "key-digest", p256), COF_EXIT_USAGE);
}

static void t026_no_pin_is_printed(void **state)
{
	const owner *o = *state;
	static const char *const uris[] = {"pkcs11:object=k?pin-value=47110815", "pkcs11:object=k;pin-value=47110815"};
	for (size_t i = 0; i < COF_COUNT(uris); i++) {
		COF_AUTO(cof_buf) text = {0};
		assert_int_equal(MAKE(o, "--id-key", uris[i], "--json"), COF_EXIT_USAGE);
		assert_said(o, "key-pin-exposed");
		slurp(o->err, &text);
		assert_null(strstr(cof_buf_str(&text), "4711"));
		slurp(o->out, &text);
		assert_null(strstr(cof_buf_str(&text), "4711"));
	}
}

static void t026_a_token_signs_and_its_pin_stays_away(void **state)
{
	const owner *o = *state;
	COF_AUTO(token) t = token_make(o->id_key);
	COF_AUTO(cof_buf) text = {0};
	char uri[600], wrong[160], wrong_uri[900];
	int status = -1;
	(void)snprintf(uri, sizeof uri, "pkcs11:token=coffer%%20test;object=idkey?module-path=%s", t.module);
	assert_ok(cof_file_write(tmpdir_path(&o->dir, "wrong", wrong), cof_span_str("00000815"), 0600, &err));
	(void)snprintf(wrong_uri, sizeof wrong_uri, "%s&pin-source=%s", uri, wrong);
	pid_t child = fork(); /* a PKCS#11 module never leaves its process */
	if (child == 0)
		_exit(MAKE(o, "--id-key", wrong_uri) == COF_EXIT_USAGE ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_said(o, "token-key");
	slurp(o->err, &text);
	assert_null(strstr(cof_buf_str(&text), "00000815"));
	child = fork();
	if (child == 0)
		_exit(MAKE(o, "--id-key", uri, "--pin-file", t.pin_file, "--author-key", o->author, "--json"));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	COF_AUTO_PTR(json_t) j = printed(o);
	assert_key(j, "id_key_digest", o->id_key);
	assert_key(j, "author_key_digest", o->author_key);
	slurp(o->err, &text);
	assert_null(strstr(cof_buf_str(&text), TOKEN_PIN));
	assert_int_equal(VERIFY(o, "--measurement", HEX48), COF_EXIT_YES);
}

static void published_blocks(void **state)
{
	const owner *o = *state;
	COF_AUTO_PTR(json_t) j = vector_json("idblock.json");
	json_t *v;
	size_t i, done = 0;
	json_array_foreach (json_object_get(j, "auth"), i, v) {
		COF_AUTO(cof_buf) auth = {0};
		uint8_t block[COF_IDBLOCK_LEN];
		bool good = json_is_true(json_object_get(v, "block_signature_valid"));
		assert_ok(cof_unhex(jstr(v, "id_block"), block, sizeof block, &err));
		vector_read(jstr(v, "file"), &auth);
		assert_ok(cof_file_write(o->block, cof_span_of(block, sizeof block), 0600, &err));
		assert_ok(cof_file_write(o->auth, cof_buf_span(&auth), 0600, &err));
		assert_int_equal(VERIFY(o), good ? COF_EXIT_YES : COF_EXIT_NO);
		done++;
	}
	assert_true(done >= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_made_is_verified),
		cmocka_unit_test(what_is_left_out_is_zero),
		cmocka_unit_test(lines_for_people),
		cmocka_unit_test(the_block_of_another_launch),
		cmocka_unit_test(changed_files),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(ids_of_exactly_sixteen_letters),
		cmocka_unit_test(keys_that_do_not_sign),
		cmocka_unit_test(t026_no_pin_is_printed),
		cmocka_unit_test(t026_a_token_signs_and_its_pin_stays_away),
		cmocka_unit_test(published_blocks),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
