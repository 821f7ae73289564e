# SPDX-License-Identifier: Apache-2.0
LIBS += firmware
PKGS += liblzma

# --- images, kernels, event logs ---
firmware_SRC := firmware/footer.c firmware/ovmf.c firmware/varstore.c firmware/pe.c firmware/kernel.c firmware/smbios.c \
	firmware/tableloader.c firmware/loadoptions.c firmware/bootevents.c firmware/register.c firmware/eventlog.c \
	firmware/event_name.c firmware/refevent.c firmware/ccel.c

# --- one launch for every TEE ---
firmware_SRC += firmware/document.c firmware/document_json.c firmware/document_parse.c firmware/tee.c firmware/explain.c

# --- TPM ---
firmware_SRC += firmware/tpm/build.c firmware/tpm/build_json.c firmware/tpm/pcr.c firmware/tpm/learn.c firmware/tpm/tee.c

# --- SEV, SEV-ES, SEV-SNP ---
firmware_SRC += firmware/sev/metadata.c firmware/sev/hashes.c firmware/sev/vmm.c firmware/sev/cpu.c firmware/sev/vmsa.c \
	firmware/sev/launch.c firmware/sev/sev.c firmware/sev/snp.c firmware/sev/snp_chain.c firmware/sev/mac.c \
	firmware/sev/policy.c firmware/sev/idblock.c firmware/sev/idauth.c firmware/sev/idkey.c firmware/sev/tee.c

# --- IGVM ---
firmware_SRC += firmware/igvm.c firmware/igvm_load.c firmware/igvm_snp.c

# --- TDX ---
firmware_SRC += firmware/tdx/tdvf.c firmware/tdx/mrtd.c firmware/tdx/hob.c firmware/tdx/layout.c firmware/tdx/rtmr.c \
	firmware/tdx/inputs.c firmware/tdx/tee.c
