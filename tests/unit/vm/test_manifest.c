/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/json.h"
#include "runtime/vm/manifest.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* of nothing */
#define FIRMWARE                                                                                                       \
	"\"firmware\":{\"file\":\"code.fd\",\"sha256\":\"" HEX "\",\"vars\":\"vars.fd\",\"vars_sha256\":\"" HEX        \
	"\",\"package\":\"ovmf\",\"package_version\":\"1-2\"}"
#define KERNEL                                                                                                         \
	"\"kernel\":{\"file\":\"vmlinuz\",\"sha256\":\"" HEX "\",\"release\":\"6.12\",\"package\":\"l\","              \
	"\"package_version\":\"1\"}"
#define INITRD "\"initrd\":{\"file\":\"initrd\",\"sha256\":\"" HEX "\",\"bytes\":0}"
#define PROFILE "{\"memory_mib\":512,\"vcpus\":1,\"cpu\":\"max\",\"machine\":\"q35\"}"
#define GOOD                                                                                                           \
	"{\"format\":\"coffer-guest-manifest/1\",\"version\":\"0.1.0\"," FIRMWARE "," KERNEL "," INITRD                \
	",\"cmdline\":\"console=ttyS0 quiet\",\"packages\":[{\"name\":\"crun\",\"version\":\"1\","                     \
	"\"architecture\":\"amd64\",\"sha256\":\"" HEX "\"}],\"machine_profiles\":{\"default\":" PROFILE               \
	",\"large\":{\"memory_mib\":2048,\"vcpus\":2,\"cpu\":\"max,-avx\",\"machine\":\"pc-q35-7.2\"}}}"

static int parse(const char *text, cof_err *err)
{
	COF_AUTO(cof_manifest) m = {0};
	return cof_manifest_parse(cof_span_str(text), "/g", &m, err);
}

/* GOOD with one text put in place of another. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(GOOD, from);
	assert_non_null(at);
	char *out = NULL;
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from)) > 0);
	return out;
}

static void refuses(const char *from, const char *to)
{
	COF_AUTO_FREE char *text = changed(from, to);
	assert_fails(parse(text, &err), "manifest-malformed");
}

static void reads_a_manifest(void **state)
{
	(void)state;
	COF_AUTO(cof_manifest) m = {0};
	const cof_profile *p = NULL;
	assert_ok(cof_manifest_parse(cof_span_str(GOOD), "/g", &m, &err));
	assert_string_equal(m.firmware.path, "/g/code.fd");
	assert_string_equal(m.vars.path, "/g/vars.fd");
	assert_string_equal(m.kernel.path, "/g/vmlinuz");
	assert_string_equal(m.initrd.path, "/g/initrd");
	assert_string_equal(m.cmdline, "console=ttyS0 quiet");
	assert_string_equal(m.firmware_version, "1-2");
	assert_int_equal(m.n_profiles, 2);
	assert_ok(cof_manifest_profile(&m, "large", &p, &err));
	assert_int_equal(p->memory_mib, 2048);
	assert_string_equal(p->cpu, "max,-avx");
	assert_fails(cof_manifest_profile(&m, "huge", &p, &err), "machine-not-in-manifest");
	assert_fails(cof_manifest_profile(&m, "", &p, &err), "machine-not-in-manifest");
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(GOOD); n++) {
		COF_AUTO(cof_manifest) m = {0};
		assert_fails(cof_manifest_parse(cof_span_of(GOOD, n), "/g", &m, &err), "manifest-malformed");
		assert_null(m.cmdline);
	}
}

/* No flipped bit may do more than change a text, or be refused. */
static void bit_flips_never_crash(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8 * strlen(GOOD); i++) {
		COF_AUTO_FREE char *text = strdup(GOOD);
		COF_AUTO(cof_manifest) m = {0};
		text[i / 8] = (char)(text[i / 8] ^ (1 << (i % 8)));
		if (cof_manifest_parse(cof_span_of(text, strlen(GOOD)), "/g", &m, NULL) == 0)
			assert_non_null(m.profiles);
	}
}

