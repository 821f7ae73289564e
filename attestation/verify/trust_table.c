/* SPDX-License-Identifier: Apache-2.0 */
/* spec: draft-ietf-rats-ar4si, 2.3.4 (values by claim) and 2.3.5 (values of every claim: 1 and 99) */
#include "attestation/verify/trust_table.h"

#include <string.h>

enum {
	UNEXPECTED = 1,
	APPROVED = 2, /* recognized, genuine, encrypted and isolated: the best of every claim */
	HARMLESS = 3, /* configuration */
	WEAK = 32,
	UNSAFE = 36, /* configuration */
	REFUSED = 96,
	UNRECOGNIZED = 97, /* identity, hardware */
	CRYPTO = 99,
};

#define EVERY COF_TRUST_COUNT
#define NEEDS(...) ((const cof_trust_need[]){__VA_ARGS__, {COF_STAGES, NULL}})
#define RULES(list) .rules = (list), .n_rules = COF_COUNT(list)
#define CORE(...)                                                                                                      \
	.core = (const enum cof_trust[]){__VA_ARGS__}, .n_core = COF_COUNT(((const enum cof_trust[]){__VA_ARGS__}))

/* ---- SEV-SNP ---- */

/* The report is what some VEK signed; whose root it is, is a question of the hardware alone. */
static const cof_trust_need snp_signed[] = {
	{COF_STAGE_PARSE, "root-certificate intermediate-certificate vek-certificate report-reserved policy-reserved "
			  "key-word-reserved signing-key-reserved tcb-reserved signature-padding"},
	{COF_STAGE_CHAIN,
	 "root-subject root-issuer root-extensions root-authority root-key root-validity root-algorithm root-signature "
	 "intermediate-subject intermediate-issuer intermediate-extensions intermediate-authority intermediate-key "
	 "intermediate-validity intermediate-algorithm intermediate-signature "
	 "vek-subject vek-issuer vek-extensions vek-authority vek-key vek-validity vek-algorithm vek-signature "
	 "vek-product"},
	{COF_STAGE_SIGNATURE, "report-unsigned report-signature-range report-signature"},
	{COF_STAGE_TCB, "signing-key-kind report-product"},
	{COF_STAGES, NULL},
};

#define SNP_GENUINE                                                                                                    \
	{COF_STAGE_CHAIN, "root-anchor"}, {COF_STAGE_TCB, "reported-above-current tcb-not-certified"},                 \
		{COF_STAGE_PARSE, "crl"},                                                                              \
		{COF_STAGE_REVOCATION, "crl-issuer crl-signature crl-validity crl-extensions intermediate-revoked "    \
				       "vek-revoked"},                                                                 \
	{                                                                                                              \
		COF_STAGE_POLICY, "tcb-too-low|reference-reported-tcb"                                                 \
	}

/* A chip that its certificate names; or, with a key of many chips, a provider that the policy names. */
static const cof_trust_need snp_chip[] = {SNP_GENUINE, {COF_STAGE_TCB, "chip-id"}, {COF_STAGES, NULL}};
static const cof_trust_need snp_provider[] = {
	SNP_GENUINE, {COF_STAGE_POLICY, "provider-not-allowed"}, {COF_STAGES, NULL}};

#define SNP_POLICY "vmpl migration-allowed debug-allowed"
#define SNP_CLOSED NEEDS({COF_STAGE_POLICY, SNP_POLICY})

static const cof_trust_rule snp_rules[] = {
	{COF_TRUST_INSTANCE_IDENTITY, APPROVED, {snp_signed, NEEDS({COF_STAGE_POLICY, "chip-not-allowed"})}},
	{COF_TRUST_CONFIGURATION,
	 APPROVED,
	 {snp_signed, NEEDS({COF_STAGE_POLICY, SNP_POLICY " smt-allowed host-data|reference-host-data"})}},
	{COF_TRUST_CONFIGURATION, HARMLESS, {snp_signed, SNP_CLOSED}},
	{COF_TRUST_EXECUTABLES, APPROVED, {snp_signed, NEEDS({COF_STAGE_POLICY, "measurement|reference-measurement"})}},
	{COF_TRUST_HARDWARE, APPROVED, {snp_signed, snp_chip}},
	{COF_TRUST_HARDWARE, APPROVED, {snp_signed, snp_provider}},
	{COF_TRUST_RUNTIME_OPAQUE, APPROVED, {snp_signed, snp_chip, SNP_CLOSED}},
	{COF_TRUST_RUNTIME_OPAQUE, APPROVED, {snp_signed, snp_provider, SNP_CLOSED}},
};

