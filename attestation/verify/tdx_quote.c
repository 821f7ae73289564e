/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/verify/tdx_quote.h"

#include "attestation/verify/p256.h"
#include "common/rd.h"
#include "common/secret.h"

enum {
	VERSION_4 = 4,
	VERSION_5 = 5,
	KEY_ECDSA_P256 = 2,
	TEE_TDX = 0x81,
	VENDOR_LEN = 16,
	USER_DATA_LEN = 20,
	BODY_10_LEN = 584,
	BODY_15_LEN = 648,
	QE_REPORT_LEN = 384,
	CERT_QE_REPORT = 6,
};

static const uint8_t intel_vendor_id[VENDOR_LEN] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
						    0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static int too_short(cof_err *err, const char *where)
{
	return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-length", "TDX quote: a length does not fit in the %s",
			   where);
}

static int check_header(const cof_tdx_quote *q, cof_err *err)
{
	if (q->version != VERSION_4 && q->version != VERSION_5)
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-version", "TDX quote of version %u", q->version);
	if (q->key_type != KEY_ECDSA_P256)
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-key-type", "attestation key of type %u",
				   q->key_type);
	if (q->tee_type != TEE_TDX)
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-tee-type", "TEE type 0x%08x is not TDX",
				   q->tee_type);
	if (!cof_ct_equal(q->qe_vendor_id, cof_span_of(intel_vendor_id, VENDOR_LEN)))
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-vendor-id", "quoting enclave of another vendor");
	return 0;
}

static int read_header(cof_rd *r, cof_tdx_quote *q, cof_err *err)
{
	q->version = cof_rd_u16le(r);
	q->key_type = cof_rd_u16le(r);
	q->tee_type = cof_rd_u32le(r);
	q->qe_svn = cof_rd_u16le(r);
	q->pce_svn = cof_rd_u16le(r);
	q->qe_vendor_id = cof_rd_bytes(r, VENDOR_LEN);
	q->user_data = cof_rd_bytes(r, USER_DATA_LEN);
	return cof_rd_ok(r) ? check_header(q, err) : too_short(err, "header");
}

/* Version 5 says which body follows; type and size must be those of one TD report. */
static int read_descriptor(cof_rd *r, cof_tdx_quote *q, size_t *ret_len, cof_err *err)
{
	uint16_t type = COF_TDX_BODY_10;
	uint32_t size = BODY_10_LEN;
	if (q->version == VERSION_5) {
		type = cof_rd_u16le(r);
		size = cof_rd_u32le(r);
	}
	if (!cof_rd_ok(r))
		return too_short(err, "body descriptor");
	if (!(type == COF_TDX_BODY_10 && size == BODY_10_LEN) && !(type == COF_TDX_BODY_15 && size == BODY_15_LEN))
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-body-size",
				   "body of type %u with %u bytes is no TD report", type, size);
	q->body_type = (cof_tdx_body_type)type;
	*ret_len = size;
	return 0;
}

static void read_td(cof_rd *r, cof_tdx_body_type type, cof_tdx_td *td)
{
	td->tee_tcb_svn = cof_rd_bytes(r, COF_TDX_SVNS);
	td->mr_seam = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->mr_signer_seam = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->seam_attributes = cof_rd_bytes(r, 8);
	td->td_attributes = cof_rd_bytes(r, 8);
	td->xfam = cof_rd_bytes(r, 8);
	td->mr_td = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->mr_config_id = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->mr_owner = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->mr_owner_config = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	for (size_t i = 0; i < COF_TDX_QUOTE_RTMRS; i++)
		td->rtmr[i] = cof_rd_bytes(r, COF_TDX_HASH_LEN);
	td->report_data = cof_rd_bytes(r, COF_TDX_REPORT_DATA_LEN);
	if (type != COF_TDX_BODY_15)
		return;
	td->tee_tcb_svn2 = cof_rd_bytes(r, COF_TDX_SVNS);
	td->mr_service_td = cof_rd_bytes(r, COF_TDX_HASH_LEN);
}

static int read_body(cof_rd *r, cof_tdx_quote *q, cof_err *err)
{
	size_t len = 0;
	int rc = read_descriptor(r, q, &len, err);
	if (rc < 0)
		return rc;
	cof_rd body = cof_rd_sub(r, len);
	read_td(&body, q->body_type, &q->td);
	return cof_rd_end(&body) ? 0 : too_short(err, "body");
}

