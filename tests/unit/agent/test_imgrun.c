/* SPDX-License-Identifier: Apache-2.0 */
/* What an image's first process is, and the folders that it needs, in roots that were shaped against us. */
#include "agent/imgrun.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/file.h"
#include "tests/unit/test.h"

typedef struct root {
	char dir[40];
	int fd;
} root;

static int root_up(void **state)
{
	static root r;
	r = (root){.dir = "/tmp/coffer-imgrun-XXXXXX"};
	assert_non_null(mkdtemp(r.dir));
	r.fd = open(r.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(r.fd >= 0);
	*state = &r;
	return 0;
}

static int root_down(void **state)
{
	root *r = *state;
	cof_fd_close(&r->fd);
	assert_ok(cof_rm_tree(r->dir, &err));
	return 0;
}

static void put_dir(const root *r, const char *name)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", r->dir, name));
	assert_ok(cof_mkdirs(path, 0755, &err));
}

static void put_text(const root *r, const char *name, const char *text)
{
	COF_AUTO_FREE char *path = NULL;
	assert_ok(cof_path(&path, &err, "%s/%s", r->dir, name));
	assert_ok(cof_file_write(path, cof_span_str(text), 0644, &err));
}

static bool is_dir(const root *r, const char *name)
{
	struct stat st;
	return fstatat(r->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int resolve(const root *r, const char *config, const cof_policy_container *policy, cof_imgrun *ret, cof_err *why)
{
	COF_AUTO(cof_imgconf) c = {0};
	COF_AUTO(cof_buf) text = {0};
	assert_ok(cof_buf_printf(&text, &err, "{\"config\":{%s}}", config));
	assert_ok(cof_imgconf_parse(cof_buf_span(&text), &c, &err));
	int e = cof_imgrun_resolve(&c, policy, "host", r->fd, ret, why);
	return e < 0 ? e : cof_imgrun_folders(ret, &c, r->fd, why);
}

static bool has(const cof_words *w, const char *text)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->at[i], text) == 0)
			return true;
	return false;
}

static void nothing_to_run(void **state)
{
	const char *const bad[] = {"", "\"Entrypoint\":[]", "\"Entrypoint\":[\"\"]", "\"Cmd\":null"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		cof_imgrun run = {0};
		assert_fails(resolve(*state, bad[i], NULL, &run, &err), "image-config-malformed");
		assert_null(run.cwd);
	}
}

static void environment(void **state)
{
	const root *r = *state;
	COF_AUTO(cof_imgrun) run = {0};
	put_dir(r, "etc");
	put_text(r, "etc/passwd", "app:x:1000:1001::/home/app:\n");
	assert_ok(resolve(
		r, "\"Cmd\":[\"a\"],\"User\":\"app\",\"Env\":[\"A=1\",\"B\",\"=x\",\"\",\"A=2\",\"AB=3\",\"E=\"]", NULL,
		&run, &err));
	assert_int_equal(run.env.n, 6);
	const char *const want[] = {"A=2", "AB=3", "E=", "HOME=/home/app", "HOSTNAME=host"};
	for (size_t i = 0; i < COF_COUNT(want); i++)
		assert_true(has(&run.env, want[i]));
	COF_AUTO(cof_imgrun) own = {0};
	assert_ok(resolve(r, "\"Cmd\":[\"a\"],\"Env\":[\"PATH=/p\",\"HOME=/h\",\"HOSTNAME=me\"]", NULL, &own, &err));
	assert_int_equal(own.env.n, 3);
	assert_true(has(&own.env, "PATH=/p") && has(&own.env, "HOME=/h") && has(&own.env, "HOSTNAME=me"));
}

static void t056_policy_replaces_image(void **state)
{
	const root *r = *state;
	COF_AUTO(cof_imgrun) run = {0};
	cof_policy_container p = {.cwd = (char *)(uintptr_t) "/p", .has_user = true, .uid = 7, .gid = 8};
	put_dir(r, "etc");
	put_text(r, "etc/passwd", "7:x:0:0::/:\n8:x:0:0::/:\n"); /* names that are no numbers */
	put_text(r, "etc/group", "8:x:0:\n");
	assert_ok(cof_words_add(&p.args, "/policy", &err));
	assert_ok(cof_words_add(&p.env, "X=y", &err));
	assert_ok(resolve(r, "\"Entrypoint\":[\"/image\"],\"Env\":[\"A=1\"],\"WorkingDir\":\"/w\",\"User\":\"root\"",
			  &p, &run, &err));
	assert_int_equal(run.args.n, 1);
	assert_string_equal(run.args.at[0], "/policy");
	assert_true(has(&run.env, "X=y") && !has(&run.env, "A=1"));
	assert_string_equal(run.cwd, "/p");
	assert_int_equal(run.user.uid, 7);
	assert_int_equal(run.user.gid, 8);
	cof_words_release(&p.args);
	cof_words_release(&p.env);
}

