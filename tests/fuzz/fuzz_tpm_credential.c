/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a stranger, each file behind a length: their shapes, and an EK of nobody's that is to open them. */
#include "attestation/verify/tpm_credential.h"
#include "tests/fuzz/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* spec: SEC 1, C.4: P-256 with the private number 1 */
static const char nobody[] = "-----BEGIN EC PRIVATE KEY-----\n"
			     "MHcCAQEEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABoAoGCCqGSM49\n"
			     "AwEHoUQDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/\n"
			     "m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
			     "-----END EC PRIVATE KEY-----\n";

static void parse_alone(cof_span in)
{
	cof_tpm_id_object o;
	cof_tpm_sealed_seed s;
	cof_span blob, secret;
	if (cof_tpm_id_object_parse(in, &o, NULL) == 0 && o.hmac.len + o.enc.len + 4 != in.len)
		abort();
	if (cof_tpm_sealed_seed_parse(in, COF_TPM_ALG_RSA, &s, NULL) == 0 && s.rsa.len + 2 != in.len)
		abort();
	if (cof_tpm_sealed_seed_parse(in, COF_TPM_ALG_ECC, &s, NULL) == 0 && s.x.len + s.y.len + 6 != in.len)
		abort();
	if (cof_tpm_tools_parse(in, &blob, &secret, NULL) == 0 && blob.len + secret.len + 8 != in.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const roles[] = {"credential_blob", "encrypted_secret", "ek_public", "ak_public",
					    "tools_file"};
	COF_AUTO_PTR(json_t)
	name = json_pack("{s:s}", "ak_name", "000b0000000000000000000000000000000000000000000000000000000000000000");
	cof_role_file files[COF_COUNT(roles)];
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	parse_alone(cof_span_of(data, len));
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		files[i] = (cof_role_file){roles[i], fuzz_next(&r)};
		parse_alone(files[i].bytes);
	}
	(void)fuzz_verify("tpm-credential", files, COF_COUNT(roles) - 1, NULL);
	(void)fuzz_verify("tpm-credential", files, COF_COUNT(roles), NULL);
	const cof_role_file kat[] = {files[0], files[1], {"ek_private", cof_span_str(nobody)}};
	(void)fuzz_verify("tpm-makecredential-kat", kat, COF_COUNT(kat), NULL);
	(void)fuzz_verify("tpm-makecredential-kat", kat, COF_COUNT(kat), name);
	return 0;
}
