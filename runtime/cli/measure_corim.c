/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/measure_corim.h"

#include <stdio.h>
#include <time.h>

#include "attestation/refvalue/corim.h"
#include "attestation/refvalue/rvps.h"
#include "common/file.h"
#include "common/wr.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/signkey.h"

enum { DAY_S = 24 * 60 * 60 };

/* What the options add to an entry, by its kind. */
static int add_snp(const cof_measure_extras *x, cof_rim_entry *e, cof_err *err)
{
	COF_AUTO(cof_buf) policy = {0};
	cof_wr w = cof_wr_to(&policy);
	cof_wr_u64be(&w, x->policy);
	int rc = cof_wr_done(&w, err);
	if (rc == 0 && x->has_policy)
		rc = cof_rim_demand(e, COF_RIM_POLICY, COF_RIM_IS, cof_buf_span(&policy), err);
	if (rc == 0 && x->has_host_data)
		rc = cof_rim_demand(e, COF_RIM_HOST_DATA, COF_RIM_IS, cof_span_of(x->host_data, sizeof x->host_data),
				    err);
	return rc;
}

static int add_tdx(const cof_measure_extras *x, cof_rim_entry *e, cof_err *err)
{
	return x->has_mrconfigid ? cof_rim_demand(e, COF_RIM_MRCONFIGID, COF_RIM_IS,
						  cof_span_of(x->mrconfigid, sizeof x->mrconfigid), err)
				 : 0;
}

static int (*const adders[COF_RIM_TEES])(const cof_measure_extras *, cof_rim_entry *, cof_err *) = {
	[COF_RIM_SNP] = add_snp,
	[COF_RIM_TDX] = add_tdx,
};

static int add_entry(cof_rim *rim, const cof_measurement *m, const cof_measure_extras *x, const char *name,
		     cof_err *err)
{
	COF_AUTO(cof_rim_entry) e = {0};
	int rc = cof_rim_entry_measured(m, name, &e, err);
	if (rc == 0 && adders[e.tee] != NULL)
		rc = adders[e.tee](x, &e, err);
	return rc < 0 ? rc : cof_rim_add(rim, &e, err);
}

int cof_measure_rim_add(cof_rim *rim, const cof_measure_result *r, const char *name, cof_err *err)
{
	return add_entry(rim, &r->m, &r->inputs.extras, name, err);
}

int cof_measure_rim_add_count(cof_rim *rim, const cof_measure_result *r, const char *name, const cof_digest *digest,
			      cof_err *err)
{
	COF_AUTO_FREE cof_measurement *m = calloc(1, sizeof *m);
	if (m == NULL)
		return cof_err_oom(err);
	m->tee = r->tee->name;
	m->registers[m->n++] = (cof_register){.known = true, .value = *digest};
	return add_entry(rim, m, &r->inputs.extras, name, err);
}

/* --- files --- */

/* "guest.corim" for snp becomes "guest.snp.corim". */
static int path_of(const char *path, const char *tee, bool alone, char **ret, cof_err *err)
{
	const char *slash = strrchr(path, '/');
	const char *dot = strrchr(slash == NULL ? path : slash, '.');
	size_t stem = dot == NULL ? strlen(path) : (size_t)(dot - path);
	if (alone)
		return cof_path(ret, err, "%s", path);
	return cof_path(ret, err, "%.*s.%s%s", (int)stem, path, tee, dot == NULL ? "" : dot);
}

static int write_tee(const cof_measure_opts *o, const cof_rim *rim, cof_rim_tee tee, EVP_PKEY *key, bool alone,
		     cof_err *err)
{
	COF_AUTO(cof_buf) bytes = {0};
	COF_AUTO_FREE char *path = NULL;
	const cof_corim_signer by = {.key = key, .name = "coffer measure"};
	int rc = key == NULL ? cof_corim_write(rim, tee, &bytes, err) : cof_corim_sign(rim, tee, &by, &bytes, err);
	if (rc == 0)
		rc = path_of(o->corim, cof_rim_tee_name(tee), alone, &path, err);
	return rc < 0 ? rc : cof_cli_write(path, cof_buf_span(&bytes), 0644, err);
}

static int write_corims(const cof_measure_opts *o, const cof_rim *rim, cof_err *err)
{
	COF_AUTO(cof_signkey) key = {0};
	const cof_signkey_in in = {.name = o->corim_key, .pin_file = o->pin_file};
	size_t kinds = 0;
	int rc = o->corim_key == NULL ? 0 : cof_signkey_load(&in, &key, err);
	for (cof_rim_tee t = 0; t < COF_RIM_TEES; t++)
		kinds += cof_rim_count(rim, t) > 0;
	for (cof_rim_tee t = 0; rc == 0 && t < COF_RIM_TEES; t++) {
		if (cof_rim_count(rim, t) > 0)
			rc = write_tee(o, rim, t, key.key, kinds == 1, err);
	}
	return rc;
}

static int write_rvps(const char *path, const cof_rim *rim, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	int rc = cof_rvps_message(rim, &doc, err);
	if (rc == 0)
		rc = cof_json_dump_pretty(doc, &text, err);
	return rc < 0 ? rc : cof_cli_write(path, cof_buf_span(&text), 0644, err);
}

int cof_measure_rim_write(const cof_measure_opts *o, cof_rim *rim, const char *id, cof_err *err)
{
	int rc = cof_rim_set_id(rim, cof_span_str(id), err);
	for (size_t i = 0; i < rim->n; i++)
		rim->entries[i].version = o->corim_version;
	if (o->corim_days != 0)
		rim->not_after = (int64_t)time(NULL) + (int64_t)o->corim_days * DAY_S;
	if (rc == 0 && o->corim != NULL)
		rc = write_corims(o, rim, err);
	return rc < 0 || o->rvps == NULL ? rc : write_rvps(o->rvps, rim, err);
}
