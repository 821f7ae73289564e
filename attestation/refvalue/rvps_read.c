/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/rvps.h"

#include <stdio.h>

#include "attestation/refvalue/rim_value.h"

static const cof_rim_tee tees[] = {COF_RIM_SNP, COF_RIM_TDX};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "reference-malformed", "RVPS: %s", what);
}

/* The field of this name; COF_RIM_FIELDS where no TEE has it. */
static cof_rim_field field_of(const char *name)
{
	cof_rim_field f = 0;
	while (f < COF_RIM_FIELDS &&
	       (cof_rim_field_of(f)->rvps == NULL || strcmp(cof_rim_field_of(f)->rvps, name) != 0))
		f++;
	return f;
}

/* A scalar and a list of one are the same; no value at all would be true of nothing, and nobody means that. */
static int demand(cof_rim_entry *e, cof_rim_field f, const json_t *v, cof_err *err)
{
	if (json_is_array(v) && json_array_size(v) == 1)
		v = json_array_get(v, 0);
	if (json_is_object(v) || (json_is_array(v) && json_array_size(v) == 0))
		return malformed(err, "a name has a value, or a list of values");
	return cof_rim_demand_json(e, f, v, err);
}

static int demand_all(const json_t *names, cof_rim_entry *e, cof_err *err)
{
	int rc = 0;
	for (cof_rim_field f = cof_rim_field_first(e->tee); rc == 0 && f < cof_rim_field_end(e->tee); f++) {
		const char *name = cof_rim_field_of(f)->rvps;
		const json_t *v = name == NULL ? NULL : json_object_get(names, name);
		if (v != NULL)
			rc = demand(e, f, v, err);
	}
	return rc;
}

static int read_tee(const json_t *names, cof_rim_tee tee, cof_rim *ret, cof_err *err)
{
	COF_AUTO(cof_rim_entry) e = {.tee = tee};
	(void)snprintf(e.name, sizeof e.name, "rvps/%s", cof_rim_tee_name(tee));
	int rc = demand_all(names, &e, err);
	if (rc < 0 || e.launch.n == 0)
		return rc;
	if (cof_rim_entry_is_open(&e))
		return cof_err_set(err, COF_E_POLICY, "rvps-unsupported", "RVPS: %s without %s would be any guest",
				   cof_rim_tee_name(tee), cof_rim_field_of(cof_rim_field_launch(tee))->rvps);
	return cof_rim_add(ret, &e, err);
}

static int read_names(const json_t *names, cof_rim *ret, cof_err *err)
{
	const char *name;
	json_t *v;
	int rc = 0;
	if (!json_is_object(names) || json_object_size(names) == 0)
		return malformed(err, "an object of names");
	json_object_foreach ((json_t *)(uintptr_t)names, name, v) {
		if (field_of(name) == COF_RIM_FIELDS)
			return cof_err_set(err, COF_E_POLICY, "rvps-unsupported", "RVPS: '%.60s' is no name known here",
					   name);
	}
	for (size_t i = 0; rc == 0 && i < COF_COUNT(tees); i++)
		rc = read_tee(names, tees[i], ret, err);
	return rc;
}

static int read_message(const json_t *doc, cof_rim *ret, cof_err *err)
{
	static const char *const known[] = {"version", "type", "payload", NULL};
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(json_t) names = NULL;
	const char *version = json_string_value(json_object_get(doc, "version")),
		   *type = json_string_value(json_object_get(doc, "type"));
	cof_err why = {0};
	if (cof_json_only(doc, known, NULL) < 0 || version == NULL || strcmp(version, "0.1.0") != 0 || type == NULL ||
	    strcmp(type, "sample") != 0)
		return malformed(err, "version 0.1.0 and type sample are read");
	if (cof_json_b64(doc, "payload", &text, &why) < 0 || cof_json_parse(cof_buf_span(&text), &names, &why) < 0)
		return malformed(err, why.text);
	return read_names(names, ret, err);
}

int cof_rvps_read(const json_t *doc, cof_rim *ret, cof_err *err)
{
	return json_object_get(doc, "payload") != NULL ? read_message(doc, ret, err) : read_names(doc, ret, err);
}
