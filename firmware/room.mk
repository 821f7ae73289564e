# SPDX-License-Identifier: Apache-2.0
LIBS += firmware
firmware_SRC := firmware/register.c firmware/eventlog.c firmware/event_name.c firmware/refevent.c firmware/ccel.c \
	firmware/pe.c firmware/kernel.c firmware/ovmf.c firmware/varstore.c firmware/smbios.c firmware/tpm/build.c \
	firmware/tpm/build_json.c firmware/tpm/pcr.c firmware/tpm/pcr_json.c firmware/tpm/learn.c
firmware_SRC := firmware/eventlog.c firmware/event_name.c firmware/pe.c firmware/kernel.c firmware/ovmf.c \
	firmware/varstore.c firmware/tpm/build.c firmware/tpm/build_json.c firmware/smbios.c firmware/tpm/pcr.c firmware/compare.c \
	firmware/tpm/pcr_json.c firmware/tpm/learn.c
firmware_SRC += firmware/sev/pageinfo.c firmware/sev/idblock.c firmware/sev/idauth.c firmware/sev/idkey.c
PKGS += liblzma

# --- what TPM and TDX predictions share ---
firmware_SRC += firmware/bootevents.c firmware/loadoptions.c firmware/tableloader.c
# --- launch digests of SEV, SEV-ES and SEV-SNP ---
firmware_SRC += firmware/footer.c firmware/sev/metadata.c firmware/sev/hashes.c firmware/sev/vmm.c firmware/sev/cpu.c \
	firmware/sev/vmsa.c firmware/sev/launch.c firmware/sev/sev.c firmware/sev/snp.c firmware/sev/snp_chain.c \
	firmware/sev/mac.c firmware/sev/policy.c

# --- TDX ---
firmware_SRC += firmware/footer.c firmware/tdx/tdvf.c firmware/tdx/mrtd.c
