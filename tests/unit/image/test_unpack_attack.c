/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Archives and trees made to reach outside: a few hundred archives by combination, trees that an earlier layer or a
 * workload left as traps, and somebody who renames while we unpack. Whatever comes of it, nothing outside changes.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "tests/unit/image/unpacked.h"
#include "tests/unit/image/watch.h"

/* --- archives by combination --- */

static const char *const targets[] = {
	"/",	     "..", "../../..", "/etc", "../../../../../../../../tmp", "/proc/self/root", "x/../../../..",
	"../victim", "."};

/* The way to the target: a link, a link to a link, a link in a directory. */
static void put_way(cof_buf *t, unsigned way, const char *target, char prefix[16])
{
	static const char *const ends[] = {"l", "m", "d/l"};
	if (way == 1)
		tar_link(t, '2', "m", "l");
	if (way == 2)
		tar_dir(t, "d");
	tar_link(t, '2', way == 2 ? "d/l" : "l", target);
	(void)snprintf(prefix, 16, "%s", ends[way]);
}

/* What is then done through it. */
static void put_deed(cof_buf *t, unsigned deed, const char *prefix)
{
	char name[64];
	static const char *const ends[] = {"/coffer-target", "/victim/",       "/.wh.victim",	 "/.wh..wh..opq",
					   "/coffer-target", "/coffer-target", "/coffer-target", ""};
	(void)snprintf(name, sizeof name, "%s%s", prefix, ends[deed]);
	const tar_spec specs[] = {
		{.type = '0', .name = name, .data = "bad", .mode = 04777},
		{.type = '5', .name = name, .mode = 0777, .uid = 4242},
		{.type = '0', .name = name, .data = ""},
		{.type = '0', .name = name, .data = ""},
		{.type = '1', .name = name, .link = "l/etc/passwd"},
		{.type = '2', .name = name, .link = "/etc/passwd"},
		{.type = '6', .name = name, .mode = 0666},
		{.type = '5', .name = name, .mode = 0777, .uid = 4242},
	};
	tar_put(t, specs[deed]);
}

enum { WAYS = 3, DEEDS = 8 };

static void one_archive(void **state, const cof_buf *t, cof_unpack_form form, const char *what)
{
	watch outside;
	char victim[128];
	assert_int_equal(scratch_up(state), 0);
	const scratch *s = *state;
	(void)snprintf(victim, sizeof victim, "%s/x/y/victim", s->top);
	assert_int_equal(mkdir(victim, 0700), 0);
	watch_begin(&outside, s->top);
	const cof_unpack_opts opts = {.root_fd = s->fd, .form = form};
	cof_err why = {0};
	int r = unpacked(&opts, t, &why);
	if (r < 0 && why.cls != COF_E_MALFORMED && why.cls != COF_E_POLICY)
		fail_msg("%s: %s: %s", what, why.reason, why.text);
	watch_end(&outside, what);
	assert_int_equal(rmdir(victim), 0); /* still empty, still ours */
	assert_int_equal(scratch_down(state), 0);
}

static void t032_through_links_in_every_way(void **state)
{
	size_t n = 0;
	for (size_t target = 0; target < COF_COUNT(targets); target++)
		for (unsigned way = 0; way < WAYS; way++)
			for (unsigned deed = 0; deed < DEEDS; deed++, n++) {
				COF_AUTO(cof_buf) t = {0};
				char prefix[16], what[64];
				put_way(&t, way, targets[target], prefix);
				put_deed(&t, deed, prefix);
				tar_end(&t);
				(void)snprintf(what, sizeof what, "%s, way %u, deed %u", targets[target], way, deed);
				one_archive(state, &t, (cof_unpack_form)(n % 2), what);
			}
	print_message("%zu archives\n", n);
	assert_true(n >= 150);
}

static void t032_names_that_climb_of_every_type(void **state)
{
	static const char *const names[] = {"../coffer-target",	   "../../victim",	"a/../../coffer-target",
					    "./../coffer-target",  "/../coffer-target", "a/b/../../../coffer-target",
					    "//..//coffer-target", "../.wh.victim",	"../victim/.wh..wh..opq"};
	static const char types[] = {'0', '1', '2', '3', '5', '6', '7'};
	for (size_t i = 0; i < COF_COUNT(names); i++)
		for (size_t k = 0; k < sizeof types; k++)
			for (int pax = 0; pax < 2; pax++) {
				COF_AUTO(cof_buf) t = {0};
				if (pax)
					tar_pax(&t, 'x', "path", names[i], strlen(names[i]));
				tar_put(&t, (tar_spec){.type = types[k],
						       .name = pax ? "harmless" : names[i],
						       .link = "harmless",
						       .mode = 0777});
				tar_end(&t);
				one_archive(state, &t, (cof_unpack_form)(k % 2), names[i]);
			}
}

