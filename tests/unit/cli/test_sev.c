/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer sev`: from certificates to a packet, as files and words; and nothing is made where anything is wrong. */
#include <fcntl.h>

#include "common/hex.h"
#include "common/json.h"
#include "runtime/cli/sev.h"
#include "runtime/cli/sev_keyfile.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/verify/soft_sev.h"

enum { WORDS_MAX = 48 };

static tmpdir dir;
static soft_sev own;
static char out_path[160], err_path[160], session[160], godh[160], keys[160], digest[65], measurement[65];

/* ---- running ---- */

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

static int run(const char *const *words)
{
	char *argv[WORDS_MAX] = {(char *)(uintptr_t) "sev"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	assert_int_equal(fflush(stdout), 0);
	int out = divert(out_path, 1), err = divert(err_path, 2);
	int code = cof_cmd_sev(argc, argv);
	(void)fflush(stdout);
	restore(out, 1);
	restore(err, 2);
	return code;
}

#define SEV(...) run((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void slurp(const char *path, cof_buf *ret)
{
	ret->len = 0;
	assert_ok(cof_file_read(path, 1 << 20, ret, &err));
}

static void assert_said(const char *reason)
{
	COF_AUTO(cof_buf) text = {0};
	char want[80];
	slurp(err_path, &text);
	(void)snprintf(want, sizeof want, "coffer: %s: ", reason);
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("not %s: %s", reason, cof_buf_str(&text));
}

static json_t *printed(void)
{
	COF_AUTO(cof_buf) text = {0};
	json_t *j = NULL;
	slurp(out_path, &text);
	assert_ok(cof_json_parse(cof_buf_span(&text), &j, &err));
	return j;
}

/* ---- files ---- */

static const char *at(const char *name)
{
	static char paths[16][160];
	static size_t next;
	return tmpdir_path(&dir, name, paths[next++ % 16]);
}

static void put(const char *name, cof_span bytes)
{
	assert_ok(cof_file_write(at(name), bytes, 0600, &err));
}

static void put_joined(const char *name, const cof_span *parts, size_t n)
{
	COF_AUTO(cof_buf) b = {0};
	for (size_t i = 0; i < n; i++)
		assert_ok(cof_buf_add(&b, parts[i].data, parts[i].len, &err));
	put(name, cof_buf_span(&b));
}

static void put_chain(void)
{
	const cof_sev_chain_in c = soft_sev_in(&own);
	const cof_span joined[] = {c.pek, c.oca, c.cek}, amd[] = {c.ask, c.ark};
	put("ark", c.ark);
	put("ask", c.ask);
	put("cek", c.cek);
	put("oca", c.oca);
	put("pek", c.pek);
	put("pdh", c.pdh);
	put_joined("chain", joined, 3);
	put_joined("ask-ark", amd, 2);
}

static void forget(void)
{
	(void)unlink(session);
	(void)unlink(godh);
	(void)unlink(keys);
}

#define FILES "--session", session, "--godh", godh, "--keys", keys
#define PLATFORM "--pdh", at("pdh"), "--cert-chain", at("chain"), "--ask-ark", at("ask-ark")
#define SESSION(...) SEV("session", PLATFORM, FILES __VA_OPT__(, ) __VA_ARGS__)

static void assert_nothing_made(void)
{
	assert_int_equal(access(session, F_OK), -1);
	assert_int_equal(access(godh, F_OK), -1);
	assert_int_equal(access(keys, F_OK), -1);
}

/* ---- sessions ---- */

static void words_of_session(void **state)
{
	(void)state;
	forget();
	assert_int_equal(SEV(), COF_EXIT_USAGE);
	assert_int_equal(SEV("sessions"), COF_EXIT_USAGE);
	assert_int_equal(SEV("--help"), COF_EXIT_YES);
	assert_int_equal(SEV("session", "--help"), COF_EXIT_YES);
	assert_int_equal(SEV("session"), COF_EXIT_USAGE);
	assert_int_equal(SEV("session", PLATFORM), COF_EXIT_USAGE);
	assert_int_equal(SEV("session", "--pdh", at("pdh"), "--ask-ark", at("ask-ark"), FILES), COF_EXIT_USAGE);
	assert_int_equal(SEV("session", "--pdh", at("pdh"), "--cert-chain", at("chain"), FILES), COF_EXIT_USAGE);
	assert_int_equal(SESSION("--ask", at("ask")), COF_EXIT_USAGE);
	assert_int_equal(SESSION("--pdh", at("pdh")), COF_EXIT_USAGE);
	assert_int_equal(SESSION("more"), COF_EXIT_USAGE);
	assert_int_equal(SESSION("--more"), COF_EXIT_USAGE);
	assert_int_equal(SESSION("--guest-policy", "debug"), COF_EXIT_USAGE);
	assert_said("policy-malformed");
	assert_int_equal(SESSION("--policy", at("none")), COF_EXIT_USAGE);
	assert_said("no-such-file");
	put("policy", cof_span_str("{\"min_apis\":1}"));
	assert_int_equal(SESSION("--policy", at("policy")), COF_EXIT_USAGE);
	assert_said("policy-word");
	assert_nothing_made();
}

static void t022_no_session_without_a_chain(void **state)
{
	(void)state;
	static const struct {
		const char *file, *check;
	} files[] = {{"pdh", "pdh-by-pek"}, {"pek", "pek-by-oca"}, {"oca", "oca-by-oca"},
		     {"cek", "cek-by-ask"}, {"ask", "ask-by-ark"}, {"ark", "ark-by-ark"}};
	forget();
	for (size_t i = 0; i < COF_COUNT(files); i++) {
		COF_AUTO(cof_buf) b = {0};
		slurp(at(files[i].file), &b);
		size_t last = b.len > 1600 ? 0x414 + 8 : b.len - 1; /* in the first signature */
		b.data[last] ^= 1;
		put(files[i].file, cof_buf_span(&b));
		assert_int_equal(SEV("session", "--pdh", at("pdh"), "--pek", at("pek"), "--oca", at("oca"), "--cek",
				     at("cek"), "--ask", at("ask"), "--ark", at("ark"), FILES),
				 COF_EXIT_NO);
		assert_said(files[i].check);
		b.data[last] ^= 1;
		put(files[i].file, cof_buf_span(&b));
	}
	put("policy", cof_span_str("{\"min_api\":{\"major\":1,\"minor\":0}}"));
	assert_int_equal(SESSION("--policy", at("policy"), "--json"), COF_EXIT_NO);
	assert_said("api-too-low");
	COF_AUTO_PTR(json_t) j = printed();
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "api-too-low");
	assert_int_equal(SESSION("--guest-policy", "api=0.25"), COF_EXIT_NO);
	assert_said("api-too-low");
	put("short", cof_span_str("short"));
	assert_int_equal(
		SEV("session", "--pdh", at("pdh"), "--cert-chain", at("short"), "--ask-ark", at("ask-ark"), FILES),
		COF_EXIT_NO);
	assert_said("sev-certificate-size");
	assert_nothing_made();
}

static void from_base64(const char *path, cof_buf *ret)
{
	COF_AUTO(cof_buf) text = {0};
	slurp(path, &text);
	ret->len = 0;
	assert_ok(cof_unb64(cof_buf_span(&text), ret, &err));
}

static bool starts(soft_firmware *f, uint32_t policy)
{
	COF_AUTO(cof_buf) s = {0};
	COF_AUTO(cof_buf) g = {0};
	from_base64(session, &s);
	from_base64(godh, &g);
	return soft_launch_start(f, cof_buf_span(&g), cof_buf_span(&s), policy);
}

static void policies(void **state)
{
	(void)state;
	static const struct {
		const char *words, *flag;
		uint32_t policy;
	} cases[] = {
		{"", "--json", 0x3},
		{"es,nosend,api=0.24", "--json", 0x1800000f},
		{"nodbg", "--allow-key-sharing", 0x1},
		{"domain", "--allow-debug", 0x12},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		soft_firmware f = {.pdh = own.pdh_key};
		forget();
		assert_int_equal(SESSION("--guest-policy", cases[i].words, cases[i].flag), COF_EXIT_YES);
		assert_true(starts(&f, cases[i].policy));
		assert_false(starts(&f, cases[i].policy ^ 4));
	}
}

/* No two sessions share a key or a number; what is secret is for its owner's eyes, and is not written over. */
static void t078_keys(void **state)
{
	(void)state;
	struct stat st;
	soft_firmware a = {.pdh = own.pdh_key}, b = a;
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) second = {0};
	COF_AUTO(cof_buf) said = {0};
	forget();
	assert_int_equal(SESSION("--json"), COF_EXIT_YES);
	assert_int_equal(stat(keys, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(starts(&a, 3));
	slurp(session, &first);
	slurp(out_path, &said);
	COF_AUTO_FREE char *tik = cof_hex_dup(cof_span_of(a.tik, 16));
	assert_null(strstr(cof_buf_str(&said), tik));
	assert_int_equal(SESSION(), COF_EXIT_USAGE);
	assert_said("target-exists");
	forget();
	assert_int_equal(SESSION(), COF_EXIT_YES);
	assert_true(starts(&b, 3));
	slurp(session, &second);
	assert_memory_not_equal(a.tek, b.tek, 16);
	assert_memory_not_equal(a.tik, b.tik, 16);
	assert_memory_not_equal(first.data, second.data, 20);
}

/* ---- secrets ---- */

#define SECRET_OF(...)                                                                                                 \
	SEV("secret", "--keys", keys, "--digest", digest, "--measurement", measurement, "--api", "0.24", "--build",    \
	    "20" __VA_OPT__(, ) __VA_ARGS__)

/* A launch of the session that lies in the files. */
static void launch(soft_firmware *f)
{
	uint8_t d[32], m[COF_SEV_MEASUREMENT_LEN];
	*f = (soft_firmware){.pdh = own.pdh_key};
	forget();
	assert_int_equal(SESSION("--guest-policy", "es"), COF_EXIT_YES);
	assert_true(starts(f, 7));
	memset(d, 0xd1, sizeof d);
	soft_launch_measure(f, d, m);
	cof_hex(cof_span_of(d, sizeof d), digest);
	COF_AUTO_FREE char *b64 = cof_b64_dup(cof_span_of(m, sizeof m));
	assert_true(snprintf(measurement, sizeof measurement, "%s", b64) < (int)sizeof measurement);
}

static void decoded(const json_t *args, const char *name, cof_buf *ret)
{
	assert_ok(cof_json_b64(args, name, ret, &err));
}

static void open_printed(const soft_firmware *f, cof_secret *ret)
{
	COF_AUTO_PTR(json_t) j = printed();
	COF_AUTO(cof_buf) header = {0};
	COF_AUTO(cof_buf) secret = {0};
	json_t *args = json_object_get(j, "arguments");
	assert_string_equal(json_string_value(json_object_get(j, "execute")), "sev-inject-launch-secret");
	assert_int_equal(json_object_size(args), 2);
	decoded(args, "packet-header", &header);
	decoded(args, "secret", &secret);
	const cof_sev_packet p = {cof_span_of(f->tek, 16), cof_span_of(f->tik, 16), cof_span_of(f->measure, 32),
				  cof_buf_span(&header), cof_buf_span(&secret)};
	assert_ok(cof_sev_packet_open(&p, ret, &err));
}

static void words_of_secret(void **state)
{
	(void)state;
	soft_firmware f;
	launch(&f);
	put("pass", cof_span_str("passphrase"));
	assert_int_equal(SEV("secret", "--help"), COF_EXIT_YES);
	assert_int_equal(SEV("secret"), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF(), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--raw", at("pass"), "--table", at("pass")), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--raw", at("pass"), "--api", "0.24"), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--raw", at("pass"), "--min-api", "1"), COF_EXIT_USAGE);
	assert_int_equal(SEV("secret", "--keys", keys, "--digest", "d1", "--measurement", measurement, "--api", "0.24",
			     "--build", "20", "--raw", at("pass")),
			 COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--raw", at("pass"), "--min-build", "256"), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--raw", at("pass")), COF_EXIT_USAGE);
	assert_said("sev-secret-size");
	assert_int_equal(SECRET_OF("--raw", at("none")), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--entry", "disk-passphrase"), COF_EXIT_USAGE);
	assert_int_equal(SECRET_OF("--entry", "passphrase=x"), COF_EXIT_USAGE);
	assert_said("guid-malformed");
	assert_int_equal(SECRET_OF("--table", at("pass")), COF_EXIT_NO);
	assert_said("sev-table");
}

static void there_and_back(void **state)
{
	(void)state;
	soft_firmware f;
	COF_AUTO(cof_secret) plain = {0};
	COF_AUTO(cof_secret) again = {0};
	char entry[200];
	launch(&f);
	put("pass", cof_span_str("passphrase"));
	(void)snprintf(entry, sizeof entry, "disk-passphrase=%s", at("pass"));
	assert_int_equal(SECRET_OF("--entry", entry), COF_EXIT_YES);
	open_printed(&f, &plain);
	assert_int_equal(plain.len, 64);
	assert_memory_equal(plain.data + 40, "passphrase", 10);
	/* The same as a table made elsewhere, and as raw bytes. */
	put("table", cof_span_of(plain.data, 50));
	assert_int_equal(SECRET_OF("--table", at("table")), COF_EXIT_YES);
	open_printed(&f, &again);
	assert_span_equal(cof_secret_span(&again), plain.data, plain.len);
	cof_secret_release(&again);
	put("raw", cof_secret_span(&plain));
	assert_int_equal(SECRET_OF("--raw", at("raw"), "--min-api", "0.24", "--min-build", "20"), COF_EXIT_YES);
	open_printed(&f, &again);
	assert_span_equal(cof_secret_span(&again), plain.data, plain.len);
}

/* Any digest of several, and no other; not more than are looked at. */
static void several_digests(void **state)
{
	(void)state;
	soft_firmware f;
	char other[65];
	const char *words[WORDS_MAX] = {"secret", "--keys",  keys, "--measurement", measurement, "--api",
					"0.24",	  "--build", "20", "--raw",	    at("raw")};
	size_t n = 11;
	launch(&f);
	put("raw", cof_span_str("0123456789abcdef"));
	(void)snprintf(other, sizeof other, "%s", digest);
	other[0] = other[0] == '0' ? '1' : '0';
	assert_int_equal(run(words), COF_EXIT_USAGE);
	for (int i = 0; i < 16; i++) {
		words[n++] = "--digest";
		words[n++] = i == 7 ? digest : other;
	}
	assert_int_equal(run(words), COF_EXIT_YES);
	words[11 + 2 * 7 + 1] = other;
	assert_int_equal(run(words), COF_EXIT_NO);
	assert_said("launch-measure");
	words[n++] = "--digest";
	words[n++] = digest;
	assert_int_equal(run(words), COF_EXIT_USAGE);
}

/* Anything that is not the launch: refused, and nothing printed but the refusal. */
static void t007_no_secret_for_another_launch(void **state)
{
	(void)state;
	soft_firmware f;
	launch(&f);
	put("raw", cof_span_str("0123456789abcdef"));
	assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_YES);
	char *const texts[] = {digest, measurement};
	for (size_t i = 0; i < COF_COUNT(texts); i++) {
		char held = texts[i][3];
		texts[i][3] = held == '0' ? '1' : '0';
		assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_NO);
		assert_said("launch-measure");
		texts[i][3] = held;
	}
	assert_int_equal(SEV("secret", "--keys", keys, "--digest", digest, "--measurement", measurement, "--api",
			     "0.25", "--build", "20", "--raw", at("raw"), "--json"),
			 COF_EXIT_NO);
	assert_said("launch-measure");
	COF_AUTO_PTR(json_t) j = printed();
	assert_true(json_is_false(json_object_get(j, "ok")));
	assert_null(json_object_get(j, "arguments"));
	assert_int_equal(SECRET_OF("--raw", at("raw"), "--min-api", "0.25"), COF_EXIT_NO);
	assert_said("api-too-low");
	assert_int_equal(SECRET_OF("--raw", at("raw"), "--firmware", at("raw")), COF_EXIT_NO);
	assert_said("sev-secret-room");
	assert_int_equal(SECRET_OF("--raw", at("raw"), "--min-build", "21"), COF_EXIT_NO);
	assert_said("build-too-low");
	measurement[60] = '\0';
	assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_NO);
	assert_said("launch-measurement-size");
	/* The keys of another session. */
	launch(&f);
	forget();
	assert_int_equal(SESSION("--guest-policy", "es"), COF_EXIT_YES);
	assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_NO);
	assert_said("launch-measure");
}

static void key_files(void **state)
{
	(void)state;
	soft_firmware f;
	COF_AUTO(cof_buf) b = {0};
	launch(&f);
	put("raw", cof_span_str("0123456789abcdef"));
	assert_int_equal(chmod(keys, 0640), 0);
	assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_USAGE);
	assert_said("sev-keys-exposed");
	assert_int_equal(chmod(keys, 0600), 0);
	slurp(keys, &b);
	for (size_t len = 0; len < b.len; len++) {
		COF_AUTO(cof_sev_keyfile) k = {0};
		assert_fails(cof_sev_keyfile_parse(cof_span_of(b.data, len), &k, &err), "sev-keys-malformed");
	}
	b.data[7]++;
	COF_AUTO(cof_sev_keyfile) k = {0};
	assert_fails(cof_sev_keyfile_parse(cof_buf_span(&b), &k, &err), "sev-keys-malformed");
	assert_ok(cof_file_write(keys, cof_span_of(b.data, 43), 0600, &err));
	assert_int_equal(SECRET_OF("--raw", at("raw")), COF_EXIT_USAGE);
	assert_said("sev-keys-malformed");
}

static int setup(void **state)
{
	(void)state;
	dir = tmpdir_new();
	soft_sev_new(&own, 2048);
	put_chain();
	(void)tmpdir_path(&dir, "stdout", out_path);
	(void)tmpdir_path(&dir, "stderr", err_path);
	(void)tmpdir_path(&dir, "session", session);
	(void)tmpdir_path(&dir, "godh", godh);
	(void)tmpdir_path(&dir, "keys", keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_sev_drop(&own);
	tmpdir_release(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_session), cmocka_unit_test(t022_no_session_without_a_chain),
		cmocka_unit_test(policies),	    cmocka_unit_test(t078_keys),
		cmocka_unit_test(words_of_secret),  cmocka_unit_test(there_and_back),
		cmocka_unit_test(several_digests),  cmocka_unit_test(t007_no_secret_for_another_launch),
		cmocka_unit_test(key_files),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
