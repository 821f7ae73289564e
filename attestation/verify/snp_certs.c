/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_certs.h"

#include <stdio.h>

#include "common/digest.h"
#include "common/hex.h"
#include "common/secret.h"

enum { CN_MAX = COF_X509_NAME_MAX, VERSION = 3 };

/* source: SHA-256 of the public keys of ARK-Milan, ARK-Genoa and ARK-Turin as the KDS serves them */
static const struct {
	cof_snp_line line;
	uint8_t spki[COF_SHA256_LEN];
} amd_roots[] = {
	{COF_SNP_MILAN,
	 {0x9f, 0x05, 0x6b, 0xee, 0x44, 0x37, 0x7e, 0x29, 0x30, 0x8c, 0xb5, 0xff, 0xa8, 0x95, 0xbd, 0xfb,
	  0x62, 0xd1, 0x88, 0x81, 0xfa, 0x6b, 0xed, 0x8d, 0x6f, 0x07, 0x5b, 0x02, 0x04, 0x08, 0x9c, 0xb9}},
	{COF_SNP_GENOA,
	 {0x42, 0x9a, 0x69, 0xc9, 0x42, 0x2a, 0xa2, 0x58, 0xee, 0x4d, 0x8d, 0xb5, 0xfc, 0xda, 0x9c, 0x64,
	  0x70, 0xef, 0x15, 0xf8, 0xcd, 0x5a, 0x9c, 0xeb, 0xd6, 0xcb, 0xc7, 0xd9, 0x0b, 0x86, 0x38, 0x31}},
	{COF_SNP_TURIN,
	 {0x4f, 0x12, 0x54, 0x10, 0x56, 0x3a, 0x2a, 0xb9, 0xa5, 0x03, 0x56, 0xf9, 0x24, 0x3f, 0x6f, 0xe0,
	  0xb6, 0xf7, 0x3d, 0xe9, 0x86, 0x03, 0xf5, 0x3f, 0x90, 0x33, 0x9c, 0x70, 0xe9, 0xd7, 0xad, 0x08}},
};

cof_snp_line cof_snp_line_of_key(cof_span fingerprint)
{
	for (size_t i = 0; i < COF_COUNT(amd_roots); i++) {
		if (cof_ct_equal(fingerprint, cof_span_of(amd_roots[i].spki, COF_SHA256_LEN)))
			return amd_roots[i].line;
	}
	return COF_SNP_LINE_NONE;
}

/* One certificate and what the profile says of its place. */
typedef struct place {
	const char *who; /* begins the names of its checks */
	cof_x509 *cert;
	cof_x509 *issuer;
	char cn[CN_MAX];
	bool is_vek;
	uint64_t below; /* authorities between it and the VEK */
} place;

void cof_snp_certs_release(cof_snp_certs *c)
{
	cof_x509_free(c->vek);
	cof_x509_free(c->intermediate);
	cof_x509_free(c->root);
	*c = (cof_snp_certs){0};
}

static void named(const place *p, const char *what, char out[COF_CHECK_NAME_MAX])
{
	(void)snprintf(out, COF_CHECK_NAME_MAX, "%s-%s", p->who, what);
}

static bool add(cof_checks *c, const place *p, const char *what, bool passed, const char *expected, const char *found)
{
	char name[COF_CHECK_NAME_MAX];
	named(p, what, name);
	return cof_check_text(c, COF_STAGE_CHAIN, name, passed, expected, found);
}

/* ---- one certificate ---- */

static void check_names(const place *p, cof_checks *c)
{
	char found[CN_MAX], issuer[CN_MAX], want[CN_MAX];
	cof_x509_common_name(p->cert->subject, found);
	(void)add(c, p, "subject", cof_snp_name_is(p->cert->subject, p->cn), p->cn, found);
	cof_x509_common_name(p->cert->issuer, issuer);
	cof_x509_common_name(p->issuer->subject, want);
	(void)add(c, p, "issuer", cof_ct_equal(p->cert->issuer, p->issuer->subject), want, issuer);
}

