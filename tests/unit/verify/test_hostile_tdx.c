/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, lists and JSON of Intel's forms that nobody writes, signed well all the same; and other signatures. */
#include "tests/unit/verify/mutate_tdx.h"

#include "attestation/verify/tdx_tcbinfo.h"
#include "tests/unit/verify/der_edit.h"

/* Refused by whichever check sees it first. */
#define ANY "any"

/* check: as of refused_by, or ANY; NULL: nothing is wrong */
typedef struct odd {
	const char *label;
	edit_part part;
	const char *check;
} odd;

static void assert_odd(const soft_tdx *t, const char *label, const char *check)
{
	COF_AUTO_PTR(walk_verdict) r = judge(t, NULL);
	bool any = check != NULL && strcmp(check, ANY) == 0;
	bool fits = any ? !r->accepted : check == NULL ? r->accepted : refused_by(r, check);
	if (fits)
		return;
	print_error("%s: wanted %s\n", label, check == NULL ? "none" : check);
	print_failures(r);
	fail();
}

static void sign_p256(EVP_PKEY *by, cof_span tbs, cof_buf *ret)
{
	uint8_t sig[160];
	size_t n = sizeof sig;
	EVP_MD_CTX *m = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(m, NULL, EVP_sha256(), NULL, by), 1);
	assert_int_equal(EVP_DigestSign(m, sig, &n, tbs.data, tbs.len), 1);
	assert_ok(cof_buf_add(ret, sig, n, &err));
	EVP_MD_CTX_free(m);
}

/* ---- the PCK's CA ---- */

static void put_pem(const cof_buf *der, cof_buf *ret)
{
	char *text = NULL;
	BIO *b = BIO_new(BIO_s_mem());
	assert_true(PEM_write_bio(b, "CERTIFICATE", "", der->data, (long)der->len) > 0);
	long n = BIO_get_mem_data(b, &text);
	assert_ok(cof_buf_add(ret, text, (size_t)n, &err));
	BIO_free(b);
}

/* The chain once more, with these bytes in the middle. */
static void chain_with(soft_tdx *t, const cof_buf *ca)
{
	t->chain.len = t->quote.len = 0;
	soft_put_pem(t->x509[SOFT_PCK], &t->chain);
	put_pem(ca, &t->chain);
	soft_put_pem(t->x509[SOFT_ROOT], &t->chain);
	soft_put_quote(t);
}

/* Children of what is signed. */
enum { VERSION, SERIAL, ALG, ISSUER, VALIDITY, SUBJECT, SPKI, EXTENSIONS, BEHIND };
#define FROM "3237303131353037303030305a" /* 270115070000Z */
#define TO "3237303131353039303030305a"

static const odd certificates[] = {
	{"as it was", {VERSION, "a003020102", false}, NULL},
	{"version 1 by leaving it out", {VERSION, "", false}, ANY},
	{"version 2", {VERSION, "a003020101", false}, ANY},
	{"version 4", {VERSION, "a003020103", false}, ANY},
	{"version twice", {VERSION, "a003020102a003020102", false}, "certificate-malformed+"},
	{"no serial", {SERIAL, "", false}, "certificate-malformed+"},
	{"serial twice", {SERIAL, "020101020101", false}, "certificate-malformed+"},
	{"serial below zero", {SERIAL, "0201ff", false}, "certificate-malformed+"},
	{"serial longer than it is", {SERIAL, "02020001", false}, "certificate-malformed+"},
	{"a length longer than it is", {SERIAL, "02810101", false}, "certificate-malformed+"},
	{"version without an end", {VERSION, "a0800201020000", false}, "certificate-malformed+"},
	{"serial of no bytes", {SERIAL, "0200", false}, "certificate-malformed+"},
	{"an algorithm inside that is not the one outside", {ALG, "300a06082a8648ce3d040303", false}, ANY},
	{"times", {VALIDITY, "301e170d" FROM "170d" TO, false}, NULL},
	{"one time", {VALIDITY, "300f170d" FROM, false}, "certificate-malformed+"},
	{"a month of 13", {VALIDITY, "301e170d3237313331353037303030305a170d" TO, false}, ANY},
	{"a time without Z", {VALIDITY, "301d170c323730313135303730303030170d" TO, false}, ANY},
	{"no key", {SPKI, "", false}, "certificate-malformed+"},
	{"a key of nothing", {SPKI, "3000", false}, ANY},
	{"no extensions", {EXTENSIONS, "", false}, ANY},
	{"extensions twice", {EXTENSIONS, "a3023000", true}, "certificate-malformed+"},
	{"extensions that are none", {EXTENSIONS, "a3020500", false}, ANY},
	{"something behind", {BEHIND, "0500", false}, "certificate-malformed+"},
};

