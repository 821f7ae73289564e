/* SPDX-License-Identifier: Apache-2.0 */
/* The whole pipeline: made layers and every bit of harm to them, then the shared vectors against their listings. */
#include <dirent.h>
#include <sys/wait.h>

#include "image-decrypt/encopen.h"
#include "image-decrypt/layout.h"
#include "tests/unit/image/mklayer.h"
#include "tests/unit/image/vec.h"

static void opens(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res = {0};
	make_layer(&l);
	assert_ok(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err));
	scratch_text(s, "etc/secret", "the secret");
	assert_int_equal(res.entries, 3);
	assert_int_equal(res.stored_bytes, l.blob.len);
}

static void t036_every_byte_flipped(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	for (size_t i = 0; i < l.blob.len; i++) {
		l.blob.data[i] ^= 0x10;
		assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-digest-mismatch");
		l.blob.data[i] ^= 0x10;
	}
}

/* The registry may also change the manifest: then only the MAC tells. */
static void t038_every_byte_flipped_and_digest_fitted(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	for (size_t i = 0; i < l.blob.len; i++) {
		l.blob.data[i] ^= 1;
		assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&l.blob), &l.digest, &err));
		assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-hmac-mismatch");
		l.blob.data[i] ^= 1;
	}
}

static void t036_cut_and_extended(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	for (size_t n = 0; n < l.blob.len; n++)
		assert_fails(run(job_of(&l, s), cof_span_of(l.blob.data, n), &l.key, &res, &err),
			     "layer-size-mismatch");
	cof_layer_job job = job_of(&l, s);
	assert_ok(cof_buf_add(&l.blob, "x", 1, &err));
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-size-mismatch");
}

static void t036_endless_stream_is_left(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	cof_layer_job job = job_of(&l, s);
	COF_AUTO_FD int endless = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	COF_AUTO(cof_secret) wire = {0};
	assert_ok(cof_layer_key_encode(&l.key, &wire, &err));
	COF_AUTO_FD int key = file_of(cof_secret_span(&wire));
	job.blob_fd = endless;
	job.key_fd = key;
	assert_fails(cof_layer_unpack(&job, &res, &err), "layer-size-mismatch");
}

static void wrong_key_wrong_nonce_no_key(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	l.key.key.data[0] ^= 1;
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-hmac-mismatch");
	l.key.key.data[0] ^= 1;
	/* The MAC does not cover the nonce: what comes out is no archive, and that is found too. */
	l.key.nonce[0] ^= 1;
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-inflate");
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), NULL, &res, &err), "layer-key-refused");
	cof_layer_job job = job_of(&l, s);
	job.key_fd = job.blob_fd = -EBADF;
	assert_fails(cof_layer_unpack(&job, &res, &err), "layer-key-refused");
}

static void t038_other_content_under_the_right_key(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	l.diff_id.bytes[31] ^= 1;
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-diffid-mismatch");
}

static void downgrades_are_refused(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	cof_layer_job job = job_of(&l, s);
	job.media_type = GZIP;
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-not-encrypted");
	job.allow_plain = true; /* ciphertext under a plain name */
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-inflate");
	job.media_type = "application/vnd.oci.image.layer.v1.tar+xz";
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-type-unknown");
	job.media_type = GZIP_ENC;
	job.enc_pubopts = NULL;
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-pubopts-malformed");
}

static void t035_bomb(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	COF_AUTO_FREE char *zeros = calloc(1, 8 << 20);
	tar_put(&tar, (tar_spec){.type = '0', .name = "big", .data = zeros, .size = 8 << 20});
	tar_end(&tar);
	make_layer_of(&tar, &l);
	cof_layer_job job = job_of(&l, s);
	job.unpack.max_bytes = 1 << 20;
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "layer-too-large");
	job.unpack.max_bytes = tar.len;
	assert_ok(run(job, cof_buf_span(&l.blob), &l.key, &res, &err));
}

static int stop(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	return done < total ? 0 : -1;
}

static void progress_can_stop_it(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	make_layer(&l);
	cof_layer_job job = job_of(&l, s);
	job.progress = stop;
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "cancelled");
}

