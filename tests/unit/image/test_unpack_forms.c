/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random stacks of layers, full of whiteouts, links and replaced directories, unpacked in both forms: as one flat tree,
 * and as a directory a layer under the kernel's own overlayfs. Both show the same tree, or both refuse the same layer
 * for the same reason.
 */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "image-decrypt/unpack.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

enum { LAYERS = 3, ENTRIES_MAX = 9, PATH_LEN = 64, ROUNDS = 150 };

static uint64_t seed;

static unsigned dice(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

/* --- layers --- */

/* Names say what a thing mostly is, or few stacks would get far: a directory, a link, a file. */
static void random_path(char out[PATH_LEN])
{
	static const char *const parents[] = {"a", "b", "a", "b", "a", "b", "l", "l", "f"};
	static const char *const names[] = {"a", "b", "l", "f", "g"};
	unsigned depth = dice(3);
	out[0] = '\0';
	for (unsigned i = 0; i <= depth; i++) {
		size_t have = strlen(out);
		(void)snprintf(out + have, PATH_LEN - have, "%s%s", i > 0 ? "/" : "",
			       i < depth ? parents[dice(COF_COUNT(parents))] : names[dice(COF_COUNT(names))]);
	}
}

/* One in eight is another thing than its name says. */
static unsigned kind_of(const char *path)
{
	static const char kinds[] = "ablfg";
	const char *last = strchr(kinds, path[strlen(path) - 1]);
	return dice(8) == 0 || last == NULL ? dice(5) : (unsigned)(last - kinds);
}

static void put_whiteout(cof_buf *t, const char *path, bool opaque)
{
	char name[PATH_LEN + 16];
	const char *slash = strrchr(path, '/');
	int dir = slash != NULL ? (int)(slash + 1 - path) : 0;
	(void)snprintf(name, sizeof name, "%.*s%s%s", dir, path, opaque ? ".wh..wh..opq" : ".wh.",
		       opaque ? "" : path + dir);
	tar_file(t, name, "");
}

static void put_dir(cof_buf *t, const char *path, long at)
{
	static const unsigned modes[] = {0755, 0700, 02771, 01777};
	char text[16];
	(void)snprintf(text, sizeof text, "%ld", at);
	if (dice(2) == 0)
		tar_pax(t, 'x', "SCHILY.xattr.user.k", text, strlen(text));
	tar_put(t, (tar_spec){.type = '5', .name = path, .mode = modes[dice(4)], .uid = dice(3), .mtime = at});
}

static void put_random(cof_buf *t, long at)
{
	static const char *const ups[] = {"", "../", "/", "../../"};
	char path[PATH_LEN], other[PATH_LEN], target[PATH_LEN + 8], text[16];
	random_path(path);
	random_path(other);
	unsigned kind = kind_of(path), what = dice(12);
	(void)snprintf(target, sizeof target, "%s%s", ups[dice(COF_COUNT(ups))], other);
	(void)snprintf(text, sizeof text, "%ld", at);
	if (what < 3)
		put_whiteout(t, path, what == 0);
	else if (what == 3)
		tar_link(t, '1', path, other);
	else if (kind < 2)
		put_dir(t, path, at);
	else if (kind == 2)
		tar_put(t, (tar_spec){.type = '2', .name = path, .link = target, .mode = 0777, .mtime = at});
	else
		tar_put(t, (tar_spec){.type = '0', .name = path, .data = text, .mode = 0600 + dice(64), .mtime = at});
}

static void random_layer(cof_buf *t, long from)
{
	unsigned n = 1 + dice(ENTRIES_MAX);
	for (unsigned i = 0; i < n; i++)
		put_random(t, from + (long)i);
	tar_end(t);
}

/* --- both ways --- */

typedef struct stack {
	const scratch *s;
	cof_buf tars[LAYERS];
	int flat, dirs[LAYERS]; /* bottom first */
	size_t bottom;		/* the lowest layer that still shows */
} stack;

static int unpack(const cof_unpack_opts *opts, const cof_buf *tar, cof_unpack_result *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_unpack) u = NULL;
	int r = cof_unpack_new(&u, opts, err);
	if (r == 0)
		r = cof_unpack_add(u, cof_buf_span(tar), err);
	return r < 0 ? r : cof_unpack_end(u, ret, err);
}

