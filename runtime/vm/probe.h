/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host can do, found by trying: which QEMU, and whether an ordinary guest makes progress under KVM (some
 * hosts open /dev/kvm and then hang in the guest's first page). The answer is remembered per boot and QEMU build.
 */
#pragma once

#include "runtime/vm/argv.h"

typedef struct cof_qemu {
	char *path;
	char *version; /* "7.2.22": for people and cache keys, never for decisions */
} cof_qemu;

void cof_qemu_release(cof_qemu *q);
COF_DEFINE_AUTO(cof_qemu, cof_qemu_release)

/* COFFER_QEMU, else qemu-system-x86_64 of PATH. Reason "qemu-absent". */
COF_WUR int cof_probe_qemu(cof_qemu *ret, cof_err *err);
/* KVM only after the guest's own firmware and kernel made progress under it; TCG otherwise. COFFER_ACCEL=kvm|tcg
 * decides without a probe. Takes at most a few seconds, once per boot. cache_dir holds the answer. */
COF_WUR int cof_probe_accel(const cof_qemu *q, const cof_manifest *m, const cof_profile *p, const char *cache_dir,
			    cof_accel *ret, cof_err *err);
