/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer-kbs serve`: the key holder's process with its fronts, from start to the last child's end. */
#pragma once

#include "common/err.h"

typedef struct cof_serve_opts {
	const char *store_dir;
	const char *listen; /* ADDR:PORT, [ADDR]:PORT; port 0: any free one */
	const char *tls_cert;
	const char *tls_key;
	const char *port_file; /* NULL: none */
	int ready_fd;	       /* -1: standard output */
	unsigned fronts;
} cof_serve_opts;

/* Returns the exit code. */
int cof_serve(const cof_serve_opts *opts);
