/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All cases of the shared vectors, answered by the product: by its functions, and what can be unpacked by the program
 * too. A case of a kind that this walker does not know fails it, and so does one that is missing.
 */
#include <time.h>

#include "agent/imgconf.h"
#include "agent/user.h"
#include "common/proc.h"
#include "image-decrypt/encopen.h"
#include "image-decrypt/sigcheck.h"
#include "image-decrypt/sigfetch.h"
#include "tests/unit/image/flatten.h"
#include "tests/unit/image/listing.h"
#include "tests/unit/image/vec.h"
#include "tests/unit/image/watch.h"

enum { STRICT_BYTES = 200 << 20 };
enum { CASES = 186, NOW = 1795900000 /* after the vectors were made */ };

typedef struct walk {
	char top[64], root[96], out[96];
	char program[512];
	const char *dir; /* of the vectors */
	cof_enc_keys *keys;
	size_t layouts, tars, signatures, policies, listings, by_program;
} walk;

static const char *member(const json_t *c, const char *key)
{
	return json_string_value(json_object_get(c, key));
}

static bool wants(const json_t *c, const char *what)
{
	return strcmp(member(c, "want"), what) == 0;
}

/* A refusal is of the image, never of the machine or of us. */
static bool is_refusal(cof_class cls)
{
	return cls == COF_E_MALFORMED || cls == COF_E_CRYPTO || cls == COF_E_POLICY;
}

static void check_answer(const json_t *c, int r, const cof_err *why)
{
	if (r < 0 && !is_refusal(why->cls))
		fail_msg("%s: %s %s: %s", member(c, "id"), cof_class_name(why->cls), why->reason, why->text);
	if ((wants(c, "ok") && r < 0) || (wants(c, "reject") && r == 0))
		fail_msg("%s: wanted %s, got %d %s: %s", member(c, "id"), member(c, "want"), r, why->reason, why->text);
}

/* --- what is decided by configuration --- */

typedef struct choice {
	const char *id;
	const char *strict; /* the reason when it is asked for; NULL: we have one answer only */
	const char *always; /* the reason of the one answer; NULL: accepted */
} choice;

static const choice choices[] = {
	{"neg-downgrade-plain", "layer-not-encrypted", NULL},
	{"neg-annotated-but-plain", "layer-not-encrypted", NULL},
	{"neg-dup-json-key", NULL, "layer-privopts-malformed"},
	{"neg-inner-gzip-trailing", NULL, "layer-trailing-bytes"},
	{"neg-inner-gzip-bomb", "layer-too-large", NULL},
	{"neg-inner-zstd-window-2g", NULL, "layer-inflate"},
	{"tar-device-block", "tar-device", NULL},
	{"tar-device-mem", "tar-device", NULL},
	{"tar-duplicate-file", NULL, NULL},
	{"sig-other-identity", "signature-identity", NULL},
	{"sig-type-atomic", NULL, "signature-malformed"},
};

static const choice *choice_of(const json_t *c)
{
	for (size_t i = 0; i < COF_COUNT(choices); i++)
		if (strcmp(choices[i].id, member(c, "id")) == 0)
			return &choices[i];
	fail_msg("%s: decided by policy, and nobody says how", member(c, "id"));
	return NULL;
}

static void check_reason(const json_t *c, const char *want, int r, const cof_err *why)
{
	if (want == NULL ? r < 0 : r == 0 || strcmp(why->reason, want) != 0)
		fail_msg("%s: wanted '%s', got %d '%s' (%s)", member(c, "id"), want != NULL ? want : "", r, why->reason,
			 why->text);
}

/* --- trees --- */

static void fresh(walk *w)
{
	assert_ok(cof_rm_tree(w->root, &err));
}

static int open_key(void *arg, const cof_desc *d, cof_layer_key *ret, cof_err *err)
{
	return cof_enc_open(d, arg, true, ret, err);
}

