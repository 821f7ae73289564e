/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_tcb.h"

#include "common/json.h"
#include "common/rd.h"
#include "common/secret.h"

/* Components of TEE_TCB_SVN. */
enum { MODULE_SVN, MODULE_VERSION, SEAM_MICROCODE };

enum { MASKED_MAX = 16 };

typedef struct svns {
	uint8_t of[COF_TDX_COMPONENTS];
} svns;

static svns svns_of(cof_span s)
{
	svns v = {0};
	cof_rd r = cof_rd_of(s);
	cof_rd_copy(&r, v.of, sizeof v.of);
	return v;
}

/* --- levels --- */

static bool all_reach(const uint8_t *have, const uint8_t *want, size_t from)
{
	for (size_t i = from; i < COF_TDX_COMPONENTS; i++) {
		if (have[i] < want[i])
			return false;
	}
	return true;
}

static bool sgx_matches(const cof_tdx_level *l, const cof_tdx_pck *pck)
{
	return all_reach(pck->components, l->sgx, 0) && pck->pcesvn >= l->pcesvn;
}

/* A module with an identity of its own is judged by that one, so that its two components do not count here. */
static bool tdx_matches(const cof_tdx_level *l, const svns *s)
{
	return all_reach(s->of, l->tdx, s->of[MODULE_VERSION] > 0 ? SEAM_MICROCODE : MODULE_SVN);
}

static void judge_platform(const cof_tdx_tcb_in *in, const svns *s, cof_tdx_tcb *t)
{
	t->platform = COF_TDX_NOT_SUPPORTED;
	t->sgx_level = COF_TDX_NO_STATUS;
	for (size_t i = 0; i < in->info->n && t->platform_head == NULL; i++) {
		const cof_tdx_level *l = &in->info->levels[i];
		if (!sgx_matches(l, in->pck))
			continue;
		if (t->sgx_level == COF_TDX_NO_STATUS)
			t->sgx_level = l->head.status;
		if (tdx_matches(l, s)) {
			t->platform = l->head.status;
			t->platform_head = &l->head;
		}
	}
}

/* The first level that svn reaches; NULL: below all of them. */
static const cof_tdx_level_head *find_level(const cof_tdx_svn_level *levels, size_t n, uint32_t svn)
{
	for (size_t i = 0; i < n; i++) {
		if (svn >= levels[i].isvsvn)
			return &levels[i].head;
	}
	return NULL;
}

/* --- the TDX module --- */

static const cof_tdx_module *find_module(const cof_tdx_tcb_info *info, uint8_t version)
{
	for (size_t i = 0; i < info->n_modules; i++) {
		if (info->modules[i].version == version)
			return &info->modules[i];
	}
	return NULL;
}

/* The bytes that the mask leaves; out holds as many as value. */
static cof_span masked(cof_span value, const uint8_t *mask, uint8_t out[MASKED_MAX])
{
	cof_rd r = cof_rd_of(value);
	for (size_t i = 0; i < value.len && i < MASKED_MAX; i++)
		out[i] = cof_rd_u8(&r) & mask[i];
	return cof_span_of(out, value.len);
}

/* A production module has no attributes at all, whatever the mask would let pass. */
static bool is_module(const cof_tdx_signer *m, const cof_tdx_td *td)
{
	static const uint8_t zeros[8];
	uint8_t left[MASKED_MAX];
	bool signer = cof_ct_equal(td->mr_signer_seam, cof_span_of(m->mrsigner, sizeof m->mrsigner));
	bool attributes = cof_ct_equal(masked(td->seam_attributes, m->mask, left),
				       cof_span_of(m->attributes, sizeof m->attributes));
	return signer && attributes && cof_ct_equal(td->seam_attributes, cof_span_of(zeros, sizeof zeros));
}

static void judge_module(const cof_tdx_tcb_in *in, const svns *s, cof_tdx_tcb *t)
{
	uint8_t version = s->of[MODULE_VERSION];
	const cof_tdx_module *m = find_module(in->info, version);
	const cof_tdx_signer *signer = version == 0 ? &in->info->module : m != NULL ? &m->signer : NULL;
	if (signer == NULL || !is_module(signer, &in->quote->td)) {
		t->module = COF_TDX_MODULE_MISMATCH;
		return;
	}
	if (m == NULL)
		return;
	t->module_head = find_level(m->levels, m->n, s->of[MODULE_SVN]);
	t->module = t->module_head == NULL ? COF_TDX_NOT_SUPPORTED : t->module_head->status;
}

/* --- relaunch --- */

/* What is loaded now is as new as Intel's newest: only the TD itself is from before the update. */
static bool loaded_is_new(const cof_tdx_tcb_in *in)
{
	svns now = svns_of(in->quote->td.tee_tcb_svn2);
	uint8_t version = now.of[MODULE_VERSION];
	const cof_tdx_level *first = &in->info->levels[0];
	const cof_tdx_module *m = find_module(in->info, version);
	if (now.of[SEAM_MICROCODE] < first->tdx[SEAM_MICROCODE])
		return false;
	if (version == 0)
		return now.of[MODULE_SVN] >= first->tdx[MODULE_SVN];
	return m != NULL && now.of[MODULE_SVN] >= m->levels[0].isvsvn;
}

