/* SPDX-License-Identifier: Apache-2.0 */
/* What is given up is gone: each case runs in a child that tries to get it back. */
#include "common/lockdown.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/file.h"
#include "common/seccomp.h"
#include "tests/unit/test.h"

/* 0 for a child that found all as it should be; else the line where it did not; 1000 + signal when killed. */
static int in_child(int (*what)(int dir, int other))
{
	char dir[] = "/tmp/coffer-lock-XXXXXX", other[] = "/tmp/coffer-lock-XXXXXX";
	int status = 0;
	assert_non_null(mkdtemp(dir));
	assert_non_null(mkdtemp(other));
	int a = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), b = open(other, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = fork();
	if (pid == 0)
		_exit(what(a, b));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(a);
	(void)close(b);
	assert_ok(cof_rm_tree(dir, &err));
	assert_ok(cof_rm_tree(other, &err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define MUST(x)                                                                                                        \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			return __LINE__ % 250 + 1;                                                                     \
	} while (0)

static int no_capabilities(int dir, int other)
{
	(void)dir;
	(void)other;
	MUST(cof_lockdown_caps(0, NULL) == 0);
	MUST(chroot("/") < 0 && errno == EPERM);
	MUST(setuid(0) == 0 && chroot("/") < 0);
	return 0;
}

static int only_beneath(int dir, int other)
{
	int readable[] = {other};
	int f = openat(other, "there", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	MUST(f >= 0);
	MUST(cof_lockdown_files(dir, readable, 1, NULL) == 0);
	MUST(openat(dir, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
	MUST(mkdirat(dir, "d", 0700) == 0);
	MUST(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0);
	MUST(openat(dir, "../../etc/passwd", O_RDONLY | O_CLOEXEC) < 0);
	MUST(openat(other, "there", O_RDONLY | O_CLOEXEC) >= 0);
	MUST(openat(other, "there", O_WRONLY | O_CLOEXEC) < 0);
	MUST(openat(other, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0);
	return 0;
}

static int no_writing_but_beneath(int dir, int other)
{
	char name[64], path[PATH_MAX];
	(void)snprintf(name, sizeof name, "/proc/self/fd/%d", dir);
	ssize_t n = readlink(name, path, sizeof path - 1);
	MUST(n > 0);
	path[n] = '\0';
	const char *const folders[] = {"/no/such/folder", path};
	int f = openat(other, "there", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	MUST(f >= 0);
	MUST(cof_lockdown_writes(folders, 2, NULL) == 0);
	MUST(openat(dir, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
	MUST(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
	MUST(openat(other, "there", O_RDONLY | O_CLOEXEC) >= 0);
	MUST(!cof_lockdown_landlock() || openat(other, "there", O_WRONLY | O_CLOEXEC) < 0);
	MUST(!cof_lockdown_landlock() || unlinkat(other, "there", 0) < 0);
	MUST(!cof_lockdown_landlock() || mkdirat(other, "d", 0700) < 0);
	return 0;
}

static int root_is_the_folder(int dir, int other)
{
	struct stat st;
	(void)other;
	MUST(cof_lockdown_root(dir, NULL) == 0);
	MUST(stat("/etc", &st) < 0 && errno == ENOENT);
	MUST(stat("../../etc", &st) < 0);
	return 0;
}

static int no_network(int dir, int other)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	(void)dir;
	(void)other;
	MUST(cof_lockdown_network(NULL) == 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0);
	return 0;
}

static int few_descriptors(int dir, int other)
{
	(void)dir;
	(void)other;
	MUST(cof_lockdown_limits(16, NULL) == 0);
	int n = 0;
	while (n < 64 && dup(0) >= 0)
		n++;
	MUST(n < 16);
	return 0;
}

static int unpacker_filter(int dir, int other)
{
	(void)other;
	MUST(cof_seccomp_unpacker(NULL) == 0);
	MUST(openat(dir, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0);
	/* The next call ends the process (or, under a sanitizer, fails). */
	MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0);
	return 77;
}

static int fetcher_filter(int dir, int other)
{
	static char *const argv[] = {(char *)(uintptr_t) "true", NULL};
	(void)dir;
	(void)other;
	MUST(cof_seccomp_fetcher(NULL) == 0);
	MUST(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
	MUST(execv("/bin/true", argv) < 0 && errno == EPERM);
	return 0;
}

static void t032_lockdown(void **state)
{
	(void)state;
	assert_int_equal(in_child(no_capabilities), 0);
	assert_int_equal(in_child(only_beneath), 0);
	assert_int_equal(in_child(no_writing_but_beneath), 0);
	assert_int_equal(in_child(root_is_the_folder), 0);
	assert_int_equal(in_child(no_network), 0);
	assert_int_equal(in_child(few_descriptors), 0);
}

static void t032_filters(void **state)
{
	int r = in_child(unpacker_filter);
	(void)state;
	assert_true(r == 1000 + SIGSYS || r == 77);
	assert_int_equal(in_child(fetcher_filter), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t032_lockdown),
		cmocka_unit_test(t032_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