static int load(const walk *w, const json_t *c, cof_layout **ret_layout, cof_image *ret, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_path(&path, err, "%s/image/%s", w->dir, member(c, "layout"));
	if (r == 0)
		r = cof_layout_open(ret_layout, path, false, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_layout_source(*ret_layout);
	return cof_image_load(&source, member(c, "ref"), COF_PLATFORM_DEFAULT, ret, err);
}

typedef struct how {
	bool require_encrypted;
	uint64_t max_bytes;
	bool devices;
} how;

static int unpack_image(const walk *w, const json_t *c, const how *h, cof_err *err)
{
	COF_AUTO(flat_tree) t = {0};
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO(cof_image) image = {0};
	COF_AUTO_FREE cof_unpack_answer *answers = calloc(COF_LAYERS_MAX, sizeof *answers);
	const cof_flat_opts opts = {.max_bytes = h->max_bytes};
	const cof_flat_keys keys = {open_key, w->keys};
	int r = flat_tree_new(&t, w->root, &opts, err);
	if (r == 0)
		r = load(w, c, &layout, &image, err);
	if (r == 0 && h->require_encrypted)
		r = cof_image_require_encrypted(&image, err);
	if (r < 0)
		return r;
	const cof_image_source source = cof_layout_source(layout);
	r = cof_flat_image(t.flat, &source, &image, &keys, answers, err);
	if (r < 0)
		return r;
	char digest[COF_DIGEST_STR_MAX];
	cof_digest_str(&image.digest, digest);
	if (json_object_get(c, "choose") == NULL && member(c, "manifest") != NULL &&
	    strcmp(member(c, "manifest"), digest) != 0)
		fail_msg("%s: another manifest, %s", member(c, "id"), digest);
	return cof_staging_publish(t.staging, err);
}

static int unpack_tar(const walk *w, const json_t *c, const how *h, cof_err *err)
{
	COF_AUTO(flat_tree) t = {0};
	COF_AUTO_FREE char *path = NULL;
	cof_unpack_answer answer;
	char digest[COF_DIGEST_STR_MAX];
	const cof_flat_opts opts = {.devices = h->devices};
	int r = cof_path(&path, err, "%s/image/%s", w->dir, member(c, "tar"));
	COF_AUTO_FD int fd = r < 0 ? -EBADF : open(path, O_RDONLY | O_CLOEXEC);
	if (r == 0)
		r = flat_tree_new(&t, w->root, &opts, err);
	if (r == 0)
		r = cof_flat_file(t.flat, fd, 0, &answer, err);
	if (r < 0)
		return r;
	cof_digest_str(&answer.diff_id, digest);
	assert_string_equal(digest + strlen("sha256:"), member(c, "sha256"));
	return cof_staging_publish(t.staging, err);
}

static int unpack_case(walk *w, const json_t *c, const how *h, cof_err *err)
{
	watch outside;
	fresh(w);
	watch_begin(&outside, w->top);
	int r = member(c, "tar") != NULL ? unpack_tar(w, c, h, err) : unpack_image(w, c, h, err);
	/* The tree itself is whole or not there. */
	assert_int_equal(access(w->root, F_OK) == 0, r == 0);
	watch_end(&outside, member(c, "id"));
	return r;
}

/* --- the program --- */

static size_t program_words(const walk *w, const json_t *c, char words[][512], bool strict)
{
	size_t n = 0;
	const char *head[] = {w->program, "image", member(c, "tar") != NULL ? "unpack-layer" : "unpack", "--json"};
	for (; n < COF_COUNT(head); n++)
		(void)snprintf(words[n], 512, "%s", head[n]);
	if (member(c, "tar") != NULL) {
		(void)snprintf(words[n++], 512, "--devices=%s", strict ? "refuse" : "allow");
		(void)snprintf(words[n++], 512, "%s/image/%s", w->dir, member(c, "tar"));
	} else {
		static const char *const keys[] = {"rsa3072.key.pem", "ec256.key.pem", "rsa3072.crt.pem"};
		for (size_t i = 0; i < COF_COUNT(keys); i++)
			(void)snprintf(words[n++], 512, "--key=%s/image/keys/%s", w->dir, keys[i]);
		(void)snprintf(words[n++], 512, "--kek=%s/image/keys/kek", w->dir);
		(void)snprintf(words[n++], 512, strict ? "--require-encrypted" : "--allow-unauthenticated-wrap");
		(void)snprintf(words[n++], 512, "--max-bytes=%d", strict ? STRICT_BYTES : INT32_MAX);
		(void)snprintf(words[n++], 512, "oci:%s/image/%s:%s", w->dir, member(c, "layout"), member(c, "ref"));
	}
	(void)snprintf(words[n++], 512, "%s", w->root);
	return n;
}

static int run_program(const walk *w, const json_t *c, bool strict, char reason[COF_ERR_REASON_MAX])
{
	char words[16][512];
	const char *argv[17] = {NULL};
	COF_AUTO_PTR(json_t) said = NULL;
	cof_proc p = COF_PROC_NONE;
	int status = -1;
	size_t n = program_words(w, c, words, strict);
	for (size_t i = 0; i < n; i++)
		argv[i] = words[i];
	COF_AUTO_FD int out = open(w->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const cof_proc_fd fds[] = {{out, STDOUT_FILENO}};
	static const char *const env[] = {"LSAN_OPTIONS=detect_leaks=0", NULL};
	const cof_proc_opts opts = {.argv = argv, .env = env, .fds = fds, .n_fds = 1};
	assert_ok(cof_proc_spawn(&opts, &p, &err));
	assert_ok(cof_proc_wait(&p, 120000, &status, &err));
	assert_ok(cof_json_read_file(w->out, 1 << 20, &said, &err));
	(void)snprintf(reason, COF_ERR_REASON_MAX, "%s", listing_str(said, "reason"));
	return status;
}

/* The same answer, for the same reason. */
static void by_program(walk *w, const json_t *c, bool strict, int r, const cof_err *why)
{
	char reason[COF_ERR_REASON_MAX];
	watch outside;
	fresh(w);
	watch_begin(&outside, w->top);
	int status = run_program(w, c, strict, reason);
	watch_end(&outside, member(c, "id"));
	if (status != (r < 0 ? 1 : 0) || strcmp(reason, r < 0 ? why->reason : "") != 0)
		fail_msg("%s: the program gives %d '%s', the functions '%s'", member(c, "id"), status, reason,
			 r < 0 ? why->reason : "");
	w->by_program++;
}

/* --- cases of a tree --- */

static void check_run(walk *w, const json_t *c)
{
	const json_t *run = json_object_get(c, "run"), *args = json_object_get(run, "args");
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO(cof_image) image = {0};
	COF_AUTO(cof_imgconf) conf = {0};
	cof_user user = {0};
	if (run == NULL)
		return;
	assert_ok(load(w, c, &layout, &image, &err));
	assert_ok(cof_imgconf_parse(cof_buf_span(&image.config_bytes), &conf, &err));
	assert_string_equal(conf.cwd, member(run, "cwd"));
	assert_string_equal(conf.user, member(run, "user"));
	assert_int_equal(conf.args.n, json_array_size(args));
	for (size_t i = 0; i < conf.args.n; i++)
		assert_string_equal(conf.args.at[i], json_string_value(json_array_get(args, i)));
	COF_AUTO_FD int root = open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_ok(cof_user_resolve(root, conf.user, &user, &err));
	assert_int_equal(user.uid, json_integer_value(json_object_get(run, "uid")));
	assert_int_equal(user.gid, json_integer_value(json_object_get(run, "gid")));
	const json_t *groups = json_object_get(run, "additional_gids");
	size_t others = 0;
	for (size_t i = 0; i < user.n_groups; i++) {
		bool named = user.groups[i] == user.gid; /* may be repeated here */
		for (size_t n = 0; n < json_array_size(groups); n++)
			named = named || json_integer_value(json_array_get(groups, n)) == user.groups[i];
		assert_true(named);
		others += user.groups[i] != user.gid;
	}
	assert_int_equal(others, json_array_size(groups));
}

static void both_ways(walk *w, const json_t *c)
{
	const choice *way = choice_of(c);
	const how lax = {.devices = true}, strict = {.require_encrypted = true, .max_bytes = STRICT_BYTES};
	cof_err why = {0}, no = {0};
	int r = unpack_case(w, c, &lax, &why);
	check_reason(c, way->always, r, &why);
	by_program(w, c, false, r, &why);
	if (way->strict == NULL)
		return;
	r = unpack_case(w, c, &strict, &no);
	check_reason(c, way->strict, r, &no);
	by_program(w, c, true, r, &no);
}

static void on_tree(walk *w, const json_t *c)
{
	const how plain = {0};
	cof_err why = {0};
	if (wants(c, "policy")) {
		both_ways(w, c);
		return;
	}
	int r = unpack_case(w, c, &plain, &why);
	check_answer(c, r, &why);
	if (wants(c, "optional") && r < 0)
		assert_string_equal(why.reason, "layer-scheme-unsupported");
	if (r == 0 && member(c, "listing") != NULL) {
		assert_listing(member(c, "id"), w->root, member(c, "listing"));
		w->listings++;
	}
	if (r == 0)
		check_run(w, c);
	by_program(w, c, false, r, &why);
}

/* --- platforms --- */

static void on_choice(walk *w, const json_t *c)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO(cof_fetched) doc = {0};
	const char *platform = NULL;
	json_t *digest = NULL;
	assert_ok(cof_path(&path, &err, "%s/image/%s", w->dir, member(c, "layout")));
	assert_ok(cof_layout_open(&layout, path, false, &err));
	const cof_image_source source = cof_layout_source(layout);
	assert_ok(source.manifest(source.arg, member(c, "ref"), &doc, &err));
	json_object_foreach (json_object_get(c, "choose"), platform, digest) {
		COF_AUTO(cof_desc) d = {0};
		char got[COF_DIGEST_STR_MAX];
		cof_platform want;
		assert_ok(cof_platform_parse(platform, &want, &err));
		if (json_is_null(digest)) {
			assert_fails(cof_index_select(cof_buf_span(&doc.body), want, &d, &err), "platform-not-found");
			continue;
		}
		assert_ok(cof_index_select(cof_buf_span(&doc.body), want, &d, &err));
		cof_digest_str(&d.digest, got);
		assert_string_equal(got, json_string_value(digest));
	}
	on_tree(w, c);
}

/* --- signatures and policies --- */

/* The signature manifests have names of their own there; they are looked for where cosign puts them. */
typedef struct renamed {
	cof_image_source inner;
	const char *ref;
	char tag[COF_SIG_TAG_MAX];
} renamed;

static int renamed_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const renamed *r = arg;
	if (strcmp(wanted, r->tag) != 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "registry-not-found", "no %s", wanted);
	return r->inner.manifest(r->inner.arg, r->ref, ret, err);
}