/* ---- TDX ---- */

/* Without the identity of the quoting enclave an attestation key could be anybody's on that platform. */
static const cof_trust_need tdx_signed[] = {
	{COF_STAGE_PARSE, "tdx-quote-padding"},
	{COF_STAGE_CHAIN, "certificate-name*3 certificate-profile*3 certificate-key*3 certificate-signature*3 "
			  "certificate-not-yet-valid*3 certificate-expired*3 pck-extension-missing"},
	{COF_STAGE_SIGNATURE, "qe-report-signature attestation-key qe-report-data quote-signature"},
	{COF_STAGE_COLLATERAL,
	 "tcb-signing-chain-missing tcb-signing-root certificate-name certificate-profile certificate-key "
	 "certificate-signature certificate-not-yet-valid certificate-expired "
	 "qe-identity-missing qe-identity-signature qe-identity-not-yet-valid qe-identity-expired "
	 "qe-evaluation-too-low"},
	{COF_STAGE_QE, "qe-miscselect qe-attributes qe-mrsigner qe-isvprodid"},
	{COF_STAGES, NULL},
};

static const cof_trust_need tdx_genuine[] = {
	{COF_STAGE_CHAIN, "untrusted-root"},
	{COF_STAGE_COLLATERAL,
	 "tcb-info-missing tcb-info-signature tcb-info-not-yet-valid tcb-info-expired tcb-evaluation-too-low "
	 "fmspc-mismatch pceid-mismatch "
	 "pck-crl-missing pck-crl-malformed pck-crl-issuer pck-crl-signature pck-crl-not-yet-valid pck-crl-expired "
	 "root-crl-missing root-crl-malformed root-crl-issuer root-crl-signature root-crl-not-yet-valid "
	 "root-crl-expired"},
	{COF_STAGE_REVOCATION, "pck-revoked intermediate-revoked tcb-signing-revoked"},
	{COF_STAGE_TCB, "tcb-status"},
	{COF_STAGES, NULL},
};

#define TDX_POLICY "debug td-attributes-reserved td-migratable td-sept-ve-disable"

static const cof_trust_rule tdx_rules[] = {
	{COF_TRUST_CONFIGURATION,
	 APPROVED,
	 {tdx_signed,
	  NEEDS({COF_STAGE_POLICY, TDX_POLICY " service-td mr-config-id|reference-mrconfigid rtmr0|reference-rtmr0"})}},
	{COF_TRUST_CONFIGURATION, HARMLESS, {tdx_signed, NEEDS({COF_STAGE_POLICY, TDX_POLICY})}},
	{COF_TRUST_EXECUTABLES,
	 APPROVED,
	 {tdx_signed, NEEDS({COF_STAGE_POLICY, "mr-td|reference-mrtd rtmr1|reference-rtmr1 rtmr2|reference-rtmr2"})}},
	{COF_TRUST_HARDWARE, APPROVED, {tdx_signed, tdx_genuine}},
	{COF_TRUST_RUNTIME_OPAQUE,
	 APPROVED,
	 {tdx_signed, tdx_genuine, NEEDS({COF_STAGE_POLICY, "debug td-migratable"})}},
};

/* ---- tokens ---- */

static const cof_trust_rule eat_rules[] = {
	{COF_TRUST_INSTANCE_IDENTITY,
	 APPROVED,
	 {NEEDS({COF_STAGE_PARSE, "jwk-malformed cose-malformed"}, {COF_STAGE_SIGNATURE, "cose-signature"},
		{COF_STAGE_CLAIMS, "eat-empty"})}},
};

/* ---- TPM ---- */

/* A TPM that the host may run says nothing of hardware or of memory; and which of its registers are code, and what they
 * should hold, no check here knows: so that executables can be found bad, and never good. */
static const cof_trust_rule tpm_rules[] = {
	{COF_TRUST_INSTANCE_IDENTITY,
	 APPROVED,
	 {NEEDS({COF_STAGE_PARSE, "quote-type"}, {COF_STAGE_AK, "ak-not-enrolled ak-untrusted"},
		{COF_STAGE_SIGNATURE, "signature-hash signature-scheme signature-range quote-signature quote-magic"},
		{COF_STAGE_PCR, "pcr-selection-empty pcr-digest"})}},
};