static void unknown_members_are_refused_everywhere(void **state)
{
	(void)state;
	refuses("{\"format\"", "{\"extra\":1,\"format\"");
	refuses("\"firmware\":{", "\"firmware\":{\"extra\":1,");
	refuses("\"kernel\":{", "\"kernel\":{\"extra\":1,");
	refuses("\"initrd\":{", "\"initrd\":{\"extra\":1,");
	refuses("{\"memory_mib\":512", "{\"kernel\":\"/dev/sda\",\"memory_mib\":512");
	refuses("{\"name\":\"crun\"", "{\"extra\":1,\"name\":\"crun\"");
	refuses("coffer-guest-manifest/1", "coffer-guest-manifest/2");
}

static void t089_file_names_stay_in_the_folder(void **state)
{
	(void)state;
	static const char *const bad[] = {"../code.fd", "/etc/passwd", "",     ".",	    "..",  "a/b",
					  "a,b",	"a b",	       "-x\n", "a\\u0000b", "a:b", "json:{}"};
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refuses("code.fd", bad[i]);
	for (size_t i = 0; i < COF_COUNT(bad); i++)
		refuses("vmlinuz", bad[i]);
}

static void t089_profiles_hold_no_other_option(void **state)
{
	(void)state;
	refuses("\"cpu\":\"max\"", "\"cpu\":\"max -device x\"");
	refuses("\"cpu\":\"max\"", "\"cpu\":\"-device\"");
	refuses("\"cpu\":\"max\"", "\"cpu\":\"\"");
	refuses("\"machine\":\"q35\"", "\"machine\":\"q35,kernel=/etc/shadow\"");
	refuses("\"machine\":\"q35\"", "\"machine\":\"microvm\"");
	refuses("\"machine\":\"q35\"", "\"machine\":\"pc-q35-7.2,dumpdtb=/x\"");
	refuses("\"default\":", "\"de,fault\":");
	refuses("console=ttyS0 quiet", "console=ttyS0\\nquiet");
}

static void limits_hold(void **state)
{
	(void)state;
	char line[COF_CMDLINE_MAX + 2];
	memset(line, 'a', sizeof line);
	line[sizeof line - 1] = 0;
	refuses("console=ttyS0 quiet", line);
	refuses("\"memory_mib\":512", "\"memory_mib\":63");
	refuses("\"memory_mib\":512", "\"memory_mib\":99999999");
	refuses("\"vcpus\":1", "\"vcpus\":0");
	refuses("\"vcpus\":1", "\"vcpus\":256");
	refuses("\"vcpus\":1", "\"vcpus\":1.0");
	COF_AUTO_FREE char *none = NULL;
	assert_true(asprintf(&none, "%.*s{}}", (int)(strstr(GOOD, "{\"default\"") - GOOD), GOOD) > 0);
	assert_fails(parse(none, &err), "manifest-malformed");
	COF_AUTO_FREE uint8_t *large = calloc(1, COF_MANIFEST_MAX + 1);
	COF_AUTO(cof_manifest) m = {0};
	assert_fails(cof_manifest_parse(cof_span_of(large, COF_MANIFEST_MAX + 1), "/g", &m, &err),
		     "manifest-malformed");
}

static void digests_are_strict(void **state)
{
	(void)state;
	refuses("\"sha256\":\"e3b0", "\"sha256\":\"e3b");
	refuses("\"sha256\":\"e3b0", "\"sha256\":\"g3b0");
	refuses("\"vars_sha256\":\"e3b0", "\"vars_sha256\":\"\",\"x\":\"");
}

/* --- files --- */

static char *folder_with(const char *initrd)
{
	static const char *const empty[] = {"code.fd", "vars.fd", "vmlinuz"};
	char *dir = strdup("/tmp/coffer-manifest-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < COF_COUNT(empty); i++) {
		COF_AUTO_FREE char *path = NULL;
		assert_ok(cof_path(&path, &err, "%s/%s", dir, empty[i]));
		assert_ok(cof_file_write(path, (cof_span){0}, 0600, &err));
	}
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_FREE char *json = NULL;
	assert_ok(cof_path(&path, &err, "%s/initrd", dir));
	assert_ok(cof_file_write(path, cof_span_str(initrd), 0600, &err));
	assert_ok(cof_path(&json, &err, "%s/manifest.json", dir));
	assert_ok(cof_file_write(json, cof_span_str(GOOD), 0600, &err));
	return dir;
}

