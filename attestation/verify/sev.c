/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev.h"

#include <openssl/err.h>

#include "attestation/verify/kinds.h"
#include "attestation/verify/sev_fields.h"
#include "common/ossl.h"
#include "common/rd.h"
#include "common/secret.h"
#include "firmware/sev/sev.h"

struct cof_sev_platform {
	EVP_PKEY *pdh;
	uint8_t api_major, api_minor;
};

struct cof_sev_launched {
	uint8_t measure[COF_SEV_MEASURE_LEN];
};

/* ---- platforms ---- */

void cof_sev_platform_free(cof_sev_platform *p)
{
	EVP_PKEY_free(p->pdh);
	free(p);
}

EVP_PKEY *cof_sev_platform_pdh(const cof_sev_platform *p)
{
	return p->pdh;
}

uint8_t cof_sev_platform_api_major(const cof_sev_platform *p)
{
	return p->api_major;
}

uint8_t cof_sev_platform_api_minor(const cof_sev_platform *p)
{
	return p->api_minor;
}

static int make_platform(cof_sev_chain *chain, cof_sev_platform **ret, cof_err *err)
{
	cof_sev_link *pdh = &chain->at[COF_SEV_AT_PDH];
	cof_sev_platform *p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	*p = (cof_sev_platform){.api_major = pdh->cert.api_major, .api_minor = pdh->cert.api_minor};
	p->pdh = cof_steal(&pdh->key);
	*ret = p;
	return 0;
}

int cof_sev_verify(const cof_sev_chain_in *in, const cof_sev_demands *demands, cof_checks *checks, json_t **ret_fields,
		   cof_sev_platform **ret, cof_err *err)
{
	COF_AUTO(cof_sev_chain) chain = {0};
	*ret = NULL;
	/* What OpenSSL thinks of hostile bytes is not left behind for the caller's next TLS call. */
	(void)ERR_set_mark();
	int rc = cof_sev_chain_check(in, checks, &chain, err);
	(void)ERR_pop_to_mark();
	if (rc == 0)
		rc = cof_sev_demands_check(demands, &chain, checks, err);
	if (rc == 0 && ret_fields != NULL)
		rc = cof_sev_fields(&chain, ret_fields, err);
	if (rc == 0 && cof_checks_passed(checks))
		rc = make_platform(&chain, ret, err);
	return rc;
}

int cof_kind_sev_chain(const cof_verify_in *in, cof_verdict *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_sev_platform) platform = NULL;
	cof_sev_demands demands;
	int rc = cof_sev_demands_read(in->policy, &demands, err);
	const cof_sev_chain_in chain = {
		.ark = cof_role(in, "ark"),
		.ask = cof_role(in, "ask"),
		.cek = cof_role(in, "cek"),
		.oca = cof_role(in, "oca"),
		.pek = cof_role(in, "pek"),
		.pdh = cof_role(in, "pdh"),
	};
	return rc < 0 ? rc : cof_sev_verify(&chain, &demands, &ret->checks, &ret->fields, &platform, err);
}

/* ---- launches ---- */

void cof_sev_launched_free(cof_sev_launched *l)
{
	free(l);
}

cof_span cof_sev_launched_measure(const cof_sev_launched *l)
{
	return cof_span_of(l->measure, sizeof l->measure);
}

/* spec: AMD SEV API 0.24, table 2: the least firmware, in the policy's upper half */
static void check_firmware(const cof_sev_launch_in *in, cof_checks *c)
{
	const uint8_t by_policy[2] = {(uint8_t)(in->policy >> 16), (uint8_t)(in->policy >> 24)};
	const uint8_t least[2] = {in->min_api_major, in->min_api_minor};
	cof_sev_api_check(c, by_policy, in->api_major, in->api_minor);
	if (in->has_api)
		cof_sev_api_check(c, least, in->api_major, in->api_minor);
	(void)cof_check_at_least(c, COF_STAGE_POLICY, "build-too-low", in->min_build, in->build);
}

static int check_measure(const cof_sev_launch_in *in, cof_checks *c, uint8_t measure[COF_SEV_MEASURE_LEN], cof_err *err)
{
	uint8_t expected[COF_SHA256_LEN];
	cof_rd r = cof_rd_of(in->measurement);
	cof_sev_mac_in mac = {
		.api_major = in->api_major,
		.api_minor = in->api_minor,
		.build = in->build,
		.policy = in->policy,
		.tik = in->tik,
	};
	memcpy(mac.digest, in->digest, sizeof mac.digest);
	cof_rd_copy(&r, measure, COF_SEV_MEASURE_LEN);
	cof_rd_copy(&r, mac.mnonce, sizeof mac.mnonce);
	if (!cof_check_equal(c, COF_STAGE_PARSE, "launch-measurement-size", COF_SEV_MEASUREMENT_LEN,
			     in->measurement.len))
		return 0;
	int rc = cof_sev_mac(&mac, expected, err);
	/* The expected one is not told: whoever hears it could come again with it. */
	if (rc == 0)
		(void)cof_check_text(
			c, COF_STAGE_SIGNATURE, "launch-measure",
			cof_ct_equal(cof_span_of(expected, sizeof expected), cof_span_of(measure, COF_SEV_MEASURE_LEN)),
			"of that launch, by the session's key", NULL);
	cof_wipe(expected, sizeof expected);
	return rc;
}

int cof_sev_launch_verify(const cof_sev_launch_in *in, cof_checks *checks, cof_sev_launched **ret, cof_err *err)
{
	uint8_t measure[COF_SEV_MEASURE_LEN] = {0};
	*ret = NULL;
	check_firmware(in, checks);
	int rc = check_measure(in, checks, measure, err);
	if (rc < 0 || !cof_checks_passed(checks))
		return rc;
	cof_sev_launched *l = calloc(1, sizeof *l);
	if (l == NULL)
		return cof_err_oom(err);
	memcpy(l->measure, measure, sizeof l->measure);
	*ret = l;
	return 0;
}
