/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "runtime/cli/endorsements.h"

static const char help[] = "Usage: coffer endorsements show [--cache DIR] [--at TIME] [--json]\n\n"
			   "Lists what the cache has: \"fresh\", \"stale\" (holds, but it is time to ask again), "
			   "\"expired\", \"damaged\".\n"
			   "Nothing is asked of anybody, and nothing is judged.\n";

static const char *const words[] = {"cache", "at", "json", NULL};

typedef struct work {
	cof_endorsements_report report;
	int64_t now;
} work;

static const char *state_of(const cof_endorsement *e, int64_t now)
{
	if (!cof_endorsement_holds(e, now))
		return "expired";
	return e->fetched <= now && now < cof_endorsement_refresh_at(e) ? "fresh" : "stale";
}

static int show_one(void *arg, const cof_endorsement *e, const cof_err *damage, cof_err *err)
{
	work *w = arg;
	const cof_endorsements_line line = {.id = e != NULL ? &e->id : NULL,
					    .state = e != NULL ? state_of(e, w->now) : "damaged",
					    .e = e,
					    .why = damage};
	return cof_endorsements_report_add(&w->report, &line, err);
}

int cof_cmd_endorsements_show(int argc, char **argv)
{
	COF_AUTO_FREE char *dir = NULL;
	COF_AUTO_PTR(cof_ecache) store = NULL;
	cof_endorsements_opts o;
	cof_err err = {0};
	int code = cof_endorsements_options(argc, argv, words, 0, &o);
	if (code != 0)
		return code;
	if (o.help)
		return fputs(help, stdout) < 0 ? COF_EXIT_USAGE : COF_EXIT_YES;
	work w = {.report.json = o.json, .now = cof_endorsements_now(&o)};
	int rc = cof_endorsements_cache(o.cache, &dir, &err);
	if (rc == 0)
		rc = cof_ecache_open(dir, false, &store, &err);
	if (rc == 0)
		rc = cof_ecache_each(store, show_one, &w, &err);
	code = rc < 0 ? cof_cli_fail(&err, o.json) : cof_endorsements_report_end(&w.report, NULL);
	cof_endorsements_report_release(&w.report);
	return code;
}
