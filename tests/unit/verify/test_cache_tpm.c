/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes judged with a cache that has seen others. */
#include "tests/unit/verify/cached.h"
#include "tests/unit/verify/soft_quote.h"

static soft_keys keys;

static bool same_answer(const soft_quote *s, cof_verify_cache *cache)
{
	COF_AUTO_PTR(json_t) policy = json_loads(s->policy, 0, NULL);
	const cof_verify_in in = {
		.files = s->files, .n_files = s->n_files, .policy = policy, .now = s->now, .cache = cache};
	return assert_same_answer("tpm-quote", &in);
}

/* How many parts were judged. */
static size_t judged(const soft_quote *s, cof_verify_cache *cache, bool accepted)
{
	cof_verify_cache_count before = cof_verify_cache_counted(cache);
	assert_int_equal(same_answer(s, cache), accepted);
	return (size_t)cached_since(cache, before).misses;
}

static soft_quote *good(EVP_PKEY *ak)
{
	soft_quote *s = soft_quote_new(&keys);
	s->ak = s->signer = ak;
	if (EVP_PKEY_get_base_id(ak) == EVP_PKEY_EC)
		s->ak_area.scheme = s->sig_scheme = 0x18;
	s->policy = "{\"trust_ak\":true}";
	soft_quote_make(s);
	return s;
}

static cof_role_file *role_of(soft_quote *s, const char *role)
{
	size_t i = 0;
	while (i + 1 < s->n_files && strcmp(s->files[i].role, role) != 0)
		i++;
	assert_string_equal(s->files[i].role, role);
	return &s->files[i];
}

static void judged_once(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	COF_AUTO_PTR(soft_quote) o = good(keys.other);
	assert_int_equal(judged(s, c, true), 2);
	assert_int_equal(judged(s, c, true), 0);
	s->now++;
	assert_int_equal(judged(s, c, true), 0);
	assert_int_equal(judged(o, c, true), 1); /* of the same EK */
	assert_int_equal(judged(o, c, true), 0);
	assert_int_equal(cof_verify_cache_counted(c).entries, 3);
}

static void every_curve(void **state)
{
	(void)state;
	static const char *const curves[] = {"P-256", "P-384", "P-521"};
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	for (size_t i = 0; i < COF_COUNT(curves); i++) {
		EVP_PKEY *key = EVP_EC_gen(curves[i]);
		soft_quote *s = good(key);
		for (int n = 0; n < 5; n++)
			assert_true(same_answer(s, c));
		soft_quote_drop(s);
		EVP_PKEY_free(key);
	}
}

static void never_a_verdict_on_a_quote(void **state)
{
	(void)state;
	static const char *const roles[] = {"quote", "signature", "pcrs"};
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	assert_true(same_answer(s, c));
	for (size_t r = 0; r < COF_COUNT(roles); r++) {
		uint8_t *at = (uint8_t *)(uintptr_t)role_of(s, roles[r])->bytes.data;
		for (size_t i = 0; i < role_of(s, roles[r])->bytes.len; i += 11) {
			at[i] ^= 1;
			(void)same_answer(s, c);
			at[i] ^= 1;
		}
		at[0] ^= 1;
		assert_int_equal(judged(s, c, false), 0);
		at[0] ^= 1;
	}
	assert_int_equal(judged(s, c, true), 0);
	s->policy = "{}";
	(void)same_answer(s, c);
	s->policy = "{\"nonce\":\"00\",\"trust_ak\":true}";
	assert_int_equal(judged(s, c, false), 0);
	s->policy = "{\"ak_names\":[]}";
	assert_int_equal(judged(s, c, false), 0);
}

/* Each by itself, the caller's memory long gone or overwritten. */
static void nothing_is_borrowed(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	soft_quote *s = good(keys.ak);
	assert_true(same_answer(s, c));
	for (size_t i = 0; i < s->n_files; i++)
		memset((void *)(uintptr_t)s->files[i].bytes.data, 0xa5, s->files[i].bytes.len);
	assert_false(same_answer(s, c));
	soft_quote_drop(s);
	s = good(keys.ak);
	assert_true(same_answer(s, c));
	soft_quote_drop(s);
}

/* Anybody can make up an area: it is none to remember, and pushes nothing out. */
static void t062_strangers_fill_no_cache(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(2);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	COF_AUTO_PTR(soft_quote) o = good(keys.ak);
	assert_true(same_answer(s, c));
	for (uint32_t i = 0; i < 20; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");
		o->ak = key; /* the signature is another's */
		o->ak_area.scheme = 0x18;
		o->sig_scheme = 0x14;
		soft_quote_make(o);
		assert_false(same_answer(o, c));
		EVP_PKEY_free(key);
	}
	assert_int_equal(judged(s, c, true), 0);
}

