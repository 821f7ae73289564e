/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image encrypt` and `decrypt` as a person uses them: options, exit codes, what is printed. */
#include "runtime/cli/image.h"

#include "tests/unit/cli/captured.h"
#include "tests/unit/image/keyfiles.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

#define KID "kbs:///default/image-key/demo"
#define ENCRYPT(...) captured(cof_cmd_image_encrypt, "encrypt", (const char *const[]){__VA_ARGS__, NULL}, "out", "err")
#define DECRYPT(...) captured(cof_cmd_image_decrypt, "decrypt", (const char *const[]){__VA_ARGS__, NULL}, "out", "err")
#define PROVIDER "provider:attestation-agent:keyid=" KID "::keypath=kek"

static int begin(void **state)
{
	int r = scratch_up(state);
	const scratch *s = *state;
	assert_int_equal(chdir(s->top), 0);
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "plain", true);
	layout_demo(l, "v1");
	write_public("rsa.pub", key_of("RSA"));
	write_private("rsa.key", key_of("RSA"), NULL, NULL);
	write_public("ec.pub", key_of("P-256"));
	write_private("ec.key", key_of("P-256"), NULL, NULL);
	assert_ok(cof_file_write("kek", cof_span_str("0123456789abcdef0123456789abcdef"), 0600, &err));
	assert_int_equal(mkdir("keks", 0700), 0);
	assert_ok(cof_file_write("keks/default_image-key_demo", cof_span_str("0123456789abcdef0123456789abcdef"), 0600,
				 &err));
	return r;
}

static int end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	return scratch_down(state);
}

static void said(const char *file, const char *what)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(file, 1 << 20, &text, &err));
	if (strstr(cof_buf_str(&text), what) == NULL)
		fail_msg("%s has no '%s': %s", file, what, cof_buf_str(&text));
}

static void there_and_back(void **state)
{
	(void)state;
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "--recipient", PROVIDER, "plain:v1", "oci:sealed:v2"),
			 COF_EXIT_YES);
	said("out", "sha256:");
	static const char *const keys[] = {"--key", "rsa.key", "--key", "kek", "--kek", "keks"};
	for (size_t i = 0; i < COF_COUNT(keys); i += 2) {
		assert_int_equal(DECRYPT("--json", keys[i], keys[i + 1], "oci:sealed:v2", "back"), COF_EXIT_YES);
		said("out", "\"digest\": \"sha256:");
	}
	assert_int_equal(DECRYPT("--key", "ec.key", "oci:sealed:v2", "back"), COF_EXIT_NO);
	said("err", "layer-key-unwrap");
	assert_int_equal(DECRYPT("--json", "oci:sealed:v2", "back"), COF_EXIT_NO);
	said("out", "layer-key-refused");
	assert_int_equal(DECRYPT("--key", "rsa.key", "plain:v1", "back"), COF_EXIT_NO);
	said("err", "layer-not-encrypted");
}

static void by_key_and_kid(void **state)
{
	(void)state;
	assert_int_equal(ENCRYPT("--key", "kek", "--kid", KID, "plain:v1", "sealed:v2"), COF_EXIT_YES);
	assert_int_equal(DECRYPT("--kek", "keks", "sealed:v2", "back"), COF_EXIT_YES);
	assert_int_equal(ENCRYPT("--kid", KID, "plain:v1", "sealed:v2"), COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--key", "kek", "--key", "kek", "--kid", KID, "plain:v1", "sealed:v2"),
			 COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--key", "kek", "--kid", "kbs://host/a/b/c", "plain:v1", "sealed:v2"), COF_EXIT_NO);
	said("err", "resource-path");
}

static void further_recipients(void **state)
{
	(void)state;
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "plain:v1", "sealed:v2"), COF_EXIT_YES);
	assert_int_equal(ENCRYPT("--recipient", "jwe:ec.pub", "sealed:v2", "sealed:v3"), COF_EXIT_USAGE);
	said("err", "layer-already-encrypted");
	assert_int_equal(ENCRYPT("--recipient", "jwe:ec.pub", "--key", "rsa.key", "sealed:v2", "sealed:v3"),
			 COF_EXIT_YES);
	assert_int_equal(DECRYPT("--key", "ec.key", "sealed:v3", "back:1"), COF_EXIT_YES);
	assert_int_equal(DECRYPT("--key", "rsa.key", "sealed:v3", "back:2"), COF_EXIT_YES);
}

static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(ENCRYPT("plain:v1", "sealed"), COF_EXIT_USAGE);
	said("err", "no-recipient");
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "plain:v1"), COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--recipient", "pgp:me", "plain:v1", "sealed"), COF_EXIT_USAGE);
	said("err", "recipient-unsupported");
	assert_int_equal(ENCRYPT("--recipient", "jwe:absent", "plain:v1", "sealed"), COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "--layer", "x", "plain:v1", "sealed"), COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "--layer", "7", "plain:v1", "sealed"), COF_EXIT_USAGE);
	said("err", "layer-index");
	assert_int_equal(ENCRYPT("--recipient", "jwe:rsa.pub", "plain:v1", "docker-archive:x.tar"), COF_EXIT_USAGE);
	assert_int_equal(ENCRYPT("--nonsense", "plain:v1", "sealed"), COF_EXIT_USAGE);
	assert_int_equal(DECRYPT("--recipient", "jwe:rsa.pub", "plain:v1", "back"), COF_EXIT_USAGE);
	assert_int_equal(DECRYPT("--key", "absent", "plain:v1", "back"), COF_EXIT_USAGE);
	assert_int_equal(DECRYPT("--kek", "absent", "plain:v1", "back"), COF_EXIT_USAGE);
	assert_int_equal(DECRYPT("plain:v1"), COF_EXIT_USAGE);
	assert_int_not_equal(access("sealed/index.json", F_OK), 0);
}

static void helps(void **state)
{
	(void)state;
	assert_int_equal(ENCRYPT("--help"), COF_EXIT_YES);
	said("out", "--recipient");
	assert_int_equal(DECRYPT("--help"), COF_EXIT_YES);
	said("out", "--kek");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(there_and_back), T(by_key_and_kid), T(further_recipients), T(wrong_usage), T(helps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
