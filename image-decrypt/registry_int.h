/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the registry client share: the object, one authorised request, and what may be asked again. */
#pragma once

#include "image-decrypt/registry.h"

struct cof_registry {
	cof_ref ref;
	char *base; /* "https://HOST/v2/REPO" */
	cof_http *http;
	char *user;
	cof_secret password;
	char *authorization; /* the header line of the moment; NULL: none */
	bool push;
	unsigned retries;
};

/* A request with what the registry wants for it; a 401 is answered once. With a source, that answer is only prepared
 * for the next call: *ret is the 401. */
COF_WUR int cof_registry_do(cof_registry *r, const cof_http_req *req, const char *const *headers, cof_http_resp *ret,
			    cof_err *err);
/* The error for a status that is not the wanted one. */
COF_WUR int cof_registry_status(const cof_http_resp *resp, const char *what, cof_err *err);
/* True for failures that asking again may mend: rc is cof_registry_do's. */
bool cof_registry_may_pass(const cof_http_resp *resp, int rc);
void cof_registry_pause(unsigned attempt);
