/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds: what `coffer verify` can judge. */
#include "attestation/verify/kinds.h"

#include "attestation/refvalue/kinds.h"
#include "attestation/token/kinds.h"

#define ROLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ROLES ((const char *const[]){NULL})
#define REFERENCES "ref", "ref_unsigned", "ref_key"
#define TDX_COLLATERAL "root", "tcb_info", "qe_identity", "tcb_signing_chain", "pck_crl", "root_crl"

const cof_kind cof_kinds[] = {
	{"snp-report", "SEV-SNP attestation report with its certificates", ROLES("report"),
	 ROLES("vek", "intermediate", "root", "crl", "certs", REFERENCES), cof_kind_snp_report},
	{"snp-report-parse", "SEV-SNP attestation report, decoded only", ROLES("report"), NO_ROLES,
	 cof_kind_snp_report_parse},
	{"snp-msg-report-rsp", "response buffer of /dev/sev-guest, decoded only", ROLES("response"), NO_ROLES,
	 cof_kind_snp_response},
	{"sev-legacy-chain", "the certificates of a SEV or SEV-ES platform",
	 ROLES("ark", "ask", "cek", "oca", "pek", "pdh"), NO_ROLES, cof_kind_sev_chain},
	{"sev-legacy-kat", "an owner's record of a SEV launch, keys and all",
	 ROLES("kat", "secret_header", "secret_ciphertext", "secret_plain"), NO_ROLES, cof_kind_sev_kat},
	{"tdx-quote", "a TDX quote, with Intel's collateral", ROLES("quote"),
	 ROLES(TDX_COLLATERAL, "event_log", REFERENCES), cof_kind_tdx_quote},
	{"tdx-quote-parse", "a TDX quote, decoded alone", ROLES("quote"), NO_ROLES, cof_kind_tdx_quote_parse},
	{"ccel", "a TD's event log against the RTMRs of its quote", ROLES("event_log", "quote"), ROLES(TDX_COLLATERAL),
	 cof_kind_ccel},
	{"tpm-quote", "a TPM's quote with its registers, keys and event log", ROLES("quote", "signature", "pcrs"),
	 ROLES("ak_public", "ak_pem", "ek_public", "ek_cert", "ek_intermediate", "ek_root", "ek_crl", "event_log",
	       "credential", "activation", REFERENCES),
	 cof_kind_tpm_quote},
	{"tpm-credential", "a credential for a TPM: its shape, for these keys",
	 ROLES("credential_blob", "encrypted_secret", "ek_public", "ak_public"), ROLES("tools_file", "secret"),
	 cof_kind_tpm_credential},
	{"tpm-makecredential-kat", "a credential opened with a test EK's private half: known answers",
	 ROLES("ek_private", "credential_blob", "encrypted_secret"), ROLES("ephemeral_private"), cof_kind_tpm_kat},
	{"azure-hcl", "an Azure confidential VM: its paravisor's report and its TPM's quote",
	 ROLES("hcl_report", "quote", "quote_signature_raw", "pcrs"),
	 ROLES("vek", "intermediate", "crl", "td_quote", TDX_COLLATERAL, "event_log"), cof_kind_azure_hcl},
	{"cose-sign1", "COSE_Sign1: who signed which bytes", ROLES("cose", "key"), ROLES("detached_payload"),
	 cof_kind_cose_sign1},
	{"ear-jwt", "attestation result as JWT", ROLES("token", "key"), NO_ROLES, cof_kind_ear_jwt},
	{"ear-cwt", "attestation result as CWT", ROLES("token", "key"), ROLES("detached_payload"), cof_kind_ear_cwt},
	{"eat-cwt", "entity attestation token as CWT", ROLES("token", "key"), ROLES("detached_payload"),
	 cof_kind_eat_cwt},
	{"ear-claims", "claims of an attestation result, JSON or CBOR, unsigned: decoded only", ROLES("claims"),
	 NO_ROLES, cof_kind_ear_claims},
	{"corim", "reference values, signed or (decoded only) not", ROLES("corim"), ROLES("key"), cof_kind_corim},
	{"corim-appraisal", "a SEV-SNP report against signed reference values",
	 ROLES("corim", "key", "report", "vek", "intermediate", "root"), ROLES("crl", "authors"),
	 cof_kind_corim_appraisal},
	{"comid", "a module of reference values: decoded only", ROLES("comid"), NO_ROLES, cof_kind_comid},
	{"concise-evidence", "an attester's claims in CoMID's form: decoded only", ROLES("ce"), NO_ROLES,
	 cof_kind_concise_evidence},
	{.name = NULL},
};
