/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/evidence/tdxquote.h"

#include "common/rd.h"

enum {
	HEADER_REST_LEN = 40, /* behind version, key type and TEE type */
	TEE_TDX = 0x81,
	BODY_LEN = 584, /* version 4; in version 5 this and more */
	BODY_MAX = 4096,
	AT_REPORT_DATA = 520,
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "quote-malformed", "quote: %s", what);
}

static bool read_body(cof_rd *r, uint16_t version, cof_rd *ret)
{
	uint32_t len = BODY_LEN;
	if (version == 5) {
		cof_rd_skip(r, 2); /* its type: the verifier's to judge */
		len = cof_rd_u32le(r);
	}
	if (!cof_rd_ok(r) || len < BODY_LEN || len > BODY_MAX)
		return false;
	*ret = cof_rd_sub(r, len);
	return cof_rd_ok(r);
}

int cof_tdxquote_parse(cof_span in, cof_tdxquote *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in), body;
	uint16_t version = cof_rd_u16le(&r);
	cof_rd_skip(&r, 2);
	uint32_t tee = cof_rd_u32le(&r);
	cof_rd_skip(&r, HEADER_REST_LEN);
	if (!cof_rd_ok(&r) || (version != 4 && version != 5) || tee != TEE_TDX)
		return malformed(err, "not TDX's, version 4 or 5");
	if (!read_body(&r, version, &body))
		return malformed(err, "its body");
	cof_rd_skip(&body, AT_REPORT_DATA);
	cof_tdxquote q = {.report_data = cof_rd_bytes(&body, COF_TDXQUOTE_DATA_LEN)};
	cof_rd_skip(&r, cof_rd_u32le(&r));
	if (!cof_rd_ok(&r))
		return malformed(err, "its signature");
	q.quote = cof_span_of(in.data, in.len - r.left);
	if (!cof_rd_zeros(&r, r.left))
		return malformed(err, "something behind it");
	*ret = q;
	return 0;
}
