/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/hashes.h"

#include "tests/unit/sev/plain.h"
#include "tests/unit/sev/sev_vectors.h"

static void known_command_lines(void **state)
{
	(void)state;
	static const struct {
		const char *text, *hash;
	} cases[] = {
		/* one NUL byte */
		{NULL, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
		/* sha256sum of the text and a NUL */
		{"console=ttyS0", "f18aae9b3c09e55bc3047ad361e2442d7c53372470b2958fb83293209a784f71"},
		{"name=caf\xc3\xa9", "9a8bc4bfd82e6ef0862027c69fbb7e577235a5bad2a61920e3a717d104c560e2"},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		uint8_t hash[COF_SHA256_LEN];
		assert_ok(cof_sev_cmdline_hash(cases[i].text, hash, &err));
		assert_hex(hash, sizeof hash, cases[i].hash);
	}
}

static void the_table_field_by_field(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) want = {0};
	cof_sev_hashes h;
	uint8_t table[COF_SEV_HASH_TABLE_LEN];
	memset(h.kernel, 0x11, sizeof h.kernel);
	memset(h.initrd, 0x22, sizeof h.initrd);
	memset(h.cmdline, 0x33, sizeof h.cmdline);
	assert_ok(cof_sev_hash_table(&h, table, &err));
	plain_table(&h, &want);
	assert_span_equal(cof_buf_span(&want), table, sizeof table);
	assert_memory_equal(table + 36, h.cmdline, 32);
	assert_memory_equal(table + 86, h.initrd, 32);
	assert_memory_equal(table + 136, h.kernel, 32);
}

/* T-15: each of the three hashes is in the table, at a place of its own. */
static void t015_each_hash_has_its_place(void **state)
{
	(void)state;
	cof_sev_hashes h = {0};
	uint8_t base[COF_SEV_HASH_TABLE_LEN], table[COF_SEV_HASH_TABLE_LEN];
	uint8_t *const fields[] = {h.kernel, h.initrd, h.cmdline};
	static const size_t places[] = {136, 86, 36};
	assert_ok(cof_sev_hash_table(&h, base, &err));
	for (size_t i = 0; i < COF_COUNT(fields); i++) {
		for (size_t byte = 0; byte < 32; byte++) {
			fields[i][byte] = 1;
			assert_ok(cof_sev_hash_table(&h, table, &err));
			fields[i][byte] = 0;
			assert_int_equal(table[places[i] + byte], base[places[i] + byte] ^ 1);
			table[places[i] + byte] ^= 1;
			assert_memory_equal(table, base, sizeof base);
		}
	}
}

static size_t tables;

static void check_table(const sev_case *c)
{
	const char *want = jstr(c->j, "sev_hash_table");
	uint8_t table[COF_SEV_HASH_TABLE_LEN];
	if (want == NULL)
		return;
	assert_ok(cof_sev_hash_table(&c->hashes, table, &err));
	assert_hex(table, sizeof table, want);
	tables++;
}

static void every_table_of_the_vectors(void **state)
{
	(void)state;
	static const char *const modes[] = {"sev", "seves", "snp"};
	COF_AUTO_PTR(json_t) root = vector_json("sev.json");
	tables = 0;
	for (size_t i = 0; i < COF_COUNT(modes); i++)
		assert_true(each_case(root, modes[i], check_table) > 0);
	assert_true(tables >= 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_command_lines),
		cmocka_unit_test(the_table_field_by_field),
		cmocka_unit_test(t015_each_hash_has_its_place),
		cmocka_unit_test(every_table_of_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
