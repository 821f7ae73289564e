/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer tpm-ca`: a CA is made once, printed the same ever after, and never made over something else. */
#include "tests/unit/kbs/tmpdir.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/cli/cli.h"

/* Its exit code, and what it printed. */
static int tpm_ca(const char *const *words, cof_buf *ret)
{
	char *argv[8] = {(char *)(uintptr_t) "tpm-ca"};
	int argc = 1;
	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	char name[] = "/tmp/coffer-tpmca-XXXXXX";
	int fd = mkstemp(name), saved = dup(1);
	assert_true(fd >= 0 && saved >= 0);
	assert_int_equal(fflush(stdout), 0);
	assert_int_equal(dup2(fd, 1), 1);
	int code = cof_cmd_tpm_ca(argc, argv);
	assert_int_equal(fflush(stdout), 0);
	assert_int_equal(dup2(saved, 1), 1);
	(void)close(saved);
	(void)close(fd);
	ret->len = 0;
	assert_ok(cof_file_read(name, 1 << 16, ret, &err));
	assert_int_equal(unlink(name), 0);
	return code;
}

#define CA(ret, ...) tpm_ca((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}, ret)

static bool installed(void)
{
	return access("/usr/bin/swtpm_localca", X_OK) == 0 && access("/usr/bin/swtpm_setup", X_OK) == 0;
}

static void wrong_usage(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	assert_int_equal(CA(&out, ), COF_EXIT_USAGE);
	assert_int_equal(CA(&out, "a", "b"), COF_EXIT_USAGE);
	assert_int_equal(CA(&out, "--json"), COF_EXIT_USAGE);
	assert_int_equal(CA(&out, "-rf"), COF_EXIT_USAGE);
	assert_int_equal(out.len, 0);
	assert_int_equal(CA(&out, "--help"), COF_EXIT_YES);
	assert_non_null(strstr(cof_buf_str(&out), "Usage: coffer tpm-ca DIR"));
}

static void a_place_that_is_no_folder(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) out = {0};
	COF_AUTO(tmpdir) t = tmpdir_new();
	char path[160];
	assert_ok(cof_file_write(tmpdir_path(&t, "file", path), cof_span_str("mine"), 0600, &err));
	assert_int_not_equal(CA(&out, path), COF_EXIT_YES);
	assert_int_equal(out.len, 0);
	out.len = 0;
	assert_ok(cof_file_read(path, 100, &out, &err));
	assert_string_equal(cof_buf_str(&out), "mine");
}

static void t025_a_ca_is_made_once_and_its_key_is_private(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) first = {0};
	COF_AUTO(cof_buf) again = {0};
	COF_AUTO(tmpdir) t = tmpdir_new();
	char dir[160], path[160];
	struct stat st;
	if (!installed())
		skip();
	(void)tmpdir_path(&t, "ca", dir);
	assert_int_equal(CA(&first, dir), COF_EXIT_YES);
	assert_int_equal(strncmp(cof_buf_str(&first), "-----BEGIN CERTIFICATE-----", 27), 0);
	assert_null(strstr(cof_buf_str(&first), "PRIVATE KEY"));
	assert_int_equal(CA(&again, dir), COF_EXIT_YES);
	assert_string_equal(cof_buf_str(&again), cof_buf_str(&first));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 077, 0); /* whoever reads the key makes TPMs that the owner believes */
	assert_int_equal(stat(tmpdir_path(&t, "ca/signkey.pem", path), &st), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(a_place_that_is_no_folder),
		cmocka_unit_test(t025_a_ca_is_made_once_and_its_key_is_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