/* Stored bytes come at once, the key much later, from another process. */
static void key_comes_late(void **state)
{
	const scratch *s = *state;
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	int keys[2], blobs[2], status = 0;
	make_layer(&l);
	assert_int_equal(pipe2(keys, O_CLOEXEC), 0);
	assert_int_equal(pipe2(blobs, O_CLOEXEC), 0);
	assert_ok(cof_fd_write_all(blobs[1], cof_buf_span(&l.blob), &err));
	COF_AUTO(cof_secret) wire = {0};
	assert_ok(cof_layer_key_encode(&l.key, &wire, &err));
	uint8_t plain[COF_LAYER_KEY_WIRE]; /* a secret is empty in a forked child */
	memcpy(plain, wire.data, sizeof plain);
	pid_t pid = fork();
	if (pid == 0) {
		(void)usleep(50000);
		_exit(cof_fd_write_all(keys[1], cof_span_of(plain, sizeof plain), NULL) < 0);
	}
	(void)close(keys[1]);
	(void)close(blobs[1]);
	cof_layer_job job = job_of(&l, s);
	job.key_fd = keys[0];
	job.blob_fd = blobs[0];
	assert_ok(cof_layer_unpack(&job, &res, &err));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(keys[0]);
	(void)close(blobs[0]);
	scratch_text(s, "etc/secret", "the secret");
}

/* --- vectors --- */

/* Made once; the program's end takes it away. */
static const cof_enc_keys *vector_keys(void)
{
	static cof_enc_keys *keys;
	COF_AUTO_FREE char *rsa = NULL;
	COF_AUTO_FREE char *ec = NULL;
	COF_AUTO_FREE char *dir = NULL;
	if (keys != NULL)
		return keys;
	assert_ok(cof_path(&rsa, &err, "%s/image/keys/rsa3072.key.pem", vectors_dir()));
	assert_ok(cof_path(&ec, &err, "%s/image/keys/ec256.key.pem", vectors_dir()));
	assert_ok(cof_path(&dir, &err, "%s/image/keys/kek", vectors_dir()));
	assert_ok(cof_enc_keys_new(&keys, &err));
	assert_ok(cof_enc_keys_add(keys, rsa, &err));
	assert_ok(cof_enc_keys_add(keys, ec, &err));
	assert_ok(cof_enc_keys_add_dir(keys, dir, &err));
	return keys;
}

static int vector_layer(cof_layout *layout, const cof_image *image, size_t i, const scratch *s, cof_err *err)
{
	const cof_desc *d = &image->manifest.layers[i];
	COF_AUTO(cof_layer_key) key = {0};
	COF_AUTO(cof_buf) blob = {0};
	cof_layer_result res;
	int fd = -1;
	int r = d->media->encrypted ? cof_enc_open(d, vector_keys(), true, &key, err) : 0;
	if (r == 0)
		r = cof_layout_blob(layout, &d->digest, &fd, err);
	if (r == 0)
		r = cof_fd_read_all(fd, 64 << 20, &blob, err);
	cof_fd_close(&fd);
	if (r < 0)
		return r;
	const cof_layer_job job = {.media_type = d->media_type,
				   .digest = d->digest,
				   .size = d->size,
				   .diff_id = image->config.diff_ids[i],
				   .enc_pubopts = cof_desc_annotation(d, COF_ENC_ANNOTATION_PUBOPTS),
				   .allow_plain = true,
				   .unpack = {.root_fd = s->fd, .form = COF_UNPACK_FLAT}};
	return run(job, cof_buf_span(&blob), d->media->encrypted ? &key : NULL, &res, err);
}

static int vector_image(const json_t *c, const scratch *s, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO_PTR(cof_layout) layout = NULL;
	COF_AUTO(cof_image) image = {0};
	const char *ref = json_string_value(json_object_get(c, "ref"));
	int r = cof_path(&path, err, "%s/image/%s", vectors_dir(), json_string_value(json_object_get(c, "layout")));
	if (r == 0)
		r = cof_layout_open(&layout, path, false, err);
	if (r < 0)
		return r;
	cof_image_source source = cof_layout_source(layout);
	r = cof_image_load(&source, ref, COF_PLATFORM_DEFAULT, &image, err);
	for (size_t i = 0; r == 0 && i < image.manifest.n_layers; i++)
		r = vector_layer(layout, &image, i, s, err);
	return r;
}

static void check_file(const scratch *s, const char *id, const json_t *e, const struct stat *st)
{
	const char *path = json_string_value(json_object_get(e, "path"));
	const char *sha = json_string_value(json_object_get(e, "sha256"));
	COF_AUTO(cof_buf) body = {0};
	cof_digest d;
	char text[COF_DIGEST_STR_MAX];
	if (!S_ISREG(st->st_mode) || sha == NULL)
		return;
	assert_ok(cof_file_read_at(s->fd, path, 512 << 20, &body, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&body), &d, &err));
	cof_digest_str(&d, text);
	if (strcmp(text + strlen("sha256:"), sha) != 0)
		fail_msg("%s: %s has other content", id, path);
}

