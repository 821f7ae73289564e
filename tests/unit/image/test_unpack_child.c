/* SPDX-License-Identifier: Apache-2.0 */
/* The process that unpacks: what it has left when it looks at the first byte, and how it ends. */
#include "image-decrypt/unpack_child.h"

#include <dirent.h>
#include <sys/wait.h>

#include "common/lockdown.h"
#include "common/seccomp.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

static void push(int fd, cof_span bytes)
{
	assert_ok(cof_fd_write_all(fd, bytes, &err));
	(void)close(fd);
}

static int one_file(cof_unpack_child *c, const cof_buf *tar, cof_err *err)
{
	const cof_unpack_task task = {0};
	cof_unpack_answer a = {0};
	int blob = -EBADF;
	int r = cof_unpack_child_begin(c, &task, &blob, err);
	if (r < 0)
		return r;
	push(blob, cof_buf_span(tar));
	r = cof_unpack_child_end(c, &a, err);
	if (r == 0)
		assert_int_equal(a.tar_bytes, tar->len);
	return r;
}

static void tar_of(cof_buf *t, const char *name)
{
	tar_file(t, name, "content");
	tar_end(t);
}

static pid_t child_pid(void)
{
	COF_AUTO(cof_buf) list = {0};
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)gettid());
	assert_ok(cof_file_read(path, 4096, &list, &err));
	return (pid_t)strtol(cof_buf_str(&list), NULL, 10);
}

static unsigned long long status_field(pid_t pid, const char *key, int base)
{
	COF_AUTO(cof_buf) text = {0};
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	assert_ok(cof_file_read(path, 1 << 16, &text, &err));
	const char *at = strstr(cof_buf_str(&text), key);
	assert_non_null(at);
	return strtoull(at + strlen(key), NULL, base);
}

/* Pipes and the channel have no name; the folder is the only thing that has one. */
static void check_descriptors(pid_t pid, const char *root)
{
	char path[64];
	(void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		char to[256] = "";
		if (e->d_name[0] == '.' || strcmp(e->d_name, "2") == 0)
			continue;
		assert_true(readlinkat(dirfd(d), e->d_name, to, sizeof to - 1) > 0);
		if (strncmp(to, "pipe:", 5) != 0 && strncmp(to, "socket:", 7) != 0 && strcmp(to, "/dev/null") != 0 &&
		    strcmp(to, root) != 0)
			fail_msg("%s is open", to);
	}
	(void)closedir(d);
}

static void t032_nothing_is_left(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_unpack_child) c = NULL;
	COF_AUTO(cof_buf) t = {0};
	int life[2];
	char path[64], root[256] = "";
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe2(life, O_CLOEXEC), 0);
	COF_AUTO_FD int secret = open("/etc/shadow", O_RDONLY | O_CLOEXEC); /* not for it */
	const cof_unpack_opts opts = {.root_fd = s->fd, .form = COF_UNPACK_FLAT};
	assert_ok(cof_unpack_child_start(&c, &opts, life[1], &err));
	tar_of(&t, "f");
	assert_ok(one_file(c, &t, &err));
	scratch_text(s, "f", "content");
	pid_t pid = child_pid();
	check_descriptors(pid, s->root);
	assert_int_equal(status_field(pid, "NoNewPrivs:", 10), 1);
	assert_int_equal(status_field(pid, "Seccomp:", 10), 2);
	/* CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP */
	assert_int_equal(status_field(pid, "CapPrm:", 16), 0x8000001b);
	assert_int_equal(status_field(pid, "CapBnd:", 16), 0x8000001b);
	(void)snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
	assert_true(readlink(path, root, sizeof root - 1) > 0);
	assert_string_equal(root, s->root);
	(void)snprintf(path, sizeof path, "/proc/%d/net/dev", (int)pid);
	COF_AUTO(cof_buf) net = {0};
	assert_ok(cof_file_read(path, 1 << 16, &net, &err));
	assert_null(strstr(cof_buf_str(&net), "eth"));
	(void)close(life[0]);
	(void)close(life[1]);
}

static void one_layer_after_the_other(void **state)
{
	const scratch *s = *state;
	COF_AUTO_PTR(cof_unpack_child) c = NULL;
	COF_AUTO(cof_buf) t = {0};
	COF_AUTO_FD int life = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const cof_unpack_opts opts = {.root_fd = s->fd,
				      .form = COF_UNPACK_FLAT,
				      .own_ids = geteuid() != 0,
				      .max_bytes = 2 * 2048 + 512,
				      .max_entries = 4};
	assert_ok(cof_unpack_child_start(&c, &opts, life, &err));
	tar_of(&t, "a");
	assert_int_equal(t.len, 2048);
	assert_ok(one_file(c, &t, &err));
	assert_ok(one_file(c, &t, &err));
	/* The limit is for all of them. */
	assert_fails(one_file(c, &t, &err), "layer-too-large");
	/* And that was its last word. */
	assert_fails(one_file(c, &t, &err), "unpacker-died");
}

/* Without root the walls are others, and they stand as well: with a user namespace, and where that is forbidden. */
static void without_root(const scratch *s, bool namespaces)
{
	int status = 0;
	if (geteuid() != 0)
		skip();
	assert_int_equal(fchown(s->fd, 4242, 4242), 0);
	pid_t pid = fork();
	if (pid == 0) {
		COF_AUTO_PTR(cof_unpack_child) c = NULL;
		COF_AUTO(cof_buf) t = {0};
		int life = open("/dev/null", O_RDONLY | O_CLOEXEC);
		const cof_unpack_opts opts = {.root_fd = s->fd, .form = COF_UNPACK_FLAT, .own_ids = true};
		tar_put(&t, (tar_spec){.type = '5', .name = "d", .mode = 0555});
		tar_of(&t, "d/f");
		if (setgid(4242) < 0 || setuid(4242) < 0 || (!namespaces && cof_seccomp_fetcher(NULL) < 0) ||
		    cof_unpack_child_start(&c, &opts, life, NULL) < 0 || one_file(c, &t, NULL) < 0)
			_exit(1);
		_exit(status_field(child_pid(), "Seccomp:", 10) == 2 ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	scratch_text(s, "d/f", "content");
}

static void t032_without_root(void **state)
{
	without_root(*state, true);
	if (cof_lockdown_landlock()) /* else it must not begin */
		without_root(*state, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, scratch_up, scratch_down)
		T(t032_nothing_is_left),
		T(one_layer_after_the_other),
		T(t032_without_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