static int renamed_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const renamed *r = arg;
	return r->inner.blob(r->inner.arg, d, max, ret, err);
}

static int judge(const walk *w, const json_t *c, const char *identity, cof_err *why)
{
	COF_AUTO(cof_buf) key = {0};
	COF_AUTO(cof_buf) body = {0};
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO_FREE char *path = NULL;
	const char *bundle = member(c, "bundle"), *simple = member(c, "signature");
	cof_digest digest;
	cof_ref ref;
	renamed r = {.ref = member(c, "ref")};
	assert_int_equal(vector_read(member(c, "key"), &key), 0);
	assert_ok(cof_sigpolicy_of_key(cof_buf_span(&key), &policy, &err));
	assert_ok(cof_digest_parse(member(c, "signs"), &digest, &err));
	if (identity != NULL)
		assert_ok(cof_ref_parse(identity, &ref, &err));
	if (bundle != NULL || simple != NULL)
		assert_int_equal(vector_read(bundle != NULL ? bundle : simple, &body), 0);
	const cof_sig_given given = {bundle != NULL ? COF_SIG_BUNDLE : COF_SIG_SIMPLE, cof_buf_span(&body), {0}};
	const cof_image_source source = {&r, renamed_manifest, renamed_blob, NULL, NULL};
	if (member(c, "layout") != NULL) {
		assert_ok(cof_path(&path, &err, "%s/image/%s", w->dir, member(c, "layout")));
		assert_ok(cof_layout_open(&layout, path, false, &err));
		r.inner = cof_layout_source(layout);
		cof_sig_tag(&digest, ".sig", r.tag);
	}
	const cof_sigcheck in = {.policy = policy,
				 .place = {.transport = "docker", .ref = identity != NULL ? &ref : NULL},
				 .asked = &digest,
				 .chosen = &digest,
				 .source = layout != NULL ? &source : NULL,
				 .given = &given,
				 .n_given = body.len > 0,
				 .now = NOW};
	return cof_sigcheck_run(&in, NULL, why);
}

