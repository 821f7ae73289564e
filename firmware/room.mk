# SPDX-License-Identifier: Apache-2.0
LIBS += firmware
firmware_SRC := firmware/eventlog.c firmware/event_name.c firmware/pe.c firmware/kernel.c firmware/ovmf.c \
	firmware/varstore.c firmware/build.c firmware/build_json.c firmware/smbios.c firmware/pcr.c firmware/compare.c \
	firmware/pcr_json.c firmware/learn.c
PKGS += liblzma
