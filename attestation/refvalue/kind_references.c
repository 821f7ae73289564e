/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/refvalue/kind_references.h"

#include <stdio.h>

#include "attestation/token/kind_token.h"

void cof_given_release(cof_given *g)
{
	cof_references_release(&g->refs);
	cof_authors_release(&g->authors);
}

void cof_reference_check_taken(const cof_reference *r, bool is_unsigned, cof_checks *c)
{
	char found[COF_CHECK_TEXT_MAX];
	(void)snprintf(found, sizeof found, "by '%.40s': '%.32s' (%zu entries)", r->author, r->corim.rim.id,
		       r->corim.rim.n);
	(void)cof_check_text(c, COF_STAGE_SIGNATURE, is_unsigned ? "reference-unsigned" : "cose-signature", true,
			     is_unsigned ? "named as unsigned" : "a key of an author", found);
}

/* A refusal names the file by its place among the references. */
static int add_file(cof_given *g, const cof_reference_in *in, size_t nth, cof_verdict *v, cof_err *err)
{
	cof_err why = {0};
	if (cof_references_add(&g->refs, in, &why) < 0) {
		(void)!cof_err_wrap(&why, "file %zu", nth);
		return cof_token_refuse(&v->checks, cof_reference_stage(&why), &why, err);
	}
	cof_reference_check_taken(&g->refs.at[g->refs.n - 1], in->is_unsigned, &v->checks);
	return 0;
}

/* *ret_all: none was refused. */
static int add_files(cof_given *g, const cof_verify_in *in, cof_verdict *v, bool *ret_all, cof_err *err)
{
	size_t given = 0;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < in->n_files; i++) {
		bool is_unsigned = strcmp(in->files[i].role, "ref_unsigned") == 0;
		const cof_reference_in file = {.bytes = in->files[i].bytes,
					       .authors = &g->authors,
					       .is_unsigned = is_unsigned,
					       .now = in->now};
		if (!is_unsigned && strcmp(in->files[i].role, "ref") != 0)
			continue;
		rc = add_file(g, &file, ++given, v, err);
	}
	*ret_all = g->refs.n == given;
	return rc;
}

static int add_authors(cof_given *g, const cof_verify_in *in, cof_err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < in->n_files; i++) {
		if (strcmp(in->files[i].role, "ref_key") == 0)
			rc = cof_authors_add(&g->authors, in->files[i].bytes, in->now, err);
	}
	return rc;
}

int cof_given_asked(const cof_verify_in *in, bool *ret, cof_err *err)
{
	*ret = cof_role_given(in, "ref") || cof_role_given(in, "ref_unsigned");
	if (!*ret && cof_role_given(in, "ref_key"))
		return cof_err_set(err, COF_E_USAGE, "role-missing", "an author's key without reference values");
	return 0;
}

int cof_given_read(const cof_verify_in *in, cof_given *g, cof_verdict *v, bool *ret_all, cof_err *err)
{
	*ret_all = false;
	int rc = add_authors(g, in, err);
	return rc < 0 ? rc : add_files(g, in, v, ret_all, err);
}
