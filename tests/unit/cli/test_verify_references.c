/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer verify` with reference values: what is said, and that no match is no yes. */
#include "tests/unit/verify/soft_snp.h"

#include <fcntl.h>
#include <unistd.h>

#include "attestation/token/jws.h"
#include "common/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/verify_options.h"
#include "tests/unit/kbs/tmpdir.h"
#include "tests/unit/refvalue/references.h"

#define AT "2027-01-15T08:00:00Z" /* SOFT_NOW */

enum { ROLES = 4, PATH_ROOM = 160 };

static const char *const roles[ROLES] = {"report", "vek", "intermediate", "root"};

typedef struct bench {
	tmpdir dir;
	char evidence[ROLES][PATH_ROOM];
	char right[PATH_ROOM], wrong[PATH_ROOM], doc[PATH_ROOM], pem[PATH_ROOM], jwk[PATH_ROOM], authors[PATH_ROOM],
		out[PATH_ROOM], err[PATH_ROOM];
} bench;

static bench b;

static void put(const char *name, cof_span bytes, char path[PATH_ROOM])
{
	assert_ok(cof_file_write(tmpdir_path(&b.dir, name, path), bytes, 0600, &err));
}

static cof_rim_entry launch(uint8_t byte)
{
	cof_rim_entry e = {.tee = COF_RIM_SNP};
	uint8_t digest[48];
	memset(digest, byte, sizeof digest);
	assert_ok(cof_rim_entry_name(&e, cof_span_str("0.1.0/default"), &err));
	assert_ok(cof_rim_demand(&e, COF_RIM_MEASUREMENT, COF_RIM_IS, cof_span_of(digest, sizeof digest), &err));
	assert_ok(cof_rim_demand_number(&e, COF_RIM_REPORTED_TCB, COF_RIM_AT_LEAST,
					byte == 0x22 ? 0xdb18000000000004 : 0xdb19000000000004, 0, &err));
	return e;
}

__attribute__((noinline)) static void put_references(EVP_PKEY *author)
{
	COF_AUTO(cof_buf) corim = {0};
	COF_AUTO(cof_buf) doc = {0};
	cof_rim_entry e = launch(0x22);
	document_of(&e, &doc);
	sign_entry(&e, author, &corim);
	put("right", cof_buf_span(&corim), b.right);
	put("doc", cof_buf_span(&doc), b.doc);
	corim.len = 0;
	e = launch(0x23);
	sign_entry(&e, author, &corim);
	put("wrong", cof_buf_span(&corim), b.wrong);
}

static void put_keys(EVP_PKEY *author)
{
	COF_AUTO(cof_buf) pem = {0};
	COF_AUTO(cof_buf) jwk = {0};
	COF_AUTO(cof_buf) authors = {0};
	COF_AUTO_PTR(json_t) o = NULL;
	pem_public(author, &pem);
	authors_of(author, "[" VLEK_CLASS "]", "", &authors);
	assert_ok(cof_jwk_of(author, &o, &err));
	assert_ok(cof_json_dump(o, &jwk, &err));
	put("pem", cof_buf_span(&pem), b.pem);
	put("jwk", cof_buf_span(&jwk), b.jwk);
	put("authors", cof_buf_span(&authors), b.authors);
}

__attribute__((noinline)) static void put_evidence(void)
{
	static soft_keys keys;
	soft_keys_make(&keys);
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	for (size_t i = 0; i < ROLES; i++)
		put(roles[i], cof_buf_span(&s.made[i]), b.evidence[i]);
	soft_drop(&s);
	soft_keys_drop(&keys);
}

static int set_up(void **state)
{
	(void)state;
	EVP_PKEY *author = EVP_EC_gen("P-384");
	b = (bench){.dir = tmpdir_new()};
	put_evidence();
	put_references(author);
	put_keys(author);
	(void)tmpdir_path(&b.dir, "out", b.out);
	(void)tmpdir_path(&b.dir, "err", b.err);
	EVP_PKEY_free(author);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	tmpdir_release(&b.dir);
	return 0;
}

static int divert(int fd, const char *path)
{
	int saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(saved >= 0 && to >= 0 && dup2(to, fd) >= 0);
	(void)close(to);
	return saved;
}

static void put_back(int fd, int saved)
{
	assert_true(dup2(saved, fd) >= 0);
	(void)close(saved);
}

/* The verb on the report with these words more; both outputs in files. */
static int verify(const char *kind, const char *const *words)
{
	const char *argv[64] = {"verify", kind, "--at", AT};
	char options[ROLES][32];
	int argc = 4;
	for (size_t i = 0; i < ROLES; i++) {
		(void)snprintf(options[i], sizeof options[i], "--%s", roles[i]);
		argv[argc++] = options[i];
		argv[argc++] = b.evidence[i];
	}
	for (; *words != NULL; words++)
		argv[argc++] = *words;
	(void)fflush(NULL);
	int out = divert(STDOUT_FILENO, b.out), err_fd = divert(STDERR_FILENO, b.err);
	int code = cof_cmd_verify(argc, (char **)(uintptr_t)argv);
	(void)fflush(NULL);
	put_back(STDOUT_FILENO, out);
	put_back(STDERR_FILENO, err_fd);
	return code;
}

#define VERIFY(kind, ...) verify(kind, (const char *const[]){__VA_ARGS__, NULL})

static void assert_says(const char *path, const char *want)
{
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(path, 1 << 20, &text, &err));
	if (strstr(cof_buf_str(&text), want) == NULL)
		fail_msg("'%s' is not in: %s", want, cof_buf_str(&text));
}

static void a_match(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("snp-report", "--ref", b.right, "--ref-key", b.pem), 0);
	assert_says(b.out, "snp-report: accepted");
	assert_says(b.out, "reference values: match, entry '0.1.0/default' of 'guest/snp', by 'key ");
	assert_says(b.out, "ok      reference-reported-tcb");
	assert_int_equal(VERIFY("snp-report", "--ref", b.wrong, "--ref", b.right, "--ref-key", b.jwk), 0);
	assert_int_equal(VERIFY("snp-report", "--ref-unsigned", b.doc), 0);
	assert_int_equal(VERIFY("corim-appraisal", "--corim", b.right, "--key", b.jwk), 0);
}

static void t007_no_match_is_a_no(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("snp-report", "--ref", b.wrong, "--ref-key", b.pem), 1);
	assert_says(b.out, "snp-report: REFUSED");
	assert_says(b.out, "FAILED  reference-mismatch");
	assert_says(b.out, "snp is too low");
	assert_says(b.err, "coffer: reference-mismatch: nearest is '0.1.0/default': measurement, expected 2323");
	assert_int_equal(VERIFY("corim-appraisal", "--corim", b.wrong, "--key", b.jwk), 1);
	assert_says(b.out, "corim-appraisal: NO MATCH (evidence and reference values are valid)");
	assert_says(b.out, "DIFFER  reported_tcb: at least bootloader 4, tee 0, snp 25, microcode 219");
	assert_says(b.err, "coffer: reference-mismatch: nearest is");
	assert_int_equal(VERIFY("corim-appraisal", "--corim", b.wrong, "--key", b.jwk, "--json"), 1);
	COF_AUTO_PTR(json_t) j = NULL;
	assert_ok(cof_json_read_file(b.out, 1 << 20, &j, &err));
	assert_string_equal(json_string_value(json_object_get(j, "verdict")), "valid");
	assert_string_equal(json_string_value(json_object_get(j, "appraisal")), "no-match");
	assert_string_equal(json_string_value(json_object_get(j, "reason")), "reference-mismatch");
}

static void t077_refusals_have_their_names(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("snp-report", "--ref", b.right, "--ref-key", b.authors), 1);
	assert_says(b.err, "coffer: reference-author: ");
	assert_int_equal(VERIFY("snp-report", "--ref", b.right), 1);
	assert_says(b.err, "coffer: cose-algorithm: ");
	assert_int_equal(VERIFY("snp-report", "--ref", b.doc, "--ref-key", b.pem), 1);
	assert_says(b.err, "coffer: reference-unsigned: ");
}

/* Nothing was judged. */
static void wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("snp-report", "--ref-key", b.pem), 2);
	assert_says(b.err, "role-missing");
	assert_int_equal(VERIFY("snp-report", "--ref", b.right, "--ref-key", b.doc), 2);
	assert_says(b.err, "authors-malformed");
	assert_int_equal(VERIFY("snp-report", "--ref", b.right, "--ref-key", b.right), 2);
	assert_says(b.err, "bad-key");
	assert_int_equal(VERIFY("snp-report", "--root", b.right), 2); /* twice */
	assert_int_equal(VERIFY("snp-report-parse", "--ref", b.right), 2);
}

static void help_says_so(void **state)
{
	(void)state;
	assert_int_equal(VERIFY("snp-report", "--help"), 0);
	assert_says(b.out, "--ref-unsigned FILE");
	assert_int_equal(VERIFY("snp-report", "--list"), 0);
	assert_says(b.out, "[--ref FILE]... [--ref-unsigned FILE]... [--ref-key FILE]...");
	assert_true(cof_role_is_reference("ref") && cof_role_is_reference("ref_key"));
	assert_false(cof_role_is_reference("report"));
	assert_false(cof_role_is_reference("reference"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t007_no_match_is_a_no),
		cmocka_unit_test(t077_refusals_have_their_names),
		cmocka_unit_test(a_match),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(help_says_so),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
