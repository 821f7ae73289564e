/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists. */
#include "attestation/verify/x509_part.h"
#include "common/secret.h"

enum { VERSION_2 = 1, TAG_EXTENSIONS = COF_DER_CONTEXT };

void cof_x509_crl_free(cof_x509_crl *c)
{
	if (c == NULL)
		return;
	cof_buf_release(&c->der);
	free(c);
}

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "crl-malformed", "not one revocation list in DER");
}

static bool is_time(const cof_rd *r)
{
	return cof_der_is(r, COF_DER_UTC_TIME) || cof_der_is(r, COF_DER_GENERALIZED_TIME);
}

/* spec: RFC 5280, 5.1.2.1: version 1 is not written */
static uint64_t read_version(cof_rd *r)
{
	if (!cof_der_is(r, COF_DER_INTEGER))
		return 1;
	if (cof_der_u64(r, COF_DER_INTEGER) != VERSION_2)
		cof_rd_fail(r);
	return 2;
}

static void read_times(cof_rd *r, cof_x509_crl *c)
{
	c->validity.from = cof_der_time(r);
	c->validity.to = c->validity.from - 1;
	c->has_next = is_time(r);
	if (c->has_next)
		c->validity.to = cof_der_time(r);
}

/* One entry: serial number, date, and perhaps extensions, which change nothing here. */
static void read_entry(cof_rd *r)
{
	cof_rd entry = cof_der_enter(r, COF_DER_SEQUENCE);
	(void)cof_der_take(&entry, COF_DER_INTEGER);
	(void)cof_der_time(&entry);
	if (entry.left > 0)
		(void)cof_der_take(&entry, COF_DER_SEQUENCE);
	if (!cof_rd_end(&entry))
		cof_rd_fail(r);
}

static void read_revoked(cof_rd *r, cof_x509_crl *c)
{
	c->revoked = cof_der_take(r, COF_DER_SEQUENCE);
	cof_rd list = cof_rd_of(c->revoked);
	while (list.left > 0)
		read_entry(&list);
	if (!cof_rd_end(&list))
		cof_rd_fail(r);
}

static void read_tbs(cof_rd *r, cof_x509_crl *c)
{
	c->version = read_version(r);
	c->sig.inner_alg = cof_der_whole(r, COF_DER_SEQUENCE);
	c->issuer = cof_der_whole(r, COF_DER_SEQUENCE);
	read_times(r, c);
	if (cof_der_is(r, COF_DER_SEQUENCE))
		read_revoked(r, c);
	if (cof_der_is(r, TAG_EXTENSIONS))
		cof_x509_read_extensions(r, TAG_EXTENSIONS, &c->ext);
	if (!cof_x509_is_name(c->issuer))
		cof_rd_fail(r);
}

int cof_x509_crl_read(cof_span der, cof_x509_crl **ret, cof_err *err)
{
	cof_rd tbs;
	if (der.len == 0 || der.len > COF_X509_CRL_MAX || !cof_der_is_strict(der))
		return malformed(err);
	COF_AUTO_PTR(cof_x509_crl) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	int rc = cof_buf_add(&c->der, der.data, der.len, err);
	if (rc < 0)
		return rc;
	if (!cof_x509_read_signed(cof_buf_span(&c->der), &c->sig, &tbs))
		return malformed(err);
	read_tbs(&tbs, c);
	if (!cof_rd_end(&tbs))
		return malformed(err);
	*ret = cof_steal(&c);
	return 0;
}

bool cof_x509_crl_lists(const cof_x509_crl *c, cof_span serial)
{
	bool listed = false;
	for (cof_rd r = cof_rd_of(c->revoked); r.left > 0 && !listed;) {
		cof_rd entry = cof_der_enter(&r, COF_DER_SEQUENCE);
		listed = cof_ct_equal(cof_der_take(&entry, COF_DER_INTEGER), serial);
	}
	return listed;
}
