/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates a report is judged by: files, the host's table, and what of either is believed. */
#include "tests/unit/verify/judge_snp.h"

#include "common/hex.h"
#include "common/wr.h"
#include "tests/unit/verify/ark_milan.h"
#include "tests/unit/verify/vectors.h"

#define GUID_VCEK "63da758de6644564adc5f4b93be8accd"
#define GUID_VLEK "a8074bc2a25a483eaae639c045a0b8a1"
#define GUID_ASK "4ab7b379bbac4fe4a02f05aef327c782"
#define GUID_ARK "c0b406a4a803495297433fb6014cd0ae"
#define GUID_CRL "92f81bc358114d3d97ffd19f88dc67ea"

enum { REPORT, A_VEK, MIDDLE, ROOT, CRL, ENTRY_LEN = 24 };

typedef struct entry {
	const char *guid;
	const cof_buf *data;
} entry;

static void put_guid(cof_wr *w, const char *hex)
{
	uint8_t guid[16];
	assert_ok(cof_unhex(hex, guid, sizeof guid, &err));
	cof_wr_bytes(w, cof_span_of(guid, sizeof guid));
}

static void put_table(const entry *list, size_t n, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	size_t at = (n + 1) * ENTRY_LEN;
	for (size_t i = 0; i < n; i++) {
		put_guid(&w, list[i].guid);
		cof_wr_u32le(&w, (uint32_t)at);
		cof_wr_u32le(&w, (uint32_t)list[i].data->len);
		at += list[i].data->len;
	}
	cof_wr_zeros(&w, ENTRY_LEN);
	for (size_t i = 0; i < n; i++)
		cof_wr_bytes(&w, cof_buf_span(list[i].data));
	assert_ok(cof_wr_done(&w, &err));
}

typedef struct ask {
	const soft_snp *s;
	const cof_buf *table;
	const char *files; /* of which roles there are files: letters of "vmrc" */
	const char *policy;
} ask;

static void verdict_on(const ask *a, cof_verdict *ret)
{
	static const struct {
		char letter;
		const char *role;
		size_t at;
	} roles[] = {{'v', "vek", A_VEK}, {'m', "intermediate", MIDDLE}, {'r', "root", ROOT}, {'c', "crl", CRL}};
	const cof_kind *kind = NULL;
	cof_role_file files[SOFT_ROLES + 1] = {{"report", cof_buf_span(&a->s->made[REPORT])}};
	size_t n = 1;
	COF_AUTO_PTR(json_t) policy = json_loads(a->policy == NULL ? "{}" : a->policy, 0, NULL);
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		if (strchr(a->files, roles[i].letter) != NULL)
			files[n++] = (cof_role_file){roles[i].role, cof_buf_span(&a->s->made[roles[i].at])};
	}
	if (a->table != NULL)
		files[n++] = (cof_role_file){"certs", cof_buf_span(a->table)};
	const cof_verify_in in = {.files = files, .n_files = n, .policy = policy, .now = SOFT_NOW};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, ret, &err));
}

/* check: as of soft_is_refused_by */
static void assert_ask(const ask *a, const char *check)
{
	static cof_verdict v;
	verdict_on(a, &v);
	bool fits = soft_is_refused_by(&v, check);
	if (!fits)
		soft_print_failed(a->files, &v.checks, check);
	cof_verdict_release(&v);
	assert_true(fits);
}

static void t022_a_table_s_root_is_no_anchor(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) table = {0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	const entry all[] = {{GUID_VCEK, &s.made[A_VEK]}, {GUID_ASK, &s.made[MIDDLE]}, {GUID_ARK, &s.made[ROOT]}};
	put_table(all, 3, &table);
	/* all of it holds, and proves nothing but that the host has keys */
	assert_ask(&(ask){&s, &table, "", NULL}, "vendor-root");
	/* the same root is one once the caller names it */
	assert_ask(&(ask){&s, &table, "r", NULL}, NULL);
	assert_ask(&(ask){&s, &table, "r", "{\"require_vendor_root\":true}"}, "vendor-root");
	assert_ask(&(ask){&s, NULL, "vmr", NULL}, NULL);
	assert_ask(&(ask){&s, NULL, "vmr", "{\"require_vendor_root\":true}"}, "vendor-root");
	soft_drop(&s);
}

