/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the cache share: entries, and locks and turns. */
#pragma once

#include "attestation/endorsements/store.h"

struct cof_store {
	int fd; /* the folder */
};

/* First letters of file names. */
enum { COF_STORE_ENTRY = 'e', COF_STORE_NEW = 'n', COF_STORE_LOCK = 'l', COF_STORE_TURN = 's' };
enum { COF_STORE_FILE_MAX = 2 + 64 + 1 };

/* "e-HEX" of a name. */
COF_WUR int cof_store_file(char kind, const char *name, char out[COF_STORE_FILE_MAX], cof_err *err);
