/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an OCI image config becomes a process: arguments, environment, directory and user. The bytes were checked
 * against the manifest's digest, but their author may be hostile: sizes are limited and types are strict.
 */
#pragma once

#include "agent/policy.h"

enum { COF_IMGCONF_MAX = 4 << 20 };

typedef struct cof_imgconf {
	cof_words args; /* Entrypoint, then Cmd */
	cof_words env;
	char *cwd;  /* "/" when the image names none */
	char *user; /* "" when the image names none */
} cof_imgconf;

void cof_imgconf_release(cof_imgconf *c);
COF_DEFINE_AUTO(cof_imgconf, cof_imgconf_release)

/* Reason "image-config-malformed". An image without any argument is refused. ret must be zeroed. */
COF_WUR int cof_imgconf_parse(cof_span in, cof_imgconf *ret, cof_err *err);
