/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/judge_snp.h"

#include "common/hex.h"
#include "tests/unit/verify/ark_milan.h"

/* ---- extensions of the VEK ---- */

typedef struct edit {
	const char *label;
	const char *from, *to; /* in the VEK's extensions */
	const char *check;
} edit;

#define LINE(name, value) SOFT_ARC name "=DER:" value "\n"

static const edit edits[] = {
	{"no structure version", LINE("1", "020100"), "", "vek-extension-missing"},
	{"structure version 1", LINE("1", "020100"), LINE("1", "020101"), "vek-extension-value"},
	{"no product", LINE("2", "16084D696C616E2D4230"), "", "vek-extension-missing"},
	{"Genoa", LINE("2", "16084D696C616E2D4230"), LINE("2", "160547656E6F61"), "vek-product"},
	{"no product that we know", LINE("2", "16084D696C616E2D4230"), LINE("2", "16054D696C616D"), "vek-product"},
	{"a longer name", LINE("2", "16084D696C616E2D4230"), LINE("2", "16064D696C616E58"), "vek-product"},
	{"UTF8String", LINE("2", "16084D696C616E2D4230"), LINE("2", "0C084D696C616E2D4230"), "vek-extension-value"},
	{"long form", LINE("2", "16084D696C616E2D4230"), LINE("2", "1681084D696C616E2D4230"), "vek-extension-value"},
	{"text cut", LINE("2", "16084D696C616E2D4230"), LINE("2", "16084D696C616E2D42"), "vek-extension-value"},
	{"text empty", LINE("2", "16084D696C616E2D4230"), LINE("2", "1600"), "vek-extension-value"},
	{"a control character", LINE("2", "16084D696C616E2D4230"), LINE("2", "16084D696C616E2D4200"),
	 "vek-extension-value"},
	{"no boot loader", LINE("3.1", "020104"), "", "vek-extension-missing"},
	{"no TEE", LINE("3.2", "020100"), "", "vek-extension-missing"},
	{"no SNP", LINE("3.3", "020118"), "", "vek-extension-missing"},
	{"no reserved part 4", LINE("3.4", "020100"), "", "vek-extension-missing"},
	{"no reserved part 7", LINE("3.7", "020100"), "", "vek-extension-missing"},
	{"no microcode", LINE("3.8", "020200DB"), "", "vek-extension-missing"},
	{"no hardware id", SOFT_ARC "4=DER:" SOFT_HWID64 "\n", SOFT_ARC "9=DER:0500\n", "vek-extension-unknown"},
	{"an unknown part", LINE("3.7", "020100"), LINE("3.7", "020100") LINE("3.10", "020100"),
	 "vek-extension-unknown"},
	{"FMC on Milan", LINE("3.7", "020100"), LINE("3.7", "020100") LINE("3.9", "020100"), "vek-extension-unknown"},
	{"a provider in a VCEK", LINE("3.7", "020100"), LINE("3.7", "020100") LINE("5", "160141"),
	 "vek-extension-unknown"},
	{"boot loader 3", LINE("3.1", "020104"), LINE("3.1", "020103"), "tcb-not-certified"},
	{"TEE 1", LINE("3.2", "020100"), LINE("3.2", "020101"), "tcb-not-certified"},
	{"SNP 25", LINE("3.3", "020118"), LINE("3.3", "020119"), "tcb-not-certified"},
	{"microcode 220", LINE("3.8", "020200DB"), LINE("3.8", "020200DC"), "tcb-not-certified"},
	{"reserved part 5", LINE("3.5", "020100"), LINE("3.5", "020101"), "vek-extension-value"},
	{"negative", LINE("3.8", "020200DB"), LINE("3.8", "0201DB"), "vek-extension-value"},
	{"padded integer", LINE("3.1", "020104"), LINE("3.1", "02020004"), "vek-extension-value"},
	{"long-form length", LINE("3.1", "020104"), LINE("3.1", "02810104"), "vek-extension-value"},
	{"256", LINE("3.8", "020200DB"), LINE("3.8", "02020100"), "vek-extension-value"},
	{"trailing byte", LINE("3.1", "020104"), LINE("3.1", "02010400"), "vek-extension-value"},
	{"not an integer", LINE("3.1", "020104"), LINE("3.1", "040104"), "vek-extension-value"},
	{"empty integer", LINE("3.1", "020104"), LINE("3.1", "0200"), "vek-extension-value"},
	{"hardware id of 63 bytes", SOFT_ARC "4=DER:02", SOFT_ARC "4=DER:", "vek-hwid-size"},
	{"hardware id of 8 bytes", SOFT_ARC "4=DER:" SOFT_HWID64, SOFT_ARC "4=DER:" SOFT_HWID8, "vek-hwid-size"},
	{"hardware id of 65 bytes", SOFT_ARC "4=DER:", SOFT_ARC "4=DER:00", "vek-hwid-size"},
	{"two bytes that are no header", SOFT_ARC "4=DER:", SOFT_ARC "4=DER:0540", "vek-extension-value"},
	{"header of another length", SOFT_ARC "4=DER:", SOFT_ARC "4=DER:043F", "vek-extension-value"},
	{"as DER", SOFT_ARC "4=DER:", SOFT_ARC "4=DER:0440", NULL},
	{"another chip", SOFT_ARC "4=DER:02", SOFT_ARC "4=DER:03", "chip-id"},
	{"an extension that is not AMD's", "[x]\n", "[x]\n1.3.6.1.4.1.3705.1=DER:0500\n", NULL},
	{"critical and unknown", "[x]\n", "[x]\n1.3.6.1.4.1.3705.1=critical,DER:0500\n", "vek-extensions"},
	{"critical and AMD's", SOFT_ARC "1=DER:020100", SOFT_ARC "1=critical,DER:020100", "vek-extensions"},
	{"an authority", "[x]\n", "[x]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n",
	 "vek-authority"},
	{"an authority that may not sign", "[x]\n", "[x]\nbasicConstraints=CA:TRUE\n", "vek-authority"},
	{"said to be no authority", "[x]\n", "[x]\nbasicConstraints=critical,CA:FALSE\n", NULL},
	{"for signatures", "[x]\n", "[x]\nkeyUsage=critical,digitalSignature\n", NULL},
	{"for certificates too", "[x]\n", "[x]\nkeyUsage=critical,digitalSignature,keyCertSign\n", "vek-authority"},
	{"constraints that do not read", "[x]\n", "[x]\n2.5.29.19=critical,DER:04\n", "vek-authority"},
	{"constraints with more behind", "[x]\n", "[x]\n2.5.29.19=critical,DER:300000\n", "vek-authority"},
	{"no digital signature", "[x]\n", "[x]\nkeyUsage=critical,keyAgreement\n", "vek-authority"},
};

