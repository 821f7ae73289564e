/* SPDX-License-Identifier: Apache-2.0 */
/* What pax.c (records) and pax_xattr.c (those that are extended attributes) share. */
#pragma once

#include "image-decrypt/pax.h"

/* Reason "tar-pax". */
COF_WUR int cof_pax_bad(cof_err *err, const char *what);
bool cof_pax_begins(cof_span s, const char *with);
/*
 * Takes the record when it is an attribute: *ret_taken. An attribute in both spellings, as libarchive writes it, counts
 * once; two values for one name are refused.
 */
COF_WUR int cof_pax_xattr(cof_pax *p, cof_span key, cof_span v, bool *ret_taken, cof_err *err);
