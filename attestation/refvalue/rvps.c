/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rvps.h"

#include <stdio.h>

#include "attestation/refvalue/rim_value.h"
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

/* A service compares values alone: what would be lost of a demand would be a demand less. */
static int add_cond(json_t *names, const cof_rim_cond *c, cof_err *err)
{
	const cof_rim_field_info *info = cof_rim_field_of(c->field);
	int rc = 0;
	if (info->rvps == NULL || c->op != COF_RIM_IS)
		return cof_err_set(err, COF_E_POLICY, "rvps-unsupported", "RVPS: a condition on %s has no place there",
				   info->name);
	for (size_t i = 0; rc == 0 && i < c->n; i++) {
		char text[2 * COF_RIM_VALUE_MAX + 1];
		cof_rim_value_text(c->field, cof_rim_value(c, i), text, sizeof text);
		rc = add(names, info->rvps, text,
			 info->form == COF_RIM_NUMBER ? json_integer((json_int_t)cof_rim_value_number(c, i))
						      : json_string(text),
			 err);
	}
	return rc;
}

static int add_conds(json_t *names, const cof_rim_entry *e, cof_err *err)
{
	int rc = 0;
	for (cof_rim_field f = cof_rim_field_first(e->tee); rc == 0 && f < cof_rim_field_end(e->tee); f++) {
		const cof_rim_cond *c = cof_rim_cond_on(e, f);
		if (c != NULL)
			rc = add_cond(names, c, err);
	}
	return rc;
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
	[COF_RIM_SNP] = add_conds,  [COF_RIM_TDX] = add_conds,	  [COF_RIM_TPM] = add_tpm,
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
