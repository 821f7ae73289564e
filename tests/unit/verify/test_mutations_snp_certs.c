/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing of one certificate or list changed before it is signed, so that no signature hides it: each by its check.
 */
#include "tests/unit/verify/judge_snp.h"

typedef enum who { ROOT, MIDDLE, VEK, WHOS } who;

/* check: as of soft_is_refused_by; behind WHO- in the tables that are for all three. */
typedef struct mutation {
	const char *field;
	const char *check;
	void (*apply)(soft_snp *s, const struct mutation *m, who w);
	long value;
	const char *from, *to;
	who who;
} mutation;

static soft_cert *cert_of(soft_snp *s, who w)
{
	return w == ROOT ? &s->root : w == MIDDLE ? &s->middle : &s->vek;
}

/* ---- how ---- */

static void subject(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->subject = m->to;
}

static void organization(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->organization = m->to;
}

static void issuer(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->issuer = m->to;
}

static void from(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->from = m->value;
}

static void to(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->to = m->value;
}

static void version(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->version = m->value;
}

static void salt(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->salt = (int)m->value;
}

static void hash(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->hash = m->from;
	cert_of(s, w)->mgf = m->to;
}

static void flip(soft_snp *s, const mutation *m, who w)
{
	(void)m;
	cert_of(s, w)->flip = true;
}

static void trail(soft_snp *s, const mutation *m, who w)
{
	(void)m;
	cert_of(s, w)->trail = true;
}

static void repeat(soft_snp *s, const mutation *m, who w)
{
	cert_of(s, w)->repeat = (int)m->value;
}

static void edit(soft_snp *s, const mutation *m, who w)
{
	soft_edit(cert_of(s, w)->ext, m->from, m->to);
}

static void by_stranger(soft_snp *s, const mutation *m, who w)
{
	(void)m;
	cert_of(s, w)->by = s->k->stranger;
}

/* Whom the key belongs to signs with it what lies below, so that only the key is wrong. */
static void small_key(soft_snp *s, const mutation *m, who w)
{
	(void)m;
	cert_of(s, w)->key = s->k->small;
	if (w == ROOT)
		s->root.by = s->middle.by = s->k->small;
	if (w == MIDDLE)
		s->vek.by = s->k->small;
	if (w == VEK)
		s->vek.key = s->k->p256;
}

static void wrong_kind_of_key(soft_snp *s, const mutation *m, who w)
{
	(void)m;
	cert_of(s, w)->key = w == VEK ? s->k->stranger : s->k->other;
}

/* ---- each of the three ---- */

#define EXT(oid, value) "[x]\n", "[x]\n" oid "=" value "\n"

static const mutation of_each[] = {
	{"common name", "subject+", subject, 0, NULL, "ARK-Naples", 0},
	{"organization", "subject+", organization, 0, NULL, "Advanced Micro Device", 0},
	{"issuer", "issuer", issuer, 0, NULL, "ARK-Genoa", 0},
	{"not yet", "validity", from, 1, NULL, NULL, 0},
	{"expired", "validity", to, -1, NULL, NULL, 0},
	{"version 1", "certificate+", version, X509_VERSION_1, NULL, NULL, 0},
	{"version 2", "certificate+", version, X509_VERSION_2, NULL, NULL, 0},
	{"version 4", "certificate+", version, 3, NULL, NULL, 0},
	{"PKCS#1", "algorithm+", salt, 0, NULL, NULL, 0},
	{"salt of 32 bytes", "algorithm+", salt, 32, NULL, NULL, 0},
	{"salt of 47 bytes", "algorithm+", salt, 47, NULL, NULL, 0},
	{"SHA-256", "algorithm+", hash, 0, "SHA256", "SHA256", 0},
	{"SHA-512", "algorithm+", hash, 0, "SHA512", "SHA512", 0},
	{"MGF1 over SHA-256", "algorithm+", hash, 0, "SHA384", "SHA256", 0},
	{"MGF1 alone", "algorithm+", hash, 0, "SHA256", "SHA384", 0},
	{"signature", "signature", flip, 0, NULL, NULL, 0},
	{"signed by a stranger", "signature", by_stranger, 0, NULL, NULL, 0},
	{"a byte behind", "certificate+", trail, 0, NULL, NULL, 0},
	{"first extension twice", "extensions+", repeat, 1, NULL, NULL, 0},
	{"critical and unknown", "extensions", edit, 0, EXT("1.3.6.1.4.1.3705.1", "critical,DER:0500"), 0},
	{"name constraints", "extensions", edit, 0, EXT("nameConstraints", "critical,permitted;DNS:example.org"), 0},
	{"policies", "extensions", edit, 0, EXT("certificatePolicies", "critical,1.2.3.4"), 0},
	{"a short key", "key+", small_key, 0, NULL, NULL, 0},
	{"another kind of key", "key+", wrong_kind_of_key, 0, NULL, NULL, 0},
};

static void each_certificate(void **state)
{
	(void)state;
	static const char *const names[WHOS] = {"root", "intermediate", "vek"};
	for (size_t i = 0; i < COF_COUNT(of_each); i++) {
		for (who w = 0; w < WHOS; w++) {
			const mutation *m = &of_each[i];
			char check[64], label[64];
			soft_snp s = soft_snp_good(&keys);
			m->apply(&s, m, w);
			(void)snprintf(check, sizeof check, "%s-%s", names[w], m->check);
			(void)snprintf(label, sizeof label, "%s: %s", names[w], m->field);
			assert_soft(&s, label, check);
		}
	}
}

