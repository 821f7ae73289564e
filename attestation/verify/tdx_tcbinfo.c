/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_tcbinfo.h"

#include "attestation/verify/tdx_level.h"
#include "common/hex.h"
#include "common/json.h"

enum { VERSION = 3, MODULE_ID_LEN = 6 };

void cof_tdx_tcb_info_release(cof_tdx_tcb_info *i)
{
	json_decref(i->text);
	free(i->modules);
	free(i->levels);
	*i = (cof_tdx_tcb_info){0};
}

static int wrong(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "json-type", "%s", what);
}

/* Exactly 16: a shorter list would leave a component uncompared. */
static int read_components(const json_t *tcb, const char *key, uint8_t ret[COF_TDX_COMPONENTS], cof_err *err)
{
	json_t *list = NULL;
	int rc = cof_json_arr(tcb, key, &list, err);
	if (rc == 0 && json_array_size(list) != COF_TDX_COMPONENTS)
		rc = wrong(err, "number of components");
	for (size_t i = 0; rc == 0 && i < COF_TDX_COMPONENTS; i++) {
		json_int_t svn = 0;
		rc = cof_json_int(json_array_get(list, i), "svn", 0, UINT8_MAX, &svn, err);
		ret[i] = (uint8_t)svn;
	}
	return rc;
}

static int read_level(const json_t *o, cof_tdx_level *l, cof_err *err)
{
	json_t *tcb = NULL;
	json_int_t pcesvn = 0;
	int rc = cof_json_obj(o, "tcb", &tcb, err);
	if (rc == 0)
		rc = read_components(tcb, "sgxtcbcomponents", l->sgx, err);
	if (rc == 0)
		rc = cof_json_int(tcb, "pcesvn", 0, UINT16_MAX, &pcesvn, err);
	if (rc == 0)
		rc = read_components(tcb, "tdxtcbcomponents", l->tdx, err);
	l->pcesvn = (uint16_t)pcesvn;
	return rc < 0 ? rc : cof_tdx_json_head(o, &l->head, err);
}

static int read_levels(cof_tdx_tcb_info *i, cof_err *err)
{
	json_t *list = NULL;
	int rc = cof_json_arr(i->text, "tcbLevels", &list, err);
	size_t n = rc < 0 ? 0 : json_array_size(list);
	if (rc == 0 && (n == 0 || n > COF_TDX_LEVELS_MAX))
		rc = wrong(err, "number of tcbLevels");
	if (rc < 0)
		return rc;
	i->levels = calloc(n, sizeof *i->levels);
	if (i->levels == NULL)
		return cof_err_oom(err);
	for (; rc == 0 && i->n < n; i->n++)
		rc = read_level(json_array_get(list, i->n), &i->levels[i->n], err);
	return rc;
}

static int read_signer(const json_t *o, cof_tdx_signer *m, cof_err *err)
{
	int rc = cof_tdx_json_hex(o, "mrsigner", m->mrsigner, sizeof m->mrsigner, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(o, "attributes", m->attributes, sizeof m->attributes, err);
	return rc < 0 ? rc : cof_tdx_json_hex(o, "attributesMask", m->mask, sizeof m->mask, err);
}

/* "TDX_03", with the version in hex. */
static int read_module_id(const json_t *o, cof_tdx_module *m, cof_err *err)
{
	const char *id = NULL;
	int rc = cof_json_str(o, "id", &id, err);
	if (rc == 0 && (strlen(id) != MODULE_ID_LEN || strncmp(id, "TDX_", 4) != 0 ||
			cof_unhex(id + 4, &m->version, 1, NULL) < 0 || m->version == 0))
		rc = wrong(err, "id of a TDX module");
	return rc;
}

static int read_module(const json_t *o, cof_tdx_tcb_info *i, cof_err *err)
{
	cof_tdx_module *m = &i->modules[i->n_modules];
	int rc = read_module_id(o, m, err);
	if (rc == 0)
		rc = read_signer(o, &m->signer, err);
	if (rc == 0)
		rc = cof_tdx_json_svn_levels(o, m->levels, &m->n, err);
	for (size_t at = 0; rc == 0 && at < i->n_modules; at++) {
		if (i->modules[at].version == m->version)
			rc = wrong(err, "one TDX module twice");
	}
	if (rc == 0)
		i->n_modules++;
	return rc;
}

/* Files from before 2024 have no identities: then no module of a version above 0 is known. */
static int read_modules(cof_tdx_tcb_info *i, cof_err *err)
{
	json_t *module = NULL, *list = NULL;
	int rc = cof_json_obj(i->text, "tdxModule", &module, err);
	if (rc == 0)
		rc = read_signer(module, &i->module, err);
	if (rc < 0 || json_object_get(i->text, "tdxModuleIdentities") == NULL)
		return rc;
	rc = cof_json_arr(i->text, "tdxModuleIdentities", &list, err);
	if (rc == 0 && json_array_size(list) > COF_TDX_MODULES_MAX)
		rc = wrong(err, "number of TDX modules");
	if (rc < 0)
		return rc;
	i->modules = calloc(COF_TDX_MODULES_MAX, sizeof *i->modules);
	if (i->modules == NULL)
		return cof_err_oom(err);
	for (size_t at = 0; rc == 0 && at < json_array_size(list); at++)
		rc = read_module(json_array_get(list, at), i, err);
	return rc;
}

static int read_platform(cof_tdx_tcb_info *i, cof_err *err)
{
	json_int_t type = 0;
	int rc = cof_tdx_json_dates(i->text, &i->dates, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(i->text, "fmspc", i->fmspc, sizeof i->fmspc, err);
	if (rc == 0)
		rc = cof_tdx_json_hex(i->text, "pceId", i->pceid, sizeof i->pceid, err);
	return rc < 0 ? rc : cof_json_int(i->text, "tcbType", 0, 0, &type, err);
}

static int read_all(cof_tdx_tcb_info *i, cof_err *err)
{
	int rc = read_platform(i, err);
	if (rc == 0)
		rc = read_modules(i, err);
	return rc < 0 ? rc : read_levels(i, err);
}

/* What the rest means depends on these two. */
static int check_kind(const json_t *text, cof_err *err)
{
	const char *id = NULL;
	json_int_t version = 0;
	if (cof_json_str(text, "id", &id, NULL) < 0 || strcmp(id, "TDX") != 0)
		return cof_err_set(err, COF_E_MALFORMED, "tcb-info-id", "TCB info of '%.16s', not of TDX",
				   id == NULL ? "" : id);
	if (cof_json_int(text, "version", VERSION, VERSION, &version, NULL) < 0)
		return cof_err_set(err, COF_E_MALFORMED, "tcb-info-version", "TCB info is not of version %d", VERSION);
	return 0;
}

int cof_tdx_tcb_info_parse(cof_span text, cof_tdx_tcb_info *ret, cof_err *err)
{
	COF_AUTO(cof_tdx_tcb_info) i = {0};
	cof_err why = {0};
	int rc = cof_json_parse(text, &i.text, &why);
	if (rc == 0) {
		rc = check_kind(i.text, err);
		if (rc < 0)
			return rc;
		rc = read_all(&i, &why);
	}
	if (rc < 0)
		return cof_err_set(err, COF_E_MALFORMED, "tcb-info-format", "TCB info: %s", why.text);
	*ret = i;
	i = (cof_tdx_tcb_info){0};
	return 0;
}
