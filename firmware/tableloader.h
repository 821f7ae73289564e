/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QEMU's table loader script (fw_cfg etc/table-loader): which ACPI files the firmware loads, and so in which order it
 * measures them. Each file is hashed as fw_cfg serves it, before the script patches it.
 *
 * source: QEMU hw/acpi/bios-linker-loader.c: 128-byte records, u32 command; ALLOCATE (1) starts with the file's name
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

enum { COF_TABLE_LOADER_RECORDS_MAX = 512, COF_TABLE_LOADER_FILES_MAX = 8 };

typedef struct cof_table_loader {
	size_t n;
	cof_span files[COF_TABLE_LOADER_FILES_MAX]; /* names, padded with NULs; borrowed from the script */
} cof_table_loader;

/* Reason "acpi-malformed". */
COF_WUR int cof_table_loader_parse(cof_span script, cof_table_loader *ret, cof_err *err);
/* True when a name of the script is this file's. */
bool cof_table_loader_is(cof_span name, const char *file);
