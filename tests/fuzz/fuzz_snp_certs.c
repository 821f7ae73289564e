/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and a revocation list of a stranger, each behind a length: read or refused, and never AMD's. */
#include "attestation/verify/snp_crl.h"
#include "common/rd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static cof_span next(cof_rd *r)
{
	size_t n = cof_rd_u16be(r);
	return cof_rd_bytes(r, n <= r->left ? n : r->left);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static cof_checks checks;
	COF_AUTO(cof_snp_certs) certs = {0};
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	cof_span vek = next(&r), middle = next(&r), root = next(&r);
	checks.n = checks.failed = 0;
	if (cof_snp_certs_check(vek, middle, root, 1767225600, &checks, &certs, NULL) < 0 || certs.is_amd)
		abort();
	if (certs.has_ext && (certs.ext.hwid_len > COF_SNP_CHIP_ID_LEN || strlen(certs.ext.product) == 0))
		abort();
	if (certs.vek != NULL && certs.intermediate != NULL && certs.root != NULL)
		cof_snp_crl_check(cof_rd_rest(&r), &certs, 1767225600, &checks);
	if (checks.n == 0)
		abort();
	return 0;
}
