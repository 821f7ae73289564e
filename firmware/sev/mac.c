/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/sev.h"

#include "common/wr.h"

enum { TIK_LEN = 16, CONTEXT = 0x04 };

int cof_sev_mac(const cof_sev_mac_in *in, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	COF_AUTO(cof_buf) b = cof_buf_capped(64);
	cof_wr w = cof_wr_to(&b);
	if (in->tik.len != TIK_LEN)
		return cof_err_set(err, COF_E_USAGE, "tik-size", "the integrity key has %zu bytes, not %d", in->tik.len,
				   TIK_LEN);
	cof_wr_u8(&w, CONTEXT);
	cof_wr_u8(&w, in->api_major);
	cof_wr_u8(&w, in->api_minor);
	cof_wr_u8(&w, in->build);
	cof_wr_u32le(&w, in->policy);
	cof_wr_bytes(&w, cof_span_of(in->digest, sizeof in->digest));
	cof_wr_bytes(&w, cof_span_of(in->mnonce, sizeof in->mnonce));
	int rc = cof_wr_done(&w, err);
	return rc < 0 ? rc : cof_hmac_sha256(in->tik, cof_buf_span(&b), ret, err);
}
