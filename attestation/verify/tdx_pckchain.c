/* SPDX-License-Identifier: Apache-2.0 */
/* The PCK's chain, and what it says as JSON. */
#include "attestation/verify/tdx_pck.h"
#include "common/der.h"
#include "common/json.h"
#include "common/secret.h"

enum { LEAF, CA, ROOT, CHAIN };

/* Intel's key has two certificates: the presented one may be the other. */
static bool check_root(cof_checks *c, cof_x509 *presented, cof_x509 *anchor, int64_t now)
{
	bool ok = cof_tdx_cert_check(c, COF_STAGE_CHAIN, &cof_tdx_rule_root, anchor, anchor, now);
	if (cof_ct_equal(cof_buf_span(&presented->der), cof_buf_span(&anchor->der)))
		return ok;
	return cof_tdx_cert_check(c, COF_STAGE_CHAIN, &cof_tdx_rule_root, presented, anchor, now) && ok;
}

bool cof_tdx_pck_check(cof_checks *c, const cof_tdx_chain *chain, cof_span root, int64_t now,
		       cof_tdx_anchor *ret_anchor, cof_tdx_pck *ret)
{
	COF_AUTO(cof_tdx_anchor) anchor = {0};
	cof_tdx_pck pck;
	cof_err err = {0};
	if (chain->n != CHAIN)
		return cof_check_that(c, COF_STAGE_CHAIN, "certificate-malformed", false);
	/* Without the anchor there is no key to check the rest with: a key from the message would prove nothing. */
	if (!cof_tdx_anchor_find(c, root, chain->cert[ROOT], &anchor))
		return false;
	bool ok = check_root(c, chain->cert[ROOT], anchor.cert, now);
	ok = cof_tdx_cert_check(c, COF_STAGE_CHAIN, &cof_tdx_rule_pck_ca, chain->cert[CA], anchor.cert, now) && ok;
	ok = cof_tdx_cert_check(c, COF_STAGE_CHAIN, &cof_tdx_rule_pck, chain->cert[LEAF], chain->cert[CA], now) && ok;
	*ret_anchor = anchor;
	anchor = (cof_tdx_anchor){0};
	if (cof_tdx_pck_read(chain->cert[LEAF], &pck, &err) < 0)
		return cof_check_error(c, COF_STAGE_CHAIN, &err);
	if (cof_check_that(c, COF_STAGE_CHAIN, "pck-extension-missing", true) && ok)
		*ret = pck;
	return ok;
}

/* --- as JSON --- */

static int set_hex(json_t *o, const char *name, const void *bytes, size_t len, cof_err *err)
{
	return cof_json_set_hex(o, name, cof_span_of(bytes, len), err);
}

static int set_optional(const cof_tdx_pck *p, json_t *o, cof_err *err)
{
	int rc = 0;
	if (p->has_ppid)
		rc = set_hex(o, "ppid", p->ppid, sizeof p->ppid, err);
	if (rc == 0 && p->has_type)
		rc = cof_json_set_new(o, "sgx_type", json_integer(p->sgx_type), err);
	if (rc == 0 && p->has_instance)
		rc = set_hex(o, "platform_instance_id", p->instance, sizeof p->instance, err);
	if (rc == 0 && p->has_configuration)
		rc = cof_json_set_new(o, "configuration",
				      json_pack("{s:b, s:b, s:b}", "1", p->configuration[0], "2", p->configuration[1],
						"3", p->configuration[2]),
				      err);
	return rc;
}

static int set_components(const cof_tdx_pck *p, json_t *o, cof_err *err)
{
	json_t *list = json_array();
	int rc = cof_json_set_new(o, "tcb_comps", list, err);
	for (size_t i = 0; rc == 0 && i < COF_PCK_COMPONENTS; i++)
		rc = json_array_append_new(list, json_integer(p->components[i])) < 0 ? cof_err_oom(err) : 0;
	return rc;
}

/* The bytes of the number, as its certificate has them, without a sign byte. */
static int set_serial(const cof_x509 *cert, json_t *o, cof_err *err)
{
	return cof_json_set_hex(o, "serial", cof_der_magnitude(cert->serial), err);
}

static int set_ca(const cof_x509 *ca, json_t *o, cof_err *err)
{
	char name[COF_X509_NAME_MAX];
	cof_x509_common_name(ca->subject, name);
	return cof_json_set_str(o, "ca", strstr(name, "Platform") != NULL ? "platform" : "processor", err);
}

int cof_tdx_pck_json(const cof_tdx_pck *p, const cof_tdx_chain *chain, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_pack("{s:i}", "pcesvn", p->pcesvn);
	int rc = o == NULL ? cof_err_oom(err) : set_hex(o, "cpusvn", p->cpusvn, sizeof p->cpusvn, err);
	if (rc == 0)
		rc = set_hex(o, "pceid", p->pceid, sizeof p->pceid, err);
	if (rc == 0)
		rc = set_hex(o, "fmspc", p->fmspc, sizeof p->fmspc, err);
	if (rc == 0)
		rc = set_components(p, o, err);
	if (rc == 0)
		rc = set_optional(p, o, err);
	if (rc == 0)
		rc = set_serial(chain->cert[LEAF], o, err);
	if (rc == 0)
		rc = set_ca(chain->cert[CA], o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
