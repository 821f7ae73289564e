/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which request line means what. Paths are compared as they came: no decoding, no normalisation, so that front and
 * key holder cannot disagree about one; a path with any other byte than the grammar's is no path.
 */
#pragma once

#include "attestation/kbs/wire.h"

enum cof_kb_route {
	COF_ROUTE_NONE,
	COF_ROUTE_HEALTH,
	COF_ROUTE_AUTH,
	COF_ROUTE_ATTEST,
	COF_ROUTE_RESOURCE_GET,
	/* admin */
	COF_ROUTE_RESOURCE_PUT,
	COF_ROUTE_RESOURCE_DELETE,
	COF_ROUTE_POLICY_PUT,
	COF_ROUTE_REFERENCE_PUT,
	COF_ROUTE_REFERENCE_DELETE,
	COF_ROUTE_INITDATA_PUT,
	COF_ROUTE_INITDATA_DELETE,
	COF_ROUTE_EK_ROOT_PUT,
	COF_ROUTE_EK_ROOT_DELETE,
	COF_ROUTE_AUDIT,
	COF_ROUTES,
};

typedef struct cof_kb_match {
	enum cof_kb_route route;
	cof_span path;	  /* without the query */
	cof_span part[3]; /* REPO, TYPE, TAG; or the one name behind the prefix */
	uint64_t from;	  /* audit only, default 1 */
} cof_kb_match;

enum { COF_KB_TARGET_MAX = 512 };

/* Malformed, reason "bad-path" (no such path), "bad-method" (the path exists, with other methods). */
COF_WUR int cof_kb_route_of(cof_span method, cof_span target, cof_kb_match *ret, cof_err *err);
/* What a path may end with as a reference's name: slashes ("0.1.0/default"), and nothing else of a path's tricks. */
bool cof_kb_name_ok(cof_span s);
bool cof_kb_route_is_admin(enum cof_kb_route r);
/* "POST" and so on; NULL for none. */
const char *cof_kb_route_method(enum cof_kb_route r);
/* The fixed part of its path; NULL for none. */
const char *cof_kb_route_path(enum cof_kb_route r);
/* A stable word for logs and audit lines. */
const char *cof_kb_route_name(enum cof_kb_route r);
