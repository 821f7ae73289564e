/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/verify/soft_snp.h"

#include "attestation/verify/snp_certs.h"
#include "common/file.h"
#include "tests/unit/vectors.h"

static soft_keys keys;

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

/* The text of ext with one part replaced; it must be there. */
static void replace(char ext[SOFT_EXT_MAX], const char *from, const char *to)
{
	char old[SOFT_EXT_MAX];
	(void)snprintf(old, sizeof old, "%s", ext);
	const char *at = strstr(old, from);
	if (at == NULL)
		fail_msg("'%s' is not among the extensions", from);
	else
		(void)snprintf(ext, SOFT_EXT_MAX, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
}

static void extensions_of_a_vcek(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(edits); i++) {
		soft_snp s = soft_snp_good(&keys);
		replace(s.vek.ext, edits[i].from, edits[i].to);
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
		replace(s.vek.ext, turin_edits[i].from, turin_edits[i].to);
		assert_soft(&s, turin_edits[i].label, turin_edits[i].check);
	}
	for (size_t i = 0; i < COF_COUNT(vlek_edits); i++) {
		soft_snp s = soft_snp_good(&keys);
		soft_make_vlek(&s);
		replace(s.vek.ext, vlek_edits[i].from, vlek_edits[i].to);
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

/* ---- the profile ---- */

static void vek_not_yet(soft_snp *s)
{
	s->vek.from = 1;
}
static void vek_expired(soft_snp *s)
{
	s->vek.to = -1;
}
static void middle_not_yet(soft_snp *s)
{
	s->middle.from = 1;
}
static void middle_expired(soft_snp *s)
{
	s->middle.to = -1;
}
static void root_not_yet(soft_snp *s)
{
	s->root.from = 1;
}
static void root_expired(soft_snp *s)
{
	s->root.to = -1;
}
static void just_valid(soft_snp *s)
{
	s->vek.from = s->vek.to = s->middle.from = s->middle.to = s->root.from = s->root.to = 0;
}
static void vek_subject(soft_snp *s)
{
	s->vek.subject = "VCEK";
}
static void vek_organization(soft_snp *s)
{
	s->vek.organization = "Advanced Micro Device";
}
static void vek_issuer(soft_snp *s)
{
	s->vek.issuer = "SEV-Genoa";
}
static void middle_subject(soft_snp *s)
{
	s->middle.subject = s->vek.issuer = "SEV-Genoa";
}
static void middle_issuer(soft_snp *s)
{
	s->middle.issuer = "ARK-Genoa";
}
static void middle_of_vleks(soft_snp *s)
{
	s->middle.subject = s->vek.issuer = "SEV-VLEK-Milan";
}
static void root_subject(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = "ARK-Naples";
}
static void root_issuer(soft_snp *s)
{
	s->root.issuer = "ARK-Genoa";
}
static void all_of_genoa(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = "ARK-Genoa";
	s->middle.subject = s->vek.issuer = "SEV-Genoa";
}
static void vek_by_root(soft_snp *s)
{
	s->vek.by = s->k->ark;
}
static void middle_by_stranger(soft_snp *s)
{
	s->middle.by = s->k->stranger;
}
static void root_by_stranger(soft_snp *s)
{
	s->root.by = s->k->stranger;
}
static void vek_flip(soft_snp *s)
{
	s->vek.flip = true;
}
static void middle_flip(soft_snp *s)
{
	s->middle.flip = true;
}
static void root_flip(soft_snp *s)
{
	s->root.flip = true;
}
static void vek_pkcs1(soft_snp *s)
{
	s->vek.salt = 0;
}
static void middle_pkcs1(soft_snp *s)
{
	s->middle.salt = 0;
}
static void root_pkcs1(soft_snp *s)
{
	s->root.salt = 0;
}
static void vek_salt(soft_snp *s)
{
	s->vek.salt = 32;
}
static void middle_hash(soft_snp *s)
{
	s->middle.hash = "SHA256";
}
static void root_hash(soft_snp *s)
{
	s->root.hash = s->root.mgf = "SHA512";
}
static void vek_mgf(soft_snp *s)
{
	s->vek.mgf = "SHA256";
}
static void middle_small(soft_snp *s)
{
	s->middle.key = s->vek.by = s->k->small;
}
static void root_small(soft_snp *s)
{
	s->root.key = s->root.by = s->middle.by = s->k->small;
}
static void middle_is_ec(soft_snp *s)
{
	s->middle.key = s->k->vek;
}
static void vek_rsa(soft_snp *s)
{
	s->vek.key = s->k->stranger;
}
static void vek_p256(soft_snp *s)
{
	s->vek.key = s->k->p256;
}
static void vek_trail(soft_snp *s)
{
	s->vek.trail = true;
}
static void middle_trail(soft_snp *s)
{
	s->middle.trail = true;
}
static void root_trail(soft_snp *s)
{
	s->root.trail = true;
}
static void vek_v1(soft_snp *s)
{
	s->vek.version = X509_VERSION_1;
}
static void middle_no_ca(soft_snp *s)
{
	replace(s->middle.ext, "CA:TRUE,pathlen:0", "CA:FALSE");
}
static void middle_no_constraints(soft_snp *s)
{
	replace(s->middle.ext, "basicConstraints=critical,CA:TRUE,pathlen:0\n", "");
}
static void middle_soft_constraints(soft_snp *s)
{
	replace(s->middle.ext, "basicConstraints=critical,", "basicConstraints=");
}
static void middle_usage(soft_snp *s)
{
	replace(s->middle.ext, "keyCertSign", "cRLSign");
}
static void middle_no_usage(soft_snp *s)
{
	replace(s->middle.ext, "keyUsage=critical,keyCertSign\n", "");
}
static void root_no_ca(soft_snp *s)
{
	replace(s->root.ext, "CA:TRUE", "CA:FALSE");
}
static void root_no_room(soft_snp *s)
{
	replace(s->root.ext, "CA:TRUE", "CA:TRUE,pathlen:0");
}
static void root_room(soft_snp *s)
{
	replace(s->root.ext, "CA:TRUE", "CA:TRUE,pathlen:1");
}
static void root_usage(soft_snp *s)
{
	replace(s->root.ext, "keyCertSign,", "");
}
static void middle_constraint_that_nobody_judges(soft_snp *s)
{
	replace(s->middle.ext, "[x]\n", "[x]\nnameConstraints=critical,permitted;DNS:example.org\n");
}
static void root_constraint_that_nobody_judges(soft_snp *s)
{
	replace(s->root.ext, "[x]\n", "[x]\n1.3.6.1.4.1.3705.1=critical,DER:0500\n");
}
static void root_twice(soft_snp *s)
{
	s->root.repeat = 2;
}
static void middle_twice(soft_snp *s)
{
	s->middle.repeat = 1;
}
static void vlek_under_ask(soft_snp *s)
{
	soft_make_vlek(s);
	s->vek.issuer = s->middle.subject = "SEV-Milan";
}
static void vcek_with_vlek_s_name(soft_snp *s)
{
	s->vek.subject = "SEV-VLEK";
	s->vek.issuer = s->middle.subject = "SEV-VLEK-Milan";
}

static const struct {
	const char *label;
	void (*change)(soft_snp *);
	const char *check;
} profile[] = {
	{"VEK not yet", vek_not_yet, "vek-validity"},
	{"VEK expired", vek_expired, "vek-validity"},
	{"intermediate not yet", middle_not_yet, "intermediate-validity"},
	{"intermediate expired", middle_expired, "intermediate-validity"},
	{"root not yet", root_not_yet, "root-validity"},
	{"root expired", root_expired, "root-validity"},
	{"valid for this second", just_valid, NULL},
	{"VEK's subject", vek_subject, "vek-subject"},
	{"VEK's organization", vek_organization, "vek-subject"},
	{"VEK's issuer", vek_issuer, "vek-issuer"},
	{"intermediate's subject", middle_subject, "intermediate-subject"},
	{"intermediate's issuer", middle_issuer, "intermediate-issuer"},
	{"VCEK under an ASVK", middle_of_vleks, "intermediate-subject"},
	{"VLEK under an ASK", vlek_under_ask, "intermediate-subject"},
	{"VCEK called VLEK", vcek_with_vlek_s_name, "vek-extension-unknown"},
	{"root of no product", root_subject, "root-subject"},
	{"root that another issued", root_issuer, "root-issuer"},
	{"Genoa's names", all_of_genoa, "vek-product"},
	{"VEK signed by the root", vek_by_root, "vek-signature"},
	{"intermediate signed by a stranger", middle_by_stranger, "intermediate-signature"},
	{"root signed by a stranger", root_by_stranger, "root-signature"},
	{"VEK's signature", vek_flip, "vek-signature"},
	{"intermediate's signature", middle_flip, "intermediate-signature"},
	{"root's signature", root_flip, "root-signature"},
	{"VEK by PKCS#1", vek_pkcs1, "vek-algorithm"},
	{"intermediate by PKCS#1", middle_pkcs1, "intermediate-algorithm"},
	{"root by PKCS#1", root_pkcs1, "root-algorithm"},
	{"salt of 32 bytes", vek_salt, "vek-algorithm"},
	{"SHA-256", middle_hash, "intermediate-algorithm"},
	{"SHA-512", root_hash, "root-algorithm"},
	{"MGF1 over SHA-256", vek_mgf, "vek-algorithm"},
	{"intermediate of 2048 bits", middle_small, "intermediate-key"},
	{"root of 2048 bits", root_small, "root-key"},
	{"intermediate on a curve", middle_is_ec, "intermediate-key"},
	{"VEK with RSA", vek_rsa, "vek-key"},
	{"VEK on P-256", vek_p256, "vek-key"},
	{"bytes behind the VEK", vek_trail, "vek-certificate"},
	{"bytes behind the intermediate", middle_trail, "intermediate-certificate"},
	{"bytes behind the root", root_trail, "root-certificate"},
	{"VEK of version 1", vek_v1, "vek-certificate"},
	{"intermediate no authority", middle_no_ca, "intermediate-authority"},
	{"intermediate without constraints", middle_no_constraints, "intermediate-authority"},
	{"constraints not critical", middle_soft_constraints, "intermediate-authority"},
	{"intermediate's usage", middle_usage, "intermediate-authority"},
	{"intermediate without usage", middle_no_usage, "intermediate-authority"},
	{"root no authority", root_no_ca, "root-authority"},
	{"root without room below", root_no_room, "root-authority"},
	{"root with room below", root_room, NULL},
	{"root's usage", root_usage, "root-authority"},
	{"an extension of the root", root_constraint_that_nobody_judges, "root-extensions"},
	{"root's usage twice", root_twice, "root-extensions"},
	{"intermediate's constraints twice", middle_twice, "intermediate-extensions"},
	{"name constraints", middle_constraint_that_nobody_judges, "intermediate-extensions"},
};

static void single_fields_of_certificates(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(profile); i++) {
		soft_snp s = soft_snp_good(&keys);
		profile[i].change(&s);
		assert_soft(&s, profile[i].label, profile[i].check);
	}
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
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) der = {0};
	assert_ok(cof_path(&path, &err, "%s/evidence/roots/amd/milan/ark.der", vectors_dir()));
	assert_ok(cof_file_read(path, COF_SNP_CERT_MAX, &der, &err));
	const uint8_t *at = der.data;
	X509 *ark = d2i_X509(NULL, &at, (long)der.len);
	assert_non_null(ark);
	const cof_check right = anchor_with(X509_get0_pubkey(ark), false);
	assert_true(right.passed);
	assert_string_equal(right.found, "AMD's ARK-Milan");
	assert_false(anchor_with(X509_get0_pubkey(ark), true).passed);
	X509_free(ark);
}

