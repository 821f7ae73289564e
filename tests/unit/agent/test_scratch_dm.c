/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's table may say of a scratch disk, and everything else. */
#include "agent/scratch_dm.h"

#include <stdio.h>

#include "tests/unit/test.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16
#define KEY HEX64 HEX64
#define RING ":96:logon:cryptsetup:6fe8-d0"
#define AEAD "capi:authenc(hmac(sha256),xts(aes))-plain64"
#define PLAIN "aes-xts-plain64 " KEY " 0 254:16 0 1 sector_size:4096"
#define MAC AEAD " " RING " 0 254:16 0 2 integrity:32:aead sector_size:4096"

static int table(const char *params, bool integrity, cof_err *err)
{
	return cof_dm_check_crypt(&(cof_dm_target){"crypt", params, 1}, "254:16", integrity, err);
}

static void right_tables_are_right(void **state)
{
	(void)state;
	assert_ok(table(PLAIN, false, &err));
	assert_ok(table("aes-xts-plain64 :64:logon:cryptsetup:x 0 254:16 0 1 sector_size:4096", false, &err));
	assert_ok(table(MAC, true, &err));
	assert_ok(table(AEAD " " KEY HEX64 " 0 254:16 0 2 integrity:32:aead sector_size:4096", true, &err));
}

static void t029_every_other_table_is_refused(void **state)
{
	static const struct {
		const char *params;
		bool integrity;
	} bad[] = {
		/* the other kind */
		{PLAIN, true},
		{MAC, false},
		/* other ciphers, the null one first */
		{"cipher_null-ecb " KEY " 0 254:16 0 1 sector_size:4096", false},
		{"cipher_null-ecb-null " KEY " 0 254:16 0 1 sector_size:4096", false},
		{"aes-ecb " KEY " 0 254:16 0 1 sector_size:4096", false},
		{"aes-cbc-essiv:sha256 " KEY " 0 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain " KEY " 0 254:16 0 1 sector_size:4096", false},
		{"capi:authenc(digest_null,xts(aes))-plain64 " RING " 0 254:16 0 2 integrity:32:aead sector_size:4096",
		 true},
		{"capi:authenc(hmac(md5),xts(aes))-plain64 " RING " 0 254:16 0 2 integrity:32:aead sector_size:4096",
		 true},
		{"capi:authenc(hmac(sha256),ecb(cipher_null))-null " RING " 0 254:16 0 2 integrity:32:aead "
		 "sector_size:4096",
		 true},
		/* no integrity, too little of it, or none that is checked */
		{AEAD " " RING " 0 254:16 0 1 sector_size:4096", true},
		{AEAD " " RING " 0 254:16 0 2 integrity:4:aead sector_size:4096", true},
		{AEAD " " RING " 0 254:16 0 2 integrity:32:none sector_size:4096", true},
		/* keys */
		{"aes-xts-plain64 - 0 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain64 " HEX64 " 0 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain64 :64:user:cryptsetup:x 0 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain64 :32:logon:cryptsetup:x 0 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain64 :64:logon: 0 254:16 0 1 sector_size:4096", false},
		/* another device, a part of one */
		{"aes-xts-plain64 " KEY " 0 254:0 0 1 sector_size:4096", false},
		{"aes-xts-plain64 " KEY " 0 254:160 0 1 sector_size:4096", false},
		{"aes-xts-plain64 " KEY " 8 254:16 0 1 sector_size:4096", false},
		{"aes-xts-plain64 " KEY " 0 254:16 8 1 sector_size:4096", false},
		/* options */
		{"aes-xts-plain64 " KEY " 0 254:16 0", false},
		{"aes-xts-plain64 " KEY " 0 254:16 0 1 sector_size:512", false},
		{"aes-xts-plain64 " KEY " 0 254:16 0 2 sector_size:4096 allow_discards", false},
		{"", false},
		{"     ", false},
		{PLAIN " a a a a a a a a a a a a a a a a a a a a a a a a a a a", false},
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(table(bad[i].params, bad[i].integrity, &err), "scratch-not-encrypted");
}

static void t029_every_cut_is_refused(void **state)
{
	static const char *const good[] = {PLAIN, MAC};
	(void)state;
	for (size_t k = 0; k < COF_COUNT(good); k++) {
		for (size_t n = 0; n < strlen(good[k]); n++) {
			char text[512];
			(void)snprintf(text, sizeof text, "%.*s", (int)n, good[k]);
			assert_fails(table(text, k == 1, &err), "scratch-not-encrypted");
		}
	}
}

static void t029_another_target_is_no_encryption(void **state)
{
	(void)state;
	const cof_dm_target bad[] = {{"linear", "254:16 0", 1}, {"linear", PLAIN, 1}, {"crypt", PLAIN, 2},
				     {"crypt", PLAIN, 0},	{"", PLAIN, 1},	      {"crypt2", PLAIN, 1},
				     {"integrity", PLAIN, 1}};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		assert_fails(cof_dm_check_crypt(&bad[i], "254:16", false, &err), "scratch-not-encrypted");
}

static int tags(const char *type, const char *params, cof_err *err)
{
	return cof_dm_check_integrity(&(cof_dm_target){type, params, 1}, "254:16", err);
}

static void t029_tags_lie_on_the_disk_itself(void **state)
{
	(void)state;
	assert_ok(tags("integrity", "254:16 0 32 D 1 block_size:4096", &err));
	assert_fails(tags("linear", "254:16 0 32 D 1 block_size:4096", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "254:0 0 32 D 1 block_size:4096", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "254:16 8 32 D 1 block_size:4096", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "254:16 0 4 D 1 block_size:4096", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "254:16 0 32 R 1 block_size:4096", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "254:16 0 32", &err), "scratch-not-encrypted");
	assert_fails(tags("integrity", "", &err), "scratch-not-encrypted");
}

/* Where there is no mapping there is no proof, whatever the reason is. */
static void t029_no_mapping_is_no_proof(void **state)
{
	(void)state;
	assert_fails(cof_scratch_prove("coffer-test-none", "/dev/null", false, &err), "scratch-failed");
	assert_fails(cof_scratch_prove("coffer-test-none", "/dev/null", true, &err), "scratch-failed");
	assert_fails(cof_scratch_prove("coffer-test-none", "/nonexistent", true, &err), "scratch-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_tables_are_right),
		cmocka_unit_test(t029_every_other_table_is_refused),
		cmocka_unit_test(t029_every_cut_is_refused),
		cmocka_unit_test(t029_another_target_is_no_encryption),
		cmocka_unit_test(t029_tags_lie_on_the_disk_itself),
		cmocka_unit_test(t029_no_mapping_is_no_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
