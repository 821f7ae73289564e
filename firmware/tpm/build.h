/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a firmware build measures that cannot be computed from its bytes: one entry per build, found by the SHA-256 of
 * the code image. Builds that are not in the table come from a calibration file (coffer measure calibrate).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/digest.h"
#include "firmware/bootevents.h"

enum {
	COF_BUILD_VERSION_MAX = 64,
	COF_BUILD_OPTIONS_MAX = 8,
	COF_CALIBRATION_MAX = 64 << 10,
};

typedef struct cof_firmware_build {
	uint8_t code_sha256[COF_SHA256_LEN];
	char version[COF_BUILD_VERSION_MAX]; /* CRTM version */
	uint32_t timer_word;		     /* PEI volume offset of the ACPI timer port that is filled in; 0: none */
	int secure_boot;		     /* the variable's byte with the stock store; -1: the variable is absent */
	bool measures_acpi;
	bool measures_smbios;
	bool initrd_first;	 /* load options: "initrd=initrd " in front, else " initrd=initrd" behind */
	bool takes_plain_kernel; /* reads etc/boot/kernel where QEMU (10 and later) serves it */
	size_t n_options;
	/* in BootOrder's order */
	cof_boot_option options[COF_BUILD_OPTIONS_MAX];
} cof_firmware_build;

/* The table; reason "firmware-unknown" (policy) when the build is not in it. */
COF_WUR int cof_firmware_build_find(const uint8_t code_sha256[COF_SHA256_LEN], cof_firmware_build *ret, cof_err *err);

/* The calibration file, format "coffer-firmware-calibration/1". Reason "calibration-malformed". */
COF_WUR int cof_firmware_build_parse(const json_t *in, cof_firmware_build *ret, cof_err *err);
COF_WUR int cof_firmware_build_json(const cof_firmware_build *b, json_t **ret, cof_err *err);