static void odd_certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(certificates); i++) {
		COF_AUTO(soft_tdx) t;
		COF_AUTO(cof_buf) ca = {0};
		uint8_t *der = NULL;
		soft_start(&t, &keys);
		soft_finish(&t);
		int n = i2d_X509(t.x509[SOFT_CA], &der);
		assert_ok(cof_buf_add(&ca, der, (size_t)n, &err));
		OPENSSL_free(der);
		edit_signed(&ca, &certificates[i].part, t.keys[SOFT_ROOT], sign_p256);
		chain_with(&t, &ca);
		assert_odd(&t, certificates[i].label, certificates[i].check);
	}
}

/* ---- its list ---- */

enum { L_VERSION, L_ALG, L_ISSUER, L_THIS, L_NEXT, L_ENTRIES, L_EXTENSIONS, L_BEHIND };

#define ENTRY_3 "020103170d" FROM
#define TAKEN_BACK "300c300a0603551d1504030a0108" /* reason: removeFromCRL */

static const odd lists[] = {
	{"as it was", {L_VERSION, "020101", false}, NULL},
	{"version 3", {L_VERSION, "020102", false}, ANY},
	{"another algorithm inside", {L_ALG, "300a06082a8648ce3d040303", false}, ANY},
	{"version longer than it is", {L_VERSION, "02020001", false}, "pck-crl-malformed"},
	{"no issuer", {L_ISSUER, "", false}, "pck-crl-malformed"},
	{"no date", {L_THIS, "", false}, ANY},
	{"a date of no kind", {L_THIS, "0c0130", false}, "pck-crl-malformed"},
	{"no next date", {L_NEXT, "", false}, ANY},
	{"no entries", {L_ENTRIES, "", false}, NULL},
	{"the PCK", {L_ENTRIES, "30143012" ENTRY_3, false}, "pck-revoked"},
	{"the PCK, taken back", {L_ENTRIES, "30223020" ENTRY_3 TAKEN_BACK, false}, "pck-revoked"},
	{"the PCK behind others", {L_ENTRIES, "30283012020106170d" FROM "3012" ENTRY_3, false}, "pck-revoked"},
	{"an entry without a serial", {L_ENTRIES, "3011300f170d" FROM, false}, "pck-crl-malformed"},
	{"extensions twice", {L_EXTENSIONS, "a0023000", true}, ANY},
	{"something behind", {L_BEHIND, "0500", false}, "pck-crl-malformed"},
};

static void odd_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(lists); i++) {
		COF_AUTO(soft_tdx) t;
		soft_start(&t, &keys);
		soft_finish(&t);
		edit_signed(&t.pck_crl_der, &lists[i].part, t.keys[SOFT_CA], sign_p256);
		assert_odd(&t, lists[i].label, lists[i].check);
	}
}

/* ---- JSON ---- */

