/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages of a layer do to one another when one of them fails, waits or is given up: the same reason on one CPU
 * as on all, nothing left behind.
 */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/unit/image/mklayer.h"

enum { BIG = 6 << 20, MANY = 400 };

/* Bytes that do not compress well, so that a layer has many blocks before inflate as well. */
static char *noise(size_t len)
{
	char *p = malloc(len);
	uint32_t x = 2463534242u;
	assert_non_null(p);
	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		p[i] = (char)x;
	}
	return p;
}

static void many_files(cof_buf *tar)
{
	COF_AUTO_FREE char *data = noise(BIG);
	tar_put(tar, (tar_spec){.type = '0', .name = "big", .data = data, .size = BIG});
	for (size_t i = 0; i < MANY; i++) {
		char name[32];
		(void)snprintf(name, sizeof name, "d%zu/f%zu", i / 20, i);
		tar_put(tar, (tar_spec){.type = '0', .name = name, .data = data + i, .size = 1 + i * 61});
	}
}

/* A header that no reader takes. */
static void spoil(cof_buf *tar)
{
	uint8_t bad[512];
	memset(bad, 'x', sizeof bad);
	assert_ok(cof_buf_add(tar, bad, sizeof bad, &err));
}

static size_t count(const char *folder)
{
	size_t n = 0;
	DIR *d = opendir(folder);
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

/* A thread that was waited for may still be listed for a moment. */
static void assert_threads(size_t n)
{
	for (int i = 0; i < 1000 && count("/proc/self/task") > n; i++)
		(void)usleep(1000);
	assert_int_equal(count("/proc/self/task"), n);
}

static void whole_and_many_blocks(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	COF_AUTO(cof_buf) got = {0};
	COF_AUTO_FREE char *data = noise(BIG);
	cof_layer_result res = {0};
	many_files(&tar);
	tar_end(&tar);
	make_layer_of(&tar, &l);
	assert_ok(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err)); /* a sanitizer has its threads now */
	size_t threads = count("/proc/self/task"), fds = count("/proc/self/fd");
	assert_ok(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err));
	assert_threads(threads);
	assert_int_equal(count("/proc/self/fd"), fds);
	assert_int_equal(res.tar_bytes, tar.len);
	assert_int_equal(res.stored_bytes, l.blob.len);
	assert_int_equal(res.entries, MANY + 1);
	assert_ok(cof_file_read_at(s->fd, "big", BIG + 1, &got, &err));
	assert_span_equal(cof_buf_span(&got), data, BIG);
	cof_buf_release(&got);
	assert_ok(cof_file_read_at(s->fd, "d19/f399", BIG, &got, &err));
	assert_span_equal(cof_buf_span(&got), data + 399, 1 + 399 * 61);
}

/* Untar fails at the first block, and it is the last stored byte that is wrong: that is the reason given. */
static void t038_wrong_stored_bytes_win(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	spoil(&tar);
	many_files(&tar);
	tar_end(&tar);
	make_layer_of(&tar, &l);
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "tar-checksum");
	l.blob.data[l.blob.len - 1] ^= 1;
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-digest-mismatch");
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&l.blob), &l.digest, &err));
	assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err), "layer-hmac-mismatch");
	assert_fails(run(job_of(&l, s), cof_span_of(l.blob.data, l.blob.len - 1), &l.key, &res, &err),
		     "layer-size-mismatch");
}

/* Two failures in one archive: the one that stands first, however far each stage has come. */
static void the_first_failure_is_told(void **state)
{
	const scratch *s = *state;
	for (int tar_first = 0; tar_first < 2; tar_first++) {
		COF_AUTO(cof_buf) tar = {0};
		COF_AUTO(cof_buf) more = {0};
		COF_AUTO(cof_buf) gz = {0};
		COF_AUTO(stored) l = {0};
		cof_layer_result res;
		many_files(&tar);
		if (tar_first == 1)
			spoil(&tar);
		gzip(&tar, &gz);
		if (tar_first == 0)
			gz.data[gz.len - 5] ^= 0xff; /* of the member's CRC */
		spoil(&more);
		gzip(&more, &gz);
		gz.data[gz.len - 5] ^= 0xff;
		seal(&gz, &l);
		assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&l.blob), &l.digest, &err));
		assert_fails(run(job_of(&l, s), cof_buf_span(&l.blob), &l.key, &res, &err),
			     tar_first == 1 ? "tar-checksum" : "layer-inflate");
	}
}

/* --- what is nobody's fault --- */

static int never(void *arg, cof_err *err)
{
	*(int *)arg += 1;
	return cof_err_set(err, COF_E_UNAVAILABLE, "below-failed", "the layer below");
}

