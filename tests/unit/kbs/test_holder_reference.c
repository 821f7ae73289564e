/* SPDX-License-Identifier: Apache-2.0 */
/* Reference values in the store: what a CoRIM brings, where it came from, and when it no longer counts. */
#include "tests/unit/kbs/tmpdir.h"

#include "attestation/kbs/holder_int.h"
#include "attestation/kbs/route.h"
#include "tests/unit/kbs/corim_body.h"

#define S(text) cof_span_str(text)

typedef struct fix {
	tmpdir dir;
	cof_holder holder;
	EVP_PKEY *author;
} fix;

static int set_up(void **state)
{
	char path[160];
	fix *f = calloc(1, sizeof *f);
	assert_non_null(f);
	f->dir = tmpdir_new();
	f->author = corim_author();
	assert_ok(cof_store_create(tmpdir_path(&f->dir, "store", path), &f->holder.store, &err));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	fix *f = *state;
	cof_store_free(f->holder.store);
	EVP_PKEY_free(f->author);
	tmpdir_release(&f->dir);
	free(f);
	return 0;
}

/* As the holder does it: one transaction; the record's text comes back. */
static int set(fix *f, const cof_buf *body, cof_buf *ret_record, cof_err *err)
{
	COF_AUTO(cof_record) r = cof_record_new("admin", "done");
	int rc = cof_store_begin(f->holder.store, err);
	if (rc == 0)
		rc = cof_holder_set_references(&f->holder, cof_buf_span(body), &r, err);
	if (rc == 0)
		rc = cof_store_commit(f->holder.store, err);
	else
		cof_store_rollback(f->holder.store);
	if (ret_record != NULL)
		assert_int_equal(cof_json_dump(r.o, ret_record, NULL), 0);
	return rc;
}

static bool has(fix *f, const char *kind, const char *name)
{
	bool is = false;
	assert_ok(cof_store_has(f->holder.store, kind, name, &is, &err));
	return is;
}

static void boot(cof_rim *r, const char *name, uint64_t version)
{
	rim_put_tpm(r, name);
	r->entries[r->n - 1].version = version;
}

/* Registers one tpm set of this version. */
static int set_boot(fix *f, const char *name, uint64_t version, int good_for, cof_err *err)
{
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) body = {0};
	boot(&r, name, version);
	corim_body(&r, COF_RIM_TPM, f->author, good_for, &body);
	return set(f, &body, NULL, err);
}

static void a_corim_is_registered_with_its_origin(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) line = {0};
	boot(&r, "a/one", 0);
	boot(&r, "a/two", 0);
	corim_body(&r, COF_RIM_TPM, f->author, 1000, &body);
	assert_ok(set(f, &body, &line, &err));
	assert_true(has(f, COF_KIND_REFERENCE, "a/one"));
	assert_true(has(f, COF_KIND_REFERENCE, "a/two"));
	assert_true(has(f, COF_KIND_REFERENCE_SOURCE, "a/one"));
	assert_non_null(strstr(cof_buf_str(&line), "\"references\":2"));
	assert_non_null(strstr(cof_buf_str(&line), "\"corim\":\"guest-0.1.0/tpm\""));
	assert_non_null(strstr(cof_buf_str(&line), "\"signer\":\"guest image author\""));
	assert_non_null(strstr(cof_buf_str(&line), "\"signer_key\":\""));
	assert_ok(cof_holder_check_reference(&f->holder, "a/one", &err));
	/* and named again when it makes a match */
	COF_AUTO(cof_record) match = cof_record_new("attest", "affirming");
	COF_AUTO(cof_buf) text = {0};
	cof_holder_record_source(&f->holder, "a/two", &match);
	assert_ok(cof_json_dump(match.o, &text, &err));
	assert_non_null(strstr(cof_buf_str(&text), "\"corim\":\"guest-0.1.0/tpm\",\"signer\":\"guest image author\""));
}

static void t077_all_or_nothing(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) body = {0};
	assert_ok(set_boot(f, "z/last", 9, 0, &err));
	boot(&r, "a/first", 1);
	boot(&r, "z/last", 8);
	corim_body(&r, COF_RIM_TPM, f->author, 0, &body);
	assert_fails(set(f, &body, NULL, &err), "reference-older");
	assert_false(has(f, COF_KIND_REFERENCE, "a/first"));
	assert_false(has(f, COF_KIND_REFERENCE_SOURCE, "a/first"));
	body.data[body.len / 2] ^= 1;
	assert_true(set(f, &body, NULL, NULL) < 0);
	assert_false(has(f, COF_KIND_REFERENCE, "a/first"));
}