static int make_dir(const scratch *s, const char *name)
{
	assert_int_equal(mkdirat(s->fd, name, 0755), 0);
	int fd = openat(s->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* False when the layer is refused, by both. */
static bool unpack_layer(stack *k, size_t i)
{
	int lowers[LAYERS];
	char name[8];
	cof_unpack_result flat = {0}, over = {0};
	cof_err a = {0}, b = {0};
	for (size_t n = 0; n < i; n++)
		lowers[n] = k->dirs[i - 1 - n];
	(void)snprintf(name, sizeof name, "%zu", i);
	k->dirs[i] = make_dir(k->s, name);
	const cof_unpack_opts as_flat = {.root_fd = k->flat, .form = COF_UNPACK_FLAT};
	const cof_unpack_opts as_dir = {.root_fd = k->dirs[i], .lower_fds = lowers, .n_lowers = i};
	int x = unpack(&as_flat, &k->tars[i], &flat, &a), y = unpack(&as_dir, &k->tars[i], &over, &b);
	if ((x < 0) != (y < 0) || strcmp(a.reason, b.reason) != 0)
		fail_msg("layer %zu: flat '%s' (%s), overlay '%s' (%s)", i, a.reason, a.text, b.reason, b.text);
	if (over.root_opaque)
		k->bottom = i;
	return x == 0;
}

/* --- what is seen --- */

static void list(cof_buf *to, int dir, const char *prefix);

static void list_dir(cof_buf *to, int dir, const char *name, const char *path)
{
	char value[32] = "";
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = fgetxattr(fd, "user.k", value, sizeof value);
	assert_ok(cof_buf_printf(to, &err, " user.k=%.*s\n", n > 0 ? (int)n : 0, value));
	list(to, fd, path);
	(void)close(fd);
}

static void list_one(cof_buf *to, int dir, const char *name, const char *prefix)
{
	char path[PATH_MAX], target[PATH_MAX] = "";
	struct stat st;
	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true((size_t)snprintf(path, sizeof path, "%s/%s", prefix, name) < sizeof path);
	/* What an archive did not name has a time of today. */
	assert_ok(cof_buf_printf(to, &err, "%s %o %u:%u %ld", path, st.st_mode, st.st_uid, st.st_gid,
				 (long)(st.st_mtime < 1000000 ? st.st_mtime : 0)));
	if (S_ISDIR(st.st_mode)) {
		list_dir(to, dir, name, path);
	} else if (S_ISLNK(st.st_mode)) {
		assert_true(readlinkat(dir, name, target, sizeof target - 1) > 0);
		assert_ok(cof_buf_printf(to, &err, " -> %s\n", target));
	} else {
		assert_true(S_ISREG(st.st_mode));
		COF_AUTO(cof_buf) text = {0};
		assert_ok(cof_file_read_at(dir, name, 64, &text, &err));
		assert_ok(cof_buf_printf(to, &err, " %s\n", cof_buf_str(&text)));
	}
}

static void list(cof_buf *to, int dir, const char *prefix)
{
	struct dirent **names = NULL;
	int n = scandirat(dir, ".", &names, NULL, alphasort);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0)
			list_one(to, dir, names[i]->d_name, prefix);
		free(names[i]);
	}
	free(names);
}

static void mount_and_list(const stack *k, cof_buf *to)
{
	char opts[512] = "userxattr,lowerdir=", at[160];
	(void)snprintf(at, sizeof at, "%s/merged", k->s->root);
	assert_int_equal(mkdir(at, 0755), 0);
	for (size_t i = LAYERS; i-- > k->bottom;) {
		size_t have = strlen(opts);
		(void)snprintf(opts + have, sizeof opts - have, "%s/%zu:", k->s->root, i);
	}
	size_t have = strlen(opts);
	(void)snprintf(opts + have, sizeof opts - have, "%s/empty", k->s->root);
	if (mount("overlay", at, "overlay", 0, opts) < 0)
		fail_msg("mount %s: %s", opts, strerror(errno));
	COF_AUTO_FD int fd = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	list(to, fd, "");
	cof_fd_close(&fd);
	assert_int_equal(umount(at), 0);
}

static void compare(const stack *k)
{
	COF_AUTO(cof_buf) flat = {0};
	COF_AUTO(cof_buf) merged = {0};
	list(&flat, k->flat, "");
	mount_and_list(k, &merged);
	if (flat.len != merged.len || memcmp(flat.data, merged.data, flat.len) != 0)
		fail_msg("flat:\n%soverlay:\n%s", cof_buf_str(&flat), cof_buf_str(&merged));
}

/* True when all layers were taken. */
static bool one_stack(const scratch *s)
{
	stack k = {.s = s, .flat = make_dir(s, "flat"), .dirs = {-EBADF, -EBADF, -EBADF}};
	int empty = make_dir(s, "empty");
	bool taken = true;
	for (size_t i = 0; i < LAYERS; i++)
		random_layer(&k.tars[i], 1 + (long)(100 * i));
	for (size_t i = 0; taken && i < LAYERS; i++)
		taken = unpack_layer(&k, i);
	if (taken)
		compare(&k);
	for (size_t i = 0; i < LAYERS; i++) {
		cof_fd_close(&k.dirs[i]);
		cof_buf_release(&k.tars[i]);
	}
	(void)close(k.flat);
	(void)close(empty);
	return taken;
}

/* overlayfs by itself, or not at all where it is forbidden. */
static bool can_mount(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		return true;
	print_message("no mounts here: skipped\n");
	return false;
}

static void t034_both_forms_show_the_same(void **state)
{
	const char *more = getenv("COFFER_FORMS_ROUNDS");
	uint64_t rounds = more != NULL ? strtoull(more, NULL, 10) : ROUNDS;
	size_t taken = 0;
	if (!can_mount())
		skip();
	for (uint64_t round = 1; round <= rounds; round++) {
		seed = round;
		print_message("%s", "");
		assert_int_equal(scratch_up(state), 0);
		taken += one_stack(*state);
		assert_int_equal(scratch_down(state), 0);
	}
	print_message("%zu of %zu stacks were taken\n", taken, (size_t)rounds);
	assert_true(taken > rounds / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t034_both_forms_show_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
