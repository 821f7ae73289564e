# SPDX-License-Identifier: Apache-2.0

# --- the attester: all of this room that the guest links ---
LIBS += evidence
evidence_SRC := attestation/evidence/attester.c attestation/evidence/backend.c attestation/evidence/sys.c \
	attestation/evidence/cclog.c attestation/evidence/runtimelog.c \
	attestation/evidence/tpm_backend.c attestation/evidence/tpm.c attestation/evidence/esys.c \
	attestation/evidence/keys.c attestation/evidence/pcrs.c attestation/evidence/evidence.c \
	attestation/evidence/snp_backend.c attestation/evidence/tsm.c attestation/evidence/sevguest.c \
	attestation/evidence/snpreport.c attestation/evidence/certtable.c \
	attestation/evidence/tdx_backend.c attestation/evidence/tdxguest.c attestation/evidence/tdxquote.c
PKGS += tss2-tcti-device tss2-tcti-swtpm

# --- the verifier, tokens and references: the host's side ---
LIBS += attestation
# checks, kinds, certificates, signatures, what may be remembered, what it is worth
attestation_SRC := attestation/verify/cache.c attestation/verify/check.c attestation/verify/ecdsa.c \
	attestation/verify/kind.c attestation/verify/kinds.c attestation/verify/p256.c attestation/verify/p384.c \
	attestation/verify/part.c attestation/verify/pss.c attestation/verify/status.c \
	attestation/verify/trust.c attestation/verify/trust_table.c attestation/verify/x509.c \
	attestation/verify/x509_crl.c attestation/verify/x509_parts.c
# SEV-SNP
attestation_SRC += attestation/verify/snp.c attestation/verify/snp_cached.c attestation/verify/snp_cert.c \
	attestation/verify/snp_certs.c attestation/verify/snp_crl.c attestation/verify/snp_fields.c \
	attestation/verify/snp_files.c attestation/verify/snp_policy.c attestation/verify/snp_policy_check.c \
	attestation/verify/snp_report.c attestation/verify/snp_signature.c attestation/verify/snp_table.c \
	attestation/verify/snp_tcb.c attestation/verify/snp_x509.c
# TDX
attestation_SRC += attestation/verify/tdx.c attestation/verify/tdx_cached.c attestation/verify/tdx_ccel.c \
	attestation/verify/tdx_cert.c attestation/verify/tdx_collateral.c attestation/verify/tdx_crl.c \
	attestation/verify/tdx_fields.c attestation/verify/tdx_level.c attestation/verify/tdx_pck.c \
	attestation/verify/tdx_pckchain.c attestation/verify/tdx_pem.c attestation/verify/tdx_policy.c \
	attestation/verify/tdx_qeidentity.c attestation/verify/tdx_quote.c attestation/verify/tdx_signed.c \
	attestation/verify/tdx_status.c attestation/verify/tdx_tcb.c attestation/verify/tdx_tcbinfo.c
# SEV and SEV-ES
attestation_SRC += attestation/verify/sev.c attestation/verify/sev_cert.c attestation/verify/sev_chain.c \
	attestation/verify/sev_fields.c attestation/verify/sev_kat.c attestation/verify/sev_packet.c \
	attestation/verify/sev_policy.c attestation/verify/sev_session.c attestation/verify/sev_table.c
# TPM quotes, endorsement keys and credentials; Azure
attestation_SRC += attestation/verify/appraise.c attestation/verify/azure.c attestation/verify/claims.c \
	attestation/verify/credential.c attestation/verify/credential_seed.c attestation/verify/ek.c \
	attestation/verify/ek_profile.c attestation/verify/enrolled.c attestation/verify/evidence.c \
	attestation/verify/hcl.c attestation/verify/makecredential.c attestation/verify/public.c \
	attestation/verify/quote.c attestation/verify/tpm.c attestation/verify/tpm_ak.c \
	attestation/verify/tpm_attested.c \
	attestation/verify/tpm_banks.c attestation/verify/tpm_credential.c attestation/verify/tpm_ek.c \
	attestation/verify/tpm_fields.c attestation/verify/tpm_kat.c attestation/verify/tpm_keys.c \
	attestation/verify/tpm_log.c attestation/verify/tpm_pcrs.c attestation/verify/tpm_policy.c \
	attestation/verify/tpm_quote.c attestation/verify/tpm_signature.c
