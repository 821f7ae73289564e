/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the key holder keeps on disk: one SQLite file in a directory of mode 0700. An item has a kind, a name and a
 * value. Every change is durable when the call returns (or at commit), and all or nothing: a kill at any moment
 * leaves the old or the new state. One process at a time.
 */
#pragma once

#include "common/secret.h"

typedef struct cof_store cof_store;

/* Kinds. A kind that is not here is a programming error, not input. */
#define COF_KIND_META "meta"
#define COF_KIND_RESOURCE "resource"	       /* REPO/TYPE/TAG */
#define COF_KIND_REFERENCE "reference"	       /* name -> coffer-reference-values/1 */
#define COF_KIND_TEE_REFERENCE "tee-reference" /* TEE/NAME -> coffer-reference-values/2 */
/* The same names -> the CoRIM that they came with; absent for others. */
#define COF_KIND_REFERENCE_SOURCE "reference-source"
#define COF_KIND_TEE_REFERENCE_SOURCE "tee-reference-source"
#define COF_KIND_INITDATA "initdata" /* hex of the digest -> "" */
#define COF_KIND_EK_ROOT "ek-root"   /* hex of SHA-256 -> PEM */

enum { COF_STORE_NAME_MAX = 256, COF_STORE_VALUE_MAX = 4 << 20 };

/* Makes the directory and an empty store in it; reason "store-exists" when there is one. */
COF_WUR int cof_store_create(const char *dir, cof_store **ret, cof_err *err);
/* Reason "no-store", "store-mode" (others may read it), "store-owner", "store-busy", "store-damaged". */
COF_WUR int cof_store_open(const char *dir, cof_store **ret, cof_err *err);
void cof_store_free(cof_store *s);
COF_DEFINE_AUTO_PTR(cof_store, cof_store_free)

/* Changes between begin and commit appear together; rollback is safe outside a transaction. */
COF_WUR int cof_store_begin(cof_store *s, cof_err *err);
COF_WUR int cof_store_commit(cof_store *s, cof_err *err);
void cof_store_rollback(cof_store *s);

COF_WUR int cof_store_put(cof_store *s, const char *kind, const char *name, cof_span value, cof_err *err);
/* Reason "not-found". */
COF_WUR int cof_store_get(cof_store *s, const char *kind, const char *name, cof_secret *ret, cof_err *err);
/* *ret says whether there was one. */
COF_WUR int cof_store_del(cof_store *s, const char *kind, const char *name, bool *ret, cof_err *err);
COF_WUR int cof_store_has(cof_store *s, const char *kind, const char *name, bool *ret, cof_err *err);

typedef int (*cof_store_visit)(void *arg, const char *name, cof_span value, cof_err *err);
/* In the order of names; a negative return of visit stops and is returned. */
COF_WUR int cof_store_each(cof_store *s, const char *kind, cof_store_visit visit, void *arg, cof_err *err);

/* The audit table: lines are added at the end, and triggers refuse any change of one that is there. */
COF_WUR int cof_store_audit_add(cof_store *s, uint64_t seq, cof_span line, cof_err *err);
/* Lines with sequence numbers >= from, at most n. */
typedef int (*cof_store_line)(void *arg, uint64_t seq, cof_span line, cof_err *err);
COF_WUR int cof_store_audit_each(cof_store *s, uint64_t from, uint64_t n, cof_store_line visit, void *arg,
				 cof_err *err);
/* The highest number, 0 when empty. */
COF_WUR int cof_store_audit_last(cof_store *s, uint64_t *ret, cof_err *err);
