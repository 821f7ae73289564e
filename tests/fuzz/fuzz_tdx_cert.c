/* SPDX-License-Identifier: Apache-2.0 */
/* One certificate, or the revocation list of another, of a stranger. */
#include "attestation/verify/tdx_crl.h"
#include "attestation/verify/tdx_pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_list(cof_span in, cof_x509 *issuer, cof_checks *c)
{
	cof_x509_crl *crl = NULL;
	if (cof_tdx_crl_check(c, "pck-crl", in, issuer, 1800000000, &crl))
		abort();
}

static void read_cert(cof_span in, cof_checks *c)
{
	COF_AUTO_PTR(cof_x509) cert = NULL;
	cof_tdx_pck p;
	cof_err err = {0};
	if (cof_tdx_cert_read(in, &cert, &err) < 0)
		return;
	if (cof_tdx_pck_read(cert, &p, &err) < 0 && err.reason[0] == '\0')
		abort();
	(void)cof_tdx_cert_check(c, COF_STAGE_CHAIN, &cof_tdx_rule_pck, cert, cert, 1800000000);
	check_list(in, cert, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span in = {data, len};
	cof_x509 nobody = {0};
	cof_checks *c = calloc(1, sizeof *c);
	if (c == NULL)
		abort();
	read_cert(in, c);
	check_list(in, &nobody, c);
	free(c);
	return 0;
}