/* Not a matter of this layer's bytes: it ends at once, whatever they are. */
static void a_failing_gate_ends_it(void **state)
{
	const scratch *s = *state;
	const int lower = -EBADF;
	int asked = 0;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	many_files(&tar); /* folders that only a lower layer could explain */
	tar_end(&tar);
	make_layer_of(&tar, &l);
	cof_layer_job job = job_of(&l, s);
	job.digest.bytes[0] ^= 1;
	job.unpack.lower_fds = &lower;
	job.unpack.n_lowers = 1;
	job.unpack.lowers = never;
	job.unpack.lowers_arg = &asked;
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "below-failed");
	assert_int_equal(asked, 1);
}

static void t035_a_full_disk(void **state)
{
	const scratch *s = *state;
	char path[128];
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	(void)snprintf(path, sizeof path, "%s/small", s->root);
	assert_int_equal(mkdir(path, 0755), 0);
	if (mount("tmpfs", path, "tmpfs", 0, "size=1m") < 0)
		skip();
	many_files(&tar);
	tar_end(&tar);
	make_layer_of(&tar, &l);
	cof_layer_job job = job_of(&l, s);
	job.unpack.root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	job.digest.bytes[0] ^= 1;
	cof_err err = {0};
	int r = run(job, cof_buf_span(&l.blob), &l.key, &res, &err);
	(void)close(job.unpack.root_fd);
	assert_int_equal(umount2(path, MNT_DETACH), 0);
	assert_true(r < 0 && cof_err_is(&err, "unpack-no-space"));
}

static int stop_half_way(void *arg, uint64_t done, uint64_t total)
{
	uint64_t *last = arg;
	assert_true(done >= *last && done <= total);
	*last = done;
	return done > total / 2 ? -1 : 0;
}

static void stopped_half_way(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	uint64_t told = 0;
	many_files(&tar);
	tar_end(&tar);
	make_layer_of(&tar, &l);
	cof_layer_job job = job_of(&l, s);
	job.progress = stop_half_way;
	job.progress_arg = &told;
	size_t threads = count("/proc/self/task");
	assert_fails(run(job, cof_buf_span(&l.blob), &l.key, &res, &err), "cancelled");
	assert_threads(threads);
	assert_true(told < l.blob.len);
}

/* --- more than is taken before the key --- */

typedef struct sender {
	cof_span blob;
	int blob_fd, key_fd;
	const cof_layer_key *key;
} sender;

static void *send_blob(void *arg)
{
	sender *s = arg;
	int r = cof_fd_write_all(s->blob_fd, s->blob, NULL);
	(void)close(s->blob_fd);
	return r < 0 ? s : NULL;
}

static void *send_key(void *arg)
{
	sender *s = arg;
	(void)usleep(100000);
	int r = cof_layer_key_write(s->key_fd, s->key, NULL);
	(void)close(s->key_fd);
	return r < 0 ? s : NULL;
}

static void a_late_key_for_many_bytes(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) tar = {0};
	COF_AUTO(stored) l = {0};
	cof_layer_result res;
	pthread_t threads[2];
	void *failed[2];
	int keys[2], blobs[2];
	many_files(&tar);
	many_files(&tar); /* again: 15 MB stored, of which 8 MiB are taken before the key */
	tar_end(&tar);
	make_layer_of(&tar, &l);
	assert_true(l.blob.len > 12 << 20);
	assert_int_equal(pipe2(keys, O_CLOEXEC), 0);
	assert_int_equal(pipe2(blobs, O_CLOEXEC), 0);
	sender out = {cof_buf_span(&l.blob), blobs[1], keys[1], &l.key};
	assert_int_equal(pthread_create(&threads[0], NULL, send_blob, &out), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, send_key, &out), 0);
	cof_layer_job job = job_of(&l, s);
	job.blob_fd = blobs[0];
	job.key_fd = keys[0];
	assert_ok(cof_layer_unpack(&job, &res, &err));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &failed[i]), 0);
		assert_null(failed[i]);
	}
	assert_int_equal(res.entries, 2 * (MANY + 1));
	(void)close(keys[0]);
	(void)close(blobs[0]);
}

static int on_one_cpu(void **state)
{
	(void)state;
	cpu_set_t one;
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof one, &one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(whole_and_many_blocks),     T(t038_wrong_stored_bytes_win),
		T(the_first_failure_is_told), T(a_failing_gate_ends_it),
		T(t035_a_full_disk),	      T(stopped_half_way),
		T(a_late_key_for_many_bytes),
	};
	int failed = cmocka_run_group_tests_name("every CPU", tests, NULL, NULL);
	return failed + cmocka_run_group_tests_name("one CPU", tests, on_one_cpu, NULL);
}
