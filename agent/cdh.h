/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cdh.toml of initdata says of pulling images: whom the registry client trusts, who it is, which way it goes, and
 * which signatures an image must have. It is the owner's word, measured with initdata; nothing of it can come from the
 * host or from the environment. Members that belong to other components are passed over.
 *
 * source: CoCo confidential-data-hub configuration, [image]; registry_mirrors and registry_token_servers are coffer's
 * own (docs/formats.md)
 */
#pragma once

#include "agent/policy.h"

enum { COF_CDH_CA_MAX = 64 << 10, COF_CDH_MIRRORS_MAX = 8, COF_CDH_PARALLEL_MAX = 8 };

typedef struct cof_cdh_mirror {
	char *host; /* the registry, "HOST[:PORT]" as images name it */
	char *url;  /* "https://HOST[:PORT][/PREFIX]" that is asked before it */
} cof_cdh_mirror;

typedef struct cof_cdh {
	char *registry_ca; /* extra_root_certificates, PEM; "" when there are none */
	char *proxy;	   /* image_pull_proxy.https_proxy; NULL: none */
	cof_words no_proxy;
	cof_words token_servers; /* hosts beside the registry's own that get its login */
	cof_cdh_mirror mirrors[COF_CDH_MIRRORS_MAX];
	size_t n_mirrors;
	char *credentials_uri; /* kbs:///… of an auth file; NULL: anonymous */
	char *policy_uri;      /* kbs:///… of a signature policy, or */
	char *policy;	       /* its text; both NULL: no signature is asked for */
	size_t parallel;       /* layers at once; 0: not said */
} cof_cdh;

void cof_cdh_release(cof_cdh *c);
COF_DEFINE_AUTO(cof_cdh, cof_cdh_release)

/* toml may be NULL: nothing is said. Reasons "toml-malformed", "initdata-malformed", "resource-path". ret must be
 * zeroed. */
COF_WUR int cof_cdh_parse(const char *toml, cof_cdh *ret, cof_err *err);
/* The "HOST[:PORT]" of a mirror's URL, a heap string; NULL when memory ran out. */
char *cof_cdh_mirror_host(const char *url);