static void on_signature(walk *w, const json_t *c)
{
	cof_err why = {0};
	int r = judge(w, c, member(c, "identity"), &why);
	if (!wants(c, "policy")) {
		check_answer(c, r, &why);
		return;
	}
	const choice *way = choice_of(c);
	check_reason(c, way->strict != NULL ? way->strict : way->always, r, &why);
	if (way->strict == NULL)
		return;
	/* Judged by a name that it was made for. */
	why = (cof_err){0};
	r = judge(w, c, "reg.example.org/evil/run:1", &why);
	check_reason(c, way->always, r, &why);
}

static void on_policy(const json_t *c)
{
	COF_AUTO(cof_buf) text = {0};
	COF_AUTO_PTR(cof_sigpolicy) policy = NULL;
	cof_err why = {0};
	assert_int_equal(vector_read(member(c, "policy"), &text), 0);
	int r = cof_sigpolicy_parse(cof_buf_span(&text), &policy, &why);
	check_answer(c, r, &why);
	if (r < 0)
		assert_string_equal(why.reason, "policy-malformed");
}

/* --- the walk --- */

static void on_case(walk *w, const json_t *c)
{
	static const char *const known[] = {"ok", "reject", "contained", "policy", "optional"};
	size_t k = 0;
	while (k < COF_COUNT(known) && !wants(c, known[k]))
		k++;
	if (k == COF_COUNT(known))
		fail_msg("%s: nobody knows what '%s' is", member(c, "id"), member(c, "want"));
	if (member(c, "policy") != NULL) {
		w->policies++;
		on_policy(c);
	} else if (member(c, "signs") != NULL) {
		w->signatures++;
		on_signature(w, c);
	} else if (json_object_get(c, "choose") != NULL) {
		w->layouts++;
		on_choice(w, c);
	} else if (member(c, "layout") != NULL || member(c, "tar") != NULL) {
		w->layouts += member(c, "layout") != NULL;
		w->tars += member(c, "tar") != NULL;
		on_tree(w, c);
	} else {
		fail_msg("%s: a case of an unknown kind", member(c, "id"));
	}
}

