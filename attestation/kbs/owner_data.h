/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bodies of admin calls, checked before anything is stored: a broken policy or reference value never replaces a
 * good one. The caller has verified the admin's signature; the content is still treated as possibly wrong.
 */
#pragma once

#include "common/buf.h"

/* What is stored: under which name, which bytes. */
typedef struct cof_owner_item {
	cof_buf name;
	cof_buf value;
} cof_owner_item;

void cof_owner_item_release(cof_owner_item *i);
COF_DEFINE_AUTO(cof_owner_item, cof_owner_item_release)

/* "REPO/TYPE/TAG"; malformed, reason "bad-path". */
COF_WUR int cof_owner_resource_name(const cof_span part[3], cof_buf *ret, cof_err *err);
/* {"version":"0.1.0","type":"coffer-reference-values/1","payload":base64}. Its name is the set's. */
COF_WUR int cof_owner_parse_reference(cof_span body, cof_owner_item *ret, cof_err *err);
/* {"digest":"sha256:HEX"}. Its name is the hex; the value is empty. */
COF_WUR int cof_owner_parse_initdata(cof_span body, cof_owner_item *ret, cof_err *err);
/* {"pem":"…"}: CA certificates. Its name is the hex of the PEM's SHA-256. Reason "bad-ek-root". */
COF_WUR int cof_owner_parse_ek_root(cof_span body, cof_owner_item *ret, cof_err *err);
/* {"policy":base64url}: release rules. Its name is the hex of their SHA-256. */
COF_WUR int cof_owner_parse_policy(cof_span body, cof_owner_item *ret, cof_err *err);
