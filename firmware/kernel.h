/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux bzImage as the firmware gets it from QEMU before 10.0, which fills in the setup header first.
 *
 * spec: Linux Documentation/arch/x86/boot.rst (protocol 2.00 to 2.15)
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

typedef struct cof_kernel_boot {
	uint64_t low_memory; /* bytes of RAM below 4 GiB */
	uint32_t initrd_size;
	bool has_initrd;
	const char *cmdline; /* NULL: none */
} cof_kernel_boot;

/*
 * Whether QEMU offers a patched copy alone: before 10.0, where the machine is not confidential. Later ones offer the
 * plain file too, which not every firmware looks for (firmware/tpm/build.h).
 */
bool cof_kernel_is_patched(unsigned qemu_major, bool confidential);

/* RAM below 4 GiB on a q35 machine with this much memory. */
uint64_t cof_q35_low_memory(uint64_t memory_bytes);
/* A patched copy. An image without the HdrS magic counts as protocol 0, as it does for QEMU. Reasons
 * "kernel-malformed", "initrd-too-large", "bad-memory-size". */
COF_WUR int cof_kernel_patch(cof_span image, const cof_kernel_boot *boot, cof_buf *ret, cof_err *err);
