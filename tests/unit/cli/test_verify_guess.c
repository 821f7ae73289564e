/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer verify FILE`: what a file is taken for, and where its endorsements come from. */
#include "tests/unit/endorsements/intel.h"

#include "runtime/cli/verify_guess.h"
#include "tests/unit/cli/captured.h"

static void looks(cof_span bytes, const char *kind, const char *role)
{
	const char *got_role = "";
	const char *got = cof_verify_guess_kind(bytes, &got_role);
	if (kind == NULL) {
		assert_null(got);
		assert_null(got_role);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, kind);
	assert_string_equal(got_role, role);
}

static void kinds_by_their_bytes(void **state)
{
	(void)state;
	static uint8_t bytes[4000];
	looks(cof_span_of(bytes, 1184), "snp-report", "report");
	bytes[4] = 0xa0;
	bytes[5] = 0x04; /* a response's status 0 and size 1184 */
	looks(cof_span_of(bytes, 4000), "snp-report", "report");
	bytes[0] = 1;
	looks(cof_span_of(bytes, 4000), NULL, NULL);
	looks(cof_span_of("\x04\0\x02\0\x81\0\0\0", 8), "tdx-quote", "quote");
	looks(cof_span_of("\x05\0\x02\0\x81\0\0\0", 8), "tdx-quote", "quote");
	looks(cof_span_of("\x04\0\x02\0\0\0\0\0", 8), NULL, NULL); /* of SGX */
	looks(cof_span_of("\xff"
			  "TCG\x80\x18",
			  6),
	      "tpm-quote", "quote");
	looks(cof_span_str("HCLA\1"), "azure-hcl", "hcl_report");
	looks(cof_span_str("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"), "ear-jwt", "token");
	looks(cof_span_str("eyJhbGciOiJFUzI1NiJ9.e30"), NULL, NULL);
	looks(cof_span_of("\xd9\x01\xf5\xa1", 4), "corim", "corim");
	looks(cof_span_of("\xd9\x01\xfa\xa1", 4), "comid", "comid");
	looks(cof_span_of("\xd9\x02\x3b\xa1", 4), "concise-evidence", "ce");
	looks(cof_span_of("\xd2\x84\x43\xa1\x01\x26\xa0\x41\x00\x40", 10), "cose-sign1", "cose");
	/* claims without a profile, and with the one of results */
	looks(cof_span_of("\xd8\x3d\xd2\x84\x43\xa1\x01\x26\xa0\x44\xa1\x04\x18\x64\x40", 15), "eat-cwt", "token");
	looks(cof_span_of("\xd8\x3d\xd2\x84\x43\xa1\x01\x26\xa0\x4a\xa1\x19\x01\x09\x65t/ear\x40", 21), "ear-cwt",
	      "token");
	looks(cof_span_str("{}"), NULL, NULL);
	looks((cof_span){0}, NULL, NULL);
}

/* What the machine's own table says of these names, so that no guess leads nowhere. */
static void event_logs_are_known(void **state)
{
	(void)state;
	uint8_t log[64] = {0};
	memcpy(log + 32, "Spec ID Event03", 16);
	looks(cof_span_of(log, sizeof log), "ccel", "event_log");
}

/* --- the command --- */

typedef struct bench {
	intel i;
	char quote[160], root[160], junk[160], out[160], err[160], empty[160];
} bench;

static int verify(const bench *b, const char *const *words)
{
	return captured(cof_cmd_verify, "verify", words, b->out, b->err);
}

#define AT "2027-01-15T08:00:00Z"
#define VERIFY(b, ...) verify(b, (const char *const[]){__VA_ARGS__, NULL})

static void bench_open(bench *b)
{
	*b = (bench){0};
	intel_open(&b->i);
	assert_ok(cof_file_write(tmpdir_path(&b->i.dir, "quote", b->quote), cof_buf_span(&b->i.t.quote), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&b->i.dir, "root", b->root), cof_buf_span(&b->i.t.root_der), 0600, &err));
	assert_ok(cof_file_write(tmpdir_path(&b->i.dir, "junk", b->junk), cof_span_str("junk"), 0600, &err));
	(void)tmpdir_path(&b->i.dir, "out", b->out);
	(void)tmpdir_path(&b->i.dir, "err", b->err);
	assert_int_equal(mkdir(tmpdir_path(&b->i.dir, "empty", b->empty), 0700), 0);
}

static void a_quote_with_a_full_cache(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	intel_fetch_all(&b.i, COF_FETCH_FETCHED);
	const char *cache = b.i.dir.path;
	assert_int_equal(VERIFY(&b, b.quote, "--root", b.root, "--cache", cache, "--at", AT), COF_EXIT_YES);
	assert_says(b.out, "tdx-quote: accepted");
	assert_says(b.out, "named by hand");
	/* a root out of the cache is none */
	assert_int_equal(VERIFY(&b, b.quote, "--cache", cache, "--at", AT), COF_EXIT_NO);
	assert_says(b.err, "untrusted-root");
	/* what was given by hand goes before what the cache has */
	assert_int_equal(VERIFY(&b, b.quote, "--root", b.root, "--tcb-info", b.junk, "--cache", cache, "--at", AT),
			 COF_EXIT_NO);
	assert_says(b.err, "signed-json-malformed");
	/* and asking nobody, the cache grows old */
	assert_int_equal(VERIFY(&b, b.quote, "--root", b.root, "--cache", cache, "--at", "2027-03-01T00:00:00Z"),
			 COF_EXIT_NO);
	assert_says(b.err, "expired");
	assert_int_equal(vendor_asked(&b.i.v), 4);
	intel_close(&b.i);
}

/* Then no cache is needed, and none is looked for. */
static void all_by_hand(void **state)
{
	(void)state;
	static bench b;
	static const char *const roles[] = {"--tcb-info", "--tcb-signing-chain", "--qe-identity", "--pck-crl",
					    "--root-crl"};
	const char *words[16] = {NULL};
	char path[COF_COUNT(roles)][160];
	bench_open(&b);
	const cof_buf *const bufs[] = {&b.i.t.tcb_info, &b.i.t.signing, &b.i.t.qe_identity, &b.i.t.pck_crl_der,
				       &b.i.t.root_crl_der};
	size_t n = 0;
	words[n++] = b.quote;
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		assert_ok(cof_file_write(tmpdir_path(&b.i.dir, roles[i], path[i]), cof_buf_span(bufs[i]), 0600, &err));
		words[n++] = roles[i];
		words[n++] = path[i];
	}
	words[n++] = "--root";
	words[n++] = b.root;
	words[n++] = "--at=" AT;
	words[n++] = "--cache=/nowhere/at/all";
	assert_int_equal(verify(&b, words), COF_EXIT_YES);
	/* an event log is of a TD whose quote was given: it is judged by all of that */
	uint8_t log[64] = {0};
	memcpy(log + 32, "Spec ID Event03", 16);
	assert_ok(cof_file_write(b.junk, cof_span_of(log, sizeof log), 0600, &err));
	assert_int_equal(VERIFY(&b, b.junk, "--quote", b.quote, "--cache", b.empty), COF_EXIT_NO);
	assert_says(b.err, "endorsement-missing");
	assert_says(b.err, "--quote QUOTE");
	intel_close(&b.i);
}

static void t023_what_is_missing_is_named_and_refused(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(VERIFY(&b, b.quote, "--root", b.root, "--cache", b.empty, "--at", AT), COF_EXIT_NO);
	assert_says(b.err, "endorsement-missing");
	assert_says(b.err, "coffer endorsements fetch --quote");
	assert_says(b.out, "tdx/tcb-info/00806f050000");
	assert_says(b.out, "tdx/root-crl");
	assert_int_equal(VERIFY(&b, b.quote, "--cache", b.empty, "--at", AT, "--json"), COF_EXIT_NO);
	assert_says(b.out, "\"verdict\": \"invalid\"");
	assert_int_equal(VERIFY(&b, b.quote, "--cache", "/nowhere/at/all", "--at", AT), COF_EXIT_NO);
	assert_says(b.err, "cache-missing");
	assert_int_equal(chmod(b.empty, 0777), 0);
	assert_int_equal(VERIFY(&b, b.quote, "--cache", b.empty, "--at", AT), COF_EXIT_NO);
	assert_says(b.err, "cache-unsafe");
	intel_close(&b.i);
}

static void what_is_no_evidence_is_wrong_usage(void **state)
{
	(void)state;
	static bench b;
	bench_open(&b);
	assert_int_equal(VERIFY(&b, b.junk, "--cache", b.empty), COF_EXIT_USAGE);
	assert_says(b.err, "evidence-unknown");
	assert_int_equal(VERIFY(&b, "no-such-kind"), COF_EXIT_USAGE);
	assert_says(b.err, "kind-unknown");
	assert_int_equal(VERIFY(&b, b.quote, "--vek", b.junk), COF_EXIT_USAGE);
	assert_says(b.err, "no option of this kind");
	/* a token needs its key, which no cache has */
	assert_ok(cof_file_write(b.junk, cof_span_str("eyJhbGciOiJFUzI1NiJ9.e30.AAAA"), 0600, &err));
	assert_int_equal(VERIFY(&b, b.junk, "--cache", b.empty), COF_EXIT_USAGE);
	assert_says(b.err, "role-missing");
	intel_close(&b.i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_their_bytes),
		cmocka_unit_test(event_logs_are_known),
		cmocka_unit_test(a_quote_with_a_full_cache),
		cmocka_unit_test(all_by_hand),
		cmocka_unit_test(t023_what_is_missing_is_named_and_refused),
		cmocka_unit_test(what_is_no_evidence_is_wrong_usage),
	};
	return cmocka_run_group_tests(tests, intel_setup, intel_teardown);
}
