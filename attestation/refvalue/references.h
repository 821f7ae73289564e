/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values with their authority: the files of the roles
 *
 *	ref           a CoRIM that one of the authors signed
 *	ref_unsigned  the caller's own word for it: a CoRIM without a signature, a document of reference values or a
 *list of them (docs/formats.md), or an RVPS's values ref_key       authors.h
 *
 * each of which may be given several times. A file counts as a whole or not at all.
 */
#pragma once

#include "attestation/refvalue/authors.h"
#include "attestation/refvalue/corim.h"
#include "attestation/verify/kind.h"

enum { COF_REFERENCES_MAX = 16, COF_REFERENCE_FILE_MAX = 16 << 20 };

typedef struct cof_reference {
	cof_corim corim;		   /* of other formats, the table alone, with an id of its own */
	char author[COF_RIM_NAME_MAX + 1]; /* whose key it was; "the caller" where there is none */
} cof_reference;

typedef struct cof_references {
	cof_reference at[COF_REFERENCES_MAX];
	size_t n;
} cof_references;

void cof_references_release(cof_references *r);
COF_DEFINE_AUTO(cof_references, cof_references_release)

typedef struct cof_reference_in {
	cof_span bytes; /* hostile */
	const cof_authors *authors;
	bool is_unsigned; /* as the caller says */
	bool allow_open;  /* as cof_corim_in */
	int64_t now;
} cof_reference_in;

/* One more file. Reasons of cof_corim_read, cof_rim_entry_parse and cof_author_may; "reference-unsigned" (policy) for a
 * format that has no signature where one is wanted; "reference-malformed" for none of the formats or too many. */
COF_WUR int cof_references_add(cof_references *r, const cof_reference_in *in, cof_err *err);

/* The stage that a failure of these belongs to. */
cof_stage cof_reference_stage(const cof_err *why);
