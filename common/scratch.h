/* SPDX-License-Identifier: Apache-2.0 */
/* What host and guest agree on about the scratch disk (docs/images.md). */
#pragma once

/* Serials of the virtio-blk disk: the host only hands it over, or asks for an authenticated one; the guest decides. */
#define COF_SCRATCH_SERIAL "coffer-scratch"
#define COF_SCRATCH_SERIAL_INTEGRITY "coffer-scratch-mac"

/* What QEMU and the guest can still count in sectors. */
#define COF_SCRATCH_MAX ((unsigned long long)1 << 44)
/* Smaller ones hold no image, and what they cost in structures outweighs what they give. */
#define COF_SCRATCH_MIN ((unsigned long long)64 << 20)
