/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image unpack` and `unpack-layer`: what a guest would make of an image, for its owner to look at. */
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "image-decrypt/encopen.h"
#include "image-decrypt/flat.h"
#include "runtime/cli/image.h"
#include "runtime/cli/image_apart.h"
#include "runtime/cli/image_keys.h"
#include "runtime/cli/image_policy.h"
#include "runtime/cli/progress.h"

enum { OPT_POLICY = 1000, OPT_ENCRYPTED, OPT_DEVICES, OPT_LIMIT, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{"policy", required_argument, NULL, OPT_POLICY},
	{"require-encrypted", no_argument, NULL, OPT_ENCRYPTED},
	{"devices", required_argument, NULL, OPT_DEVICES},
	{"max-bytes", required_argument, NULL, OPT_LIMIT},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	COF_CLI_KEY_ROWS,
	COF_CLI_DEPOT_ROWS,
	{0},
};

/* Of both verbs. */
#define TREE_HELP                                                                                                      \
	"  --devices allow               make device nodes (root only); they are refused otherwise\n"                  \
	"  --max-bytes N                 of unpacked layers; 64 GiB otherwise\n"

typedef struct settings {
	cof_cli_depot depot;
	cof_cli_keys keys;
	const char *policy;
	uint64_t max_bytes; /* 0: the default */
	bool json, help, require_encrypted, devices;
} settings;

static int set_limit(settings *s, const char *text)
{
	char *end = NULL;
	errno = 0;
	s->max_bytes = strtoull(text, &end, 10);
	bool ok = errno == 0 && text[0] >= '1' && text[0] <= '9' && *end == '\0' && s->max_bytes <= INT64_MAX;
	return ok ? 0 : cof_cli_usage("--max-bytes is a number of bytes");
}

static int set_devices(settings *s, const char *word)
{
	s->devices = strcmp(word, "allow") == 0;
	if (s->devices && geteuid() != 0)
		return cof_cli_usage("--devices allow needs root");
	return s->devices || strcmp(word, "refuse") == 0 ? 0 : cof_cli_usage("--devices is 'refuse' or 'allow'");
}

static int set_option(settings *s, int opt)
{
	int code = 0;
	if (cof_cli_keys_option(&s->keys, opt, optarg, &code) ||
	    cof_cli_depot_option(&s->depot, opt, optarg, s->json, &code))
		return code;
	switch (opt) {
	case OPT_POLICY:
		s->policy = optarg;
		return 0;
	case OPT_DEVICES:
		return set_devices(s, optarg);
	case OPT_LIMIT:
		return set_limit(s, optarg);
	case OPT_ENCRYPTED:
		s->require_encrypted = true;
		return 0;
	case OPT_JSON:
		s->json = true;
		return 0;
	case OPT_HELP:
		s->help = true;
		return 0;
	default:
		return cof_cli_usage("see --help");
	}
}

/* 0: go on with *ret; else *ret_exit is the exit code. */
static int parse(int argc, char **argv, const char *usage, settings *ret, int *ret_exit)
{
	settings s = {0};
	int opt = 0, rc = 0;
	optind = 1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		rc = set_option(&s, opt);
	if (rc == 0 && !s.help && argc - optind != 2)
		rc = cof_cli_usage("coffer image %s", usage);
	if (s.help)
		(void)printf("Usage: coffer image %s\n", usage);
	*ret = s;
	*ret_exit = rc;
	return s.help || rc != 0 ? -1 : 0;
}

/* --- what is on the way --- */

typedef struct work {
	const settings *s;
	const char *from;
	cof_progress progress;
	int64_t begun;
	cof_image image;
	uint64_t before, total; /* stored bytes: of the layers that are over, of all */
	cof_unpack_answer *answers;
	size_t n;
	cof_enc_keys *keys;
	cof_sig_report signature;
} work;

static void work_release(work *w)
{
	cof_image_release(&w->image);
	free(w->answers);
	if (w->keys != NULL)
		cof_enc_keys_free(w->keys);
}
COF_DEFINE_AUTO(work, work_release)

/* The layer in hand and all of them; a layer that is over stays. */
static void on_progress(void *arg, size_t layer, uint64_t done, uint64_t total)
{
	work *w = arg;
	bool over = done == total && total > 0;
	cof_progress_line lines[] = {{.done = done, .total = total},
				     {.what = "in all", .done = w->before + done, .total = w->total}};
	(void)snprintf(lines[0].what, sizeof lines[0].what, "layer %zu of %zu", layer + 1, w->n);
	w->before += over ? total : 0;
	if (over)
		cof_progress_keep(&w->progress, &lines[0]);
	else if (cof_progress_due(&w->progress))
		cof_progress_draw(&w->progress, lines, w->n > 1 ? 2 : 1);
}

static cof_flat_opts flat_opts(work *w)
{
	return (cof_flat_opts){
		.devices = w->s->devices, .max_bytes = w->s->max_bytes, .progress = on_progress, .progress_arg = w};
}

static int make_room(work *w, size_t n, cof_err *err)
{
	w->n = n;
	w->answers = calloc(n, sizeof *w->answers);
	return w->answers == NULL && n > 0 ? cof_err_oom(err) : 0;
}

/* --- the result --- */

static json_t *describe(const cof_unpack_answer *a)
{
	char digest[COF_DIGEST_STR_MAX], diff_id[COF_DIGEST_STR_MAX];
	cof_digest_str(&a->digest, digest);
	cof_digest_str(&a->diff_id, diff_id);
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "digest", digest, "diff_id", diff_id, "stored_bytes",
			 (json_int_t)a->stored_bytes, "bytes", (json_int_t)a->tar_bytes, "entries",
			 (json_int_t)a->entries, "decrypt_ms", (json_int_t)a->decrypt_ms, "unpack_ms",
			 (json_int_t)a->unpack_ms);
}

/* By which scope of the policy the image was admitted, and by whose signature. */
static json_t *describe_signature(const cof_sig_report *r)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "scope", r->scope, "kind", cof_sig_kind_name(r->kind), "identity",
			 r->identity, "key", r->key);
}

/* digest: what the tree is called by. */
static int tell(const work *w, const cof_digest *d, json_t **ret, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(d, digest);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:b, s:s, s:I}", "ok", 1, "digest", digest, "ms", (json_int_t)(cof_now_ms() - w->begun));
	json_t *layers = json_array();
	uint64_t stored = 0, bytes = 0, entries = 0;
	for (size_t i = 0; i < w->n; i++) {
		stored += w->answers[i].stored_bytes;
		bytes += w->answers[i].tar_bytes;
		entries += w->answers[i].entries;
		(void)json_array_append_new(layers, describe(&w->answers[i]));
	}
	(void)json_object_set_new(doc, "stored_bytes", json_integer((json_int_t)stored));
	(void)json_object_set_new(doc, "bytes", json_integer((json_int_t)bytes));
	(void)json_object_set_new(doc, "entries", json_integer((json_int_t)entries));
	(void)json_object_set_new(doc, "layers", layers);
	if (w->s->policy != NULL)
		(void)json_object_set_new(doc, "signature", describe_signature(&w->signature));
	*ret = cof_steal(&doc);
	return *ret != NULL ? 0 : cof_err_oom(err);
}

static int report(const settings *s, int rc, const cof_err *err, const json_t *doc)
{
	if (rc < 0)
		return cof_cli_fail(err, s->json);
	if (s->json)
		return cof_cli_print_json(doc);
	(void)printf("%s\n", json_string_value(json_object_get(doc, "digest")));
	return COF_EXIT_YES;
}

/* --- unpack --- */

static int open_key(void *arg, const cof_desc *d, cof_layer_key *ret, cof_err *err)
{
	const work *w = arg;
	return cof_enc_open(d, w->keys, w->s->keys.allow_ctr, ret, err);
}

/* What must hold before a byte of a layer is looked at. */
static int load_image(work *w, const char *text, const cof_image_source *source, const char *wanted, cof_err *err)
{
	COF_AUTO(cof_image_name) name = {0};
	int r = cof_image_load(source, wanted, w->s->depot.platform, &w->image, err);
	if (r == 0 && w->s->require_encrypted)
		r = cof_image_require_encrypted(&w->image, err);
	if (r == 0)
		r = cof_image_name_parse(text, COF_DEPOT_LAYOUT, &name, err);
	if (r == 0 && w->s->policy != NULL)
		r = cof_cli_image_admit(w->s->policy, &name, source, &w->image, &w->signature, err);
	for (size_t i = 0; i < w->image.manifest.n_layers; i++)
		w->total += w->image.manifest.layers[i].size;
	return r < 0 ? r : make_room(w, w->image.manifest.n_layers, err);
}

static int unpack(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	work *w = arg;
	COF_AUTO_PTR(cof_flat) f = NULL;
	COF_AUTO_PTR(cof_depot) from = NULL;
	const cof_flat_opts opts = flat_opts(w);
	const cof_flat_keys keys = {open_key, w};
	/* First of all, while there are neither keys nor passwords in memory: the other process has a copy of it. */
	int r = cof_flat_new(&f, root, life, &opts, err);
	if (r == 0)
		r = cof_cli_apart_lock(err);
	if (r == 0)
		r = cof_cli_keys_load(&w->s->keys, &w->keys, err);
	if (r == 0)
		r = cof_cli_depot_open(&w->s->depot, w->from, COF_DEPOT_LAYOUT, false, &from, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_depot_source(from);
	r = load_image(w, w->from, &source, cof_depot_wanted(from), err);
	if (r == 0)
		r = cof_flat_image(f, &source, &w->image, &keys, w->answers, err);
	cof_progress_clear(&w->progress);
	return r < 0 ? r : tell(w, &w->image.digest, ret, err);
}

/* Everything that work does is done in another process; what comes back is what it tells. */
static int run(const settings *s, cof_cli_apart_work what, char **args)
{
	COF_AUTO(work)
	w = {.s = s, .from = args[0], .progress = cof_progress_of(STDERR_FILENO, s->json), .begun = cof_now_ms()};
	COF_AUTO_PTR(json_t) doc = NULL;
	cof_err err = {0};
	int r = cof_cli_image_apart(args[1], what, &w, &doc, &err);
	return report(s, r, &err, doc);
}

int cof_cmd_image_unpack(int argc, char **argv)
{
	settings s;
	int code = 0;
	if (parse(argc, argv,
		  "unpack [--key FILE]... [--kek DIR] [--policy FILE] [--require-encrypted] [options] [--json] "
		  "IMAGE ROOTFS\n"
		  "ROOTFS is absent or an empty folder, and appears when every check held.\n"
		  "  --policy FILE                 the signatures that the image must have: containers-policy.json\n"
		  "  --require-encrypted           refuse an image with a layer that is not\n" TREE_HELP
			  COF_CLI_KEY_HELP COF_CLI_DEPOT_HELP,
		  &s, &code) < 0)
		return code;
	return run(&s, unpack, argv + optind);
}

/* --- unpack-layer --- */

static int unpack_layer(void *arg, int root, int life, json_t **ret, cof_err *err)
{
	work *w = arg;
	COF_AUTO_PTR(cof_flat) f = NULL;
	struct stat st;
	const cof_flat_opts opts = flat_opts(w);
	bool in = strcmp(w->from, "-") == 0;
	int r = cof_flat_new(&f, root, life, &opts, err);
	if (r == 0)
		r = cof_cli_apart_lock(err);
	if (r == 0)
		r = make_room(w, 1, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int opened = in ? -EBADF : open(w->from, O_RDONLY | O_CLOEXEC);
	int fd = in ? STDIN_FILENO : opened;
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", w->from);
	r = cof_flat_file(f, fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, w->answers, err);
	cof_progress_clear(&w->progress);
	return r < 0 ? r : tell(w, &w->answers[0].diff_id, ret, err);
}

int cof_cmd_image_unpack_layer(int argc, char **argv)
{
	settings s;
	int code = 0;
	if (parse(argc, argv,
		  "unpack-layer [options] [--json] FILE ROOTFS\n"
		  "FILE is a tar, gzip or zstd file, or - for standard input.\n" TREE_HELP,
		  &s, &code) < 0)
		return code;
	if (s.keys.n > 0 || s.keys.kek != NULL || s.policy != NULL || s.require_encrypted)
		return cof_cli_usage("a layer in a file has neither keys nor signatures");
	return run(&s, unpack_layer, argv + optind);
}