# reference values
attestation_SRC += attestation/refvalue/appraisal.c attestation/refvalue/authors.c attestation/refvalue/cbor.c \
	attestation/refvalue/cborcheck.c attestation/refvalue/cborwr.c attestation/refvalue/comid.c \
	attestation/refvalue/comid_values.c attestation/refvalue/corim.c attestation/refvalue/corim_coffer.c \
	attestation/refvalue/corim_comid.c attestation/refvalue/corim_cond.c attestation/refvalue/corim_part.c \
	attestation/refvalue/corim_snp.c attestation/refvalue/corim_tdx.c attestation/refvalue/corim_write.c \
	attestation/refvalue/cose.c attestation/refvalue/cosekey.c attestation/refvalue/facts.c \
	attestation/refvalue/kind_appraisal.c attestation/refvalue/kind_comid.c \
	attestation/refvalue/kind_corim.c attestation/refvalue/kind_corim_map.c \
	attestation/refvalue/kind_references.c attestation/refvalue/kind_tpm.c \
	attestation/refvalue/references.c attestation/refvalue/refvalue.c attestation/refvalue/rim.c \
	attestation/refvalue/rim_json.c attestation/refvalue/rim_measured.c attestation/refvalue/rim_value.c \
	attestation/refvalue/rimcond.c attestation/refvalue/rimfield.c attestation/refvalue/rvps.c \
	attestation/refvalue/rvps_read.c
# tokens
attestation_SRC += attestation/token/cborjson.c attestation/token/claims_policy.c attestation/token/ear.c \
	attestation/token/ear_appraisal.c attestation/token/ear_cbor.c attestation/token/ear_cbor_write.c \
	attestation/token/ear_check.c attestation/token/eat.c attestation/token/jwk.c attestation/token/jwks.c \
	attestation/token/jws.c attestation/token/kind_cose.c attestation/token/kind_ear.c \
	attestation/token/kind_eat.c attestation/token/kind_token.c attestation/token/result.c
# the library for other programs
attestation_SRC += attestation/public/attestation.c
PKGS += libcbor
# the shared library: what attestation/public/attestation.map names, and what that needs
SONAME := libcoffer-attestation.so.$(firstword $(subst ., ,$(VERSION)))
SHARED := $(O)/lib/libcoffer-attestation.so.$(VERSION)
$(SHARED): $(foreach l,attestation firmware common,$(O)/lib/libcoffer-$(l).a) attestation/public/attestation.map
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(filter-out -pie,$(LDFLAGS_ALL)) -Wl,-soname,$(SONAME),--no-undefined \
		-Wl,--version-script=attestation/public/attestation.map -o $@ $(O)/obj/attestation/public/attestation.o \
		-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(PKG_LIBS)

# --- endorsements: the vendors' services and the cache; nothing that judges evidence links it ---
LIBS += endorsements
endorsements_SRC := attestation/endorsements/bundle.c attestation/endorsements/entry.c \
	attestation/endorsements/fetch.c attestation/endorsements/id.c attestation/endorsements/judge.c \
	attestation/endorsements/judge_snp.c attestation/endorsements/judge_tdx.c attestation/endorsements/kds.c \
	attestation/endorsements/pcs.c attestation/endorsements/roles.c attestation/endorsements/service.c \
	attestation/endorsements/cache.c attestation/endorsements/cache_turns.c attestation/endorsements/wants.c

# --- the key broker: a library for its tests, and the program ---
LIBS += kbs
kbs_SRC := attestation/kbs/wire.c attestation/kbs/store.c attestation/kbs/audit.c attestation/kbs/session.c \
	attestation/kbs/link.c attestation/kbs/sandbox.c attestation/kbs/route.c attestation/kbs/vpool.c \
	attestation/kbs/es256.c attestation/kbs/admin_token.c attestation/kbs/record.c attestation/kbs/expect.c \
	attestation/kbs/owner_data.c attestation/kbs/session_token.c attestation/kbs/verifier.c \
	attestation/kbs/front.c attestation/kbs/front_http.c attestation/kbs/front_json.c attestation/kbs/fronts.c \
	attestation/kbs/holder.c attestation/kbs/holder_admin.c attestation/kbs/holder_attest.c \
	attestation/kbs/holder_init.c attestation/kbs/holder_resource.c attestation/kbs/serve.c \
	attestation/kbs/admin_client.c attestation/kbs/owner_reference.c attestation/kbs/holder_reference.c
PROGS += coffer-kbs
coffer-kbs_SRC := attestation/kbs/main.c
coffer-kbs_USES := kbs attestation firmware common
# Tests that drive the whole program.
$(patsubst %,$(O)/tests/unit/kbs/test_%,front handshake serve verifier admin_client): | $(O)/bin/coffer-kbs
$(O)/tests/unit/kbs/test_admin_client: | $(O)/bin/coffer
