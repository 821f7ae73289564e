/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/run_progress.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"

enum { LINE = 128 };

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

cof_run_progress cof_run_progress_of(int fd, bool quiet, bool plain)
{
	cof_run_progress p = {.terminal = cof_progress_of(fd, quiet)};
	p.plain_fd = plain && !quiet && !p.terminal.on ? fd : -EBADF;
	return p;
}

static void say(const cof_run_progress *p, const char *line)
{
	if (p->plain_fd >= 0)
		(void)!cof_fd_write_all(p->plain_fd, cof_span_str(line), NULL);
}

static bool is_done(const cof_amount *a)
{
	return a->done >= a->total;
}

static size_t count_done(const cof_state *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_layers; i++)
		n += is_done(&s->layers[i]);
	return n;
}

static double speed(const cof_run_progress *p, const cof_state *s)
{
	int64_t ms = p->pull_ms == 0 ? 0 : cof_now_ms() - p->pull_ms;
	return ms > 0 ? mib(s->pulled) * 1000 / (double)ms : 0;
}

/* --- lines on a pipe --- */

static void tell_layers(cof_run_progress *p, const cof_state *s)
{
	char line[LINE];
	for (size_t i = 0; i < s->n_layers; i++) {
		if (p->told[i] || !is_done(&s->layers[i]))
			continue;
		p->told[i] = true;
		(void)snprintf(line, sizeof line, "coffer: layer %zu of %zu: %.1f MiB\n", i + 1, s->n_layers,
			       mib(s->layers[i].total));
		say(p, line);
	}
	if (p->told_all || s->n_layers == 0 || count_done(s) < s->n_layers)
		return;
	p->told_all = true;
	(void)snprintf(line, sizeof line, "coffer: pulled %.1f MiB in %zu layers, %.1f MiB/s\n", mib(s->pulled),
		       s->n_layers, speed(p, s));
	say(p, line);
}

/* --- lines on a terminal --- */

static void draw(cof_run_progress *p, const cof_state *s)
{
	cof_progress_line lines[COF_PROGRESS_LINES_MAX];
	char note[LINE];
	size_t n = 0;
	for (size_t i = 0; i < s->n_layers && n + 1 < COF_PROGRESS_LINES_MAX; i++) {
		const cof_amount *a = &s->layers[i];
		if (a->done == 0 || is_done(a))
			continue;
		lines[n] = (cof_progress_line){.done = a->done, .total = a->total};
		(void)snprintf(lines[n++].what, sizeof lines[0].what, "layer %zu", i + 1);
	}
	lines[n] = (cof_progress_line){.done = s->pulled, .total = s->total};
	(void)snprintf(lines[n].what, sizeof lines[n].what, "%s", p->phase);
	if (s->n_layers > 0) {
		(void)snprintf(note, sizeof note, "%zu of %zu layers, %.1f MiB/s", count_done(s), s->n_layers,
			       speed(p, s));
		lines[n].note = note;
	}
	cof_progress_draw(&p->terminal, lines, n + 1);
}

/* --- both --- */

void cof_run_progress_phase(cof_run_progress *p, const char *phase)
{
	char line[LINE];
	if (strcmp(phase, p->phase) == 0)
		return;
	(void)snprintf(p->phase, sizeof p->phase, "%s", phase);
	(void)snprintf(line, sizeof line, "coffer: %s\n", p->phase);
	say(p, line);
	cof_progress_show(&p->terminal, p->phase, 0, 0);
}

void cof_run_progress_show(cof_run_progress *p, const cof_state *s)
{
	if (p->pull_ms == 0 && s->total > 0)
		p->pull_ms = cof_now_ms();
	cof_run_progress_phase(p, s->phase[0] != 0 ? s->phase : "guest");
	if (p->plain_fd >= 0)
		tell_layers(p, s);
	draw(p, s);
}

void cof_run_progress_clear(cof_run_progress *p)
{
	cof_progress_clear(&p->terminal);
}

void cof_run_progress_end(cof_run_progress *p)
{
	cof_run_progress_clear(p);
	p->terminal.on = false;
	p->plain_fd = -EBADF;
}