/* Hostile DER: cut anywhere, or one bit of it changed, no certificate vouches for the report. */
static void cut_and_flipped_certificates(void **state)
{
	(void)state;
	static cof_verdict v;
	soft_snp s = soft_snp_good(&keys);
	soft_make(&s);
	for (size_t role = 1; role <= 3; role++) {
		cof_buf *b = &s.made[role];
		size_t whole = b->len;
		for (size_t n = 0; n < whole; n += 7) {
			b->len = n;
			soft_verify(&s, &v);
			assert_false(v.accepted);
			cof_verdict_release(&v);
			b->len = whole;
			b->data[n] ^= (uint8_t)(1 << n % 8);
			soft_verify(&s, &v);
			assert_false(v.accepted);
			cof_verdict_release(&v);
			b->data[n] ^= (uint8_t)(1 << n % 8);
		}
	}
	soft_drop(&s);
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
	replace(s.root.ext, ",cRLSign", "");
	assert_soft(&s, "without the usage", "crl-signature");
}

static int setup(void **state)
{
	(void)state;
	soft_keys_make(&keys);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	soft_keys_drop(&keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extensions_of_a_vcek),
		cmocka_unit_test(extensions_elsewhere),
		cmocka_unit_test(no_extension_twice),
		cmocka_unit_test(single_fields_of_certificates),
		cmocka_unit_test(t022_the_root_is_known_by_its_key),
		cmocka_unit_test(cut_and_flipped_certificates),
		cmocka_unit_test(revocation_lists),
		cmocka_unit_test(a_root_that_may_not_revoke),
		cmocka_unit_test(a_list_that_is_demanded),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