static void set_up(walk *w)
{
	char path[160];
	static const char *const keys[] = {"rsa3072.key.pem", "ec256.key.pem", "rsa3072.crt.pem"};
	(void)snprintf(w->top, sizeof w->top, "/tmp/cof-vectors-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	(void)snprintf(path, sizeof path, "%s/" WATCH_BELOW, w->top);
	assert_ok(cof_mkdirs(path, 0755, &err));
	(void)snprintf(w->root, sizeof w->root, "%s/" WATCH_BELOW "/root", w->top);
	(void)snprintf(w->out, sizeof w->out, "%s/" WATCH_BELOW "/out", w->top);
	(void)snprintf(path, sizeof path, "%s/x/canary", w->top);
	assert_ok(cof_file_write(path, cof_span_str("alive"), 0600, &err));
	assert_ok(cof_enc_keys_new(&w->keys, &err));
	for (size_t i = 0; i < COF_COUNT(keys); i++) {
		(void)snprintf(path, sizeof path, "%s/image/keys/%s", w->dir, keys[i]);
		assert_ok(cof_enc_keys_add(w->keys, path, &err));
	}
	(void)snprintf(path, sizeof path, "%s/image/keys/kek", w->dir);
	assert_ok(cof_enc_keys_add_dir(w->keys, path, &err));
}

/* BUILD/tests/unit/image/test_vectors and BUILD/bin/coffer. */
static void find_program(char out[512])
{
	ssize_t n = readlink("/proc/self/exe", out, 400);
	assert_true(n > 0);
	out[n] = '\0';
	for (int up = 0; up < 4; up++)
		*strrchr(out, '/') = '\0';
	memcpy(out + strlen(out), "/bin/coffer", 12);
	assert_int_equal(access(out, X_OK), 0);
}

static void t032_t033_t034_t035_all_cases(void **state)
{
	walk w = {.dir = vectors_dir()};
	json_t *c = NULL;
	size_t i = 0;
	(void)state;
	COF_AUTO_PTR(json_t) cases = w.dir != NULL ? vector_cases() : NULL;
	if (cases == NULL || geteuid() != 0) /* owners are part of every listing */
		skip();
	find_program(w.program);
	set_up(&w);
	json_array_foreach (cases, i, c)
		on_case(&w, c);
	print_message(
		"%zu cases: %zu layouts, %zu archives, %zu signatures, %zu policies; %zu listings, %zu answers of the "
		"program\n",
		i, w.layouts, w.tars, w.signatures, w.policies, w.listings, w.by_program);
	assert_int_equal(i, CASES);
	assert_int_equal(w.layouts + w.tars + w.signatures + w.policies, CASES);
	assert_int_equal(w.listings, 27); /* the one for OpenPGP alone is refused */
	cof_enc_keys_free(w.keys);
	assert_ok(cof_rm_tree(w.top, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t032_t033_t034_t035_all_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