static void folders_are_made(void **state)
{
	const root *r = *state;
	COF_AUTO(cof_imgrun) run = {0};
	struct stat st;
	put_dir(r, "real");
	assert_int_equal(symlinkat("/real", r->fd, "link"), 0);
	put_text(r, "real/file", "kept");
	mode_t mask = umask(077);
	assert_ok(
		resolve(r,
			"\"Cmd\":[\"a\"],\"WorkingDir\":\"/a/../w/./deep//x/\",\"Volumes\":{\"/v/one\":{},\"/real\":{},"
			"\"/link/two\":{},\"/\":{}}",
			NULL, &run, &err));
	(void)umask(mask);
	assert_string_equal(run.cwd, "/w/deep/x");
	assert_true(is_dir(r, "w/deep/x") && is_dir(r, "v/one") && is_dir(r, "real/two") && !is_dir(r, "a"));
	assert_int_equal(fstatat(r->fd, "w/deep", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(faccessat(r->fd, "real/file", F_OK, 0), 0);
}

/* CVE-2024-21626: a working directory that is a descriptor of the runtime's. */
static void t080_folders_of_the_kernel(void **state)
{
	const root *r = *state;
	const char *const bad[] = {"/proc/self/fd/7", "/proc",	   "/x/../proc/self",
				   "//proc//1/root",  "/dev/fd/8", "/sys/fs/cgroup",
				   "/linked/fd/9",    "/abs",	   "/twice/fd/3"};
	put_dir(r, "proc/self/fd/7"); /* what the image keeps where a mount will be */
	put_dir(r, "proc/self/fd/9");
	put_dir(r, "dev/fd/8");
	assert_int_equal(symlinkat("proc/self", r->fd, "linked"), 0);
	assert_int_equal(symlinkat("/proc/self/fd/7", r->fd, "abs"), 0);
	assert_int_equal(symlinkat("linked", r->fd, "twice"), 0);
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_imgrun) run = {0};
		COF_AUTO(cof_imgrun) other = {0};
		char config[128];
		(void)snprintf(config, sizeof config, "\"Cmd\":[\"a\"],\"WorkingDir\":\"%s\"", bad[i]);
		assert_fails(resolve(r, config, NULL, &run, &err), "image-workdir");
		(void)snprintf(config, sizeof config, "\"Cmd\":[\"a\"],\"Volumes\":{\"%s\":{}}", bad[i]);
		assert_fails(resolve(r, config, NULL, &other, &err), "image-workdir");
	}
	COF_AUTO(cof_imgrun) fine = {0};
	assert_ok(resolve(r, "\"Cmd\":[\"a\"],\"WorkingDir\":\"/process/x\"", NULL, &fine, &err));
}

/* Nothing is made through a link that leads nowhere, or above the root, or over a file. */
static void t080_folders_stay_in_the_root(void **state)
{
	const root *r = *state;
	char outside[64];
	struct stat st;
	(void)snprintf(outside, sizeof outside, "%s-outside", r->dir);
	assert_int_equal(symlinkat(outside, r->fd, "out"), 0);
	assert_int_equal(symlinkat("loop", r->fd, "loop"), 0);
	put_text(r, "file", "x");
	const char *const bad[] = {"/out", "/out/x", "/loop/x", "/file", "/file/x"};
	for (size_t i = 0; i < COF_COUNT(bad); i++) {
		COF_AUTO(cof_imgrun) run = {0};
		char config[128];
		(void)snprintf(config, sizeof config, "\"Cmd\":[\"a\"],\"WorkingDir\":\"%s\"", bad[i]);
		assert_fails(resolve(r, config, NULL, &run, &err), "image-workdir");
	}
	assert_int_not_equal(stat(outside, &st), 0);
	COF_AUTO(cof_imgrun) up = {0};
	assert_ok(resolve(r, "\"Cmd\":[\"a\"],\"WorkingDir\":\"/../../../up\"", NULL, &up, &err));
	assert_string_equal(up.cwd, "/up");
	assert_true(is_dir(r, "up"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, root_up, root_down)
		T(nothing_to_run),
		T(environment),
		T(t056_policy_replaces_image),
		T(folders_are_made),
		T(t080_folders_of_the_kernel),
		T(t080_folders_stay_in_the_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
