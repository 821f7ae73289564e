/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/snp_crl.h"

#include "common/secret.h"

enum { VERSION = 2 };

static bool read_crl(cof_span der, cof_checks *c, cof_x509_crl **ret)
{
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	bool read = der.len <= COF_SNP_CRL_MAX && cof_x509_crl_read(der, &crl, NULL) == 0 && crl->version == VERSION;
	if (read)
		*ret = cof_steal(&crl);
	return cof_check_text(c, COF_STAGE_PARSE, "crl", read, "one revocation list in DER", NULL);
}

static void check_signer(const cof_x509_crl *crl, cof_x509 *root, cof_checks *c)
{
	char want[COF_X509_NAME_MAX], found[COF_X509_NAME_MAX];
	cof_x509_common_name(root->subject, want);
	cof_x509_common_name(crl->issuer, found);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-issuer", cof_ct_equal(crl->issuer, root->subject), want,
			     found);
	bool holds = cof_snp_alg_is_amd(&crl->sig) && cof_snp_may_revoke(root) &&
		     cof_snp_is_signed_by(&crl->sig, cof_x509_key(root, COF_X509_RSA4096));
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-signature", holds, "signed by the root", NULL);
}

/* A list for a part of the certificates, for another issuer's, or of changes alone says less than it seems to. */
static bool is_plain(const cof_x509_extensions *e)
{
	static const uint8_t number[] = {0x55, 0x1d, 0x14}, authority[] = {0x55, 0x1d, 0x23};
	for (size_t i = 0; i < e->n; i++) {
		bool known = cof_ct_equal(e->list[i].oid, cof_span_of(number, sizeof number)) ||
			     cof_ct_equal(e->list[i].oid, cof_span_of(authority, sizeof authority));
		if (e->list[i].critical || !known)
			return false;
	}
	return true;
}

static void check_serial(const cof_x509_crl *crl, const cof_x509 *cert, const char *name, cof_checks *c)
{
	bool listed = cof_x509_crl_lists(crl, cert->serial);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, name, !listed, "not listed", listed ? "listed" : "not listed");
}

bool cof_snp_crl_read(cof_span der, cof_x509 *root, int64_t now, cof_checks *c, cof_x509_crl **ret)
{
	size_t failed = c->failed;
	if (!read_crl(der, c, ret))
		return false;
	check_signer(*ret, root, c);
	const cof_check_dates d = {(*ret)->validity.from, (*ret)->validity.to, now};
	(void)cof_check_dated(c, COF_STAGE_REVOCATION, "crl-validity", &d, NULL);
	(void)cof_check_text(c, COF_STAGE_REVOCATION, "crl-extensions", is_plain(&(*ret)->ext), "a complete list",
			     NULL);
	return c->failed == failed;
}

void cof_snp_crl_check(cof_span der, const cof_snp_certs *certs, int64_t now, cof_checks *c)
{
	COF_AUTO_PTR(cof_x509_crl) crl = NULL;
	(void)cof_snp_crl_read(der, certs->root, now, c, &crl);
	if (crl == NULL)
		return;
	check_serial(crl, certs->intermediate, "intermediate-revoked", c);
	/* By the letter the ARK's list names the ARK's certificates; a serial that meets is refused all the same. */
	check_serial(crl, certs->vek, "vek-revoked", c);
}
