/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/flat.h"

#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/unit/image/flatten.h"
#include "tests/unit/image/mkimage.h"
#include "tests/unit/image/scratch.h"

static int unpack(const scratch *s, const char *tag, cof_err *err)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, "l", false);
	char target[256];
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	return flatten(from, tag, target, cof_span_of(NULL, 0), err);
}

static size_t folders(const scratch *s)
{
	struct stat st;
	assert_int_equal(stat(s->top, &st), 0);
	return st.st_nlink - 2;
}

static void t036_failures_leave_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	COF_AUTO(cof_buf) late = {0};
	tar_file(&late, "good", "x");
	tar_file(&late, "../bad", "x");
	tar_end(&late);
	layout_image(l, "climbs", &late);
	assert_fails(unpack(s, "climbs", &err), "tar-name");
	COF_AUTO(cof_buf) dev = {0};
	tar_put(&dev, (tar_spec){.type = '3', .name = "null"});
	tar_end(&dev);
	layout_image(l, "device", &dev);
	assert_fails(unpack(s, "device", &err), "tar-device");
	assert_int_equal(folders(s), 2); /* x and l */
}

static void an_existing_target_is_kept(void **state)
{
	const scratch *s = *state;
	char path[256], inside[300];
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	(void)snprintf(path, sizeof path, "%s/tree", s->top);
	(void)snprintf(inside, sizeof inside, "%s/file", path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_ok(cof_file_write(inside, cof_span_str("mine"), 0600, &err));
	assert_fails(unpack(s, "v1", &err), "target-exists");
	assert_int_equal(access(inside, F_OK), 0);
	assert_int_equal(unlink(inside), 0);
	assert_ok(unpack(s, "v1", &err)); /* over an empty one */
	assert_ok(cof_rm_tree(path, &err));
	assert_int_equal(symlink("x", path), 0);
	assert_fails(unpack(s, "v1", &err), "target-exists");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(folders(s), 2);
}

static void on_progress(void *arg, size_t layer, uint64_t done, uint64_t total)
{
	uint64_t *last = arg;
	assert_int_equal(layer, 0);
	assert_true(done >= *last && done <= total);
	*last = done;
}

static void tells_progress(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	uint64_t last = 0;
	char target[256];
	layout_demo(l, "v1");
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	const cof_flat_opts opts = {.progress = on_progress, .progress_arg = &last};
	assert_ok(flatten_with(l, "v1", target, &opts, NULL, &err));
	assert_true(last > 0);
	(void)snprintf(target, sizeof target, "%s/tree/etc/secret", s->top);
	assert_int_equal(access(target, R_OK), 0);
}

/* --- a source that fails, stalls or goes on for ever --- */

typedef struct odd {
	cof_image_source real;
	cof_err why;
	uint64_t more; /* bytes behind the last one */
	pid_t kill;
} odd;

static int odd_manifest(void *arg, const char *wanted, cof_fetched *ret, cof_err *err)
{
	const odd *o = arg;
	return o->real.manifest(o->real.arg, wanted, ret, err);
}

static int odd_blob(void *arg, const cof_desc *d, size_t max, cof_buf *ret, cof_err *err)
{
	const odd *o = arg;
	return o->real.blob(o->real.arg, d, max, ret, err);
}

static int odd_stream(void *arg, const cof_desc *d, cof_sink sink, void *sink_arg, cof_err *err)
{
	static const uint8_t zeros[64 << 10];
	odd *o = arg;
	int r = o->real.stream(o->real.arg, d, sink, sink_arg, err);
	if (r == 0 && o->kill > 0)
		(void)kill(o->kill, SIGKILL);
	while (r == 0 && o->more > 0) {
		r = sink(sink_arg, cof_span_of(zeros, sizeof zeros), err);
		o->more -= sizeof zeros;
	}
	if (r == 0 && o->why.cls != COF_OK)
		r = cof_err_set(err, o->why.cls, o->why.reason, "%s", o->why.text);
	return r;
}

/* Our children are the one that watches and, made after it, the one that unpacks. */
static pid_t unpacker(void)
{
	COF_AUTO(cof_buf) list = {0};
	char path[64], *end = NULL;
	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)gettid());
	assert_ok(cof_file_read(path, 4096, &list, &err));
	assert_true(strtol(cof_buf_str(&list), &end, 10) > 0);
	pid_t pid = (pid_t)strtol(end, NULL, 10);
	assert_true(pid > 0);
	return pid;
}

