/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rvps.h"

#include <stdio.h>

#include "common/hex.h"

enum { NAME_MAX_LEN = 32, HEX_MAX = 2 * COF_SHA384_LEN };

/* While it is put together each name has an object, whose keys are the values: so each is there once, in order. */
static int add(json_t *names, const char *name, const char *value, json_t *as, cof_err *err)
{
	json_t *set = json_object_get(names, name);
	if (set == NULL) {
		set = json_object();
		if (cof_json_set_new(names, name, set, err) < 0) {
			json_decref(as);
			return cof_err_oom(err);
		}
	}
	return cof_json_set_new(set, value, as, err);
}

static int add_hex(json_t *names, const char *name, bool has, cof_span bytes, cof_err *err)
{
	char hex[HEX_MAX + 1];
	if (!has)
		return 0;
	cof_hex(bytes, hex);
	return add(names, name, hex, json_string(hex), err);
}

static int add_snp(json_t *names, const cof_rim_entry *e, cof_err *err)
{
	const cof_rim_snp *s = &e->snp;
	char text[HEX_MAX + 1];
	int rc = add_hex(names, "snp_launch_measurement", true, cof_span_of(s->measurement, COF_SHA384_LEN), err);
	if (rc == 0)
		rc = add_hex(names, "snp_host_data", s->has_host_data, cof_span_of(s->host_data, COF_SHA256_LEN), err);
	if (rc == 0)
		rc = add_hex(names, "snp_id_key_digest", s->has_id_key_digest,
			     cof_span_of(s->id_key_digest, COF_SHA384_LEN), err);
	if (rc == 0)
		rc = add_hex(names, "snp_author_key_digest", s->has_author_key_digest,
			     cof_span_of(s->author_key_digest, COF_SHA384_LEN), err);
	(void)snprintf(text, sizeof text, "%016llx", (unsigned long long)s->policy);
	if (rc == 0 && s->has_policy)
		rc = add(names, "snp_policy", text, json_string(text), err);
	(void)snprintf(text, sizeof text, "%lu", (unsigned long)s->guest_svn);
	if (rc == 0 && s->has_guest_svn)
		rc = add(names, "snp_guest_svn", text, json_integer(s->guest_svn), err);
	return rc;
}

static int add_tdx(json_t *names, const cof_rim_entry *e, cof_err *err)
{
	const cof_rim_tdx *t = &e->tdx;
	int rc = add_hex(names, "mr_td", true, cof_span_of(t->mrtd, COF_SHA384_LEN), err);
	for (unsigned i = 0; rc == 0 && i < COF_RIM_RTMRS; i++) {
		char name[NAME_MAX_LEN];
		(void)snprintf(name, sizeof name, "rtmr_%u", i);
		rc = add_hex(names, name, t->has_rtmr[i], cof_span_of(t->rtmr[i], COF_SHA384_LEN), err);
	}
	return rc < 0 ? rc
		      : add_hex(names, "mr_config_id", t->has_mrconfigid, cof_span_of(t->mrconfigid, COF_SHA384_LEN),
				err);
}

static int add_tpm(json_t *names, const cof_rim_entry *e, cof_err *err)
{
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < COF_PCRS; i++) {
		char name[NAME_MAX_LEN];
		(void)snprintf(name, sizeof name, "tpm_pcr%02u", i);
		rc = add_hex(names, name, e->tpm.has[i], cof_digest_span(&e->tpm.pcrs[i]), err);
	}
	return rc;
}

static int add_launch(json_t *names, const cof_rim_entry *e, cof_err *err)
{
	char name[NAME_MAX_LEN];
	(void)snprintf(name, sizeof name, "%s_launch_measurement", cof_rim_tee_name(e->tee));
	return add_hex(names, name, true, cof_span_of(e->digest, COF_SHA256_LEN), err);
}

typedef int (*adder)(json_t *names, const cof_rim_entry *e, cof_err *err);
static const adder adders[COF_RIM_TEES] = {
	[COF_RIM_SNP] = add_snp,    [COF_RIM_TDX] = add_tdx,	  [COF_RIM_TPM] = add_tpm,
	[COF_RIM_SEV] = add_launch, [COF_RIM_SEVES] = add_launch,
};

static int list_of(json_t *set, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) list = json_array();
	const char *key;
	json_t *value;
	if (list == NULL)
		return cof_err_oom(err);
	json_object_foreach (set, key, value) {
		if (json_array_append(list, value) < 0)
			return cof_err_oom(err);
	}
	*ret = cof_steal(&list);
	return 0;
}

int cof_rvps_json(const cof_rim *r, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) names = json_object();
	COF_AUTO_PTR(json_t) out = json_object();
	const char *name;
	json_t *set;
	int rc = names == NULL || out == NULL ? cof_err_oom(err) : cof_rim_check(r, err);
	for (size_t i = 0; rc == 0 && i < r->n; i++)
		rc = adders[r->entries[i].tee](names, &r->entries[i], err);
	json_object_foreach (names, name, set) {
		json_t *list = NULL;
		if (rc == 0)
			rc = list_of(set, &list, err);
		if (rc == 0)
			rc = cof_json_set_new(out, name, list, err);
	}
	if (rc == 0)
		*ret = cof_steal(&out);
	return rc;
}

int cof_rvps_message(const cof_rim *r, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) values = NULL;
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_rvps_json(r, &values, err);
	if (rc == 0)
		rc = cof_json_dump(values, &text, err);
	if (rc < 0)
		return rc;
	COF_AUTO_FREE char *payload = cof_b64_dup(cof_buf_span(&text));
	json_t *o = payload == NULL
			    ? NULL
			    : json_pack("{s:s, s:s, s:s}", "version", "0.1.0", "type", "sample", "payload", payload);
	if (o == NULL)
		return cof_err_oom(err);
	*ret = o;
	return 0;
}
