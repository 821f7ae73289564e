/* SPDX-License-Identifier: Apache-2.0 */
/* `coffer image unpack` and `unpack-layer`: what a guest would make of an image, for its owner to look at. */
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "image-decrypt/enc_provider.h"
#include "image-decrypt/flat.h"
#include "runtime/cli/image.h"
#include "runtime/cli/progress.h"

enum { OPT_KEY = 1000, OPT_CTR, OPT_ENCRYPTED, OPT_DEVICES, OPT_JSON, OPT_HELP };

static const struct option options[] = {
	{"key", required_argument, NULL, OPT_KEY},
	{"allow-unauthenticated-wrap", no_argument, NULL, OPT_CTR},
	{"require-encrypted", no_argument, NULL, OPT_ENCRYPTED},
	{"devices", required_argument, NULL, OPT_DEVICES},
	{"json", no_argument, NULL, OPT_JSON},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

typedef struct settings {
	const char *key;
	bool json, help, allow_ctr, require_encrypted, devices;
} settings;

static int set_devices(settings *s, const char *word)
{
	s->devices = strcmp(word, "allow") == 0;
	if (s->devices && geteuid() != 0)
		return cof_cli_usage("--devices allow needs root");
	return s->devices || strcmp(word, "refuse") == 0 ? 0 : cof_cli_usage("--devices is 'refuse' or 'allow'");
}

static int set_option(settings *s, int opt)
{
	bool *const flag = opt == OPT_CTR	  ? &s->allow_ctr
			   : opt == OPT_ENCRYPTED ? &s->require_encrypted
			   : opt == OPT_JSON	  ? &s->json
			   : opt == OPT_HELP	  ? &s->help
						  : NULL;
	if (flag != NULL)
		*flag = true;
	else if (opt == OPT_KEY)
		s->key = optarg;
	else
		return opt == OPT_DEVICES ? set_devices(s, optarg) : cof_cli_usage("see --help");
	return 0;
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
	cof_progress progress;
	int64_t begun;
	cof_image image;
	cof_unpack_answer *answers;
	size_t n;
	cof_buf kek;
} work;

static void work_release(work *w)
{
	cof_image_release(&w->image);
	free(w->answers);
	cof_buf_wipe(&w->kek);
	cof_buf_release(&w->kek);
}
COF_DEFINE_AUTO(work, work_release)

static void on_progress(void *arg, size_t layer, uint64_t done, uint64_t total)
{
	work *w = arg;
	char what[32];
	(void)snprintf(what, sizeof what, "layer %zu", layer);
	cof_progress_show(&w->progress, what, done, total);
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

static int print_json(const work *w, const char *digest)
{
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
	return doc != NULL ? cof_cli_print_json(doc) : COF_EXIT_USAGE;
}

static int report(work *w, int rc, const cof_err *err, const cof_digest *d)
{
	char digest[COF_DIGEST_STR_MAX];
	cof_progress_clear(&w->progress);
	if (rc < 0)
		return cof_cli_fail(err, w->s->json);
	cof_digest_str(d, digest);
	if (w->s->json)
		return print_json(w, digest);
	(void)printf("%s\n", digest);
	return COF_EXIT_YES;
}

/* --- unpack --- */

/* The first packet that the key opens; whose key it is named for is the broker's business, not the owner's. */
static int open_key(void *arg, const cof_desc *d, cof_layer_key *ret, cof_err *err)
{
	const work *w = arg;
	COF_AUTO(cof_enc_packets) all = {0};
	const char *packets = cof_desc_annotation(d, COF_ENC_ANNOTATION_PROVIDER);
	int r = cof_err_set(err, COF_E_POLICY, "layer-key-refused",
			    "the layer is encrypted, and no key was given for it");
	if (w->kek.len == 0 || packets == NULL)
		return r;
	r = cof_enc_packets_parse(packets, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < all.n; i++) {
		r = cof_enc_unwrap(&all.at[i], cof_buf_span(&w->kek), w->s->allow_ctr, ret, err);
		if (r == 0)
			return 0;
	}
	return r;
}

static int unpack(work *w, char **args, cof_err *err)
{
	COF_AUTO_PTR(cof_flat) f = NULL;
	COF_AUTO_PTR(cof_layout) from = NULL;
	const char *tag = NULL, *name = args[0];
	const cof_flat_opts opts = {.devices = w->s->devices, .progress = on_progress, .progress_arg = w};
	const cof_flat_keys keys = {open_key, w};
	int r = cof_flat_new(&f, args[1], &opts, err);
	if (r == 0 && w->s->key != NULL)
		r = cof_file_read(w->s->key, COF_ENC_KEK_LEN, &w->kek, err);
	if (r == 0)
		r = cof_cli_image_layout(strncmp(name, "oci:", 4) == 0 ? name + 4 : name, false, &from, &tag, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_layout_source(from);
	r = cof_image_load(&source, tag, COF_PLATFORM_DEFAULT, &w->image, err);
	if (r == 0 && w->s->require_encrypted)
		r = cof_image_require_encrypted(&w->image, err);
	if (r == 0)
		r = make_room(w, w->image.manifest.n_layers, err);
	if (r == 0)
		r = cof_flat_image(f, &source, &w->image, &keys, w->answers, err);
	return r < 0 ? r : cof_flat_publish(f, err);
}

int cof_cmd_image_unpack(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv,
		  "unpack [--key FILE] [--allow-unauthenticated-wrap] [--require-encrypted] [--devices allow] [--json] "
		  "oci:DIR:REF ROOTFS",
		  &s, &code) < 0)
		return code;
	COF_AUTO(work) w = {.s = &s, .progress = cof_progress_of(STDERR_FILENO, s.json), .begun = cof_now_ms()};
	int r = unpack(&w, argv + optind, &err);
	return report(&w, r, &err, &w.image.digest);
}

/* --- unpack-layer --- */

static int unpack_layer(work *w, char **args, cof_err *err)
{
	COF_AUTO_PTR(cof_flat) f = NULL;
	struct stat st;
	const cof_flat_opts opts = {.devices = w->s->devices, .progress = on_progress, .progress_arg = w};
	bool in = strcmp(args[0], "-") == 0;
	COF_AUTO_FD int opened = in ? -EBADF : open(args[0], O_RDONLY | O_CLOEXEC);
	int fd = in ? STDIN_FILENO : opened;
	if (fd < 0 || fstat(fd, &st) < 0)
		return cof_err_sys(err, errno == ENOENT ? "no-such-file" : "open-failed", "%s", args[0]);
	int r = make_room(w, 1, err);
	if (r == 0)
		r = cof_flat_new(&f, args[1], &opts, err);
	if (r == 0)
		r = cof_flat_file(f, fd, S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0, w->answers, err);
	return r < 0 ? r : cof_flat_publish(f, err);
}

int cof_cmd_image_unpack_layer(int argc, char **argv)
{
	settings s;
	cof_err err = {0};
	int code = 0;
	if (parse(argc, argv, "unpack-layer [--devices allow] [--json] FILE ROOTFS", &s, &code) < 0)
		return code;
	COF_AUTO(work) w = {.s = &s, .progress = cof_progress_of(STDERR_FILENO, s.json), .begun = cof_now_ms()};
	int r = unpack_layer(&w, argv + optind, &err);
	return report(&w, r, &err, r < 0 ? NULL : &w.answers[0].diff_id);
}
