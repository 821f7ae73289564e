/* SPDX-License-Identifier: Apache-2.0 */
/* A guest on disk, and the machine that QEMU makes for it, turned into what a TPM prediction needs. */
#pragma once

#include "firmware/tpm/pcr.h"
#include "runtime/vm/manifest.h"
#include "runtime/vm/qtest.h"

/* A private folder that goes away with the variable. */
typedef struct cof_tmp_dir {
	char *path;
} cof_tmp_dir;

void cof_tmp_dir_release(cof_tmp_dir *d);
COF_DEFINE_AUTO(cof_tmp_dir, cof_tmp_dir_release)
COF_WUR int cof_tmp_dir_make(cof_tmp_dir *ret, cof_err *err);

/* Everything that a prediction borrows from. */
typedef struct cof_guest_inputs {
	cof_buf code, vars, kernel, initrd;
	cof_qtest_acpi acpi;
	cof_tpm_launch launch;
} cof_guest_inputs;

void cof_guest_inputs_release(cof_guest_inputs *g);
COF_DEFINE_AUTO(cof_guest_inputs, cof_guest_inputs_release)

/*
 * Reads the manifest's files, checks them against its digests, and asks QEMU (path) for the machine's ACPI blobs.
 * The launch in ret borrows from m and from ret itself.
 */
COF_WUR int cof_guest_inputs_load(const cof_manifest *m, const cof_profile *p, const char *qemu, cof_guest_inputs *ret,
				  cof_err *err);