static void check_role(const place *p, cof_checks *c)
{
	bool sound = cof_x509_has_no_double(&p->cert->ext) && cof_x509_all_critical_known(&p->cert->ext);
	(void)add(c, p, "extensions", sound, "each once, none critical and unknown", NULL);
	if (p->is_vek)
		(void)add(c, p, "authority", cof_snp_is_leaf(p->cert), "no authority", NULL);
	else
		(void)add(c, p, "authority", cof_snp_is_ca(p->cert, p->below), "an authority that signs certificates",
			  NULL);
}

static void check_validity(const place *p, int64_t now, cof_checks *c)
{
	char name[COF_CHECK_NAME_MAX];
	const cof_check_dates d = {p->cert->validity.from, p->cert->validity.to, now};
	named(p, "validity", name);
	(void)cof_check_dated(c, COF_STAGE_CHAIN, name, &d, NULL);
}

static void check_signature(const place *p, cof_checks *c)
{
	bool is_amd = cof_snp_alg_is_amd(&p->cert->sig);
	(void)add(c, p, "algorithm", is_amd, "RSASSA-PSS, SHA-384, salt of 48 bytes", NULL);
	bool holds = is_amd && cof_snp_is_signed_by(&p->cert->sig, cof_x509_key(p->issuer, COF_X509_RSA4096));
	(void)add(c, p, "signature", holds, "signed by the issuer", NULL);
}

static void check_place(const place *p, int64_t now, cof_checks *c)
{
	check_names(p, c);
	check_role(p, c);
	if (p->is_vek)
		(void)add(c, p, "key", cof_x509_key(p->cert, COF_X509_P384) != NULL, "EC P-384", NULL);
	else
		(void)add(c, p, "key", cof_x509_key(p->cert, COF_X509_RSA4096) != NULL, "RSA of 4096 bits", NULL);
	check_validity(p, now, c);
	check_signature(p, c);
}

/* ---- the three of them ---- */

static int read_v3(cof_span der, cof_x509 **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_x509) c = NULL;
	if (der.len > COF_SNP_CERT_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: size");
	int rc = cof_x509_read(der, &c, err);
	if (rc == 0 && c->version != VERSION)
		rc = cof_err_set(err, COF_E_MALFORMED, "certificate-malformed", "certificate: not of version 3");
	if (rc == 0)
		*ret = cof_steal(&c);
	return rc;
}

static bool read_one(const char *who, cof_span der, cof_checks *c, cof_x509 **ret)
{
	cof_err bad = {0};
	char name[COF_CHECK_NAME_MAX];
	(void)snprintf(name, sizeof name, "%s-certificate", who);
	bool read = read_v3(der, ret, &bad) == 0;
	return cof_check_text(c, COF_STAGE_PARSE, name, read, "one certificate in DER", bad.text);
}

/* The line that an ARK is of, by its name. */
static cof_snp_line line_of_root(const cof_x509 *root)
{
	char cn[CN_MAX];
	cof_x509_common_name(root->subject, cn);
	return strncmp(cn, "ARK-", 4) == 0 ? cof_snp_line_by_name(cof_span_str(cn + 4)) : COF_SNP_LINE_NONE;
}

static cof_snp_key kind_of_vek(const cof_x509 *vek)
{
	char cn[CN_MAX];
	cof_x509_common_name(vek->subject, cn);
	return strcmp(cn, "SEV-VLEK") == 0 ? COF_SNP_VLEK : COF_SNP_VCEK;
}

bool cof_snp_root_is_amd(cof_span root)
{
	COF_AUTO_PTR(cof_x509) cert = NULL;
	uint8_t digest[COF_SHA256_LEN];
	return read_v3(root, &cert, NULL) == 0 && cof_sha256(cert->spki, digest, NULL) == 0 &&
	       cof_snp_line_of_key(cof_span_of(digest, sizeof digest)) != COF_SNP_LINE_NONE;
}

