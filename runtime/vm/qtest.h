/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks QEMU for the ACPI blobs that it would hand to OVMF on exactly this machine, without booting it: QEMU is
 * started stopped, under its qtest protocol, the chipset registers are set as OVMF sets them, and the fw_cfg files
 * are read by DMA. Bounded in time; the process is always reaped.
 */
#pragma once

#include "common/buf.h"

enum { COF_QTEST_TIMEOUT_MS = 15000, COF_QTEST_FILE_MAX = 4 << 20 };

typedef struct cof_qtest_acpi {
	cof_buf table_loader;
	cof_buf rsdp;
	cof_buf tpm_log;
	cof_buf tables;
} cof_qtest_acpi;

void cof_qtest_acpi_release(cof_qtest_acpi *a);
COF_DEFINE_AUTO(cof_qtest_acpi, cof_qtest_acpi_release)

/*
 * argv is the machine's whole NULL-ended command line (argv[0] the path of QEMU; it must carry its own -accel tcg and
 * name peers, such as the TPM's socket, that are there). "-S -qtest" are appended. Reasons: "qtest-failed" (io, the
 * text ends with what QEMU said), "qtest-timeout" (unavailable).
 */
COF_WUR int cof_qtest_read_acpi(const char *const *argv, cof_qtest_acpi *ret, cof_err *err);