static const mutation texts[] = {
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":11.0"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":1e1"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":011"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":18446744073709551627"),
	TEXT("tcb-info-format", in_info, "\"pcesvn\":11", "\"pcesvn\":true"),
	TEXT("tcb-info-format", in_info, "\"tcbType\":0", "\"tcbType\":-0.0"),
	TEXT("tcb-info-format", in_info, "00806F050000", "00806F0500"),
	TEXT("tcb-info-format", in_info, "00806F050000", "00806F050000\\u0000"),
	TEXT("tcb-info-format", in_info, "00806F050000", "00806F05000g"),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\",\"x\":\"\\ud800\","),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\",\"x\":NaN,"),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\",\"x\":[1,],"),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\",/**/"),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\",\"\\u0069d\":\"TDX\","),
	TEXT("tcb-info-format", in_info, "\"UpToDate\",\"adv", "\"UpToDate\\u0000\",\"adv"),
	TEXT("tcb-info-format", in_info, "\"TDX\",", "\"TDX\\u0000\","),
	TEXT("qe-identity-format", in_identity, "\"isvprodid\":2", "\"isvprodid\":2.0"),
	TEXT("qe-identity-format", in_identity, "\"isvsvn\":4", "\"isvsvn\":65536"),
	TEXT("qe-identity-id", in_identity, "\"TD_QE\"", "\"TD_QE \""),
	TEXT("signed-json-malformed", in_signed_info, "{\"tcbInfo\"", "\xef\xbb\xbf{\"tcbInfo\""),
};

static void odd_json(void **state)
{
	(void)state;
	assert_mutations(texts, COF_COUNT(texts));
}

/* What is before `at` in text, n copies of item with commas between, and the rest. */
static void repeated(cof_buf *text, const char *at, const char *item, size_t n)
{
	COF_AUTO(cof_buf) to = {0};
	soft_add(&to, at);
	for (size_t i = 0; i < n; i++)
		assert_ok(cof_buf_printf(&to, &err, "%s,", item));
	soft_replace(text, at, cof_buf_str(&to));
}

#define SVN_LEVEL "{\"tcb\":{\"isvsvn\":9},\"tcbDate\":\"2026-12-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}"

/* A list may have so many members and no more; one that has them all is judged like any. */
static void t079_more_than_there_is_room_for(void **state)
{
	(void)state;
	static const struct {
		const char *at, *item;
		size_t room; /* beside those that are there */
		bool in_identity;
	} cases[] = {
		{"\"isvprodid\":2,\"tcbLevels\":[", SVN_LEVEL, COF_TDX_SVN_LEVELS_MAX - 3, true},
		{SOFT_SIGNER ",\"tcbLevels\":[", SVN_LEVEL, COF_TDX_SVN_LEVELS_MAX - 3, false},
		{"\"advisoryIDs\":[", "\"A\"", COF_TDX_ADVISORIES_MAX - 2, false},
	};
	for (size_t i = 0; i < COF_COUNT(cases); i++) {
		for (size_t more = 0; more < 2; more++) {
			COF_AUTO(soft_tdx) t;
			soft_start(&t, &keys);
			cof_buf *text = cases[i].in_identity ? &t.identity : &t.info;
			const char *check = cases[i].in_identity ? "qe-identity-format" : "tcb-info-format";
			repeated(text, cases[i].at, cases[i].item, cases[i].room + more);
			soft_finish(&t);
			assert_odd(&t, cases[i].at, more == 1 ? check : NULL);
		}
	}
}

/* Levels and modules need text of their own: no two modules are the same. */
static void t079_levels_and_modules(void **state)
{
	(void)state;
	for (size_t more = 0; more < 2; more++) {
		COF_AUTO(soft_tdx) levels;
		COF_AUTO(soft_tdx) modules;
		COF_AUTO(cof_buf) level = {0};
		COF_AUTO(cof_buf) list = {0};
		static const uint8_t high[4] = {200, 200, 200, 200};
		soft_start(&levels, &keys);
		soft_put_level(&level, high, 200, high, "UpToDate");
		repeated(&levels.info, "}]}],\"tcbLevels\":[", cof_buf_str(&level), COF_TDX_LEVELS_MAX - 3 + more);
		soft_finish(&levels);
		assert_odd(&levels, "levels", more == 1 ? "tcb-info-format" : NULL);
		soft_start(&modules, &keys);
		soft_add(&list, "\"tdxModuleIdentities\":[");
		for (unsigned i = 0; i < COF_TDX_MODULES_MAX - 1 + more; i++)
			assert_ok(cof_buf_printf(&list, &err,
						 "{\"id\":\"TDX_%02x\"," SOFT_SIGNER ",\"tcbLevels\":[" SVN_LEVEL "]},",
						 16 + i));
		soft_replace(&modules.info, "\"tdxModuleIdentities\":[", cof_buf_str(&list));
		soft_finish(&modules);
		assert_odd(&modules, "modules", more == 1 ? "tcb-info-format" : NULL);
	}
}