/* source: sgx_report_body_t, of which the reserved parts are skipped: the PCK signs all of it */
static void read_qe_report(cof_span bytes, cof_tdx_qe *qe)
{
	cof_rd r = cof_rd_of(bytes);
	qe->bytes = bytes;
	qe->cpu_svn = cof_rd_bytes(&r, 16);
	qe->miscselect = cof_rd_bytes(&r, 4);
	cof_rd_skip(&r, 12 + 16);
	qe->attributes = cof_rd_bytes(&r, 16);
	qe->mr_enclave = cof_rd_bytes(&r, 32);
	cof_rd_skip(&r, 32);
	qe->mr_signer = cof_rd_bytes(&r, 32);
	cof_rd_skip(&r, 32 + 64);
	qe->isv_prod_id = cof_rd_u16le(&r);
	qe->isv_svn = cof_rd_u16le(&r);
	cof_rd_skip(&r, 2 + 42 + 16);
	qe->report_data = cof_rd_bytes(&r, COF_TDX_REPORT_DATA_LEN);
}

static int wrong_certification(cof_err *err, uint16_t type)
{
	return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-certification-type",
			   "certification data of type %u; wanted are %d around the QE report, and %d in it", type,
			   CERT_QE_REPORT, COF_TDX_CERT_PCK_CHAIN);
}

/* What is in the outer certification data: the QE's report and, nested, the PCK's chain. */
static int read_certification(cof_rd *r, cof_tdx_quote *q, cof_err *err)
{
	read_qe_report(cof_rd_bytes(r, QE_REPORT_LEN), &q->qe);
	q->qe_signature = cof_rd_bytes(r, COF_P256_RAW_LEN);
	q->qe_auth = cof_rd_bytes(r, cof_rd_u16le(r));
	q->cert_type = cof_rd_u16le(r);
	uint32_t len = cof_rd_u32le(r);
	if (!cof_rd_ok(r))
		return too_short(err, "QE report's certification data");
	if (q->cert_type != COF_TDX_CERT_PCK_CHAIN)
		return wrong_certification(err, q->cert_type);
	q->pck_chain = cof_rd_bytes(r, len);
	return cof_rd_end(r) ? 0 : too_short(err, "PCK certification data");
}

static int read_signature_data(cof_rd *r, cof_tdx_quote *q, cof_err *err)
{
	cof_rd data = cof_rd_sub(r, cof_rd_u32le(r));
	q->signature = cof_rd_bytes(&data, COF_P256_RAW_LEN);
	q->attestation_key = cof_rd_bytes(&data, COF_P256_RAW_LEN);
	uint16_t type = cof_rd_u16le(&data);
	uint32_t len = cof_rd_u32le(&data);
	if (!cof_rd_ok(&data))
		return too_short(err, "signature data");
	if (type != CERT_QE_REPORT)
		return wrong_certification(err, type);
	cof_rd nested = cof_rd_sub(&data, len);
	if (!cof_rd_end(&data))
		return too_short(err, "certification data");
	return read_certification(&nested, q, err);
}

static bool all_zero(cof_span s)
{
	uint8_t any = 0;
	for (cof_rd r = cof_rd_of(s); r.left > 0;)
		any |= cof_rd_u8(&r);
	return any == 0;
}

int cof_tdx_quote_parse(cof_span in, cof_tdx_quote *ret, cof_err *err)
{
	cof_tdx_quote q = {0};
	if (in.len > COF_TDX_QUOTE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-length", "TDX quote of %zu bytes", in.len);
	cof_rd r = cof_rd_of(in);
	int rc = read_header(&r, &q, err);
	if (rc == 0)
		rc = read_body(&r, &q, err);
	if (rc < 0)
		return rc;
	q.signed_bytes = (cof_span){in.data, in.len - r.left};
	rc = read_signature_data(&r, &q, err);
	if (rc < 0)
		return rc;
	q.padding = r.left;
	q.len = in.len - r.left;
	if (!all_zero(cof_rd_rest(&r)))
		return cof_err_set(err, COF_E_MALFORMED, "tdx-quote-trailing-bytes",
				   "bytes other than zeros behind the quote's end at %zu", q.len);
	*ret = q;
	return 0;
}

uint64_t cof_tdx_attributes(const cof_tdx_td *td)
{
	cof_rd r = cof_rd_of(td->td_attributes);
	return cof_rd_u64le(&r);
}
