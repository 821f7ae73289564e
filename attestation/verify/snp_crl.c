/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_crl.h"

#include <stdio.h>

COF_OSSL_AUTO(X509_CRL, cof_ossl_crl, X509_CRL_free)

static bool read_crl(cof_span der, cof_checks *c, X509_CRL **ret)
{
	const uint8_t *at = der.data;
	COF_AUTO_PTR(cof_ossl_crl) crl = NULL;
	if (der.len > 0 && der.len <= COF_SNP_CRL_MAX)
		crl = d2i_X509_CRL(NULL, &at, (long)der.len);
	/* version 2 is written 1 */
	bool read = crl != NULL && at == der.data + der.len && i2d_X509_CRL(crl, NULL) == (int)der.len &&
		    X509_CRL_get_version(crl) == 1;
	if (read)
		*ret = cof_steal(&crl);
	return cof_check_text(c, COF_STAGE_PARSE, "crl", read, "one revocation list in DER", NULL);
}

static void check_signer(X509_CRL *crl, const cof_snp_x509 *root, cof_checks *c)
{
	const X509_ALGOR *alg = NULL;
	char want[64], found[64];
	cof_snp_name_text(root->tbs->subject, want, sizeof want);
	cof_snp_name_text(X509_CRL_get_issuer(crl), found, sizeof found);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-issuer",
			     cof_snp_name_equal(X509_CRL_get_issuer(crl), root->tbs->subject), want, found);
	X509_CRL_get0_signature(crl, NULL, &alg);
	/* X509_CRL_verify demands the same algorithm inside of what is signed. */
	bool holds = cof_snp_pss_is_amd(alg) && cof_snp_x509_has_rsa4096(root) && cof_snp_x509_may_revoke(root) &&
		     X509_CRL_verify(crl, root->key) == 1;
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-signature", holds, "signed by the root", NULL);
}

static void check_times(const X509_CRL *crl, int64_t now, cof_checks *c)
{
	int64_t from = 0, to = 0;
	char a[COF_SNP_TIME_TEXT_MAX], b[COF_SNP_TIME_TEXT_MAX], found[COF_SNP_TIME_TEXT_MAX];
	char want[COF_CHECK_TEXT_MAX];
	bool read = cof_snp_time_read(X509_CRL_get0_lastUpdate(crl), &from) &&
		    cof_snp_time_read(X509_CRL_get0_nextUpdate(crl), &to);
	cof_snp_time_text(from, a);
	cof_snp_time_text(to, b);
	cof_snp_time_text(now, found);
	(void)snprintf(want, sizeof want, "%s to %s", a, b);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-validity", read && from <= now && now <= to, want, found);
}

/* A list for a part of the certificates, for another issuer's, or of changes alone says less than it seems to. */
static bool is_plain(const X509_CRL *crl)
{
	static const int judged[] = {NID_crl_number, NID_authority_key_identifier};
	for (int i = 0; i < X509_CRL_get_ext_count(crl); i++) {
		X509_EXTENSION *e = X509_CRL_get_ext(crl, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
		if (X509_EXTENSION_get_critical(e) != 0 || (nid != judged[0] && nid != judged[1]))
			return false;
	}
	return true;
}

static void check_serial(X509_CRL *crl, const cof_snp_x509 *cert, const char *name, cof_checks *c)
{
	X509_REVOKED *entry = NULL;
	bool listed = X509_CRL_get0_by_serial(crl, &entry, cert->tbs->serial) != 0;
	(void)cof_check_text(c, COF_STAGE_REVOCATION, name, !listed, "not listed", listed ? "listed" : "not listed");
}

bool cof_snp_crl_read(cof_span der, const cof_snp_x509 *root, int64_t now, cof_checks *c, X509_CRL **ret)
{
	size_t failed = c->failed;
	if (!read_crl(der, c, ret))
		return false;
	check_signer(*ret, root, c);
	check_times(*ret, now, c);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-extensions", is_plain(*ret), "a complete list", NULL);
	return c->failed == failed;
}

void cof_snp_crl_check(cof_span der, const cof_snp_certs *certs, int64_t now, cof_checks *c)
{
	COF_AUTO_PTR(cof_ossl_crl) crl = NULL;
	(void)cof_snp_crl_read(der, certs->root, now, c, &crl);
	if (crl == NULL)
		return;
	check_serial(crl, certs->intermediate, "intermediate-revoked", c);
	/* By the letter the ARK's list names the ARK's certificates; a serial that meets is refused all the same. */
	check_serial(crl, certs->vek, "vek-revoked", c);
}
