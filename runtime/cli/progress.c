/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/file.h"

enum { BAR = 30, BAR_MIN = 10, LINE_MAX_LEN = 160, DUE_MS = 100, COLUMNS = 80, ROWS = 24 };

cof_progress cof_progress_of(int fd, bool quiet)
{
	return (cof_progress){.fd = fd, .on = !quiet && isatty(fd) == 1};
}

/* The cursor stands at the end of the last line. */
static void add_clear(cof_progress *p, cof_buf *to)
{
	for (; p->drawn > 0; p->drawn--)
		(void)!cof_buf_add_str(to, p->drawn > 1 ? "\r\033[K\033[A" : "\r\033[K", NULL);
}

/* In one piece, so that nothing flickers. */
static void put(const cof_progress *p, const cof_buf *text)
{
	(void)!cof_fd_write_all(p->fd, cof_buf_span(text), NULL);
}

void cof_progress_clear(cof_progress *p)
{
	COF_AUTO(cof_buf) out = {0};
	add_clear(p, &out);
	put(p, &out);
}

static void bar(char out[BAR + 1], size_t width, uint64_t done, uint64_t total)
{
	/* Both come from the guest: neither order nor size can be relied upon. */
	size_t full = done >= total ? width : (size_t)((double)done / (double)total * (double)width);
	memset(out, '.', width);
	memset(out, '#', full < width ? full : width);
	out[width] = 0;
}

static size_t size_of(const cof_progress *p, bool rows)
{
	struct winsize w = {0};
	bool known = ioctl(p->fd, TIOCGWINSZ, &w) == 0;
	size_t n = rows ? w.ws_row : w.ws_col;
	if (!known || n == 0)
		return rows ? ROWS : COLUMNS;
	return n;
}

/* As long as there is room for, so that what stands behind it is seen on a narrow terminal too. */
static size_t bar_width(size_t columns, size_t rest)
{
	size_t room = columns > rest + 1 ? columns - rest - 1 : 0;
	return room > BAR ? BAR : room < BAR_MIN ? BAR_MIN : room;
}

static void format(cof_progress *p, const cof_progress_line *l, char out[LINE_MAX_LEN])
{
	static const char wheel[] = "|/-\\";
	char filled[BAR + 1], amount[LINE_MAX_LEN / 2];
	const char *note = l->note != NULL ? l->note : "";
	size_t columns = size_of(p, false);
	int n = snprintf(amount, sizeof amount, "%.1f of %.1f MiB%s%s", (double)l->done / (1 << 20),
			 (double)l->total / (1 << 20), *note != '\0' ? "  " : "", note);
	int what = snprintf(out, LINE_MAX_LEN, "%-8s ", l->what);
	bar(filled, bar_width(columns, (size_t)n + (size_t)what + strlen("[] ")), l->done, l->total);
	if (l->total > 0)
		(void)snprintf(out + what, LINE_MAX_LEN - (size_t)what, "[%s] %s", filled, amount);
	else
		(void)snprintf(out + what, LINE_MAX_LEN - (size_t)what, "%c", wheel[p->turns++ % 4]);
	if (columns < LINE_MAX_LEN) /* a line that wraps would be two, and draw over what is above */
		out[columns - 1] = '\0';
}

void cof_progress_draw(cof_progress *p, const cof_progress_line *lines, size_t n)
{
	COF_AUTO(cof_buf) out = {0};
	char text[LINE_MAX_LEN];
	if (!p->on)
		return;
	size_t rows = size_of(p, true);
	n = n < COF_PROGRESS_LINES_MAX ? n : COF_PROGRESS_LINES_MAX;
	n = n < rows ? n : rows;
	add_clear(p, &out);
	for (size_t i = 0; i < n; i++) {
		format(p, &lines[i], text);
		(void)!cof_buf_printf(&out, NULL, "%s\r\033[K%s", i > 0 ? "\n" : "", text);
	}
	put(p, &out);
	p->drawn = n;
	p->drawn_ms = cof_now_ms();
}

bool cof_progress_due(const cof_progress *p)
{
	return p->on && cof_now_ms() - p->drawn_ms >= DUE_MS;
}

void cof_progress_keep(cof_progress *p, const cof_progress_line *line)
{
	COF_AUTO(cof_buf) out = {0};
	char text[LINE_MAX_LEN];
	if (!p->on)
		return;
	add_clear(p, &out);
	format(p, line, text);
	(void)!cof_buf_printf(&out, NULL, "%s\n", text);
	put(p, &out);
}

void cof_progress_show(cof_progress *p, const char *what, uint64_t done, uint64_t total)
{
	cof_progress_line l = {.done = done, .total = total};
	(void)snprintf(l.what, sizeof l.what, "%s", what);
	cof_progress_draw(p, &l, 1);
}
