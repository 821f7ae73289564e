/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral of a stranger: the envelope, and both signed objects as if their signature held. */
#include "attestation/verify/tdx_signed.h"
#include "attestation/verify/tdx_tcbinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void read_text(cof_span text)
{
	COF_AUTO(cof_tdx_tcb_info) info = {0};
	COF_AUTO(cof_tdx_qe_identity) identity = {0};
	if (cof_tdx_tcb_info_parse(text, &info, NULL) == 0 && (info.n == 0 || info.n > COF_TDX_LEVELS_MAX))
		abort();
	if (cof_tdx_qe_identity_parse(text, &identity, NULL) == 0 && identity.n == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const members[] = {"tcbInfo", "enclaveIdentity"};
	cof_span in = {data, len};
	read_text(in);
	for (size_t i = 0; i < COF_COUNT(members); i++) {
		cof_tdx_signed s;
		if (cof_tdx_signed_parse(in, members[i], &s, NULL) < 0)
			continue;
		if (s.text.data < data || s.text.len < 2 || s.text.len > len)
			abort();
		read_text(s.text);
	}
	return 0;
}
