/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier is told to expect: exactly what the owner registered, and nothing from an empty store. */
#include "tests/unit/kbs/tmpdir.h"

#include "attestation/kbs/holder_int.h"
#include "common/hex.h"
#include "common/json.h"

#define S(text) cof_span_str(text)
#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define FF32 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

typedef struct rig {
	tmpdir dir;
	cof_holder holder;
} rig;

static int set_up(void **state)
{
	char path[160];
	rig *r = calloc(1, sizeof *r);
	assert_non_null(r);
	r->dir = tmpdir_new();
	assert_ok(cof_store_create(tmpdir_path(&r->dir, "store", path), &r->holder.store, &err));
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	rig *r = *state;
	cof_store_free(r->holder.store);
	tmpdir_release(&r->dir);
	free(r);
	return 0;
}

static void put(rig *r, const char *kind, const char *name, const char *value)
{
	assert_ok(cof_store_begin(r->holder.store, &err));
	assert_ok(cof_store_put(r->holder.store, kind, name, S(value), &err));
	assert_ok(cof_store_commit(r->holder.store, &err));
}

static void t007_an_empty_store_expects_nothing(void **state)
{
	rig *r = *state;
	COF_AUTO(cof_holder_expect) e = {0};
	assert_ok(cof_holder_expect_load(&r->holder, &e, &err));
	assert_int_equal(e.roots.len, 0);
	assert_int_equal(e.digests.len, 0);
	assert_string_equal(cof_buf_str(&e.references), "[]");
}

static void t077_other_kinds_are_no_expectation(void **state)
{
	rig *r = *state;
	COF_AUTO(cof_holder_expect) e = {0};
	put(r, COF_KIND_META, HEX32, "{\"name\":\"x\"}");
	put(r, COF_KIND_RESOURCE, "a/b/c", "-----BEGIN CERTIFICATE-----");
	assert_ok(cof_holder_expect_load(&r->holder, &e, &err));
	assert_int_equal(e.roots.len, 0);
	assert_int_equal(e.digests.len, 0);
	assert_string_equal(cof_buf_str(&e.references), "[]");
}

static void t003_a_name_that_is_no_digest_expects_nothing_at_all(void **state)
{
	static const char *const names[] = {"00", "zz" HEX32, HEX32 "00", "0" HEX32};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		rig *r = *state;
		cof_holder_expect e = {0};
		bool was = false;
		put(r, COF_KIND_INITDATA, HEX32, "");
		put(r, COF_KIND_INITDATA, names[i], "");
		assert_true(cof_holder_expect_load(&r->holder, &e, NULL) < 0);
		assert_null(e.digests.data); /* no half of it */
		assert_null(e.references.data);
		assert_ok(cof_store_begin(r->holder.store, &err));
		assert_ok(cof_store_del(r->holder.store, COF_KIND_INITDATA, names[i], &was, &err));
		assert_ok(cof_store_commit(r->holder.store, &err));
		assert_true(was);
	}
}

static void everything_registered_is_expected(void **state)
{
	rig *r = *state;
	COF_AUTO(cof_holder_expect) e = {0};
	COF_AUTO_PTR(json_t) refs = NULL;
	uint8_t want[64];
	put(r, COF_KIND_EK_ROOT, "aa", "PEM-A"); /* no line break at its end: the next one begins its own line */
	put(r, COF_KIND_EK_ROOT, "bb", "PEM-B\n");
	put(r, COF_KIND_REFERENCE, "two", "{\"name\":\"two\"}");
	put(r, COF_KIND_REFERENCE, "one", "{\"name\":\"one\"}");
	put(r, COF_KIND_REFERENCE, "zwei", "{\"name\":\"zwei\"}");
	put(r, COF_KIND_INITDATA, FF32, "");
	put(r, COF_KIND_INITDATA, HEX32, "");
	assert_ok(cof_holder_expect_load(&r->holder, &e, &err));
	assert_string_equal(cof_buf_str(&e.roots), "PEM-A\nPEM-B\n\n");
	assert_ok(cof_json_parse(cof_buf_span(&e.references), &refs, &err));
	assert_int_equal(json_array_size(refs), 3);
	assert_string_equal(json_string_value(json_object_get(json_array_get(refs, 0), "name")), "one");
	assert_string_equal(json_string_value(json_object_get(json_array_get(refs, 2), "name")), "zwei");
	assert_ok(cof_unhex(HEX32 FF32, want, sizeof want, &err));
	assert_span_equal(cof_buf_span(&e.digests), want, sizeof want);
}

static void put_big(rig *r, const char *kind, const char *name, size_t len)
{
	char *text = malloc(len + 1);
	assert_non_null(text);
	memset(text, 'x', len);
	text[len] = '\0';
	put(r, kind, name, text);
	free(text);
}

/* What fits into the store must fit into a question, or no guest at all could be judged any more. */
static void what_may_be_registered_can_be_asked_with(void **state)
{
	rig *r = *state;
	static uint8_t evidence[COF_KB_BODY_MAX];
	COF_AUTO(cof_holder_expect) e = {0};
	COF_AUTO(cof_buf) frame = {0};
	put_big(r, COF_KIND_REFERENCE, "one", 1000);
	put_big(r, COF_KIND_REFERENCE, "two", COF_KB_REFERENCES_MAX - 1000 - 3);
	put_big(r, COF_KIND_EK_ROOT, "aa", COF_KB_EK_ROOTS_MAX - 2);
	assert_ok(cof_holder_check_room(&r->holder, COF_KIND_REFERENCE, &err));
	assert_ok(cof_holder_check_room(&r->holder, COF_KIND_EK_ROOT, &err));
	assert_ok(cof_holder_expect_load(&r->holder, &e, &err));
	assert_int_equal(e.references.len, COF_KB_REFERENCES_MAX);
	const cof_kb_job_verify job = {.ek_roots = cof_buf_span(&e.roots),
				       .references = cof_buf_span(&e.references),
				       .evidence = cof_span_of(evidence, sizeof evidence)};
	assert_ok(cof_kb_encode(COF_KB_JOB_VERIFY, 0, &job, &frame, &err));
	put_big(r, COF_KIND_REFERENCE, "one", 1001);
	put_big(r, COF_KIND_EK_ROOT, "aa", COF_KB_EK_ROOTS_MAX);
	assert_fails(cof_holder_check_room(&r->holder, COF_KIND_REFERENCE, &err), "store-full");
	assert_fails(cof_holder_check_room(&r->holder, COF_KIND_EK_ROOT, &err), "store-full");
	assert_ok(cof_holder_check_room(&r->holder, COF_KIND_TEE_REFERENCE, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(t007_an_empty_store_expects_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(t077_other_kinds_are_no_expectation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(t003_a_name_that_is_no_digest_expects_nothing_at_all, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(everything_registered_is_expected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_may_be_registered_can_be_asked_with, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
