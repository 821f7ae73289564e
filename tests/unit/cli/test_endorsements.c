/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer endorsements` with a vendor of our own: what is printed, exit codes, wrong usage. */
#include "tests/unit/endorsements/intel.h"

#include "runtime/cli/endorsements.h"
#include "tests/unit/cli/captured.h"

#define AT "2027-01-15T08:00:00Z"

typedef struct bench {
	intel i;
	char cache[160], quote[160], root[160], out[160], err[160], other[160];
} bench;

static int endorsements(int argc, char **argv)
{
	return cof_cli_dispatch("coffer endorsements", cof_verbs_endorsements, argc, argv);
}

/* words[0] is the verb. */
static int run(const bench *b, const char *const *words)
{
	return captured(endorsements, "endorsements", words, b->out, b->err);
}

#define RUN(b, ...) run(b, (const char *const[]){__VA_ARGS__, NULL})
#define FETCH(b, ...)                                                                                                  \
	RUN(b, "fetch", "--cache", (b)->cache, "--pcs", (b)->i.v.url, "--root", (b)->root, "--at", AT, __VA_ARGS__)

static json_t *printed(const bench *b)
{
	json_t *j = NULL;
	assert_ok(cof_json_read_file(b->out, 1 << 20, &j, &err));
	return j;
}

static void bench_open(bench *b)
{
	*b = (bench){0};
	intel_open(&b->i);
	assert_ok(cof_file_write(tmpdir_path(&b->i.dir, "quote", b->quote), cof_buf_span(&b->i.t.quote), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&b->i.dir, "root", b->root), cof_buf_span(&b->i.t.root_der), 0600, &err));
	(void)tmpdir_path(&b->i.dir, "cache", b->cache);
	(void)tmpdir_path(&b->i.dir, "out", b->out);
	(void)tmpdir_path(&b->i.dir, "err", b->err);
	(void)tmpdir_path(&b->i.dir, "other", b->other);
}

static void fetches_and_shows(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(FETCH(&b, "--fmspc", "00806f050000", "--ca", "platform"), COF_EXIT_YES);
	assert_says(b.out,
		    "fetched   tdx/tcb-info/00806f050000\n          until 2027-02-01T00:00:00Z, http://127.0.0.1:");
	assert_int_equal(FETCH(&b, "--quote", b.quote, "--json"), COF_EXIT_YES);
	assert_int_equal(vendor_asked(&b.i.v), 4);
	COF_AUTO_PTR(json_t) j = printed(&b);
	assert_int_equal(json_array_size(json_object_get(j, "endorsements")), 4);
	assert_int_equal(RUN(&b, "show", "--cache", b.cache, "--at", AT), COF_EXIT_YES);
	assert_says(b.out, "fresh     tdx/pck-crl/platform");
	assert_int_equal(RUN(&b, "show", "--cache", b.cache, "--at", "2027-01-17T08:00:00Z"), COF_EXIT_YES);
	assert_says(b.out, "stale     tdx/pck-crl/platform");
	assert_int_equal(RUN(&b, "show", "--cache", b.cache, "--at", "2027-03-01T00:00:00Z"), COF_EXIT_YES);
	assert_says(b.out, "expired   tdx/pck-crl/platform");
	intel_close(&b.i);
}

/* Without evidence, what the cache has and is past its time. */
static void renews_what_it_has(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(FETCH(&b, "--again"), COF_EXIT_YES);
	assert_says(b.out, "the cache is empty");
	assert_int_equal(FETCH(&b, "--quote", b.quote), COF_EXIT_YES);
	assert_int_equal(FETCH(&b, "--json"), COF_EXIT_YES);
	assert_int_equal(vendor_asked(&b.i.v), 4);
	assert_int_equal(FETCH(&b, "--again"), COF_EXIT_YES);
	assert_int_equal(vendor_asked(&b.i.v), 8);
	intel_close(&b.i);
}

static void silence_is_no_failure_while_it_holds(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(FETCH(&b, "--quote", b.quote), COF_EXIT_YES);
	char url[64];
	(void)snprintf(url, sizeof url, "%s", b.i.v.url);
	vendor_close(&b.i.v);
	(void)snprintf(b.i.v.url, sizeof b.i.v.url, "%s", url);
	assert_int_equal(FETCH(&b, "--quote", b.quote, "--again"), COF_EXIT_YES);
	assert_says(b.out, "kept      tdx/root-crl");
	assert_int_equal(FETCH(&b, "--fmspc", "112233445566", "--ca", "platform"), COF_EXIT_USAGE);
	assert_says(b.err, "http-unreachable: tdx/tcb-info/112233445566");
	intel_close(&b.i);
}

static void a_wrong_answer_is_a_no(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(FETCH(&b, "--quote", b.quote), COF_EXIT_YES);
	vendor_break(&b.i.v, VENDOR_WRONG, -1);
	b.i.v.only = "tcb?";
	assert_int_equal(FETCH(&b, "--quote", b.quote, "--again", "--json"), COF_EXIT_NO);
	assert_says(b.err, "tcb-info-signature: tdx/tcb-info/00806f050000");
	assert_says(b.out, "\"ok\": false");
	assert_says(b.out, "\"state\": \"kept\"");
	assert_int_equal(FETCH(&b, "--fmspc", "112233445566", "--ca", "platform"), COF_EXIT_NO);
	assert_says(b.err, "endorsement-not-found");
	intel_close(&b.i);
}

static void damage_shows(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(mkdir(b.cache, 0700), 0);
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/e-%064d", b.cache, 0));
	assert_ok(cof_file_write(path, cof_span_str("junk"), 0600, &err));
	assert_int_equal(RUN(&b, "show", "--cache", b.cache, "--json"), COF_EXIT_YES);
	assert_says(b.out, "\"state\": \"damaged\"");
	assert_says(b.out, "cache-damaged");
	intel_close(&b.i);
}

static void wrong_usage(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(FETCH(&b, "--fmspc", "00806f050000"), COF_EXIT_USAGE);
	assert_int_equal(FETCH(&b, "--ca", "platform"), COF_EXIT_USAGE);
	assert_int_equal(FETCH(&b, "--fmspc", "00806f050000", "--ca", "root"), COF_EXIT_USAGE);
	assert_int_equal(FETCH(&b, "--fmspc", "00806f0500", "--ca", "platform"), COF_EXIT_USAGE);
	assert_int_equal(FETCH(&b, "--quote", b.quote, "--report", b.quote), COF_EXIT_USAGE);
	assert_int_equal(FETCH(&b, "--kds", "http://kds.example"), COF_EXIT_USAGE);
	assert_says(b.err, "service-url");
	assert_int_equal(FETCH(&b, "--output", "x"), COF_EXIT_USAGE); /* another verb's */
	assert_int_equal(FETCH(&b, "file"), COF_EXIT_USAGE);
	assert_int_equal(setenv("XDG_CACHE_HOME", b.cache, 1), 0);
	assert_int_equal(RUN(&b, "fetch", "--root", b.root), COF_EXIT_USAGE);
	assert_says(b.err, "a cache of its own");
	assert_int_equal(RUN(&b, "show", "--at", "yesterday"), COF_EXIT_USAGE);
	assert_int_equal(RUN(&b, "bundle", "create", "--output", "x"), COF_EXIT_USAGE);
	assert_int_equal(RUN(&b, "bundle", "import", "x"), COF_EXIT_USAGE);
	assert_int_equal(RUN(&b, "bundle", "import"), COF_EXIT_USAGE);
	const char *const helps[] = {"fetch", "show"};
	for (size_t i = 0; i < COF_COUNT(helps); i++) {
		assert_int_equal(RUN(&b, helps[i], "--help"), COF_EXIT_YES);
		assert_says(b.out, "Usage: coffer endorsements");
	}
	assert_int_equal(RUN(&b, "bundle", "import", "--help"), COF_EXIT_YES);
	assert_int_equal(RUN(&b, "bundle", "create", "--help"), COF_EXIT_YES);
	intel_close(&b.i);
}

static void the_default_cache(void **state)
{
	(void)state;
	COF_AUTO_FREE char *asked = NULL;
	COF_AUTO_FREE char *xdg = NULL;
	COF_AUTO_FREE char *none = NULL;
	assert_int_equal(setenv("XDG_CACHE_HOME", "/somewhere", 1), 0);
	assert_ok(cof_endorsements_cache("/asked", &asked, &err));
	assert_string_equal(asked, "/asked");
	assert_ok(cof_endorsements_cache(NULL, &xdg, &err));
	assert_string_equal(xdg, "/somewhere/coffer/endorsements");
	assert_int_equal(setenv("XDG_CACHE_HOME", "relative", 1), 0);
	assert_int_equal(setenv("HOME", "/home-of-it", 1), 0);
	assert_ok(cof_endorsements_cache(NULL, &none, &err));
	assert_string_equal(none, geteuid() == 0 ? "/var/cache/coffer/endorsements"
						 : "/home-of-it/.cache/coffer/endorsements");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_and_shows),
		cmocka_unit_test(renews_what_it_has),
		cmocka_unit_test(silence_is_no_failure_while_it_holds),
		cmocka_unit_test(a_wrong_answer_is_a_no),
		cmocka_unit_test(damage_shows),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(the_default_cache),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
