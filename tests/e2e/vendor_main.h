/* SPDX-License-Identifier: Apache-2.0 */
/* A vendor of one's own as a program: writes what a machine of its would show, and serves the rest until it is ended.
 */
#pragma once

#include <signal.h>
#include <unistd.h>

#include "common/file.h"

static inline void vendor_write(const char *dir, const char *name, cof_span bytes)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", dir, name));
	assert_ok(cof_file_write(path, bytes, 0644, &err));
}

/* The URL comes last: who sees it, finds the rest. */
static inline void vendor_serve(vendor_peer *v, const char *dir)
{
	sigset_t set;
	int got = 0;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	vendor_write(dir, "url", cof_span_str(v->url));
	(void)sigwait(&set, &got);
	vendor_close(v);
}
