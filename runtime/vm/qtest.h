/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks QEMU for the ACPI blobs that it would hand to OVMF on exactly this machine, without booting it: QEMU is
 * started stopped, under its qtest protocol, the chipset registers are set as OVMF sets them, and the fw_cfg files
 * are read by DMA. Bounded in time; the process is always reaped.
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"
#include "common/proc.h"

enum { COF_QTEST_TIMEOUT_MS = 15000, COF_QTEST_FILE_MAX = 4 << 20 };

typedef struct cof_qtest_opts {
	const char *const *argv; /* the machine's whole command line (cof_argv_build with .qtest), argv[0] a path */
	const char *socket;	 /* the path that argv's -qtest names; made here, and removed again */
	const cof_proc_fd *fds;	 /* descriptors that argv refers to; 2 is taken for QEMU's own words */
	size_t n_fds;
	int timeout_ms; /* of the whole; 0: COF_QTEST_TIMEOUT_MS */
} cof_qtest_opts;

typedef struct cof_qtest_acpi {
	cof_buf table_loader; /* etc/table-loader */
	cof_buf rsdp;	      /* etc/acpi/rsdp */
	cof_buf tpm_log;      /* etc/tpm/log */
	cof_buf tables;	      /* etc/acpi/tables */
	bool plain_kernel;    /* etc/boot/kernel is there: the kernel as it is in its file */
} cof_qtest_acpi;

void cof_qtest_acpi_release(cof_qtest_acpi *a);
COF_DEFINE_AUTO(cof_qtest_acpi, cof_qtest_acpi_release)

/* Reasons: "qtest-failed" (io; the text ends with what QEMU said), "qtest-timeout" (unavailable). */
COF_WUR int cof_qtest_read_acpi(const cof_qtest_opts *opts, cof_qtest_acpi *ret, cof_err *err);
