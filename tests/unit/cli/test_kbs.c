/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer kbs` against a real broker: exit codes, owner data that must not pass, and an audit log that was changed. */
#include "tests/unit/kbs/corim_body.h"
#include "tests/unit/kbs/rig.h"

#include "runtime/cli/cli.h"

enum { ARGS_MAX = 48 };
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static rig *r;
static char ca[160], key[160], head[160], file[160];

static int start(void **state)
{
	(void)state;
	r = rig_new();
	(void)tmpdir_path(&r->dir, "ca.pem", ca);
	(void)tmpdir_path(&r->dir, "admin.key", key);
	(void)tmpdir_path(&r->dir, "head", head);
	(void)tmpdir_path(&r->dir, "file", file);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	rig_free(r);
	return 0;
}

static int kbs(const char *const *words)
{
	char *argv[ARGS_MAX] = {(char *)(uintptr_t) "kbs"};
	int n = 1;
	for (; words[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)words[n - 1];
	return cof_cli_dispatch("coffer kbs", cof_verbs_kbs, n, argv);
}

#define KBS(...) kbs((const char *const[]){__VA_ARGS__, NULL})
#define TO_RIG "--url", r->url, "--ca", ca, "--key", key, "--resolve", r->resolve

static void put(const char *path, const char *text)
{
	assert_ok(cof_file_write(path, cof_span_str(text), 0600, &err));
}

static void wrong_usage_is_two(void **state)
{
	(void)state;
	assert_int_equal(KBS("nothing"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", "a/b/c", "/dev/null"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", "--url", r->url, "a/b/c", "/dev/null"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", "--key", key, "a/b/c", "/dev/null"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", TO_RIG, "a/b/c"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", TO_RIG, "a/b/c", "/dev/null", "more"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-policy", TO_RIG), COF_EXIT_USAGE);
	assert_int_equal(KBS("get-audit", TO_RIG, "more"), COF_EXIT_USAGE);
	assert_int_equal(KBS("get-audit", TO_RIG, "--insecure"), COF_EXIT_USAGE);
	static const char *const froms[] = {"0", "-1", "1x", "", "+1", "0x1", " 1"};
	for (size_t i = 0; i < COF_COUNT(froms); i++)
		assert_int_equal(KBS("get-audit", TO_RIG, "--from", froms[i]), COF_EXIT_USAGE);
	assert_int_equal(KBS("get-audit", TO_RIG, "--resolve", "kbs.coffer.test"), COF_EXIT_USAGE);
	const char *many[ARGS_MAX] = {"get-audit", "--url", r->url, "--key", key};
	for (size_t i = 5; i < 5 + 34; i += 2) {
		many[i] = "--resolve";
		many[i + 1] = r->resolve;
	}
	assert_int_equal(kbs(many), COF_EXIT_USAGE);
}

static void an_environment_that_is_not_there_is_two(void **state)
{
	(void)state;
	assert_int_equal(KBS("get-audit", "--url", r->url, "--key", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(KBS("get-audit", "--url", r->url, "--key", key, "--ca", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-resource", TO_RIG, "a/b/c", "/nonexistent"), COF_EXIT_USAGE);
	assert_int_equal(KBS("get-audit", "--url", "https://kbs.coffer.test:1", "--key", key, "--resolve",
			     "kbs.coffer.test:1:127.0.0.1"),
			 COF_EXIT_USAGE);
}

static void t044_no_words_without_the_right_peer(void **state)
{
	(void)state;
	rig other = {.dir = tmpdir_new()};
	char wrong[160], plain[64];
	rig_make_tls(&other);
	(void)tmpdir_path(&other.dir, "ca.pem", wrong);
	(void)snprintf(plain, sizeof plain, "http://" RIG_NAME ":%u", r->port);
	put(file, "the secret");
	assert_int_equal(KBS("set-resource", "--url", r->url, "--key", key, "--resolve", r->resolve, "--ca", wrong,
			     "t/t/untrusted", file),
			 COF_EXIT_NO);
	/* without a CA the system's roots decide, and they know nothing of ours */
	assert_int_equal(
		KBS("set-resource", "--url", r->url, "--key", key, "--resolve", r->resolve, "t/t/untrusted", file),
		COF_EXIT_NO);
	assert_int_not_equal(KBS("set-resource", "--url", plain, "--key", key, "--resolve", r->resolve, "--ca", ca,
				 "t/t/untrusted", file),
			     COF_EXIT_YES);
	assert_int_equal(KBS("delete-resource", TO_RIG, "t/t/untrusted"), COF_EXIT_NO); /* it never came there */
	cof_buf_release(&other.ca);
	tmpdir_release(&other.dir);
}

static void t068_another_key_is_no_admin(void **state)
{
	(void)state;
	char wrong[160];
	put(file, "value");
	assert_int_equal(KBS("set-resource", "--url", r->url, "--ca", ca, "--resolve", r->resolve, "--key",
			     tmpdir_path(&r->dir, "tls.key", wrong), "t/t/other", file),
			 COF_EXIT_NO);
	assert_int_not_equal(KBS("set-resource", "--url", r->url, "--ca", ca, "--resolve", r->resolve, "--key",
				 tmpdir_path(&r->dir, "ca.pem", wrong), "t/t/other", file),
			     COF_EXIT_YES);
	assert_int_equal(KBS("delete-resource", TO_RIG, "t/t/other"), COF_EXIT_NO);
}

static void resources(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "a", "a/b", "a/b/c/d", "a/../c", "a/b/.c", "a/b/c?x", "/a/b/c", "a//c"};
	put(file, "value");
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_equal(KBS("set-resource", TO_RIG, bad[i], file), COF_EXIT_NO);
	char *big = calloc(1, COF_KB_RESOURCE_MAX + 2);
	assert_non_null(big);
	memset(big, 'x', COF_KB_RESOURCE_MAX + 1);
	put(file, big);
	free(big);
	assert_int_not_equal(KBS("set-resource", TO_RIG, "t/t/big", file), COF_EXIT_YES);
	assert_int_equal(KBS("delete-resource", TO_RIG, "t/t/big"), COF_EXIT_NO);
	put(file, "value");
	assert_int_equal(KBS("set-resource", TO_RIG, "t/t/one", file), COF_EXIT_YES);
	assert_int_equal(KBS("set-resource", "--json", TO_RIG, "t/t/one", file), COF_EXIT_YES);
	assert_int_equal(KBS("delete-resource", TO_RIG, "t/t/one"), COF_EXIT_YES);
	assert_int_equal(KBS("delete-resource", TO_RIG, "t/t/one"), COF_EXIT_NO);
}

static void t069_owner_data_that_does_not_parse(void **state)
{
	(void)state;
	static const char *const verbs[] = {"set-policy", "set-reference", "set-ek-root"};
	static const char *const texts[] = {"", "{", "{}", "null", "-----BEGIN CERTIFICATE-----\n"};
	for (size_t v = 0; v < COF_COUNT(verbs); v++)
		for (size_t i = 0; i < COF_COUNT(texts); i++) {
			put(file, texts[i]);
			assert_int_equal(KBS(verbs[v], TO_RIG, file), COF_EXIT_NO);
		}
	assert_int_equal(KBS("set-ek-root", TO_RIG, ca), COF_EXIT_YES);
}

static void write_bytes(const char *name, const cof_buf *b, char path[160])
{
	assert_ok(cof_file_write(tmpdir_path(&r->dir, name, path), cof_buf_span(b), 0600, &err));
}

static void t077_a_corim_comes_with_its_authors_key(void **state)
{
	(void)state;
	char corim[160], pem[160], cert[160], stranger_pem[160], plain[160];
	EVP_PKEY *author = corim_author(), *stranger = corim_author();
	COF_AUTO(cof_rim) rim = {0};
	COF_AUTO(cof_buf) b = {0};
	rim_put_tpm(&rim, "0.1.0/default");
	corim_file(&rim, COF_RIM_TPM, author, 1000, &b);
	write_bytes("corim", &b, corim);
	pem_public(author, &b);
	write_bytes("author.pem", &b, pem);
	pem_cert(author, (int64_t)time(NULL) - 10, (int64_t)time(NULL) + 1000, &b);
	write_bytes("author.crt", &b, cert);
	pem_public(stranger, &b);
	write_bytes("stranger.pem", &b, stranger_pem);
	b.len = 0;
	assert_ok(cof_corim_write(&rim, COF_RIM_TPM, &b, &err));
	write_bytes("plain", &b, plain);
	assert_int_equal(KBS("set-reference", TO_RIG, corim), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-reference", TO_RIG, plain), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", pem, plain), COF_EXIT_NO);
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", stranger_pem, corim), COF_EXIT_NO);
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", corim, corim), COF_EXIT_NO);
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", "/nonexistent", corim), COF_EXIT_USAGE);
	put(file, "{}");
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", pem, file), COF_EXIT_USAGE);
	assert_int_equal(KBS("set-reference", TO_RIG, "--corim-key", pem, corim), COF_EXIT_YES);
	assert_int_equal(KBS("set-reference", "--json", TO_RIG, "--corim-key", cert, corim), COF_EXIT_YES);
	assert_int_equal(KBS("delete-reference", TO_RIG, "tpm/0.1.0/default"), COF_EXIT_NO);
	assert_int_equal(KBS("delete-reference", TO_RIG, "0.1.0/default"), COF_EXIT_YES);
	assert_int_equal(KBS("delete-reference", TO_RIG, "0.1.0/default"), COF_EXIT_NO);
	EVP_PKEY_free(author);
	EVP_PKEY_free(stranger);
}

static void t003_initdata_is_a_digest_or_the_file(void **state)
{
	(void)state;
	static const char *const bad[] = {"md5:00", "sha256:", "sha256:00", "sha256:" HEX64 "00", "SHA256:" HEX64};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_int_not_equal(KBS("set-initdata", TO_RIG, bad[i]), COF_EXIT_YES);
	static const char *const files[] = {"", "x", "version = \"9\"\nalgorithm = \"sha256\"\n[data]\n",
					    "version = \"0.1.0\"\nalgorithm = \"md5\"\n[data]\n"};
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		put(file, files[i]);
		assert_int_equal(KBS("set-initdata", TO_RIG, file), COF_EXIT_NO);
	}
	assert_int_equal(KBS("set-initdata", TO_RIG, "sha256:" HEX64), COF_EXIT_YES);
	put(file, "version = \"0.1.0\"\nalgorithm = \"sha384\"\n\n[data]\n\"x\" = \"y\"\n");
	assert_int_equal(KBS("set-initdata", TO_RIG, file), COF_EXIT_YES);
}

static void read_head_file(cof_buf *ret)
{
	ret->len = 0;
	assert_ok(cof_file_read(head, 4096, ret, &err));
}

static void t069_a_log_that_lost_or_changed_lines_is_noticed(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) good = {0};
	COF_AUTO(cof_buf) now = {0};
	struct stat st;
	assert_int_equal(KBS("set-initdata", TO_RIG, "sha256:" HEX64), COF_EXIT_YES);
	assert_int_equal(KBS("verify-audit", TO_RIG, "--head", head), COF_EXIT_YES);
	assert_int_equal(stat(head, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	read_head_file(&good);
	static const char *const heads[] = {
		"",
		"{}",
		"{\"seq\":1}",
		"{\"seq\":-1,\"hash\":\"" HEX64 "\"}",
		"{\"seq\":1,\"hash\":\"00\"}",
		"{\"seq\":1,\"hash\":\"" HEX64 "00\"}",
		"{\"seq\":1,\"hash\":\"" HEX64 "\"}",	    /* another line was there */
		"{\"seq\":1000000,\"hash\":\"" HEX64 "\"}", /* lines are gone */
	};
	for (size_t i = 0; i < COF_COUNT(heads); i++) {
		put(head, heads[i]);
		if (KBS("verify-audit", TO_RIG, "--head", head) != COF_EXIT_NO)
			fail_msg("head %s", heads[i]);
		read_head_file(&now);
		assert_string_equal(cof_buf_str(&now), heads[i]); /* what was seen is not forgotten */
	}
	put(head, cof_buf_str(&good));
	assert_int_equal(KBS("set-initdata", TO_RIG, "sha256:" HEX64), COF_EXIT_YES);
	assert_int_equal(KBS("verify-audit", "--json", TO_RIG, "--head", head), COF_EXIT_YES);
	read_head_file(&now);
	assert_string_not_equal(cof_buf_str(&now), cof_buf_str(&good));
	assert_int_equal(KBS("get-audit", TO_RIG, "--from", "2"), COF_EXIT_YES);
}

static void helps(void **state)
{
	(void)state;
	for (const cof_verb *v = cof_verbs_kbs; v->name != NULL; v++)
		assert_int_equal(KBS(v->name, "--help"), COF_EXIT_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t044_no_words_without_the_right_peer),
		cmocka_unit_test(t068_another_key_is_no_admin),
		cmocka_unit_test(t069_owner_data_that_does_not_parse),
		cmocka_unit_test(t077_a_corim_comes_with_its_authors_key),
		cmocka_unit_test(t003_initdata_is_a_digest_or_the_file),
		cmocka_unit_test(t069_a_log_that_lost_or_changed_lines_is_noticed),
		cmocka_unit_test(wrong_usage_is_two),
		cmocka_unit_test(an_environment_that_is_not_there_is_two),
		cmocka_unit_test(resources),
		cmocka_unit_test(helps),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
