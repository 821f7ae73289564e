/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one HTTP client, over libcurl (HTTP/1.1, TLS by OpenSSL, proxy). TLS peers are always verified; roots come
 * only from ca_pem, or from the system's bundle when ca_pem is empty. Nothing is taken from the environment. Redirects
 * are off unless max_redirects is set, never leave https, and take no credentials to another origin. Answers have a
 * size limit; a transfer that moves too little for idle_ms is cut. One object serves one thread at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "common/buf.h"

typedef struct cof_http cof_http;

typedef struct cof_http_opts {
	cof_span ca_pem;	     /* roots, PEM; empty: system bundle */
	bool system_roots;	     /* the system bundle vouches too, beside ca_pem */
	const char *const *resolve;  /* "NAME:PORT:ADDR", NULL-ended; may be NULL */
	const char *proxy;	     /* NULL: none (the environment is never consulted) */
	const char *const *no_proxy; /* hosts that are reached without it, as cof_host_listed has them; may be NULL */
	bool outward;		     /* connect to no address that cof_addr_inward tells, except for */
	const char *const *inward;   /* these servers, "HOST:PORT", NULL-ended; may be NULL */
	long connect_ms;	     /* 0: 10 s */
	long idle_ms;		     /* 0: 30 s */
	long floor;		     /* bytes a second that must move within each idle_ms; 0: any byte will do */
	long total_ms;		     /* one whole call, however it dribbles; 0: no limit */
	long max_redirects;	     /* 0: none */
	bool plain_http;	     /* allow http:// (loopback services, tests) */
} cof_http_opts;

/* Gives the next body bytes: number of bytes put into buf (0: end), negative: error. */
typedef long (*cof_http_source)(void *arg, void *buf, size_t len, cof_err *err);

typedef struct cof_http_resp {
	long status;
	cof_buf body;	 /* whole body (or, with a sink, only that of a non-2xx answer, at most 64 KiB) */
	cof_buf headers; /* raw header block of the last response, at most 64 KiB */
	char *moved;	 /* the URL that answers, after redirects; NULL without any */
} cof_http_resp;

typedef struct cof_http_req {
	const char *method; /* "GET", "POST", "PUT", "HEAD", "PATCH", "DELETE"; the first and "HEAD" follow redirects */
	const char *url;
	const char *const *headers; /* "Name: value", NULL-ended; may be NULL */
	const char *credential;	    /* a header for url's origin alone ("Authorization: …"); may be NULL */
	cof_span body;		    /* sent when method has one and source is NULL */
	cof_http_source source;	    /* streamed body of source_len bytes */
	size_t source_len;
	void *source_arg;
	long total_ms;	 /* this call's limit; 0: that of the options */
	size_t max_body; /* limit of the answer's body: reason "http-too-large" */
	cof_sink sink;	 /* called only for 2xx bodies; NULL: collected in resp.body */
	/* Called once before sink's first bytes, with status and headers; may be NULL. Negative stops as sink's does.
	 */
	int (*begin)(void *sink_arg, const cof_http_resp *head, cof_err *err);
	void *sink_arg;
	const atomic_bool *stop; /* set by another thread: the call ends soon, reason "http-stopped"; may be NULL */
} cof_http_req;

void cof_http_resp_release(cof_http_resp *r);
COF_DEFINE_AUTO(cof_http_resp, cof_http_resp_release)

COF_WUR int cof_http_new(cof_http **ret, const cof_http_opts *opts, cof_err *err);
/* Another client with the same options; of may be in use meanwhile. */
COF_WUR int cof_http_like(cof_http **ret, const cof_http *of, cof_err *err);
void cof_http_free(cof_http *h);
COF_DEFINE_AUTO_PTR(cof_http, cof_http_free)

/* 0 for every complete HTTP answer, whatever its status. Unavailable (reason "http-unreachable", "http-timeout",
 * "http-cut"), crypto ("tls-untrusted"), policy ("http-inward": an address of this machine or beside it,
 * "http-proxy-refused") or malformed otherwise. Keeps the connection for the next call. */
COF_WUR int cof_http_do(cof_http *h, const cof_http_req *req, cof_http_resp *ret, cof_err *err);
/* First value of a header, case-insensitive, as heap string; NULL when absent. */
char *cof_http_header(const cof_http_resp *r, const char *name);
/* All values of a header that may come in several lines, joined by ", "; NULL when absent. spec: RFC 9110 5.3 */
char *cof_http_header_all(const cof_http_resp *r, const char *name);
