/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an OCI image config becomes a process: arguments, environment, directory, user, signal and volumes. The bytes
 * were checked against the manifest's digest, but their author may be hostile: sizes are limited and types are strict.
 *
 * spec: OCI image-spec config.md, conversion.md
 */
#pragma once

#include <jansson.h>

#include "agent/policy.h"

enum { COF_IMGCONF_MAX = 4 << 20, COF_IMGCONF_VOLUMES_MAX = 64, COF_IMGCONF_ANNOTATION_MAX = 4096 };

typedef struct cof_imgconf {
	cof_words args; /* Entrypoint, then Cmd; may be empty */
	cof_words env;
	cof_words volumes; /* absolute paths */
	char *cwd;	   /* "/" when the image names none */
	char *user;	   /* "" when the image names none */
	int stop_signal;   /* what asks the process to end; 0: the image names none */
	/* For the runtime's spec, an object of strings; NULL: none. Of labels only those that describe the image, by
	 * OCI's names: a runtime takes orders by others (run.oci.…). */
	json_t *annotations;
} cof_imgconf;

void cof_imgconf_release(cof_imgconf *c);
COF_DEFINE_AUTO(cof_imgconf, cof_imgconf_release)

/* Reason "image-config-malformed". ret must be zeroed. */
COF_WUR int cof_imgconf_parse(cof_span in, cof_imgconf *ret, cof_err *err);
/* "SIGTERM", "term", "15", "SIGRTMIN+3"; 0: no signal. */
int cof_imgconf_signal(const char *name);