/* A paravisor's TPM inside of a TEE: what the TEE says counts when its report is over the TPM's key. Of the guest that
 * the TPM measured no check knows what is good, as above. */
static const cof_trust_need hcl_bound[] = {
	{COF_STAGE_SIGNATURE, "report-data-binding quote-signature quote-magic"},
	{COF_STAGE_AK, "hcl-ak"},
	{COF_STAGE_PCR, "pcr-selection-empty pcr-digest"},
	{COF_STAGES, NULL},
};

#define TDX_CLOSED NEEDS({COF_STAGE_POLICY, TDX_POLICY})

static const cof_trust_rule hcl_rules[] = {
	{COF_TRUST_CONFIGURATION, HARMLESS, {snp_signed, hcl_bound, SNP_CLOSED}},
	{COF_TRUST_CONFIGURATION, HARMLESS, {tdx_signed, hcl_bound, TDX_CLOSED}},
	{COF_TRUST_HARDWARE, APPROVED, {snp_signed, snp_chip, hcl_bound}},
	{COF_TRUST_HARDWARE, APPROVED, {tdx_signed, tdx_genuine, hcl_bound}},
	{COF_TRUST_RUNTIME_OPAQUE, APPROVED, {snp_signed, snp_chip, hcl_bound, SNP_CLOSED}},
	{COF_TRUST_RUNTIME_OPAQUE, APPROVED, {tdx_signed, tdx_genuine, hcl_bound, TDX_CLOSED}},
};

#define IN_A_TEE CORE(COF_TRUST_CONFIGURATION, COF_TRUST_EXECUTABLES, COF_TRUST_HARDWARE)

static const cof_trust_kind kinds[] = {
	{"snp-report", RULES(snp_rules), IN_A_TEE},
	{"corim-appraisal", RULES(snp_rules), IN_A_TEE},
	{"tdx-quote", RULES(tdx_rules), IN_A_TEE},
	{"tpm-quote", RULES(tpm_rules), CORE(COF_TRUST_INSTANCE_IDENTITY, COF_TRUST_EXECUTABLES)},
	{"azure-hcl", RULES(hcl_rules), IN_A_TEE},
	{"eat-cwt", RULES(eat_rules), CORE(COF_TRUST_INSTANCE_IDENTITY)},
};

const cof_trust_kind *cof_trust_kind_of(const char *kind)
{
	for (size_t i = 0; i < COF_COUNT(kinds); i++) {
		if (strcmp(kinds[i].kind, kind) == 0)
			return &kinds[i];
	}
	return NULL;
}

/* ---- what fails ---- */