static void areas_of_another(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	COF_AUTO_PTR(soft_quote) o = good(keys.other);
	assert_true(same_answer(s, c));
	assert_true(same_answer(o, c));
	cof_span mine = role_of(s, "ak_public")->bytes, theirs = role_of(o, "ak_public")->bytes;
	role_of(s, "ak_public")->bytes = theirs;
	role_of(o, "ak_public")->bytes = mine;
	assert_int_equal(judged(s, c, false), 0);
	assert_int_equal(judged(o, c, false), 0);
	role_of(s, "ak_public")->bytes = mine;
	assert_int_equal(judged(s, c, true), 0);
}

static void other_bytes(void **state)
{
	(void)state;
	static const char *const roles[] = {"ak_public", "ek_cert", "ek_intermediate", "ek_root", "ek_public"};
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	assert_true(same_answer(s, c));
	for (size_t r = 0; r < COF_COUNT(roles); r++) {
		cof_role_file *f = role_of(s, roles[r]);
		uint8_t *at = (uint8_t *)(uintptr_t)f->bytes.data;
		for (size_t i = 0; i < f->bytes.len; i += 19) {
			at[i] ^= 1;
			(void)same_answer(s, c);
			at[i] ^= 1;
		}
		f->bytes.len--;
		(void)same_answer(s, c);
		f->bytes.len = 0;
		(void)same_answer(s, c);
		f->bytes = cof_span_of(at, 1);
		(void)same_answer(s, c);
		soft_quote_make(s);
	}
	static const uint8_t large[COF_TPM_PUBLIC_MAX + 2] = {8};
	role_of(s, "ak_public")->bytes = cof_span_of(large, sizeof large);
	assert_int_equal(judged(s, c, false), 1);
	assert_int_equal(judged(s, c, false), 1);
}

/* The same certificate under another root. */
static void roots_of_another(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	assert_true(same_answer(s, c));
	s->root.key = s->root.by = keys.ak;
	soft_quote_make(s);
	assert_int_equal(judged(s, c, false), 1);
	assert_int_equal(judged(s, c, false), 1);
}

static void its_time_alone(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	assert_true(same_answer(s, c));
	int64_t to = SOFT_NOW + s->cert.to;
	s->now = to;
	assert_int_equal(judged(s, c, true), 0);
	s->now = to + 1;
	assert_int_equal(judged(s, c, false), 1);
	for (int64_t off = -3000; off <= 3000; off += 37) {
		s->now = SOFT_NOW + off;
		(void)same_answer(s, c);
	}
	s->now = SOFT_NOW;
	assert_int_equal(judged(s, c, true), 0);
}

/* A list is asked each time, and its own dates with it. */
static void t023_a_list_is_never_taken_from_before(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	s->between.ext = "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
	s->send_crl = true;
	soft_quote_make(s);
	assert_true(same_answer(s, c));
	assert_true(same_answer(s, c));
	s->now = SOFT_NOW + s->crl.to + 1;
	assert_false(same_answer(s, c));
	s->now = SOFT_NOW;
	s->crl.serial = 7;
	soft_quote_make(s);
	assert_false(same_answer(s, c));
	s->send_crl = false;
	soft_quote_make(s);
	assert_true(same_answer(s, c));
	s->send_crl = true;
	soft_quote_make(s);
	assert_false(same_answer(s, c));
}

static void a_key_in_two_dresses(void **state)
{
	(void)state;
	COF_AUTO_PTR(cof_verify_cache) c = cached_new(0);
	COF_AUTO_PTR(soft_quote) s = good(keys.ak);
	s->send_ak_pem = true;
	soft_quote_make(s);
	assert_true(same_answer(s, c));
	assert_int_equal(judged(s, c, true), 0);
	s->other_pem = true;
	soft_quote_make(s);
	assert_false(same_answer(s, c));
	s->other_pem = false;
	s->send_ak_public = false;
	soft_quote_make(s);
	assert_int_equal(judged(s, c, true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged_once),
		cmocka_unit_test(every_curve),
		cmocka_unit_test(never_a_verdict_on_a_quote),
		cmocka_unit_test(nothing_is_borrowed),
		cmocka_unit_test(t062_strangers_fill_no_cache),
		cmocka_unit_test(areas_of_another),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test(roots_of_another),
		cmocka_unit_test(its_time_alone),
		cmocka_unit_test(t023_a_list_is_never_taken_from_before),
		cmocka_unit_test(a_key_in_two_dresses),
	};
	soft_keys_make(&keys);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	soft_keys_drop(&keys);
	return failed;
}
