/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of canonical paths that one layer made in a flat tree, so that its whiteouts spare them wherever they stand
 * in the archive. Keys are digests: a hostile image cannot make two of them alike.
 */
#pragma once

#include "common/buf.h"

typedef struct cof_made {
	uint8_t (*slots)[16];
	size_t n, room; /* room is a power of two */
} cof_made;

void cof_made_release(cof_made *m);
COF_DEFINE_AUTO(cof_made, cof_made_release)
COF_WUR int cof_made_add(cof_made *m, const char *dir, const char *name, cof_err *err);
/* False when memory ran out, too: the caller then removes, never keeps by mistake. */
bool cof_made_has(const cof_made *m, const char *dir, const char *name);