static void check_entry(const scratch *s, const char *id, const json_t *e)
{
	const char *path = json_string_value(json_object_get(e, "path"));
	const char *mode = json_string_value(json_object_get(e, "mode"));
	const json_t *mtime = json_object_get(e, "mtime"), *uid = json_object_get(e, "uid");
	struct stat st;
	if (fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s is missing", id, path);
	if (json_is_true(json_object_get(e, "implied")))
		return;
	if (mode != NULL && (st.st_mode & 07777) != strtoul(mode, NULL, 8))
		fail_msg("%s: %s has mode %o, not %s", id, path, st.st_mode & 07777u, mode);
	if (json_is_integer(mtime) && st.st_mtime != json_integer_value(mtime))
		fail_msg("%s: %s has mtime %lld, not %lld", id, path, (long long)st.st_mtime,
			 (long long)json_integer_value(mtime));
	if (json_is_integer(uid) && st.st_uid != json_integer_value(uid))
		fail_msg("%s: %s has another owner", id, path);
	check_file(s, id, e, &st);
}

static size_t count_below(int dir)
{
	char cmd[64];
	size_t n = 0;
	(void)snprintf(cmd, sizeof cmd, "/proc/self/fd/%d", dir);
	DIR *d = opendir(cmd);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
			int sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			n += count_below(sub);
			(void)close(sub);
		}
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void check_listing(const scratch *s, const json_t *c)
{
	const char *id = json_string_value(json_object_get(c, "id"));
	const char *name = json_string_value(json_object_get(c, "listing"));
	COF_AUTO(cof_buf) text = {0};
	json_t *e;
	size_t i, n = 0;
	if (name == NULL)
		return;
	assert_int_equal(vector_read(name, &text), 0);
	COF_AUTO_PTR(json_t) all = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, NULL);
	json_array_foreach (all, i, e) {
		const char *path = json_string_value(json_object_get(e, "path"));
		if (strcmp(path, ".") == 0 || path[0] == '\0')
			continue;
		check_entry(s, id, e);
		n++;
	}
	if (count_below(s->fd) != n)
		fail_msg("%s: %zu names, not %zu", id, count_below(s->fd), n);
}

static void one_case(void **state, const json_t *c, size_t *opened, size_t *refused)
{
	const char *id = json_string_value(json_object_get(c, "id"));
	const char *want = json_string_value(json_object_get(c, "want"));
	cof_err err = {0};
	assert_int_equal(scratch_up(state), 0);
	int r = vector_image(c, *state, &err);
	if (strcmp(want, "reject") == 0 && r >= 0)
		fail_msg("%s was accepted", id);
	if (strcmp(want, "ok") == 0 && r < 0)
		fail_msg("%s: %s: %s", id, err.reason, err.text);
	if (r >= 0)
		check_listing(*state, c);
	*opened += r >= 0;
	*refused += strcmp(want, "reject") == 0;
	if (getenv("COFFER_VERBOSE") != NULL)
		(void)fprintf(stderr, "%s: %s: %s\n", id, want, r < 0 ? err.reason : "opened");
	assert_int_equal(scratch_down(state), 0);
}

static void t036_t038_vectors(void **state)
{
	COF_AUTO_PTR(json_t) cases = vector_cases();
	size_t i, opened = 0, refused = 0;
	json_t *c;
	if (cases == NULL)
		skip();
	json_array_foreach (cases, i, c) {
		const char *id = json_string_value(json_object_get(c, "id"));
		if (json_object_get(c, "ref") != NULL && strncmp(id, "sig-", 4) != 0)
			one_case(state, c, &opened, &refused);
	}
	(void)fprintf(stderr, "vectors: %zu opened, %zu refused as they should be\n", opened, refused);
	assert_true(opened > 15 && refused > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t036_every_byte_flipped),
		T(t038_every_byte_flipped_and_digest_fitted),
		T(t036_cut_and_extended),
		T(t036_endless_stream_is_left),
		T(wrong_key_wrong_nonce_no_key),
		T(t038_other_content_under_the_right_key),
		T(downgrades_are_refused),
		T(t035_bomb),
		T(progress_can_stop_it),
		T(key_comes_late),
		T(opens),
		cmocka_unit_test(t036_t038_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