/* AMD's key under the name of another line is refused; a stranger's key is the caller's word. */
static int check_anchor(cof_snp_certs *s, cof_checks *c, cof_err *err)
{
	uint8_t digest[COF_SHA256_LEN];
	char found[COF_CHECK_TEXT_MAX], hex[2 * COF_SHA256_LEN + 1];
	int rc = cof_sha256(s->root->spki, digest, err);
	if (rc < 0)
		return rc;
	cof_snp_line line = cof_snp_line_of_key(cof_span_of(digest, sizeof digest));
	s->is_amd = line != COF_SNP_LINE_NONE;
	cof_hex(cof_span_of(digest, sizeof digest), hex);
	if (s->is_amd)
		(void)snprintf(found, sizeof found, "AMD's ARK-%s", cof_snp_line_name(line));
	else
		(void)snprintf(found, sizeof found, "not AMD's: key %s", hex);
	(void)cof_check_text(c, COF_STAGE_CHAIN, "root-anchor", !s->is_amd || line == s->line,
			     "AMD's root of this product, or a root that the caller named", found);
	if (!s->is_amd)
		cof_check_waive(c);
	return 0;
}

static void check_extensions(cof_snp_certs *s, cof_checks *c)
{
	cof_err bad = {0};
	s->has_ext = cof_snp_vek_read(s->vek, s->kind, &s->ext, &bad) == 0;
	if (!s->has_ext) {
		(void)cof_check_error(c, COF_STAGE_CHAIN, &bad);
		return;
	}
	(void)cof_check_text(c, COF_STAGE_CHAIN, "vek-product", s->ext.line == s->line && s->line != COF_SNP_LINE_NONE,
			     cof_snp_line_name(s->line), s->ext.product);
}

static void check_places(const cof_snp_certs *s, int64_t now, cof_checks *c)
{
	const char *line = cof_snp_line_name(s->line);
	bool vlek = s->kind == COF_SNP_VLEK;
	place vek = {.who = "vek", .cert = s->vek, .issuer = s->intermediate, .is_vek = true};
	place middle = {.who = "intermediate", .cert = s->intermediate, .issuer = s->root, .below = 0};
	place root = {.who = "root", .cert = s->root, .issuer = s->root, .below = 1};
	(void)snprintf(vek.cn, sizeof vek.cn, "%s", vlek ? "SEV-VLEK" : "SEV-VCEK");
	(void)snprintf(middle.cn, sizeof middle.cn, "%s%s", vlek ? "SEV-VLEK-" : "SEV-", line);
	(void)snprintf(root.cn, sizeof root.cn, "ARK-%s", line);
	check_place(&root, now, c);
	check_place(&middle, now, c);
	if (s->vek != NULL)
		check_place(&vek, now, c);
}

int cof_snp_certs_check(cof_span vek, cof_span intermediate, cof_span root, int64_t now, cof_checks *checks,
			cof_snp_certs *ret, cof_err *err)
{
	COF_AUTO(cof_snp_certs) s = {0};
	bool read = read_one("root", root, checks, &s.root);
	read = read_one("intermediate", intermediate, checks, &s.intermediate) && read;
	read = read_one("vek", vek, checks, &s.vek) && read;
	if (s.root != NULL)
		s.line = line_of_root(s.root);
	if (s.vek != NULL)
		s.kind = kind_of_vek(s.vek);
	if (read) {
		int rc = check_anchor(&s, checks, err);
		if (rc < 0)
			return rc;
		check_places(&s, now, checks);
		check_extensions(&s, checks);
	}
	*ret = s;
	s = (cof_snp_certs){0};
	return 0;
}

int cof_snp_authorities_check(cof_span intermediate, cof_span root, int64_t now, cof_checks *checks,
			      cof_snp_certs *inout, cof_err *err)
{
	COF_AUTO(cof_snp_certs) s = {.kind = inout->kind};
	bool read = read_one("root", root, checks, &s.root);
	read = read_one("intermediate", intermediate, checks, &s.intermediate) && read;
	if (read) {
		s.line = line_of_root(s.root);
		int rc = check_anchor(&s, checks, err);
		if (rc < 0)
			return rc;
		check_places(&s, now, checks);
	}
	*inout = s;
	s = (cof_snp_certs){0};
	return 0;
}
