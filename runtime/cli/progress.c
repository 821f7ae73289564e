/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"

enum { BAR = 30 };

cof_progress cof_progress_of(int fd, bool quiet)
{
	return (cof_progress){.fd = fd, .on = !quiet && isatty(fd) == 1};
}

static void put(const cof_progress *p, const char *s)
{
	(void)!cof_fd_write_all(p->fd, cof_span_str(s), NULL);
}

void cof_progress_clear(cof_progress *p)
{
	if (p->drawn)
		put(p, "\r\033[K");
	p->drawn = false;
}

static void bar(char out[BAR + 1], uint64_t done, uint64_t total)
{
	/* Both come from the guest: neither order nor size can be relied upon. */
	size_t full = done >= total ? BAR : (size_t)((double)done / (double)total * BAR);
	memset(out, '.', BAR);
	memset(out, '#', full < BAR ? full : BAR);
	out[BAR] = 0;
}

void cof_progress_show(cof_progress *p, const char *what, uint64_t done, uint64_t total)
{
	static const char wheel[] = "|/-\\";
	char line[160];
	char filled[BAR + 1];
	if (!p->on)
		return;
	if (total > 0) {
		bar(filled, done, total);
		(void)snprintf(line, sizeof line, "\r\033[K%-8s [%s] %.1f of %.1f MiB", what, filled,
			       (double)done / (1 << 20), (double)total / (1 << 20));
	} else {
		(void)snprintf(line, sizeof line, "\r\033[K%-8s %c", what, wheel[p->turns++ % 4]);
	}
	put(p, line);
	p->drawn = true;
}
