/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scratch disk's encryption, by libcryptsetup: dm-crypt in XTS mode under a random key, and where integrity is
 * asked for, authenticated by HMAC-SHA-256 with tags that dm-integrity keeps. The library is loaded by name, because
 * only a guest image for machines with a scratch disk has it.
 */
#pragma once

#include "common/err.h"

/* The name of the mapping: /dev/mapper/NAME. */
#define COF_SCRATCH_MAPPING "coffer-scratch"

/*
 * Maps device under a new key, which nobody has but the kernel afterwards, and proves it from the kernel's own table
 * (scratch_dm.h). header is a new file in memory, for what the library wants to note of an authenticated disk: none of
 * it goes to the disk. Reasons "scratch-failed", "scratch-not-encrypted".
 */
COF_WUR int cof_scratch_encrypt(const char *device, const char *header, bool integrity, cof_err *err);