static void t077_an_older_version_does_not_come_back(void **state)
{
	fix *f = *state;
	assert_ok(set_boot(f, "a", 7, 0, &err));
	assert_fails(set_boot(f, "a", 6, 0, &err), "reference-older");
	assert_fails(set_boot(f, "a", 1, 0, &err), "reference-older");
	assert_ok(set_boot(f, "a", 7, 0, &err)); /* the same again */
	assert_ok(set_boot(f, "a", 8, 0, &err));
	assert_fails(set_boot(f, "a", 7, 0, &err), "reference-older");
	assert_fails(set_boot(f, "a", 0, 0, &err), "reference-older"); /* from before there were versions */
	assert_ok(set_boot(f, "b", 1, 0, &err));		       /* another set */
	/* the owner may forget it, and begin again */
	COF_AUTO(cof_record) r = cof_record_new("admin", "done");
	assert_ok(cof_holder_delete_reference(&f->holder, S("a"), &r, &err));
	assert_false(has(f, COF_KIND_REFERENCE_SOURCE, "a"));
	assert_ok(set_boot(f, "a", 1, 0, &err));
}

static void put_source(fix *f, const char *key, const char *text)
{
	assert_ok(cof_store_put(f->holder.store, COF_KIND_REFERENCE_SOURCE, key, S(text), &err));
}

static void t077_an_expired_set_matches_nothing(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_holder_expect) e = {0};
	COF_AUTO(cof_holder_expect) later = {0};
	assert_ok(set_boot(f, "a", 0, 1000, &err));
	assert_ok(set_boot(f, "b", 0, 0, &err));
	assert_ok(cof_holder_expect_load(&f->holder, &e, &err));
	assert_non_null(strstr(cof_buf_str(&e.references), "\"name\":\"a\""));
	assert_non_null(strstr(cof_buf_str(&e.references), "\"name\":\"b\""));
	put_source(f, "a", "{\"corim\":\"c\",\"signer\":\"s\",\"not_after\":1700000000,\"version\":0}");
	assert_fails(cof_holder_check_reference(&f->holder, "a", &err), "reference-expired");
	assert_ok(cof_holder_expect_load(&f->holder, &later, &err));
	assert_null(strstr(cof_buf_str(&later.references), "\"name\":\"a\""));
	assert_int_equal(strncmp(cof_buf_str(&later.references), "[{", 2), 0);
	assert_non_null(strstr(cof_buf_str(&later.references), "\"name\":\"b\""));
	/* one that broke in the store is no permission */
	COF_AUTO(cof_holder_expect) broken = {0};
	put_source(f, "b", "{\"corim\":\"c\"");
	assert_true(cof_holder_check_reference(&f->holder, "b", NULL) < 0);
	assert_true(cof_holder_expect_load(&f->holder, &broken, NULL) < 0);
	put_source(f, "b", "{\"corim\":\"c\",\"signer\":\"s\",\"not_after\":-1,\"version\":0}");
	assert_true(cof_holder_check_reference(&f->holder, "b", NULL) < 0);
}

static void t066_a_withdrawn_set_is_gone(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_record) r = cof_record_new("admin", "done");
	assert_fails(cof_holder_check_reference(&f->holder, "a", &err), "reference-withdrawn");
	assert_ok(set_boot(f, "a", 0, 0, &err));
	assert_ok(cof_holder_delete_reference(&f->holder, S("a"), &r, &err));
	assert_fails(cof_holder_check_reference(&f->holder, "a", &err), "reference-withdrawn");
	assert_fails(cof_holder_delete_reference(&f->holder, S("a"), &r, &err), "not-found");
}

/* A set that the admin sends as document has no author: the line of its forerunner must not speak for it. */
static void a_document_takes_the_origin_away(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO(cof_buf) line = {0};
	assert_ok(set_boot(f, "a", 7, 0, &err));
	boot(&r, "a", 0);
	assert_ok(cof_rim_entry_json(&r.entries[0], &doc, &err));
	assert_ok(cof_json_dump(doc, &text, &err));
	assert_ok(cof_admin_body_reference(cof_buf_span(&text), &body, &err));
	assert_ok(set(f, &body, &line, &err));
	assert_non_null(strstr(cof_buf_str(&line), "\"reference\":\"a\""));
	assert_null(strstr(cof_buf_str(&line), "corim"));
	assert_false(has(f, COF_KIND_REFERENCE_SOURCE, "a"));
	COF_AUTO(cof_record) match = cof_record_new("attest", "affirming");
	cof_holder_record_source(&f->holder, "a", &match);
	assert_null(json_object_get(match.o, "corim"));
}

