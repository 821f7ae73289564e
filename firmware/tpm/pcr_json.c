/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tpm/pcr_json.h"

#include <stdio.h>

#include "common/hex.h"

static int pcrs_json(const cof_tpm_prediction *p, json_t *to, cof_err *err)
{
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < COF_PCRS; i++) {
		char key[8], hex[2 * COF_DIGEST_MAX + 1];
		if (!cof_pcr_is_predicted(i))
			continue;
		(void)snprintf(key, sizeof key, "%u", i);
		cof_hex(cof_digest_span(&p->pcrs[i]), hex);
		rc = cof_json_set_str(to, key, hex, err);
	}
	return rc;
}

static int event_json(const cof_ref_event *e, json_t *list, cof_err *err)
{
	char hex[2 * COF_DIGEST_MAX + 1];
	const char *type = cof_event_type_name(e->type);
	cof_hex(cof_digest_span(&e->digest), hex);
	if (type == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "event-type", "event type 0x%x has no name", e->type);
	json_t *o = json_pack("{s:i, s:s, s:s, s:s}", "pcr", (int)e->reg, "type", type, "name", e->name, "digest", hex);
	return o == NULL || json_array_append_new(list, o) < 0 ? cof_err_oom(err) : 0;
}

int cof_tpm_prediction_json(const cof_tpm_prediction *p, const char *name, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	j = json_pack("{s:s, s:s, s:s, s:{}, s:[]}", "format", "coffer-reference-values/1", "tee", "tpm", "name", name,
		      "pcrs", "events");
	if (j == NULL)
		return cof_err_oom(err);
	int rc = pcrs_json(p, json_object_get(j, "pcrs"), err);
	for (size_t i = 0; rc == 0 && i < p->n; i++)
		rc = event_json(&p->events[i], json_object_get(j, "events"), err);
	if (rc == 0)
		*ret = cof_steal(&j);
	return rc;
}