typedef enum victim { NOBODY, THE_CHILD, OURSELVES } victim;

static int unpack_odd(const scratch *s, odd *o, victim kill_late, cof_err *ret)
{
	COF_AUTO_PTR(cof_layout) from = layout_at(s->top, "l", false);
	COF_AUTO(flat_tree) t = {0};
	COF_AUTO(cof_image) image = {0};
	cof_unpack_answer answer;
	char target[256];
	const cof_flat_opts opts = {0};
	o->real = cof_layout_source(from);
	const cof_image_source source = {o, odd_manifest, odd_blob, odd_stream, NULL};
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	assert_ok(flat_tree_new(&t, target, &opts, &err));
	o->kill = kill_late == NOBODY ? 0 : kill_late == THE_CHILD ? unpacker() : getpid();
	assert_ok(cof_image_load(&source, "v1", COF_PLATFORM_DEFAULT, &image, &err));
	return cof_flat_image(t.flat, &source, &image, NULL, &answer, ret);
}

static void t035_sources_that_misbehave(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	odd endless = {.more = UINT64_MAX};
	assert_fails(unpack_odd(s, &endless, NOBODY, &err), "layer-size-mismatch");
	odd cut = {.why = {COF_E_UNAVAILABLE, 0, "registry-gone", "gone"}};
	assert_fails(unpack_odd(s, &cut, NOBODY, &err), "registry-gone");
	assert_int_equal(folders(s), 2);
}

static void t032_a_dead_unpacker_is_told(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	cof_err err = {0};
	layout_demo(l, "v1");
	odd killed = {0};
	assert_true(unpack_odd(s, &killed, THE_CHILD, &err) < 0);
	assert_string_equal(err.reason, "unpacker-died");
	assert_non_null(strstr(err.text, "memory"));
	assert_int_equal(folders(s), 2);
}

/* Killed without a word in the middle of a layer: somebody else clears up. */
static void t036_a_killed_parent_leaves_nothing(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_layout) l = layout_at(s->top, "l", true);
	layout_demo(l, "v1");
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid_t pid = fork();
	if (pid == 0) {
		odd o = {0};
		(void)!unpack_odd(s, &o, OURSELVES, NULL);
		_exit(1);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (wait(NULL) > 0)
		; /* what it left behind: the unpacker and the watcher */
	assert_int_equal(errno, ECHILD);
	assert_int_equal(folders(s), 2);
}

/* Nothing of the image can be seen before its end, whatever the archive makes of its root. */
static void t036_an_unfinished_tree_is_ours_alone(void **state)
{
	const scratch *s = *state;
	COF_AUTO(flat_tree) t = {0};
	char target[256];
	const cof_flat_opts opts = {0};
	struct stat st;
	(void)snprintf(target, sizeof target, "%s/tree", s->top);
	assert_ok(flat_tree_new(&t, target, &opts, &err));
	COF_AUTO_FD int top = open(s->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = opendir(s->top);
	size_t seen = 0;
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		if (strstr(e->d_name, ".partial-") == NULL)
			continue;
		assert_int_equal(fstatat(top, e->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		seen++;
	}
	(void)closedir(d);
	assert_int_equal(seen, 1);
	assert_ok(cof_staging_publish(t.staging, &err));
	assert_int_equal(stat(target, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t036_failures_leave_nothing),
		T(an_existing_target_is_kept),
		T(tells_progress),
		T(t035_sources_that_misbehave),
		T(t032_a_dead_unpacker_is_told),
		T(t036_a_killed_parent_leaves_nothing),
		T(t036_an_unfinished_tree_is_ours_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
