/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image configs: platform, diff_ids, and what the image says about its process. The bytes were checked against the
 * manifest's descriptor; their author may still be hostile. Reason "config-malformed".
 *
 * spec: OCI image-spec config.md
 */
#pragma once

#include "image-decrypt/manifest.h"

enum { COF_CONFIG_WORDS_MAX = 1024 };

/* What an image says about its process. Everything is borrowed from the document; lists and sets are NULL when absent
 * or null. No text holds a NUL. */
typedef struct cof_config_run {
	const json_t *entrypoint, *cmd, *env; /* arrays of strings */
	const json_t *ports, *volumes;	      /* objects whose names count */
	const json_t *labels;		      /* an object of strings */
	const char *cwd;		      /* "" when absent; else absolute */
	const char *user, *stop_signal;	      /* "" when absent */
} cof_config_run;

/* Of a config's document. */
COF_WUR int cof_config_run_of(const json_t *doc, cof_config_run *ret, cof_err *err);

typedef struct cof_config {
	json_t *doc; /* owner of everything below */
	const char *os;
	const char *architecture;
	cof_digest *diff_ids;
	size_t n_diff_ids;
	cof_config_run run;
} cof_config;

void cof_config_release(cof_config *c);
COF_DEFINE_AUTO(cof_config, cof_config_release)

/* ret must be zeroed. */
COF_WUR int cof_config_parse(cof_span body, cof_config *ret, cof_err *err);
