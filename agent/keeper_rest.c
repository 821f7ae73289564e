/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/keeper_int.h"

#include "common/log.h"

enum { REST_TIMEOUT_MS = 30 * 1000 };

int cof_keeper_need_kbs(const cof_keeper *k, cof_err *err)
{
	if (k->kbs != NULL)
		return 0;
	return cof_err_set(err, COF_E_POLICY, "kbs-missing", "initdata's aa.toml names no key broker");
}

/* --- the REST API's questions --- */

static int rest_resource(void *arg, const cof_kbsp_path *path, cof_secret *ret, cof_err *err)
{
	cof_keeper *k = arg;
	cof_kbsp_refusal why = {.pcr = -1};
	int r = cof_keeper_need_kbs(k, err);
	if (r == 0 && !cof_policy_resource_allowed(k->policy, path))
		r = cof_err_set(err, COF_E_POLICY, "policy-denied", "resources: no entry allows this path");
	if (r == 0)
		r = cof_kbs_client_get(k->kbs, path, REST_TIMEOUT_MS, ret, &why, err);
	if (r < 0)
		cof_log_err(COF_LOG_WARN, "rest", "resource not given", err);
	return r;
}

/* source: CoCo attestation-agent GetToken("kbs"): {"token", "tee_keypair"} */
static int rest_token(void *arg, cof_secret *ret, cof_err *err)
{
	cof_keeper *k = arg;
	COF_AUTO(cof_secret) pem = {0};
	COF_AUTO(cof_buf) text = {0};
	int r = cof_keeper_need_kbs(k, err);
	if (r == 0 && !k->policy->token_ok)
		r = cof_err_set(err, COF_E_POLICY, "policy-denied", "token: not allowed");
	if (r == 0)
		r = cof_kbs_client_attest(k->kbs, REST_TIMEOUT_MS, err);
	if (r == 0)
		r = cof_kbs_client_key_pem(k->kbs, &pem, err);
	if (r < 0)
		return r;
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s%}", "token", cof_kbs_client_token(k->kbs), "tee_keypair", (const char *)pem.data,
			pem.len);
	r = doc == NULL ? cof_err_oom(err) : cof_json_dump(doc, &text, err);
	if (r == 0)
		r = cof_secret_from(ret, cof_buf_span(&text), err);
	cof_buf_wipe(&text);
	return r;
}

/* source: CoCo attestation-agent ExtendRuntimeMeasurement; its own events bear this domain, and nobody else's do */
static int rest_measure(void *arg, const cof_runtime_event *e, cof_err *err)
{
	cof_keeper *k = arg;
	int r = 0;
	if (!k->policy->measure_ok)
		r = cof_err_set(err, COF_E_POLICY, "policy-denied", "measure: not allowed");
	else if (strcmp(e->domain, "github.com/confidential-containers") == 0)
		r = cof_err_set(err, COF_E_POLICY, "policy-denied", "measure: this domain is the guest's own");
	if (r == 0)
		r = cof_attester_extend_runtime(k->backend, k->attester, e, err);
	if (r < 0)
		cof_log_err(COF_LOG_WARN, "rest", "not measured", err);
	return r;
}

int cof_keeper_open_rest(cof_keeper *k, int port, cof_err *err)
{
	const cof_rest_ops ops = {rest_resource, rest_token, rest_measure, k};
	return port < 0 ? 0 : cof_rest_new(&k->rest, k->base, port, &ops, err);
}
