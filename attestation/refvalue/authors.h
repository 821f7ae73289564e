/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may say what: the keys of authors of reference values, each bound to the classes of machine that it may speak
 * for. Without that any author could bless any machine. The document (coffer-reference-authors/1, docs/formats.md) and
 * the keys are the caller's own: what is wrong with them is wrong usage.
 */
#pragma once

#include <openssl/types.h>

#include "attestation/refvalue/rim.h"

enum { COF_AUTHORS_MAX = 32, COF_AUTHORS_FILE_MAX = 1 << 20 };

typedef struct cof_author {
	char name[COF_RIM_NAME_MAX + 1]; /* of a key alone: "key " and the start of its SHA-256 */
	EVP_PKEY *key;
	uint64_t min_version;  /* of an entry; older ones were withdrawn */
	const json_t *classes; /* borrowed from the document; NULL: any (a key that was named by itself) */
} cof_author;

typedef struct cof_authors {
	cof_author at[COF_AUTHORS_MAX];
	size_t n;
	json_t *documents; /* list of those that at borrows from */
} cof_authors;

void cof_authors_release(cof_authors *a);
COF_DEFINE_AUTO(cof_authors, cof_authors_release)

/* A public key or certificate in PEM, a JWK, or a document of authors. Reasons (usage) "bad-key", "jwk-malformed",
 * "authors-malformed": an unknown member or class, no class, a name or a key that stands twice, too many. */
COF_WUR int cof_authors_add(cof_authors *a, cof_span file, int64_t now, cof_err *err);
/* A key that may speak for any class; up-refs it. */
COF_WUR int cof_authors_add_key(cof_authors *a, EVP_PKEY *key, cof_err *err);

/* Leaves the author with this key, or none where it is nobody's. */
void cof_authors_keep(cof_authors *a, EVP_PKEY *key);

/* Whether this author may give this entry. Reasons (policy) "reference-author": the entry is of another class, or not
 * bound to one of the author's instances; "reference-older": below the author's lowest version. */
COF_WUR int cof_author_may(const cof_author *a, const cof_rim_entry *e, cof_err *err);