/* --- trees that are traps --- */

static void t032_what_was_there_before(void **state)
{
	const scratch *s = *state;
	char outside[128];
	struct stat st;
	(void)snprintf(outside, sizeof outside, "%s/x/y/outside", s->top);
	assert_ok(cof_file_write(outside, cof_span_str("alive"), 0600, &err));
	/* A second name of a file outside, a pipe that nobody reads, a device, and links to all of that. */
	assert_int_equal(linkat(AT_FDCWD, outside, s->fd, "hard", 0), 0);
	assert_int_equal(symlinkat("../outside", s->fd, "soft"), 0);
	assert_int_equal(mknodat(s->fd, "pipe", S_IFIFO | 0600, 0), 0);
	assert_int_equal(mkdirat(s->fd, "d", 0700), 0);
	assert_int_equal(symlinkat("../pipe", s->fd, "d/pipe"), 0);
	if (geteuid() == 0)
		assert_int_equal(mknodat(s->fd, "null", S_IFCHR | 0600, makedev(1, 3)), 0);
	static const char *const names[] = {"hard", "soft", "pipe", "d/pipe", "null"};
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_put(&t, (tar_spec){.type = '0', .name = names[i], .data = "new", .mode = 0777});
		tar_end(&t);
		assert_ok(unpacked_flat(s, &t, &err));
		scratch_text(s, names[i], "new");
	}
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(outside, 64, &text, &err));
	assert_string_equal(cof_buf_str(&text), "alive");
	assert_int_equal(stat(outside, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void t032_pipes_and_devices_are_no_parents(void **state)
{
	const scratch *s = *state;
	static const char *const names[] = {"pipe/f", "null/f", "l/f"};
	assert_int_equal(mknodat(s->fd, "pipe", S_IFIFO | 0600, 0), 0);
	assert_int_equal(symlinkat("pipe", s->fd, "l"), 0);
	if (geteuid() == 0)
		assert_int_equal(mknodat(s->fd, "null", S_IFCHR | 0600, makedev(1, 3)), 0);
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		tar_file(&t, names[i], "x");
		tar_end(&t);
		if (i != 1 || geteuid() == 0)
			assert_fails(unpacked_flat(s, &t, &err), "tar-parent-not-directory");
	}
}

/* The directory that was used last becomes something else under our hands. */
static void t032_a_replaced_parent_is_looked_at_again(void **state)
{
	const scratch *s = *state;
	COF_AUTO(cof_buf) link = {0};
	tar_file(&link, "a/b/f1", "1");
	tar_link(&link, '2', "a", "/c"); /* the whole of a goes */
	tar_file(&link, "a/b/f2", "2");
	tar_link(&link, '2', "c/b", "/../../..");
	tar_file(&link, "a/b/f3", "3");
	tar_end(&link);
	assert_ok(unpacked_flat(s, &link, &err));
	scratch_text(s, "f3", "3");
	assert_false(scratch_has(s, "c/b/b"));
	scratch_clean(s);
	COF_AUTO(cof_buf) file = {0};
	tar_file(&file, "p/q/f1", "1");
	tar_file(&file, "p", "now a file");
	tar_file(&file, "p/q/f2", "2");
	tar_end(&file);
	assert_fails(unpacked_flat(s, &file, &err), "tar-parent-not-directory");
	COF_AUTO(cof_buf) hidden = {0};
	tar_file(&hidden, "v/w/f", "1");
	tar_file(&hidden, "v/.wh.w", ""); /* spares what this layer made */
	tar_file(&hidden, "v/w/g", "2");
	tar_end(&hidden);
	assert_ok(unpacked_flat(s, &hidden, &err));
	scratch_text(s, "v/w/g", "2");
}

/* --- mounts --- */

static void t032_mount_points_are_walls(void **state)
{
	scratch *s = *state;
	char at[128], inside[160];
	static const char *const names[] = {"m/f",	    "m/", "m/.wh.canary", "m/.wh..wh..opq", ".wh.m",
					    ".wh..wh..opq", "m"};
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("no mounts here: skipped\n");
		skip();
	}
	/* Opened before, it would lead to the old namespace, where nothing is mounted. */
	cof_fd_close(&s->fd);
	s->fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(at, sizeof at, "%s/m", s->root);
	(void)snprintf(inside, sizeof inside, "%s/canary", at);
	assert_int_equal(mkdir(at, 0755), 0);
	assert_int_equal(mount("none", at, "tmpfs", 0, "mode=0700"), 0);
	assert_ok(cof_file_write(inside, cof_span_str("alive"), 0600, &err));
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		COF_AUTO(cof_buf) t = {0};
		struct stat st;
		tar_put(&t, (tar_spec){.type = '0', .name = names[i], .mode = 0777});
		tar_end(&t);
		assert_fails(unpacked_flat(s, &t, &err), "unpack-io");
		assert_int_equal(access(inside, F_OK), 0);
		assert_int_equal(stat(at, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
	}
	assert_int_equal(umount(at), 0);
}

/* --- somebody who renames --- */

typedef struct rogue {
	int root;
	atomic_bool stop;
	unsigned long turns;
} rogue;

static void *rename_without_end(void *arg)
{
	rogue *r = arg;
	while (!atomic_load(&r->stop)) {
		(void)renameat2(r->root, "swap", r->root, "trap", RENAME_EXCHANGE);
		(void)renameat2(r->root, "swap/sub", r->root, "swap/link", RENAME_EXCHANGE);
		r->turns++;
	}
	return NULL;
}

static void put_all_deeds(cof_buf *t)
{
	tar_put(t, (tar_spec){.type = '0', .name = "swap/coffer-target", .data = "bad", .mode = 04777});
	tar_put(t, (tar_spec){.type = '0', .name = "swap/sub/coffer-target", .data = "bad", .mode = 04777});
	tar_put(t, (tar_spec){.type = '5', .name = "swap/deeper/", .mode = 0777, .uid = 4242});
	tar_file(t, "swap/deeper/coffer-target", "bad");
	tar_file(t, "swap/.wh.canary", "");
	tar_file(t, "swap/sub/.wh..wh..opq", "");
	tar_link(t, '2', "swap/s", "/etc/passwd");
	tar_link(t, '1', "swap/h", "swap/canary");
	tar_end(t);
}

static void t032_renames_while_we_unpack(void **state)
{
	const scratch *s = *state;
	rogue r = {.root = s->fd};
	watch outside;
	pthread_t thread;
	char victim[128], canary[160];
	COF_AUTO(cof_buf) t = {0};
	put_all_deeds(&t);
	(void)snprintf(victim, sizeof victim, "%s/x/victim", s->top);
	(void)snprintf(canary, sizeof canary, "%s/canary", victim);
	assert_int_equal(mkdir(victim, 0700), 0);
	assert_ok(cof_file_write(canary, cof_span_str("alive"), 0600, &err));
	assert_int_equal(mkdirat(s->fd, "swap", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "swap/sub", 0755), 0);
	assert_int_equal(symlinkat("../../../victim", s->fd, "swap/link"), 0);
	assert_int_equal(symlinkat("../../victim", s->fd, "trap"), 0);
	watch_begin(&outside, s->top);
	assert_int_equal(pthread_create(&thread, NULL, rename_without_end, &r), 0);
	for (int i = 0; i < 400; i++)
		(void)!unpacked_flat(s, &t, NULL); /* refused or not, as it comes */
	atomic_store(&r.stop, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	watch_end(&outside, "a rename");
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_file_read(canary, 64, &text, &err));
	assert_string_equal(cof_buf_str(&text), "alive");
	struct stat st;
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_nlink, 2);
	assert_true(r.turns > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		cmocka_unit_test(t032_through_links_in_every_way),
		cmocka_unit_test(t032_names_that_climb_of_every_type),
		T(t032_what_was_there_before),
		T(t032_pipes_and_devices_are_no_parents),
		T(t032_a_replaced_parent_is_looked_at_again),
		T(t032_renames_while_we_unpack),
		T(t032_mount_points_are_walls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
