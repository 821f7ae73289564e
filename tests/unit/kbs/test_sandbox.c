/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attestation/kbs/sandbox.h"
#include "common/digest.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Runs what in a child behind the sandbox; its number of violations is the exit code. */
static int violations(int (*enter)(cof_err *), int (*what)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(enter(NULL) < 0 ? 99 : what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int worked(long result)
{
	return result >= 0;
}

static int try_forbidden_of_verifier(void)
{
	static char *const argv[] = {NULL};
	return worked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) + worked(socket(AF_UNIX, SOCK_STREAM, 0)) +
	       worked(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) +
	       worked(open("/tmp/coffer-sandbox", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) + worked(fork()) +
	       worked(execve("/bin/true", argv, argv)) + worked(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) +
	       worked(kill(getppid(), 0));
}

static int try_forbidden_of_front(void)
{
	static char *const argv[] = {NULL};
	return worked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) +
	       worked(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) + worked(execve("/bin/true", argv, argv)) +
	       worked(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) + worked(kill(getppid(), 0));
}

static int compute(void)
{
	uint8_t d[COF_SHA256_LEN];
	void *p = malloc(4 << 20);
	int bad = p == NULL || cof_sha256(cof_span_of(p, 1 << 20), d, NULL) < 0;
	free(p);
	return bad;
}

static void t079_the_verifier_can_compute_and_nothing_else(void **state)
{
	(void)state;
	assert_int_equal(violations(cof_sandbox_verifier, compute), 0);
	if (SANITIZED)
		skip();
	assert_int_equal(violations(cof_sandbox_verifier, try_forbidden_of_verifier), 0);
}

static void t063_the_front_cannot_reach_out(void **state)
{
	(void)state;
	assert_int_equal(violations(cof_sandbox_front, compute), 0);
	if (SANITIZED)
		skip();
	assert_int_equal(violations(cof_sandbox_front, try_forbidden_of_front), 0);
}

static int core_limit(void)
{
	struct rlimit r;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	return getrlimit(RLIMIT_CORE, &r) == 0 && r.rlim_cur == 0 && r.rlim_max == 0 ? 0 : 1;
}

static void t078_the_front_leaves_no_core_and_gains_nothing(void **state)
{
	(void)state;
	if (SANITIZED)
		skip();
	assert_int_equal(violations(cof_sandbox_front, core_limit), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t079_the_verifier_can_compute_and_nothing_else),
		cmocka_unit_test(t063_the_front_cannot_reach_out),
		cmocka_unit_test(t078_the_front_leaves_no_core_and_gains_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