const cof_trust_fault cof_trust_faults[] = {
	/* whose root: a stranger's is the caller's word, and no maker's */
	{"root-anchor", EVERY, CRYPTO, 0},
	{"root-anchor", COF_TRUST_HARDWARE, CRYPTO, WEAK},
	{"untrusted-root", EVERY, CRYPTO, 0},
	{"untrusted-root", COF_TRUST_HARDWARE, CRYPTO, WEAK},
	/* for whom the evidence was made */
	{"report-data", EVERY, CRYPTO, 0},
	{"token-nonce", EVERY, CRYPTO, 0},
	{"key-binding", EVERY, CRYPTO, 0},
	{"reference-report-data", EVERY, CRYPTO, 0},
	/* which one it is */
	{"chip-denied", COF_TRUST_INSTANCE_IDENTITY, REFUSED, 0},
	{"chip-not-allowed", COF_TRUST_INSTANCE_IDENTITY, UNRECOGNIZED, 0},
	{"provider-not-allowed", COF_TRUST_INSTANCE_IDENTITY, UNRECOGNIZED, 0},
	{"reference-chip-id", COF_TRUST_INSTANCE_IDENTITY, UNRECOGNIZED, 0},
	{"reference-csp-id", COF_TRUST_INSTANCE_IDENTITY, UNRECOGNIZED, 0},
	/* what was booted */
	{"measurement", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"id-key-digest", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"author-key-digest", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"family-id", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"image-id", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"guest-svn", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"mr-td", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"rtmr1", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"rtmr2", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"rtmr3", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-mismatch", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-measurement", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-id-key-digest", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-author-key-digest", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-family-id", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-image-id", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-guest-svn", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-mrtd", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-rtmr1", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-rtmr2", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-rtmr3", COF_TRUST_EXECUTABLES, REFUSED, 0},
	{"reference-pcr", COF_TRUST_EXECUTABLES, REFUSED, 0},
	/* what the host may do to it */
	{"debug-allowed", COF_TRUST_CONFIGURATION, REFUSED, UNSAFE},
	{"debug-allowed", COF_TRUST_RUNTIME_OPAQUE, REFUSED, REFUSED},
	{"debug", COF_TRUST_CONFIGURATION, REFUSED, UNSAFE},
	{"debug", COF_TRUST_RUNTIME_OPAQUE, REFUSED, REFUSED},
	{"migration-allowed", COF_TRUST_CONFIGURATION, REFUSED, WEAK},
	{"migration-allowed", COF_TRUST_RUNTIME_OPAQUE, REFUSED, WEAK},
	{"td-migratable", COF_TRUST_CONFIGURATION, REFUSED, WEAK},
	{"td-migratable", COF_TRUST_RUNTIME_OPAQUE, REFUSED, WEAK},
	{"td-sept-ve-disable", COF_TRUST_CONFIGURATION, REFUSED, WEAK},
	{"smt-allowed", COF_TRUST_CONFIGURATION, REFUSED, 0},
	{"service-td", COF_TRUST_CONFIGURATION, REFUSED, 0},
	{"ciphertext-hiding", COF_TRUST_RUNTIME_OPAQUE, REFUSED, 0},
	{"alias-check", COF_TRUST_RUNTIME_OPAQUE, REFUSED, 0},
	/* what it runs on */
	{"product-not-allowed", COF_TRUST_HARDWARE, UNRECOGNIZED, 0},
	{"tcb-too-low", COF_TRUST_HARDWARE, REFUSED, 0},
	{"launch-tcb-too-low", COF_TRUST_HARDWARE, REFUSED, 0},
	{"committed-tcb-too-low", COF_TRUST_HARDWARE, REFUSED, 0},
	{"committed-below-current", COF_TRUST_HARDWARE, REFUSED, 0},
	{"mitigation-vector", COF_TRUST_HARDWARE, REFUSED, 0},
	{"abi-too-low", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-reported-tcb", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-current-tcb", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-committed-tcb", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-launch-tcb", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-tee-tcb-svn", COF_TRUST_HARDWARE, REFUSED, 0},
	{"reference-tcb-status", COF_TRUST_HARDWARE, REFUSED, 0},
	{.check = NULL},
};

static const cof_trust_fault stages[COF_STAGES] = {
	[COF_STAGE_PARSE] = {NULL, EVERY, UNEXPECTED, WEAK},
	[COF_STAGE_CHAIN] = {NULL, EVERY, CRYPTO, WEAK},
	[COF_STAGE_SIGNATURE] = {NULL, EVERY, CRYPTO, WEAK},
	[COF_STAGE_TCB] = {NULL, COF_TRUST_HARDWARE, REFUSED, WEAK},
	[COF_STAGE_REVOCATION] = {NULL, COF_TRUST_HARDWARE, REFUSED, WEAK},
	[COF_STAGE_COLLATERAL] = {NULL, COF_TRUST_HARDWARE, UNRECOGNIZED, WEAK},
	[COF_STAGE_QE] = {NULL, EVERY, CRYPTO, WEAK},
	[COF_STAGE_AK] = {NULL, EVERY, CRYPTO, WEAK},
	[COF_STAGE_EK] = {NULL, COF_TRUST_INSTANCE_IDENTITY, UNRECOGNIZED, WEAK},
	[COF_STAGE_FRESHNESS] = {NULL, EVERY, CRYPTO, WEAK},
	[COF_STAGE_PCR] = {NULL, COF_TRUST_EXECUTABLES, REFUSED, WEAK},
	[COF_STAGE_EVENTLOG] = {NULL, COF_TRUST_EXECUTABLES, REFUSED, WEAK},
	[COF_STAGE_CLAIMS] = {NULL, EVERY, UNEXPECTED, WEAK},
	[COF_STAGE_VALIDITY] = {NULL, EVERY, UNEXPECTED, WEAK},
	[COF_STAGE_PROFILE] = {NULL, EVERY, UNEXPECTED, WEAK},
	[COF_STAGE_POLICY] = {NULL, COF_TRUST_CONFIGURATION, REFUSED, WEAK},
};

const cof_trust_fault *cof_trust_stage_fault(cof_stage stage)
{
	return &stages[stage < COF_STAGES ? stage : COF_STAGE_PARSE];
}