/* ---- one of them ---- */

#define ROOT_EDIT(field, check, from, to)                                                                              \
	{                                                                                                              \
		field, check, edit, 0, from, to, ROOT                                                                  \
	}
#define MIDDLE_EDIT(field, check, from, to)                                                                            \
	{                                                                                                              \
		field, check, edit, 0, from, to, MIDDLE                                                                \
	}

static const mutation of_one[] = {
	ROOT_EDIT("root no authority", "root-authority", "CA:TRUE", "CA:FALSE"),
	ROOT_EDIT("root without room below", "root-authority", "CA:TRUE", "CA:TRUE,pathlen:0"),
	ROOT_EDIT("root with room below", NULL, "CA:TRUE", "CA:TRUE,pathlen:1"),
	ROOT_EDIT("root's usage", "root-authority", "keyCertSign,", ""),
	ROOT_EDIT("root without usage", "root-authority", "keyUsage=critical,keyCertSign,cRLSign\n", ""),
	ROOT_EDIT("root's usage not critical", "root-authority", "keyUsage=critical,", "keyUsage="),
	ROOT_EDIT("root without constraints", "root-authority", "basicConstraints=critical,CA:TRUE\n", ""),
	ROOT_EDIT("root's constraints not critical", "root-authority", "basicConstraints=critical,",
		  "basicConstraints="),
	MIDDLE_EDIT("intermediate no authority", "intermediate-authority", "CA:TRUE,pathlen:0", "CA:FALSE"),
	MIDDLE_EDIT("intermediate without constraints", "intermediate-authority",
		    "basicConstraints=critical,CA:TRUE,pathlen:0\n", ""),
	MIDDLE_EDIT("constraints not critical", "intermediate-authority", "basicConstraints=critical,",
		    "basicConstraints="),
	MIDDLE_EDIT("intermediate's usage", "intermediate-authority", "keyCertSign", "cRLSign"),
	MIDDLE_EDIT("intermediate without usage", "intermediate-authority", "keyUsage=critical,keyCertSign\n", ""),
	MIDDLE_EDIT("intermediate's usage not critical", "intermediate-authority", "keyUsage=critical,", "keyUsage="),
	{"intermediate's constraints twice", "intermediate-extensions", repeat, 1, NULL, NULL, MIDDLE},
	{"intermediate's usage twice", "intermediate-extensions", repeat, 2, NULL, NULL, MIDDLE},
	{"root's usage twice", "root-extensions", repeat, 2, NULL, NULL, ROOT},
	{"hash of 384 bits, MGF1 of 512", "vek-algorithm+", hash, 0, "SHA384", "SHA512", VEK},
};

static void one_certificate(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(of_one); i++) {
		soft_snp s = soft_snp_good(&keys);
		of_one[i].apply(&s, &of_one[i], of_one[i].who);
		assert_soft(&s, of_one[i].field, of_one[i].check);
	}
}

/* ---- names that fit each other, and not the place ---- */

static void valid_for_a_second(soft_snp *s)
{
	s->vek.from = s->vek.to = s->middle.from = s->middle.to = s->root.from = s->root.to = 0;
}

static void middle_of_genoa(soft_snp *s)
{
	s->middle.subject = s->vek.issuer = "SEV-Genoa";
}

static void middle_of_vleks(soft_snp *s)
{
	s->middle.subject = s->vek.issuer = "SEV-VLEK-Milan";
}

static void root_of_no_product(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = "ARK-Naples";
}

static void all_of_genoa(soft_snp *s)
{
	s->root.subject = s->root.issuer = s->middle.issuer = "ARK-Genoa";
	s->middle.subject = s->vek.issuer = "SEV-Genoa";
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

static void vek_by_root(soft_snp *s)
{
	s->vek.by = s->k->ark;
}

/* The root's own key below itself: an intermediate that is the root's twin. */
static void middle_has_the_root_s_key(soft_snp *s)
{
	s->middle.key = s->vek.by = s->k->ark;
}

static const struct {
	const char *field;
	void (*change)(soft_snp *s);
	const char *check;
} chains[] = {
	{"valid for this second", valid_for_a_second, NULL},
	{"intermediate of Genoa", middle_of_genoa, "intermediate-subject"},
	{"VCEK under an ASVK", middle_of_vleks, "intermediate-subject"},
	{"VLEK under an ASK", vlek_under_ask, "intermediate-subject"},
	{"VCEK called VLEK", vcek_with_vlek_s_name, "vek-extension-unknown+"},
	{"root of no product", root_of_no_product, "root-subject+"},
	{"Genoa's names", all_of_genoa, "vek-product+"},
	{"VEK signed by the root", vek_by_root, "vek-signature"},
	{"one key for root and intermediate", middle_has_the_root_s_key, NULL},
};

static void names_of_chains(void **state)
{
	(void)state;
	for (size_t i = 0; i < COF_COUNT(chains); i++) {
		soft_snp s = soft_snp_good(&keys);
		chains[i].change(&s);
		assert_soft(&s, chains[i].field, chains[i].check);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate),
		cmocka_unit_test(one_certificate),
		cmocka_unit_test(names_of_chains),
	};
	return cmocka_run_group_tests(tests, soft_setup, soft_teardown);
}
