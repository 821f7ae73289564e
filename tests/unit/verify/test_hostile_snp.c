/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and lists of AMD's profile that no library writes, signed well all the same; and other signatures. */
#include "tests/unit/verify/judge_snp.h"

#include "tests/unit/verify/der_edit.h"

enum { REPORT, A_VEK, MIDDLE, A_ROOT, CRL };
/* Children of what is signed. */
enum { VERSION, SERIAL, ALG, ISSUER, VALIDITY, SUBJECT, SPKI, EXTENSIONS, BEHIND };

static void sign_pss(EVP_PKEY *by, cof_span tbs, cof_buf *ret)
{
	uint8_t sig[512];
	size_t n = sizeof sig;
	EVP_MD_CTX *m = soft_signer(by, "SHA384", "SHA384", 48);
	assert_int_equal(EVP_DigestSign(m, sig, &n, tbs.data, tbs.len), 1);
	assert_ok(cof_buf_add(ret, sig, n, &err));
	EVP_MD_CTX_free(m);
}

/* check: as of soft_is_refused_by, or ANY */
typedef struct odd {
	const char *label;
	edit_part part;
	const char *check;
} odd;

/* Refused by whichever check sees it first. */
#define ANY "any"

static void judge_odd(const soft_snp *s, const odd *o)
{
	static cof_verdict v;
	soft_verify(s, &v);
	bool any = o->check != NULL && strcmp(o->check, ANY) == 0;
	bool fits = any ? !v.accepted : soft_is_refused_by(&v, o->check);
	if (!fits)
		soft_print_failed(o->label, &v.checks, o->check);
	cof_verdict_release(&v);
	assert_true(fits);
}

#define TIME(a, b) "301e170d" a "170d" b
#define FROM "3237303131353037303030305a" /* 270115070000Z */
#define TO "3237303131353039303030305a"

static const odd certificates[] = {
	{"as it was", {VERSION, "a003020102", false}, NULL},
	{"version 1 by leaving it out", {VERSION, "", false}, "intermediate-certificate"},
	{"version 2", {VERSION, "a003020101", false}, "intermediate-certificate"},
	{"version 4", {VERSION, "a003020103", false}, "intermediate-certificate"},
	{"version 258", {VERSION, "a00402020102", false}, "intermediate-certificate"},
	{"version negative", {VERSION, "a0030201fe", false}, "intermediate-certificate"},
	{"version twice", {VERSION, "a003020102a003020102", false}, "intermediate-certificate"},
	{"no serial", {SERIAL, "", false}, "intermediate-certificate"},
	{"serial twice", {SERIAL, "020101020101", false}, "intermediate-certificate"},
	{"serial of no bytes", {SERIAL, "0200", false}, "intermediate-certificate"},
	{"serial below zero", {SERIAL, "0201ff", false}, "intermediate-certificate"},
	{"serial longer than it is", {SERIAL, "02020001", false}, "intermediate-certificate"},
	{"a length longer than it is", {SERIAL, "02810101", false}, "intermediate-certificate"},
	{"version without an end", {VERSION, "a0800201020000", false}, "intermediate-certificate"},
	{"serial as text", {SERIAL, "0c0101", false}, "intermediate-certificate"},
	{"an algorithm inside that is not the one outside",
	 {ALG, "300a06082a8648ce3d040303", false},
	 "intermediate-algorithm+"},
	{"times", {VALIDITY, TIME(FROM, TO), false}, NULL},
	{"one time", {VALIDITY, "300f170d" FROM, false}, "intermediate-certificate"},
	{"no months of 13", {VALIDITY, TIME("3237313331353037303030305a", TO), false}, ANY},
	{"a time without Z", {VALIDITY, "301d170c323730313135303730303030170d" TO, false}, ANY},
	{"no key", {SPKI, "", false}, "intermediate-certificate"},
	{"a key of nothing", {SPKI, "3000", false}, ANY},
	{"a unique identifier", {EXTENSIONS, "810200ff", true}, "intermediate-certificate"},
	{"no extensions", {EXTENSIONS, "", false}, "intermediate-authority"},
	{"extensions twice", {EXTENSIONS, "a3023000", true}, "intermediate-certificate"},
	{"extensions that are none", {EXTENSIONS, "a3020500", false}, ANY},
	{"something behind", {BEHIND, "0500", false}, "intermediate-certificate"},
	{"two zeros behind", {BEHIND, "0000", false}, "intermediate-certificate"},
};

static void odd_files(const odd *list, size_t n, size_t role)
{
	static soft_snp s; /* too large for a frame */
	for (size_t i = 0; i < n; i++) {
		s = soft_snp_good(&keys);
		s.crl.given = true;
		s.crl.revoked = 0x77;
		s.crl.ext = "2.5.29.20";
		s.crl.value = "DER:020107";
		s.vek.serial = 5;
		soft_make(&s);
		edit_signed(&s.made[role], &list[i].part, keys.ark, sign_pss);
		judge_odd(&s, &list[i]);
		soft_drop(&s);
	}
}