static void extensions_of_a_vcek(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(edits); i++) {
		soft_snp s = soft_snp_good(&keys);
		soft_edit(s.vek.ext, edits[i].from, edits[i].to);
		assert_soft(&s, edits[i].label, edits[i].check);
	}
}

static const edit turin_edits[] = {
	{"no FMC", LINE("3.9", "020101"), "", "vek-extension-missing"},
	{"structure version 0", LINE("1", "020101"), LINE("1", "020100"), "vek-extension-value"},
	{"reserved part 4", LINE("3.7", "020100"), LINE("3.7", "020100") LINE("3.4", "020100"),
	 "vek-extension-unknown"},
	{"FMC 2", LINE("3.9", "020101"), LINE("3.9", "020102"), "tcb-not-certified"},
	{"hardware id of 64 bytes", SOFT_ARC "4=DER:" SOFT_HWID8, SOFT_ARC "4=DER:" SOFT_HWID64, "vek-hwid-size"},
	{"as DER", SOFT_ARC "4=DER:", SOFT_ARC "4=DER:0408", NULL},
	{"begins like DER", SOFT_ARC "4=DER:0201030405060708", SOFT_ARC "4=DER:0406030405060708", "chip-id"},
};

static const edit vlek_edits[] = {
	{"no provider", LINE("5", "1603434E3D"), "", "vek-extension-missing"},
	{"an empty provider", LINE("5", "1603434E3D"), LINE("5", "1600"), "vek-extension-value"},
	{"a hardware id too", LINE("5", "1603434E3D"), LINE("5", "1603434E3D") LINE("4", SOFT_HWID64),
	 "vek-extension-unknown"},
	{"SNP 25", LINE("3.3", "020118"), LINE("3.3", "020119"), "tcb-not-certified"},
};

static void extensions_elsewhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(turin_edits); i++) {
		soft_snp s = soft_snp_good(&keys);
		soft_make_turin(&s);
		soft_edit(s.vek.ext, turin_edits[i].from, turin_edits[i].to);
		assert_soft(&s, turin_edits[i].label, turin_edits[i].check);
	}
	for (size_t i = 0; i < COF_COUNT(vlek_edits); i++) {
		soft_snp s = soft_snp_good(&keys);
		soft_make_vlek(&s);
		soft_edit(s.vek.ext, vlek_edits[i].from, vlek_edits[i].to);
		assert_soft(&s, vlek_edits[i].label, vlek_edits[i].check);
	}
}

/* The check of this name; fails the test when there is none. */
static cof_check check_of(const soft_snp *s, const char *name)
{
	static cof_verdict v;
	cof_check got = {0};
	soft_verify(s, &v);
	for (size_t i = 0; i < v.checks.n; i++) {
		if (strcmp(v.checks.list[i].name, name) == 0)
			got = v.checks.list[i];
	}
	cof_verdict_release(&v);
	assert_string_equal(got.name, name);
	return got;
}

