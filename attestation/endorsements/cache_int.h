/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the cache share: entries, and locks and turns. */
#pragma once

#include "attestation/endorsements/cache.h"

struct cof_ecache {
	int fd; /* the folder */
};

/* First letters of file names. */
enum { COF_ECACHE_ENTRY = 'e', COF_ECACHE_NEW = 'n', COF_ECACHE_LOCK = 'l', COF_ECACHE_TURN = 's' };
enum { COF_ECACHE_FILE_MAX = 2 + 64 + 1 };

/* "e-HEX" of a name. */
COF_WUR int cof_ecache_file(char kind, const char *name, char out[COF_ECACHE_FILE_MAX], cof_err *err);