/* Nobody here can sign with AMD's key; what is left to refuse is that nobody did. */
static void amd_s_root_out_of_a_table(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) table = {0};
	uint8_t spki[ARK_MILAN_SPKI_LEN];
	const uint8_t *at = spki;
	assert_ok(cof_unhex(ARK_MILAN_SPKI, spki, sizeof spki, &err));
	EVP_PKEY *ark = d2i_PUBKEY(NULL, &at, sizeof spki);
	assert_non_null(ark);
	soft_snp s = soft_snp_good(&keys);
	s.root.key = ark;
	soft_make(&s);
	const entry all[] = {{GUID_VCEK, &s.made[A_VEK]}, {GUID_ASK, &s.made[MIDDLE]}, {GUID_ARK, &s.made[ROOT]}};
	put_table(all, 3, &table);
	static cof_verdict v;
	verdict_on(&(ask){&s, &table, "", NULL}, &v);
	assert_true(soft_is_refused_by(&v, "root-signature+"));
	for (size_t i = 0; i < v.checks.n; i++)
		assert_true(v.checks.list[i].passed || strstr(v.checks.list[i].name, "-signature") != NULL);
	cof_verdict_release(&v);
	EVP_PKEY_free(ark);
	soft_drop(&s);
}

/* A genuine report, and its certificates by way of a host. */
static void amd_s_root_that_signed(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) index = vector_index();
	const json_t *v = vector_by_id(index, "snp/milan-v2-trustee");
	cof_buf vek = {0}, middle = {0}, ark = {0}, report = {0}, table = {0};
	const cof_kind *kind = NULL;
	static cof_verdict verdict;
	vector_file(v, "report", &report);
	vector_file(v, "vek", &vek);
	vector_file(v, "intermediate", &middle);
	vector_file(v, "root", &ark);
	const entry all[] = {{GUID_VCEK, &vek}, {GUID_ASK, &middle}, {GUID_ARK, &ark}};
	put_table(all, 3, &table);
	const cof_role_file files[] = {{"report", cof_buf_span(&report)}, {"certs", cof_buf_span(&table)}};
	COF_AUTO_PTR(json_t) policy = json_loads("{\"require_vendor_root\":true}", 0, NULL);
	const cof_verify_in in = {.files = files, .n_files = 2, .policy = policy, .now = (int64_t)vector_time(v)};
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	assert_ok(cof_verify(kind, &in, &verdict, &err));
	assert_true(soft_is_refused_by(&verdict, NULL));
	cof_verdict_release(&verdict);
	cof_buf *const all_of_them[] = {&vek, &middle, &ark, &report, &table};
	for (size_t i = 0; i < COF_COUNT(all_of_them); i++)
		cof_buf_release(all_of_them[i]);
}

static void what_a_table_lacks_comes_as_files(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) vek_only = {0};
	COF_AUTO(cof_buf) empty = {0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	put_table(&(entry){GUID_VCEK, &s.made[A_VEK]}, 1, &vek_only);
	assert_ask(&(ask){&s, &vek_only, "mr", NULL}, NULL);
	assert_ask(&(ask){&s, &vek_only, "m", NULL}, "root-certificate+");
	assert_ask(&(ask){&s, &vek_only, "r", NULL}, "intermediate-certificate");
	/* hosts without certificates give no bytes at all */
	assert_ask(&(ask){&s, &empty, "vmr", NULL}, NULL);
	assert_ask(&(ask){&s, &empty, "mr", NULL}, "vek-certificate+");
	soft_drop(&s);
}

/* A file goes before the table's entry, which is not looked at then. */
static void files_go_first(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) table = {0};
	COF_AUTO(cof_buf) junk = {0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	assert_ok(cof_buf_add_str(&junk, "no certificate", &err));
	const entry all[] = {{GUID_VCEK, &junk}, {GUID_ASK, &junk}, {GUID_ARK, &junk}};
	put_table(all, 3, &table);
	assert_ask(&(ask){&s, &table, "vmr", NULL}, NULL);
	assert_ask(&(ask){&s, &table, "mr", NULL}, "vek-certificate+");
	soft_drop(&s);
}

