/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and lists as Intel's service and its mirrors send them; the first byte chooses. */
#include "attestation/endorsements/vendor.h"
#include "common/rd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO(cof_buf) out = {0};
	cof_err err = {0};
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	bool list = cof_rd_u8(&r) == 'l';
	cof_span in = cof_rd_rest(&r);
	int rc = list ? cof_pcs_crl_decode(in, &out, &err) : cof_pcs_chain_decode(in, &out, &err);
	if (rc < 0 ? err.reason[0] == '\0' || out.len > 0 : out.len == 0 || out.len > in.len)
		abort();
	return 0;
}
