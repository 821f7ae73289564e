/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All the files of a TPM's quote from a stranger, each behind a length. Whatever they are, the verdict holds together;
 * and none is accepted for an AK that the owner enrolled, since nobody here has its name.
 */
#include "attestation/verify/ek_profile.h"
#include "attestation/verify/tpm_banks.h"
#include "attestation/verify/tpm_keys.h"
#include "tests/fuzz/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const roles[] = {"quote",	       "signature", "pcrs",	 "ak_public", "ek_public", "ek_cert",
				    "ek_intermediate", "ek_root",   "event_log", "ak_pem",    "ek_crl"};

static bool same_values(const cof_tpm_banks *a, const cof_tpm_banks *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++) {
		const cof_tpm_bank *x = &a->list[i], *y = &b->list[i];
		same = x->bank == y->bank && x->mask == y->mask && memcmp(x->pcrs, y->pcrs, sizeof x->pcrs) == 0;
	}
	return same;
}

/* Whoever reads the values, jansson or the reader of what is usual, they are the same. */
static void parse_banks(cof_span in)
{
	static cof_tpm_banks banks, again;
	COF_AUTO_PTR(json_t) o = NULL;
	bool good = cof_tpm_banks_parse(in, &banks, NULL) == 0;
	if (good != (in.len <= COF_TPM_BANKS_TEXT_MAX && cof_json_parse(in, &o, NULL) == 0 &&
		     cof_tpm_banks_read(o, &again, NULL) == 0))
		abort();
	if (good && (!same_values(&banks, &again)))
		abort();
}

static void parse_alone(cof_span in)
{
	cof_tpm_signature sig;
	cof_tpm_quote q;
	COF_AUTO_PTR(cof_ossl_cert) cert = NULL;
	COF_AUTO_PTR(cof_ossl_cert) strict = NULL;
	COF_AUTO_PTR(cof_ek_certs) certs = NULL;
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	if (cof_tpm_attest_parse(in, &q, NULL) == 0 && cof_tpm_quote_parse(in, &q, NULL) == 0 &&
	    q.magic != COF_TPM_GENERATED)
		abort();
	if (cof_tpm_signature_parse(in, &sig, NULL) == 0 && sig.rsa.len + sig.r.len + sig.s.len > in.len)
		abort();
	parse_banks(in);
	if (cof_ek_der_parse(in, &strict, NULL) == 0 && cof_ek_cert_parse(in, &cert, NULL) < 0)
		abort();
	if (cof_ek_certs_parse(in, &certs, NULL) == 0 && sk_X509_num(certs) == 0)
		abort();
	if (cof_tpm_pem_parse(in, &key, NULL) == 0 && !cof_tpm_key_is_supported(key))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_PTR(json_t)
	strict = json_pack("{s:[s], s:b, s:s}", "ak_names",
			   "000b0000000000000000000000000000000000000000000000000000000000000000",
			   "require_secure_boot", 1, "nonce", "0102");
	COF_AUTO_PTR(json_t) lax = json_pack("{s:b}", "trust_ak", 1);
	cof_role_file files[COF_COUNT(roles)];
	cof_rd r = cof_rd_of(cof_span_of(data, len));
	unsigned sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += data[i];
	parse_alone(cof_span_of(data, len));
	for (size_t i = 0; i < COF_COUNT(roles); i++) {
		files[i] = (cof_role_file){roles[i], fuzz_next(&r)};
		parse_alone(files[i].bytes);
	}
	/* One of three a time: signatures are slow. */
	switch (sum % 3) {
	case 0:
		(void)fuzz_verify("tpm-quote", files, COF_COUNT(roles) - 2, lax);
		break;
	case 1:
		(void)fuzz_verify("tpm-quote", files, COF_COUNT(roles), NULL);
		break;
	default:
		if (fuzz_verify("tpm-quote", files, COF_COUNT(roles) - 2, strict))
			abort();
	}
	return 0;
}
