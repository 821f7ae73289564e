/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/sev_fields.h"

#include <stdio.h>

#include "attestation/verify/sev_policy.h"
#include "common/json.h"

enum { WORD_MAX = 9 };

static void word_text(uint32_t v, char out[WORD_MAX])
{
	(void)snprintf(out, WORD_MAX, "%04x", v);
}

static int add_ca(json_t *to, const char *who, const cof_sev_ca *ca, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_pack("{s:i}", "bits", (int)ca->bits);
	int rc = o == NULL ? cof_err_oom(err)
			   : cof_json_set_hex(o, "key_id", cof_span_of(ca->key_id, sizeof ca->key_id), err);
	return rc < 0 ? rc : cof_json_set_new(to, who, cof_steal(&o), err);
}

static json_t *signature_json(const cof_sev_signature *s)
{
	char usage[WORD_MAX], algo[WORD_MAX];
	word_text(s->usage, usage);
	word_text(s->algo, algo);
	return json_pack("[s,s]", usage, algo);
}

static int add_cert(json_t *to, const char *who, const cof_sev_cert *cert, cof_err *err)
{
	char usage[WORD_MAX], algo[WORD_MAX], api[16], key[65];
	int rc = cof_sev_key_digest(cert, key, err);
	if (rc < 0)
		return rc;
	word_text(cert->usage, usage);
	word_text(cert->algo, algo);
	(void)snprintf(api, sizeof api, "%u.%u", cert->api_major, cert->api_minor);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s, s:s, s:s, s:[o,o]}", "usage", usage, "algo", algo, "api", api, "key_sha256", key,
		      "signatures", signature_json(&cert->signatures[0]), signature_json(&cert->signatures[1]));
	return o == NULL ? cof_err_oom(err) : cof_json_set_new(to, who, cof_steal(&o), err);
}

static bool is_whole(const cof_sev_chain *chain)
{
	bool whole = chain->ark.read && chain->ask.read;
	for (size_t i = 0; i < COF_SEV_PLACES; i++)
		whole = chain->at[i].read && whole;
	return whole;
}

int cof_sev_fields(const cof_sev_chain *chain, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) o = json_object();
	*ret = NULL;
	if (!is_whole(chain))
		return 0;
	int rc = o == NULL ? cof_err_oom(err) : add_ca(o, "ark", &chain->ark.cert, err);
	if (rc == 0)
		rc = add_ca(o, "ask", &chain->ask.cert, err);
	for (cof_sev_place p = 0; rc == 0 && p < COF_SEV_PLACES; p++)
		rc = add_cert(o, cof_sev_place_name(p), &chain->at[p].cert, err);
	if (rc == 0)
		rc = cof_json_set_str(o, "root", chain->line != COF_SNP_LINE_NONE ? "amd" : "named by the caller", err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
