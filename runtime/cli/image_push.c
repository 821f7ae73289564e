/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image pull` and `push`: an image from one place to another. They differ in what a bare name means. */
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "image-decrypt/copy.h"
#include "runtime/cli/image.h"
#include "runtime/cli/progress.h"

enum { SHORT_DIGEST = 12, NOTE_LEN = 48 };

/* --- what a person sees --- */

typedef struct watch {
	cof_progress progress;
	int64_t begun_ms;
} watch;

static cof_progress_line line_of(const cof_copy_blob *b)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_progress_line l = {.done = b->done, .total = b->desc.size};
	cof_digest_str(&b->desc.digest, digest);
	(void)snprintf(l.what, sizeof l.what, "%-6s %.*s", b->layer ? "layer" : "config", SHORT_DIGEST,
		       strchr(digest, ':') + 1);
	l.note = b->state == COF_COPY_THERE ? "there already" : NULL;
	return l;
}

static cof_progress_line line_of_all(const watch *w, const cof_copy_blob *blobs, size_t n, char note[NOTE_LEN])
{
	cof_progress_line l = {.what = "in all             ", .note = note};
	size_t over = 0;
	uint64_t moved = 0;
	int64_t ms = cof_now_ms() - w->begun_ms;
	for (size_t i = 0; i < n; i++) {
		l.done += blobs[i].done;
		l.total += blobs[i].desc.size;
		moved += blobs[i].state == COF_COPY_THERE ? 0 : blobs[i].done;
		over += blobs[i].state == COF_COPY_DONE || blobs[i].state == COF_COPY_THERE;
	}
	(void)snprintf(note, NOTE_LEN, "%zu of %zu, %.1f MiB/s", over, n,
		       (double)moved / (1 << 20) / ((double)(ms > 0 ? ms : 1) / 1000));
	return l;
}

/* A line for each blob under way, and one for all; those that are over stay above. */
static void on_progress(void *arg, const cof_copy_blob *blobs, size_t n, const cof_copy_blob *moved)
{
	watch *w = arg;
	cof_progress_line lines[COF_PROGRESS_LINES_MAX];
	char note[NOTE_LEN];
	size_t shown = 0;
	bool over = moved->state != COF_COPY_RUNS;
	if (!over && !cof_progress_due(&w->progress))
		return;
	if (over) {
		const cof_progress_line last = line_of(moved);
		cof_progress_keep(&w->progress, &last);
	}
	for (size_t i = 0; i < n && shown + 1 < COF_COUNT(lines); i++)
		if (blobs[i].state == COF_COPY_RUNS)
			lines[shown++] = line_of(&blobs[i]);
	lines[shown++] = line_of_all(w, blobs, n, note);
	cof_progress_draw(&w->progress, lines, shown);
}

/* --- the work --- */

static int copy(const cof_cli_image *s, cof_depot_kind bare_from, cof_depot_kind bare_to, char **names,
		cof_copy_result *ret, cof_err *err)
{
	COF_AUTO(cof_image_name) from = {0};
	COF_AUTO(cof_image_name) to = {0};
	COF_AUTO(cof_cli_depot_opts) depot = {0};
	watch w = {cof_progress_of(STDERR_FILENO, s->json), cof_now_ms()};
	const cof_copy_opts opts = {.platform = s->depot.platform,
				    .all = s->all,
				    .progress = w.progress.on ? on_progress : NULL,
				    .progress_arg = &w};
	int r = cof_image_name_parse(names[0], bare_from, &from, err);
	if (r == 0)
		r = cof_image_name_parse(names[1], bare_to, &to, err);
	if (r == 0)
		r = cof_cli_depot_opts_load(&s->depot, &depot, err);
	if (r == 0)
		r = cof_copy_image(&from, &to, &depot.opts, &opts, ret, err);
	cof_progress_clear(&w.progress);
	return r;
}

static int report(const cof_copy_result *c)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&c->digest, digest);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:b, s:s, s:I, s:I, s:I, s:I}", "ok", 1, "digest", digest, "manifests",
			(json_int_t)c->manifests, "blobs", (json_int_t)c->blobs, "carried_bytes",
			(json_int_t)c->carried, "present_bytes", (json_int_t)c->there);
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

static int run(int argc, char **argv, const char *usage, cof_depot_kind bare_from, cof_depot_kind bare_to)
{
	cof_cli_image s;
	cof_copy_result done = {0};
	cof_err err = {0};
	int code = 0;
	if (cof_cli_image_parse(argc, argv, usage, 2, &s, &code) < 0)
		return code;
	int r = copy(&s, bare_from, bare_to, argv + optind, &done, &err);
	return r == 0 && s.json ? report(&done) : cof_cli_image_digest(&s, r, &err, &done.digest);
}

#define MORE                                                                                                           \
	"  --all                         an index whole, not one image of it\n  --json                        the "    \
	"result for machines\n"

int cof_cmd_image_pull(int argc, char **argv)
{
	return run(argc, argv, "pull [OPTIONS] SOURCE TARGET\n" COF_CLI_DEPOT_HELP MORE, COF_DEPOT_REGISTRY,
		   COF_DEPOT_LAYOUT);
}

int cof_cmd_image_push(int argc, char **argv)
{
	return run(argc, argv, "push [OPTIONS] SOURCE TARGET\n" COF_CLI_DEPOT_HELP MORE, COF_DEPOT_LAYOUT,
		   COF_DEPOT_REGISTRY);
}