static bool is_old(cof_tdx_status s)
{
	return s == COF_TDX_OUT_OF_DATE || s == COF_TDX_OUT_OF_DATE_CONFIGURATION;
}

/* Out of date because of the module at launch alone: a restart of the TD cures it. */
static bool relaunch_helps(const cof_tdx_tcb_in *in, const cof_tdx_tcb *t)
{
	bool sgx_good = t->sgx_level <= COF_TDX_CONFIGURATION_SW;
	return in->quote->body_type == COF_TDX_BODY_15 && is_old(t->status) && t->module == COF_TDX_OUT_OF_DATE &&
	       sgx_good && t->qe == COF_TDX_UP_TO_DATE && loaded_is_new(in);
}

static bool needs_configuration(const cof_tdx_tcb *t)
{
	return t->status == COF_TDX_OUT_OF_DATE_CONFIGURATION || t->sgx_level == COF_TDX_CONFIGURATION ||
	       t->sgx_level == COF_TDX_CONFIGURATION_SW;
}

void cof_tdx_tcb_judge(const cof_tdx_tcb_in *in, cof_tdx_tcb *ret)
{
	svns s = svns_of(in->quote->td.tee_tcb_svn);
	cof_tdx_tcb t = {
		.module = COF_TDX_NO_STATUS, .qe = COF_TDX_NO_STATUS, .evaluation = in->info->dates.evaluation};
	judge_platform(in, &s, &t);
	if (t.platform == COF_TDX_NOT_SUPPORTED) {
		t.status = COF_TDX_NOT_SUPPORTED;
		*ret = t;
		return;
	}
	judge_module(in, &s, &t);
	t.qe_head = find_level(in->identity->levels, in->identity->n, in->quote->qe.isv_svn);
	t.qe = t.qe_head == NULL ? COF_TDX_NOT_SUPPORTED : t.qe_head->status;
	t.status = cof_tdx_status_converge(t.platform, t.module);
	if (relaunch_helps(in, &t))
		t.status = needs_configuration(&t) ? COF_TDX_RELAUNCH_CONFIGURATION : COF_TDX_RELAUNCH;
	t.status = cof_tdx_status_converge(t.status, t.qe);
	*ret = t;
}

/* --- the quoting enclave --- */

bool cof_tdx_qe_check(cof_checks *c, const cof_tdx_qe *qe, const cof_tdx_qe_identity *i)
{
	uint8_t misc[MASKED_MAX], attributes[MASKED_MAX];
	bool ok = cof_check_bytes(c, COF_STAGE_QE, "qe-miscselect", cof_span_of(i->miscselect, sizeof i->miscselect),
				  masked(qe->miscselect, i->miscselect_mask, misc));
	ok = cof_check_bytes(c, COF_STAGE_QE, "qe-attributes", cof_span_of(i->attributes, sizeof i->attributes),
			     masked(qe->attributes, i->attributes_mask, attributes)) &&
	     ok;
	ok = cof_check_bytes(c, COF_STAGE_QE, "qe-mrsigner", cof_span_of(i->mrsigner, sizeof i->mrsigner),
			     qe->mr_signer) &&
	     ok;
	return cof_check_equal(c, COF_STAGE_QE, "qe-isvprodid", i->isvprodid, qe->isv_prod_id) && ok;
}

/* --- as JSON --- */

typedef struct advisories {
	const char *id[3 * COF_TDX_ADVISORIES_MAX];
	size_t n;
} advisories;

static void collect(advisories *a, const cof_tdx_level_head *head)
{
	size_t n = head == NULL ? 0 : json_array_size(head->advisories);
	for (size_t i = 0; i < n && a->n < COF_COUNT(a->id); i++)
		a->id[a->n++] = json_string_value(json_array_get(head->advisories, i));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int advisories_json(const cof_tdx_tcb *t, json_t *o, cof_err *err)
{
	advisories a = {0};
	json_t *list = json_array();
	int rc = cof_json_set_new(o, "advisories", list, err);
	collect(&a, t->platform_head);
	collect(&a, t->module_head);
	collect(&a, t->qe_head);
	if (a.n > 0)
		qsort(a.id, a.n, sizeof a.id[0], by_name);
	for (size_t i = 0; rc == 0 && i < a.n; i++) {
		if (i > 0 && strcmp(a.id[i], a.id[i - 1]) == 0)
			continue;
		rc = json_array_append_new(list, json_string(a.id[i])) < 0 ? cof_err_oom(err) : 0;
	}
	return rc;
}

static const char *or_null(cof_tdx_status s)
{
	return s == COF_TDX_NO_STATUS ? NULL : cof_tdx_status_name(s);
}

int cof_tdx_tcb_json(const cof_tdx_tcb *t, json_t **ret, cof_err *err)
{
	const char *date = t->platform_head == NULL ? NULL : t->platform_head->date;
	const char *platform = t->platform_head == NULL ? NULL : or_null(t->platform);
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:i}", "status", cof_tdx_status_name(t->status), "platform",
		      platform, "sgx_level", or_null(t->sgx_level), "module", or_null(t->module), "qe", or_null(t->qe),
		      "tcb_date", date, "tcb_evaluation", (int)t->evaluation);
	int rc = o == NULL ? cof_err_oom(err) : advisories_json(t, o, err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
