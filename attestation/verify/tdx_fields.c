/* SPDX-License-Identifier: Apache-2.0 */
/* A quote's fields as JSON. */
#include "attestation/verify/tdx_quote.h"
#include "common/json.h"

typedef struct span_field {
	const char *name;
	size_t at; /* of the span in its structure */
} span_field;

static const span_field td_fields[] = {
	{"tee_tcb_svn", offsetof(cof_tdx_td, tee_tcb_svn)},
	{"mr_seam", offsetof(cof_tdx_td, mr_seam)},
	{"mr_signer_seam", offsetof(cof_tdx_td, mr_signer_seam)},
	{"seam_attributes", offsetof(cof_tdx_td, seam_attributes)},
	{"td_attributes", offsetof(cof_tdx_td, td_attributes)},
	{"xfam", offsetof(cof_tdx_td, xfam)},
	{"mr_td", offsetof(cof_tdx_td, mr_td)},
	{"mr_config_id", offsetof(cof_tdx_td, mr_config_id)},
	{"mr_owner", offsetof(cof_tdx_td, mr_owner)},
	{"mr_owner_config", offsetof(cof_tdx_td, mr_owner_config)},
	{"rtmr0", offsetof(cof_tdx_td, rtmr[0])},
	{"rtmr1", offsetof(cof_tdx_td, rtmr[1])},
	{"rtmr2", offsetof(cof_tdx_td, rtmr[2])},
	{"rtmr3", offsetof(cof_tdx_td, rtmr[3])},
	{"report_data", offsetof(cof_tdx_td, report_data)},
	{"tee_tcb_svn2", offsetof(cof_tdx_td, tee_tcb_svn2)},
	{"mr_service_td", offsetof(cof_tdx_td, mr_service_td)},
};

static const span_field qe_fields[] = {
	{"cpu_svn", offsetof(cof_tdx_qe, cpu_svn)},	  {"miscselect", offsetof(cof_tdx_qe, miscselect)},
	{"attributes", offsetof(cof_tdx_qe, attributes)}, {"mr_enclave", offsetof(cof_tdx_qe, mr_enclave)},
	{"mr_signer", offsetof(cof_tdx_qe, mr_signer)},	  {"report_data", offsetof(cof_tdx_qe, report_data)},
};

/* Fields that this version does not have are empty, and left out. */
static int set_spans(json_t *o, const void *base, const span_field *list, size_t n, cof_err *err)
{
	for (size_t i = 0; i < n; i++) {
		cof_span s;
		memcpy(&s, (const char *)base + list[i].at, sizeof s);
		int rc = s.len == 0 ? 0 : cof_json_set_hex(o, list[i].name, s, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int header_json(const cof_tdx_quote *q, json_t *o, cof_err *err)
{
	json_t *h = json_pack("{s:i, s:i, s:i, s:i, s:i}", "version", q->version, "att_key_type", q->key_type,
			      "tee_type", (int)q->tee_type, "qe_svn", q->qe_svn, "pce_svn", q->pce_svn);
	int rc = cof_json_set_new(o, "header", h, err);
	if (rc == 0)
		rc = cof_json_set_hex(h, "qe_vendor_id", q->qe_vendor_id, err);
	return rc < 0 ? rc : cof_json_set_hex(h, "user_data", q->user_data, err);
}

static int qe_json(const cof_tdx_qe *qe, json_t *o, cof_err *err)
{
	json_t *report = json_pack("{s:i, s:i}", "isv_prod_id", qe->isv_prod_id, "isv_svn", qe->isv_svn);
	int rc = cof_json_set_new(o, "qe_report", report, err);
	return rc < 0 ? rc : set_spans(report, qe, qe_fields, COF_COUNT(qe_fields), err);
}

static int parts_json(const cof_tdx_quote *q, json_t *o, cof_err *err)
{
	int rc = header_json(q, o, err);
	if (rc == 0)
		rc = cof_json_set_new(o, "td", json_object(), err);
	if (rc == 0)
		rc = set_spans(json_object_get(o, "td"), &q->td, td_fields, COF_COUNT(td_fields), err);
	if (rc == 0)
		rc = qe_json(&q->qe, o, err);
	if (rc == 0)
		rc = cof_json_set_hex(o, "qe_auth_data", q->qe_auth, err);
	return rc < 0 ? rc : cof_json_set_hex(o, "attestation_key", q->attestation_key, err);
}

int cof_tdx_quote_json(const cof_tdx_quote *q, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(json_t)
	o = json_pack("{s:i, s:I, s:I, s:I, s:b}", "cert_data_type", q->cert_type, "signed_length",
		      (json_int_t)q->signed_bytes.len, "quote_length", (json_int_t)q->len, "buffer_length",
		      (json_int_t)q->len + (json_int_t)q->padding, "tail_all_zero", true);
	int rc = o == NULL ? cof_err_oom(err) : parts_json(q, o, err);
	if (rc == 0 && q->version >= 5)
		rc = cof_json_set_new(o, "body_type", json_integer(q->body_type), err);
	if (rc == 0 && q->version >= 5)
		rc = cof_json_set_new(o, "body_size", json_integer(q->body_type == COF_TDX_BODY_15 ? 648 : 584), err);
	if (rc == 0)
		*ret = cof_steal(&o);
	return rc;
}
