/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images: HOST[:PORT]/REPO[:TAG][@DIGEST]; neither tag nor digest means the tag latest, and docker.io (by any
 * of its names) with one component means library/. The text may be hostile; what is parsed is safe in a URL.
 *
 * spec: OCI distribution-spec "Pulling manifests" (grammar of name and tag)
 */
#pragma once

#include "common/digest.h"

enum {
	COF_REF_HOST_MAX = 255,
	COF_REF_REPO_MAX = 255,
	COF_REF_TAG_MAX = 128,
	COF_REF_STR_MAX = COF_REF_HOST_MAX + COF_REF_REPO_MAX + COF_REF_TAG_MAX + COF_DIGEST_STR_MAX + 4,
};

typedef struct cof_ref {
	char host[COF_REF_HOST_MAX + 1]; /* "registry.coffer.test:5000", as written */
	char repo[COF_REF_REPO_MAX + 1];
	char tag[COF_REF_TAG_MAX + 1]; /* "" when only a digest was given */
	bool has_digest;
	cof_digest digest;
} cof_ref;

/* A name must say whose it is: reason "reference-short" (policy) without a host, since who fills it in decides what
 * runs. Reason "reference-malformed". */
COF_WUR int cof_ref_parse(const char *in, cof_ref *ret, cof_err *err);
/* As docker reads it: no host means docker.io. For documents that are written so (signatures' identities). */
COF_WUR int cof_ref_parse_docker(const char *in, cof_ref *ret, cof_err *err);
/* HOST/REPO[:TAG][@DIGEST]; out holds COF_REF_STR_MAX. */
void cof_ref_str(const cof_ref *r, char out[COF_REF_STR_MAX]);
/* HOST/REPO alone; out holds COF_REF_STR_MAX. */
void cof_ref_name(const cof_ref *r, char out[COF_REF_STR_MAX]);
/* What to ask the registry for: the digest where there is one (it decides), else the tag. */
void cof_ref_wanted(const cof_ref *r, char out[COF_DIGEST_STR_MAX]);
/* The host that speaks the API: docker.io's is another. Borrowed from r, or static. */
const char *cof_ref_api_host(const cof_ref *r);
/* True for a tag's grammar. */
bool cof_ref_tag_ok(const char *tag);
