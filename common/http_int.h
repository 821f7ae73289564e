/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP client share: the object, one hop of a call, and what libcurl is asked for it. */
#pragma once

#include "common/http.h"
#include "common/http_curl.h"
#include "common/http_url.h"

struct cof_http {
	CURL *easy;
	cof_buf ca;
	char **resolve, **no_proxy, **inward; /* copies, NULL-ended */
	char *proxy;			      /* NULL: none */
	cof_http_peer peer;		      /* of the last call */
	cof_http_opts opts;		      /* its pointers are not used after cof_http_new */
};

/* One hop under way. */
typedef struct cof_http_hop {
	cof_http *h;
	const cof_http_req *req;
	const char *url;
	const char *credential;
	cof_http_resp *resp;
	cof_err *err;
	struct curl_slist *headers, *resolve;
	bool inward_ok; /* the server was named by the caller */
	bool inward;	/* an address was refused */
	bool proxied;
	bool begun; /* the body's first bytes were seen */
	int failed; /* code of the error that a call back of ours stored in *err */
	curl_off_t moved;
	int64_t moved_at;
	char why[CURL_ERROR_SIZE];
} cof_http_hop;

/* Sets up everything of one hop; cof_http_hop_release undoes it. */
COF_WUR int cof_http_prepare(cof_http_hop *t);
void cof_http_hop_release(cof_http_hop *t);
/* The call backs. */
COF_WUR int cof_http_hook(cof_http_hop *t);