/* Every document of the tpm's kind goes to its verifier: the others must not be among them. */
static void other_kinds_lie_apart(void **state)
{
	fix *f = *state;
	static const cof_rim_tee tees[] = {COF_RIM_SNP, COF_RIM_TDX, COF_RIM_SEV, COF_RIM_SEVES};
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_holder_expect) e = {0};
	rim_make(&r);
	r.not_before = 0;
	for (size_t i = 0; i < COF_COUNT(tees); i++) {
		COF_AUTO(cof_buf) body = {0};
		corim_body(&r, tees[i], f->author, 0, &body);
		assert_ok(set(f, &body, NULL, &err));
	}
	assert_ok(cof_holder_expect_load(&f->holder, &e, &err));
	assert_string_equal(cof_buf_str(&e.references), "[]");
	static const char *const names[] = {"snp/0.1.0/default/vcpus-1/EPYC-Milan", "tdx/0.1.0/large",
					    "sev/0.1.0/default", "seves/0.1.0/default/vcpus-2"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_record) rec = cof_record_new("admin", "done");
		assert_true(has(f, COF_KIND_TEE_REFERENCE, names[i]));
		assert_true(has(f, COF_KIND_TEE_REFERENCE_SOURCE, names[i]));
		assert_false(has(f, COF_KIND_REFERENCE, names[i]));
		assert_ok(cof_holder_delete_reference(&f->holder, S(names[i]), &rec, &err));
		assert_false(has(f, COF_KIND_TEE_REFERENCE, names[i]));
		assert_false(has(f, COF_KIND_TEE_REFERENCE_SOURCE, names[i]));
	}
}

/* One that no call could name would stay for ever, and so would what hides behind another's name. */
static void t066_what_is_registered_can_be_withdrawn(void **state)
{
	fix *f = *state;
	static const char *const bad[] = {"a b", "a//b",  "/a", "a/",	 "..",	 "a/../b",
					  "a?b", "a%2fb", "#",	"snp/a", "tpm/a"};
	char longer[COF_RIM_NAME_MAX + 1] = "";
	cof_kb_match m;
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		assert_fails(set_boot(f, bad[i], 0, 0, &err), "bad-name");
		assert_false(has(f, COF_KIND_REFERENCE, bad[i]));
	}
	memset(longer, 'x', COF_RIM_NAME_MAX);
	assert_fails(set_boot(f, longer, 0, 0, &err), "bad-name");
	/* the longest that goes */
	longer[63] = '/';
	char target[COF_KB_TARGET_MAX];
	assert_ok(set_boot(f, longer, 0, 0, &err));
	(void)snprintf(target, sizeof target, "%s%s", cof_kb_route_path(COF_ROUTE_REFERENCE_DELETE), longer);
	assert_ok(cof_kb_route_of(S("DELETE"), S(target), &m, &err));
	COF_AUTO(cof_record) r = cof_record_new("admin", "done");
	assert_ok(cof_holder_delete_reference(&f->holder, m.part[0], &r, &err));
	assert_false(has(f, COF_KIND_REFERENCE, longer));
}

static void the_store_ends(void **state)
{
	fix *f = *state;
	COF_AUTO(cof_rim) r = {0};
	COF_AUTO(cof_buf) body = {0};
	for (int i = 0; i < COF_HOLDER_REFERENCES_MAX; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "set-%d", i);
		assert_ok(cof_store_put(f->holder.store, COF_KIND_REFERENCE, name, S("{}"), &err));
	}
	assert_fails(set_boot(f, "one-more", 0, 0, &err), "store-full");
	assert_ok(set_boot(f, "set-7", 0, 0, &err)); /* takes the place of one */
	/* the other kinds have their own room */
	rim_make(&r);
	r.not_before = 0;
	corim_body(&r, COF_RIM_SEV, f->author, 0, &body);
	assert_ok(set(f, &body, NULL, &err));
}

/* The sets of all names together are one question to the verifier: the one too much is refused, not every guest. */
static void the_question_to_the_verifier_ends(void **state)
{
	fix *f = *state;
	static char big[COF_KB_REFERENCES_MAX - 2000];
	memset(big, ' ', sizeof big);
	assert_ok(cof_store_put(f->holder.store, COF_KIND_REFERENCE, "big", cof_span_of(big, sizeof big), &err));
	assert_fails(set_boot(f, "one-more", 0, 0, &err), "store-full");
	assert_false(has(f, COF_KIND_REFERENCE, "one-more"));
	assert_false(has(f, COF_KIND_REFERENCE_SOURCE, "one-more"));
	assert_ok(set_boot(f, "big", 0, 0, &err)); /* a smaller one in its place */
	assert_ok(set_boot(f, "one-more", 0, 0, &err));
}

#define WITH_FIX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIX(t077_all_or_nothing),
		WITH_FIX(t077_an_older_version_does_not_come_back),
		WITH_FIX(t077_an_expired_set_matches_nothing),
		WITH_FIX(t066_a_withdrawn_set_is_gone),
		WITH_FIX(a_corim_is_registered_with_its_origin),
		WITH_FIX(a_document_takes_the_origin_away),
		WITH_FIX(other_kinds_lie_apart),
		WITH_FIX(t066_what_is_registered_can_be_withdrawn),
		WITH_FIX(the_store_ends),
		WITH_FIX(the_question_to_the_verifier_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
