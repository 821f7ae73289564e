/* SPDX-License-Identifier: Apache-2.0 */
/* SEV's certificates, each of six behind a length: read or refused, inside of what was given, and never AMD's. */
#include "attestation/verify/sev.h"
#include "common/json.h"
#include "common/ossl.h"
#include "common/rd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static cof_span next(cof_rd *r)
{
	size_t n = cof_rd_u16be(r);
	return cof_rd_bytes(r, n <= r->left ? n : r->left);
}

static void check_inside(cof_span all, cof_span part)
{
	if (part.data < all.data || part.len > all.len || part.data > all.data + (all.len - part.len))
		abort();
}

static void read_alone(cof_span in)
{
	cof_sev_cert cert;
	cof_sev_ca ca;
	cof_err err = {0};
	if (cof_sev_cert_parse(in, &cert, &err) == 0) {
		COF_AUTO_PTR(cof_ossl_key) key = cof_sev_cert_key(&cert);
		check_inside(in, cert.key);
		check_inside(in, cert.signatures[1].bytes);
		if (key != NULL)
			(void)cof_sev_signature_padded(key, cert.signatures[0].bytes);
	} else if (err.reason[0] == '\0') {
		abort();
	}
	if (cof_sev_ca_parse(in, &ca, NULL) == 0) {
		COF_AUTO_PTR(cof_ossl_key) key = cof_sev_ca_key(&ca);
		check_inside(in, ca.signature);
		if (key != NULL && EVP_PKEY_get_bits(key) != (int)ca.bits)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const cof_sev_demands nothing;
	static cof_checks checks;
	COF_AUTO_PTR(cof_sev_platform) platform = NULL;
	COF_AUTO_PTR(json_t) fields = NULL;
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	cof_sev_chain_in in = {0};
	cof_span *const files[] = {&in.ark, &in.ask, &in.cek, &in.oca, &in.pek, &in.pdh};
	for (size_t i = 0; i < COF_COUNT(files); i++)
		*files[i] = next(&r);
	read_alone(cof_span_of(data, len));
	checks.n = checks.failed = 0;
	if (cof_sev_verify(&in, &nothing, &checks, &fields, &platform, NULL) < 0 || checks.n == 0)
		abort();
	if ((platform != NULL) != cof_checks_passed(&checks) || (platform != NULL && fields == NULL))
		abort();
	if (fields != NULL && strcmp(json_string_value(json_object_get(fields, "root")), "amd") == 0)
		abort();
	return 0;
}
