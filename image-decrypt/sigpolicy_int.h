/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a signature policy share: the file's reader, and the search for a scope. */
#pragma once

#include "image-decrypt/sigpolicy.h"

enum { COF_SIGPOLICY_SCOPES_MAX = 4096 };

typedef struct cof_sigpolicy_scope {
	const char *transport; /* static */
	char *name;	       /* as it is compared: a host in lower case */
	cof_sig_reqs reqs;
} cof_sigpolicy_scope;

struct cof_sigpolicy {
	cof_sig_reqs fallback; /* the file's "default" */
	cof_sigpolicy_scope *scopes;
	size_t n;
};

bool cof_sigpolicy_transport_known(const char *transport);
/* Fills transport and name, once the name is one that an image of the transport can have. Reason "policy-malformed". */
COF_WUR int cof_sigpolicy_scope_take(const char *transport, const char *name, cof_sigpolicy_scope *ret, cof_err *err);
/* Else it is taken for an OpenPGP keyring. */
bool cof_sigpolicy_key_is_pem(cof_span key);