/* The report says which of two signed it. */
static void vcek_and_vlek_in_one_table(void **state)
{
	(void)state;
	soft_snp vcek = soft_snp_good(&keys), vlek = soft_snp_good(&keys);
	soft_make_vlek(&vlek);
	soft_make(&vcek);
	soft_make(&vlek);
	for (int i = 0; i < 2; i++) {
		COF_AUTO(cof_buf) table = {0};
		const soft_snp *s = i == 0 ? &vcek : &vlek;
		const entry all[] = {
			{GUID_VLEK, &vlek.made[A_VEK]}, {GUID_VCEK, &vcek.made[A_VEK]}, {GUID_ASK, &s->made[MIDDLE]}};
		put_table(all, 3, &table);
		assert_ask(&(ask){s, &table, "r", NULL}, NULL);
	}
	COF_AUTO(cof_buf) only = {0};
	put_table(&(entry){GUID_VLEK, &vlek.made[A_VEK]}, 1, &only);
	assert_ask(&(ask){&vlek, &only, "mr", NULL}, NULL);
	soft_drop(&vcek);
	soft_drop(&vlek);
}

/* A list in the table is judged like any, and meets the demand for one. */
static void t023_a_list_out_of_the_table(void **state)
{
	(void)state;
	for (int revoked = 0; revoked < 2; revoked++) {
		COF_AUTO(cof_buf) table = {0};
		soft_snp s = soft_snp_good(&keys);
		s.crl.given = true;
		s.vek.serial = 5;
		s.crl.revoked = revoked ? 5 : 0;
		soft_make(&s);
		put_table(&(entry){GUID_CRL, &s.made[CRL]}, 1, &table);
		assert_ask(&(ask){&s, &table, "vmr", "{\"require_crl\":true}"}, revoked ? "vek-revoked" : NULL);
		soft_drop(&s);
	}
}

static void tables_that_are_none(void **state)
{
	(void)state;
	COF_AUTO(cof_buf) table = {0};
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	const entry twice[] = {{GUID_VCEK, &s.made[A_VEK]}, {GUID_VCEK, &s.made[A_VEK]}};
	put_table(twice, 2, &table);
	assert_ask(&(ask){&s, &table, "vmr", NULL}, "certificate-table");
	table.len = ENTRY_LEN;
	assert_ask(&(ask){&s, &table, "vmr", NULL}, "certificate-table");
	assert_ask(&(ask){&s, &table, "mr", NULL}, "certificate-table+");
	soft_drop(&s);
}

static void roles_without_a_table(void **state)
{
	(void)state;
	static const char *const names[] = {"vek", "intermediate", "root"};
	cof_role_file files[] = {{"report", {0}}, {"", {0}}, {"", {0}}};
	const cof_kind *kind = NULL;
	static cof_verdict v;
	assert_ok(cof_kind_find("snp-report", &kind, &err));
	for (size_t missing = 0; missing < COF_COUNT(names); missing++) {
		for (size_t i = 0, n = 1; i < COF_COUNT(names); i++) {
			if (i != missing)
				files[n++].role = names[i];
		}
		const cof_verify_in in = {.files = files, .n_files = COF_COUNT(files), .now = SOFT_NOW};
		assert_fails(cof_verify(kind, &in, &v, &err), "role-missing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t022_a_table_s_root_is_no_anchor),
		cmocka_unit_test(amd_s_root_out_of_a_table),
		cmocka_unit_test(amd_s_root_that_signed),
		cmocka_unit_test(what_a_table_lacks_comes_as_files),
		cmocka_unit_test(files_go_first),
		cmocka_unit_test(vcek_and_vlek_in_one_table),
		cmocka_unit_test(t023_a_list_out_of_the_table),
		cmocka_unit_test(tables_that_are_none),
		cmocka_unit_test(roles_without_a_table),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
