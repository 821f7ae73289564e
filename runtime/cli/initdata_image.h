/* SPDX-License-Identifier: Apache-2.0 */
/* The owner's wishes for pulling images, as [image] of initdata's cdh.toml. */
#pragma once

#include "common/buf.h"

enum { COF_INITDATA_MIRRORS_MAX = 8 };

typedef struct cof_initdata_image {
	const char *registry_ca;      /* file of certificates in PEM */
	const char *login;	      /* kbs:///… of an auth file */
	const char *signature_policy; /* kbs:///…, or a file that goes into the document itself */
	const char *proxy, *no_proxy;
	const char *mirrors[COF_INITDATA_MIRRORS_MAX]; /* HOST=URL */
	size_t n_mirrors;
} cof_initdata_image;

/* Appends the table, or nothing when nothing is wished. Class usage for what no guest would follow. */
COF_WUR int cof_initdata_image_toml(const cof_initdata_image *o, cof_buf *to, cof_err *err);
/* NAME = certificates of a file, as a basic multi-line text. Reason "bad-certificate". */
COF_WUR int cof_initdata_pem(cof_buf *to, const char *before, const char *file, const char *after, cof_err *err);