static int check(const char *dir, cof_err *err)
{
	COF_AUTO(cof_manifest) m = {0};
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/manifest.json", dir);
	if (r == 0)
		r = cof_manifest_load(path, &m, err);
	return r < 0 ? r : cof_manifest_check_files(&m, &m.profiles[0], err);
}

static void t014_a_changed_file_is_found_before_the_boot(void **state)
{
	(void)state;
	COF_AUTO_FREE char *good = folder_with("");
	COF_AUTO_FREE char *bad = folder_with("x");
	assert_ok(check(good, &err));
	assert_fails(check(bad, &err), "guest-image-mismatch");
	assert_ok(cof_rm_tree(good, &err));
	assert_ok(cof_rm_tree(bad, &err));
	assert_fails(check(good, &err), "no-such-file");
}

/* --- scratch disks --- */

#define SCRATCH_PROFILE                                                                                                \
	"\"default\":" PROFILE ",\"default-scratch\":{\"scratch\":true,\"memory_mib\":512,"                            \
	"\"vcpus\":1,\"cpu\":\"max\",\"machine\":\"q35\"}"
#define SCRATCH_INITRD "\"scratch_initrd\":{\"file\":\"initrd.scratch\",\"sha256\":\"" HEX "\",\"bytes\":0},\"initrd\":"

static char *with_scratch(const char *initrd)
{
	COF_AUTO_FREE char *text = changed("\"default\":" PROFILE, SCRATCH_PROFILE);
	const char *at = strstr(text, "\"initrd\":");
	char *out = NULL;
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, initrd, at + strlen("\"initrd\":")) > 0);
	return out;
}

static void t016_a_machine_with_a_scratch_disk_is_another_machine(void **state)
{
	(void)state;
	COF_AUTO(cof_manifest) m = {0};
	COF_AUTO_FREE char *text = with_scratch(SCRATCH_INITRD);
	const cof_profile *plain = NULL, *p = NULL;
	assert_ok(cof_manifest_parse(cof_span_str(text), "/g", &m, &err));
	assert_ok(cof_manifest_profile(&m, "default", &plain, &err));
	assert_false(plain->scratch);
	assert_string_equal(cof_manifest_initrd(&m, plain)->path, "/g/initrd");
	assert_ok(cof_manifest_scratch_profile(&m, "default", &p, &err));
	assert_string_equal(p->name, "default-scratch");
	assert_true(p->scratch);
	assert_string_equal(cof_manifest_initrd(&m, p)->path, "/g/initrd.scratch");
	p = NULL;
	assert_ok(cof_manifest_scratch_profile(&m, "default-scratch", &p, &err));
	assert_string_equal(p->name, "default-scratch");
	p = NULL;
	assert_fails(cof_manifest_scratch_profile(&m, "large", &p, &err), "machine-not-in-manifest");
	assert_fails(cof_manifest_scratch_profile(&m, "", &p, &err), "machine-not-in-manifest");
	assert_null(p);
}

static void a_scratch_disk_needs_its_initrd(void **state)
{
	(void)state;
	COF_AUTO_FREE char *none = with_scratch("\"initrd\":");
	COF_AUTO_FREE char *out =
		with_scratch("\"scratch_initrd\":{\"file\":\"../x\",\"sha256\":\"" HEX "\",\"bytes\":0},\"initrd\":");
	assert_fails(parse(none, &err), "manifest-malformed");
	assert_fails(parse(out, &err), "manifest-malformed");
	refuses("{\"memory_mib\":512", "{\"scratch\":1,\"memory_mib\":512");
	refuses("{\"memory_mib\":512", "{\"scratch\":\"yes\",\"memory_mib\":512");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_manifest),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(bit_flips_never_crash),
		cmocka_unit_test(unknown_members_are_refused_everywhere),
		cmocka_unit_test(t089_file_names_stay_in_the_folder),
		cmocka_unit_test(t089_profiles_hold_no_other_option),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(digests_are_strict),
		cmocka_unit_test(t014_a_changed_file_is_found_before_the_boot),
		cmocka_unit_test(t016_a_machine_with_a_scratch_disk_is_another_machine),
		cmocka_unit_test(a_scratch_disk_needs_its_initrd),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