/* Every one once: which of two would count is nobody's to guess. Said of any extension, and of AMD's once more. */
static void no_extension_twice(void **state)
{
	(void)state;
	for (int i = 1; i <= 11; i++) {
		soft_snp s = soft_snp_good(&keys);
		s.vek.repeat = i;
		soft_make(&s);
		assert_false(check_of(&s, "vek-extensions").passed);
		assert_false(check_of(&s, "vek-extension-repeated").passed);
		soft_drop(&s);
	}
}

/* ---- the root ---- */

static void all_of_genoa(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = "ARK-Genoa";
	s->middle.subject = s->vek.issuer = "SEV-Genoa";
}

/* Nobody here can sign with AMD's key, but a name can be put around it. */
static cof_check anchor_with(EVP_PKEY *key, bool genoa)
{
	soft_snp s = soft_snp_good(&keys);
	if (genoa)
		all_of_genoa(&s);
	s.root.key = key;
	soft_make(&s);
	assert_false(check_of(&s, "root-signature").passed);
	cof_check got = check_of(&s, "root-anchor");
	soft_drop(&s);
	return got;
}

static void t022_the_root_is_known_by_its_key(void **state)
{
	(void)state;
	uint8_t spki[ARK_MILAN_SPKI_LEN];
	const uint8_t *at = spki;
	assert_ok(cof_unhex(ARK_MILAN_SPKI, spki, sizeof spki, &err));
	EVP_PKEY *ark = d2i_PUBKEY(NULL, &at, sizeof spki);
	assert_non_null(ark);
	const cof_check right = anchor_with(ark, false);
	assert_true(right.passed);
	assert_string_equal(right.found, "AMD's ARK-Milan");
	assert_false(anchor_with(ark, true).passed);
	EVP_PKEY_free(ark);
}

/* ---- revocation ---- */

static const struct {
	const char *label;
	soft_crl crl; /* what differs from a good one */
	int by;	      /* 0: the root, 1: the intermediate */
	const char *check;
} lists[] = {
	{"a stranger to nobody", {.revoked = 0x77}, 0, NULL},
	{"intermediate", {.revoked = 0x10001}, 0, "intermediate-revoked"},
	{"VEK", {.revoked = 5}, 0, "vek-revoked"},
	{"expired", {.to = -1}, 0, "crl-validity"},
	{"not yet", {.from = 1}, 0, "crl-validity"},
	{"endless", {.endless = true}, 0, "crl-validity"},
	{"another issuer", {.issuer = "ARK-Genoa"}, 0, "crl-issuer"},
	{"another signer", {.issuer = NULL}, 1, "crl-signature"},
	{"SHA-256", {.hash = "SHA256"}, 0, "crl-signature"},
	{"a number", {.ext = "2.5.29.20", .value = "DER:020107"}, 0, NULL},
	{"of changes", {.ext = "2.5.29.27", .value = "critical,DER:020106"}, 0, "crl-extensions"},
	{"of some", {.ext = "2.5.29.28", .value = "critical,DER:30038101FF"}, 0, "crl-extensions"},
	{"of some, by the way", {.ext = "2.5.29.28", .value = "DER:30038101FF"}, 0, "crl-extensions"},
	{"unknown", {.ext = "1.3.6.1.4.1.3705.1", .value = "DER:0500"}, 0, "crl-extensions"},
	{"of version 1", {.version = -1}, 0, "crl"},
	{"no list", {.garbage = true}, 0, "crl"},
	{"bytes behind", {.trail = true}, 0, "crl"},
};

static void revocation_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(lists); i++) {
		const soft_crl *l = &lists[i].crl;
		soft_snp s = soft_snp_good(&keys);
		soft_crl base = s.crl;
		s.vek.serial = 5;
		s.crl = *l;
		s.crl.given = true;
		s.crl.issuer = l->issuer != NULL ? l->issuer : base.issuer;
		s.crl.by = lists[i].by == 1 ? keys.ask : base.by;
		s.crl.from = l->from != 0 ? l->from : base.from;
		s.crl.to = l->to != 0 ? l->to : base.to;
		s.crl.hash = l->hash != NULL ? l->hash : base.hash;
		s.crl.version = l->version < 0 ? 0 : base.version;
		assert_soft(&s, lists[i].label, lists[i].check);
	}
}

/* Who demands a list and is given none is told so. */
static void a_list_that_is_demanded(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	s.policy = "{\"require_crl\":true}";
	assert_soft(&s, "no list", "crl-missing");
	s.crl.given = true;
	assert_soft(&s, "a list", NULL);
}

static void a_root_that_may_not_revoke(void **state)
{
	(void)state;
	soft_snp s = soft_snp_good(&keys);
	s.crl.given = true;
	soft_edit(s.root.ext, ",cRLSign", "");
	assert_soft(&s, "without the usage", "crl-signature");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extensions_of_a_vcek),	   cmocka_unit_test(extensions_elsewhere),
		cmocka_unit_test(no_extension_twice),	   cmocka_unit_test(t022_the_root_is_known_by_its_key),
		cmocka_unit_test(revocation_lists),	   cmocka_unit_test(a_root_that_may_not_revoke),
		cmocka_unit_test(a_list_that_is_demanded),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