/* ---- signatures ---- */

#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

static void mirror(uint8_t s[32])
{
	BIGNUM *n = NULL, *v = BN_bin2bn(s, 32, NULL);
	assert_true(BN_hex2bn(&n, ORDER) > 0 && BN_sub(v, n, v) == 1 && BN_bn2binpad(v, s, 32) == 32);
	BN_free(n);
	BN_free(v);
}

/* Whoever has a signature can write its other half: (R, order less S). Nothing depends on which it is. */
static void t064_either_half_of_a_signature(void **state)
{
	(void)state;
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	COF_AUTO_PTR(walk_verdict) one = judge(&t, NULL);
	mirror(t.quote.data + AT_SIG + 32);
	mirror(t.quote.data + AT_QE_SIG + 32);
	COF_AUTO_PTR(walk_verdict) other = judge(&t, NULL);
	assert_true(one->accepted && other->accepted);
	assert_int_equal(one->checks.n, other->checks.n);
	assert_memory_equal(one->checks.list, other->checks.list, one->checks.n * sizeof one->checks.list[0]);
	assert_true(json_equal(json_object_get(one->fields, "tcb"), json_object_get(other->fields, "tcb")));
}

/* Zero, the order, and more than it, as R and as S of both signatures. */
static void numbers_out_of_range(void **state)
{
	(void)state;
	static const char *const numbers[] = {"0000000000000000000000000000000000000000000000000000000000000000", ORDER,
					      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552",
					      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
	static const struct {
		size_t at;
		const char *check;
	} places[] = {{AT_SIG, "quote-signature"},
		      {AT_SIG + 32, "quote-signature"},
		      {AT_QE_SIG, "qe-report-signature"},
		      {AT_QE_SIG + 32, "qe-report-signature"}};
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t p = 0; p < COF_COUNT(places); p++) {
		uint8_t was[32];
		memcpy(was, t.quote.data + places[p].at, sizeof was);
		for (size_t i = 0; i < COF_COUNT(numbers); i++) {
			assert_ok(cof_unhex(numbers[i], t.quote.data + places[p].at, sizeof was, &err));
			assert_odd(&t, numbers[i], places[p].check);
		}
		memcpy(t.quote.data + places[p].at, was, sizeof was);
	}
	assert_accepted(&t, NULL);
}

/* The point at infinity, points of no curve, and coordinates past the field: no key. */
static void keys_that_are_no_points(void **state)
{
	(void)state;
	static const char *const halves[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", /* the field's prime */
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
	COF_AUTO(soft_tdx) t;
	soft_start(&t, &keys);
	soft_finish(&t);
	for (size_t i = 0; i < COF_COUNT(halves); i++) {
		for (size_t both = 0; both < 2; both++) {
			uint8_t was[64];
			memcpy(was, t.quote.data + AT_KEY, sizeof was);
			assert_ok(cof_unhex(halves[i], t.quote.data + AT_KEY, 32, &err));
			if (both == 1)
				assert_ok(cof_unhex(halves[i], t.quote.data + AT_KEY + 32, 32, &err));
			assert_odd(&t, halves[i], "attestation-key+");
			memcpy(t.quote.data + AT_KEY, was, sizeof was);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_certificates),
		cmocka_unit_test(odd_lists),
		cmocka_unit_test(odd_json),
		cmocka_unit_test(t079_more_than_there_is_room_for),
		cmocka_unit_test(t079_levels_and_modules),
		cmocka_unit_test(t064_either_half_of_a_signature),
		cmocka_unit_test(numbers_out_of_range),
		cmocka_unit_test(keys_that_are_no_points),
	};
	return cmocka_run_group_tests(tests, judge_setup, judge_teardown);
}
