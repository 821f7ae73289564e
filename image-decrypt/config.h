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

typedef struct cof_config {
	json_t *doc; /* owner of everything below */
	const char *os;
	const char *architecture;
	cof_digest *diff_ids;
	size_t n_diff_ids;
	/* Arrays of strings without NUL; NULL when absent or null. */
	const json_t *entrypoint;
	const json_t *cmd;
	const json_t *env;
	const char *cwd;  /* "" when absent; else absolute */
	const char *user; /* "" when absent */
} cof_config;

void cof_config_release(cof_config *c);
COF_DEFINE_AUTO(cof_config, cof_config_release)

/* ret must be zeroed. */
COF_WUR int cof_config_parse(cof_span body, cof_config *ret, cof_err *err);