static void odd_intermediates(void **state)
{
	(void)state;
	odd_files(certificates, COF_COUNT(certificates), MIDDLE);
}

/* Children of a list's signed half; an entry has a serial, a date, and may have extensions. */
enum { L_VERSION, L_ALG, L_ISSUER, L_THIS, L_NEXT, L_ENTRIES, L_EXTENSIONS, L_BEHIND };

#define ENTRY_5 "020105170d" FROM
#define TAKEN_BACK "300c300a0603551d1504030a0108" /* reason: removeFromCRL */

static const odd lists[] = {
	{"as it was", {L_VERSION, "020101", false}, NULL},
	{"version 1 by leaving it out", {L_VERSION, "", false}, "crl"},
	{"version 1", {L_VERSION, "020100", false}, "crl"},
	{"version 3", {L_VERSION, "020102", false}, "crl"},
	{"another algorithm inside", {L_ALG, "300a06082a8648ce3d040303", false}, ANY},
	{"version longer than it is", {L_VERSION, "02020001", false}, "crl"},
	{"no issuer", {L_ISSUER, "", false}, "crl"},
	{"no date", {L_THIS, "", false}, ANY},
	{"a date of no kind", {L_THIS, "0c0130", false}, "crl"},
	{"no next date", {L_NEXT, "", false}, ANY},
	{"no entries", {L_ENTRIES, "", false}, NULL},
	{"the VEK", {L_ENTRIES, "30143012" ENTRY_5, false}, "vek-revoked"},
	{"the VEK, taken back", {L_ENTRIES, "30223020" ENTRY_5 TAKEN_BACK, false}, "vek-revoked"},
	{"the VEK behind others", {L_ENTRIES, "30283012020106170d" FROM "3012" ENTRY_5, false}, "vek-revoked"},
	{"an entry without a serial", {L_ENTRIES, "3011300f170d" FROM, false}, "crl"},
	{"extensions twice", {L_EXTENSIONS, "a0023000", true}, ANY},
	{"something behind", {L_BEHIND, "0500", false}, "crl"},
};

static void odd_lists(void **state)
{
	(void)state;
	odd_files(lists, COF_COUNT(lists), CRL);
}

/* ---- signatures ---- */

/* The order less S, in place. */
static void mirror(uint8_t s[48])
{
	static const char order[] =
		"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
	uint8_t be[48];
	BIGNUM *n = NULL, *v = BN_lebin2bn(s, 48, NULL);
	assert_true(BN_hex2bn(&n, order) > 0 && BN_sub(v, n, v) == 1 && BN_bn2binpad(v, be, 48) == 48);
	for (size_t i = 0; i < 48; i++)
		s[i] = be[47 - i];
	BN_free(n);
	BN_free(v);
}

/*
 * Whoever has a signature can write the other half of it: (R, order less S) holds wherever (R, S) does, and firmware
 * writes either. So nothing may depend on which it is, and nothing does: the checks are the same.
 */
static void t064_either_half_of_a_signature(void **state)
{
	(void)state;
	static soft_snp s;
	static cof_verdict one, other;
	s = soft_snp_good(&keys);
	soft_make(&s);
	soft_verify(&s, &one);
	mirror(s.made[REPORT].data + 0x2e8);
	soft_verify(&s, &other);
	assert_true(one.accepted && other.accepted);
	assert_int_equal(one.checks.n, other.checks.n);
	assert_memory_equal(one.checks.list, other.checks.list, one.checks.n * sizeof one.checks.list[0]);
	cof_verdict_release(&one);
	cof_verdict_release(&other);
	soft_drop(&s);
}

/* R and S of one report are no signature of another, nor in each other's place. */
static void signatures_of_something_else(void **state)
{
	(void)state;
	static soft_snp s;
	const odd swapped = {.label = "R and S swapped", .check = "report-signature"};
	const odd moved = {.label = "another report's", .check = "report-signature"};
	uint8_t r[72], both[144];
	s = soft_snp_good(&keys);
	soft_make(&s);
	uint8_t *sig = s.made[REPORT].data + 0x2a0;
	memcpy(both, sig, sizeof both);
	memcpy(r, sig, sizeof r);
	memmove(sig, sig + 72, 72);
	memcpy(sig + 72, r, sizeof r);
	judge_odd(&s, &swapped);
	soft_drop(&s);
	s = soft_snp_good(&keys);
	soft_put(s.report, 4, 3, 4);
	soft_make(&s);
	memcpy(s.made[REPORT].data + 0x2a0, both, sizeof both);
	judge_odd(&s, &moved);
	soft_drop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_intermediates),
		cmocka_unit_test(odd_lists),
		cmocka_unit_test(t064_either_half_of_a_signature),
		cmocka_unit_test(signatures_of_something_else),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
