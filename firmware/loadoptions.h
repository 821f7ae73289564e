/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load options of a kernel that OVMF boots directly, as Linux's boot stub measures them: UTF-16LE with a final
 * NUL, one unit for each byte of the command line, with the initrd's name that OVMF adds.
 *
 * source: EDK2 OvmfPkg/Library/GenericQemuLoadImageLib; Linux drivers/firmware/efi/libstub
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

enum { COF_LOAD_OPTIONS_MAX = 32 << 10 };

/*
 * What is hashed; left empty when there is neither command line (NULL, "") nor initrd: then nothing is logged.
 * initrd_first: "initrd=initrd " before the text, else " initrd=initrd" behind it. Reason "cmdline-too-long".
 */
COF_WUR int cof_load_options(const char *cmdline, bool has_initrd, bool initrd_first, cof_buf *ret, cof_err *err);
