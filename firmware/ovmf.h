/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of an OVMF code image: finds the main firmware volume, unpacks its LZMA section and borrows the two
 * volumes that the firmware measures (PEIFV and DXEFV). Images may be hostile: all lengths are bounded.
 *
 * spec: UEFI PI 1.8 vol. 3, 3.2 (firmware volumes, files, sections)
 */
#pragma once

#include <stdbool.h>

#include "common/buf.h"

enum { COF_OVMF_IMAGE_MAX = 32 << 20, COF_OVMF_STREAM_MAX = 64 << 20 };

typedef struct cof_ovmf {
	cof_buf stream; /* the unpacked sections; the spans borrow from it */
	cof_span peifv;
	cof_span dxefv;
} cof_ovmf;

void cof_ovmf_release(cof_ovmf *o);
COF_DEFINE_AUTO(cof_ovmf, cof_ovmf_release)

/* Reason "firmware-malformed". */
COF_WUR int cof_ovmf_open(cof_span image, cof_ovmf *ret, cof_err *err);

/* True when the store holds no variable. Reason "vars-malformed". */
COF_WUR int cof_varstore_is_empty(cof_span vars, bool *ret, cof_err *err);

/*
 * A whole image ("OVMF.fd") is a variable store and the code behind it; one that does not start with a store is code
 * alone. Both borrow from image.
 */
void cof_ovmf_split(cof_span image, cof_span *ret_vars, cof_span *ret_code);
