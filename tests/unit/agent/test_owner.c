/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/owner.h"

#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

#define TOML "version = \"0.1.0\"\nalgorithm = \"sha256\"\n[data]\n"
#define POLICY "\"policy.json\" = '''{\"format\":\"coffer-policy/1\",\"containers\":[]}'''\n"
#define REGO "\"policy.rego\" = '''package agent_policy'''\n"

static int parse(const char *toml, cof_owner *o, cof_err *err)
{
	COF_AUTO(cof_buf) disk = {0};
	int r = cof_initdata_pack(cof_span_str(toml), &disk, err);
	return r < 0 ? r : cof_owner_parse(cof_buf_span(&disk), o, err);
}

static void t002_owner_needs_a_policy_of_ours(void **state)
{
	cof_owner o = {0};
	(void)state;
	assert_fails(parse(TOML "\"aa.toml\" = \"x\"\n", &o, &err), "policy-missing");
	assert_fails(parse(TOML REGO, &o, &err), "policy-unsupported");
	assert_fails(parse(TOML "\"policy.json\" = '''{}'''\n", &o, &err), "policy-malformed");
	assert_fails(parse(TOML "\"policy.json\" = ''\n", &o, &err), "policy-malformed");
	assert_fails(parse(TOML "\"policy.json\" = '''{}'''\n" REGO, &o, &err), "policy-malformed");
	assert_null(o.policy);
	assert_ok(parse(TOML POLICY REGO, &o, &err)); /* ours counts, the other is somebody else's */
	assert_non_null(o.policy);
	assert_string_equal(o.cdh.registry_ca, "");
	cof_owner_release(&o);
}

static void t003_owner_no_initdata(void **state)
{
	uint8_t zeros[512] = {0};
	cof_owner o = {0};
	(void)state;
	assert_fails(cof_owner_parse((cof_span){0}, &o, &err), "initdata-missing");
	assert_fails(cof_owner_parse(cof_span_of(zeros, sizeof zeros), &o, &err), "initdata-missing");
	COF_AUTO(cof_buf) none = {0};
	assert_fails(cof_owner_read_file("/nonexistent/disk", &none, &err), "initdata-missing");
	assert_fails(cof_owner_read_disk("/nonexistent", "/dev", &none, &err), "initdata-missing");
}

/* Each cut and each flipped byte of the disk is refused; its digest covers every byte of the text. */
static void t003_owner_damaged_disk(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) disk = {0};
	assert_ok(cof_initdata_pack(cof_span_str(TOML POLICY), &disk, &err));
	COF_AUTO(cof_owner) good = {0};
	assert_ok(cof_owner_parse(cof_buf_span(&disk), &good, &err));
	for (size_t n = 0; n < disk.len && n < 120; n++) {
		cof_owner o = {0};
		assert_true(cof_owner_parse(cof_span_of(disk.data, n), &o, NULL) < 0);
	}
	for (size_t i = 0; i < 16; i++) {
		cof_owner o = {0};
		disk.data[i] ^= 0x40;
		assert_true(cof_owner_parse(cof_buf_span(&disk), &o, NULL) < 0);
		disk.data[i] ^= 0x40;
	}
}

/* What cdh.toml says is the owner's word too: it is read, or it refuses the whole. */
static void owner_reads_cdh(void **state)
{
	COF_AUTO(cof_owner) o = {0};
	cof_owner bad = {0};
	(void)state;
	assert_ok(parse(TOML POLICY "\"cdh.toml\" = '''\n[image]\nextra_root_certificates = [\"CERT1\"]\n'''\n"
				    "\"aa.toml\" = \"\"\n",
			&o, &err));
	assert_string_equal(o.cdh.registry_ca, "CERT1\n");
	assert_non_null(o.aa_toml);
	assert_fails(parse(TOML POLICY "\"cdh.toml\" = '''\n[image]\nextra_root_certificates = 1\n'''\n", &bad, &err),
		     "initdata-malformed");
	assert_fails(parse(TOML POLICY "\"cdh.toml\" = '''x'''\n", &bad, &err), "toml-malformed");
}

/* T-18: among many disks only the one with our serial is opened. */
static void t054_owner_finds_the_one_disk_by_serial(void **state)
{
	char dir[] = "/tmp/coffer-owner-XXXXXX";
	(void)state;
	assert_non_null(mkdtemp(dir));
	static const char *const serials[][2] = {
		{"vda", "cidata\n"}, {"vdb", "coffer-initdata2\n"}, {"vdc", "coffer-initdata\n"}, {"sda", ""}};
	for (size_t i = 0; i < COF_COUNT(serials); i++) {
		COF_AUTO_FREE char *folder = NULL;
		COF_AUTO_FREE char *serial = NULL;
		COF_AUTO_FREE char *dev = NULL;
		assert_ok(cof_path(&folder, &err, "%s/%s", dir, serials[i][0]));
		assert_ok(cof_path(&serial, &err, "%s/%s/serial", dir, serials[i][0]));
		assert_ok(cof_path(&dev, &err, "%s/dev-%s", dir, serials[i][0]));
		assert_int_equal(mkdir(folder, 0700), 0);
		assert_ok(cof_file_write(serial, cof_span_str(serials[i][1]), 0600, &err));
		assert_ok(cof_file_write(dev, cof_span_str(serials[i][0]), 0600, &err));
	}
	COF_AUTO_FREE char *prefix = NULL;
	COF_AUTO_FREE char *link = NULL;
	assert_ok(cof_path(&prefix, &err, "%s/d", dir));
	assert_int_equal(mkdir(prefix, 0700), 0);
	assert_ok(cof_path(&link, &err, "%s/vdc", prefix));
	assert_ok(cof_file_write(link, cof_span_str("right"), 0600, &err));
	COF_AUTO(cof_buf) got = {0};
	assert_ok(cof_owner_read_disk(dir, prefix, &got, &err));
	assert_string_equal(cof_buf_str(&got), "right");
	/* T-54: another disk with the same serial makes the answer depend on order. */
	COF_AUTO_FREE char *second = NULL;
	COF_AUTO(cof_buf) none = {0};
	assert_ok(cof_path(&second, &err, "%s/sda/serial", dir));
	assert_ok(cof_file_write(second, cof_span_str("coffer-initdata\n"), 0600, &err));
	assert_fails(cof_owner_read_disk(dir, prefix, &none, &err), "initdata-ambiguous");
	assert_ok(cof_rm_tree(dir, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t002_owner_needs_a_policy_of_ours),
		cmocka_unit_test(t003_owner_no_initdata),
		cmocka_unit_test(t003_owner_damaged_disk),
		cmocka_unit_test(owner_reads_cdh),
		cmocka_unit_test(t054_owner_finds_the_one_disk_by_serial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
