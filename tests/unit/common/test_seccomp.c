/* SPDX-License-Identifier: Apache-2.0 */
/* The filters at work: each case is a child that asks for what it must not have. */
#include "common/seccomp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/test.h"

/* The exit code of what, or 1000 and the signal that ended it. */
static int in_child(int (*what)(long), long arg)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		_exit(what(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* --- the fetcher --- */

static int asks_as_fetcher(long nr)
{
	if (cof_seccomp_fetcher(NULL) < 0)
		return 2;
	/* Arguments that no call could use: only the filter can answer EPERM. */
	errno = 0;
	return syscall(nr, -1, -1, -1, -1, -1, -1) < 0 && errno == EPERM ? 0 : 1;
}

static void t084_fetcher_may_not(void **state)
{
	static const int denied[] = {
		SYS_execve,
		SYS_execveat,
		SYS_ptrace,
		SYS_move_mount,
		SYS_open_tree,
		SYS_fsopen,
		SYS_setns,
		SYS_init_module,
		SYS_finit_module,
		SYS_delete_module,
		SYS_bpf,
		SYS_kexec_load,
		SYS_kexec_file_load,
		SYS_reboot,
		SYS_process_vm_readv,
		SYS_pidfd_getfd,
		SYS_keyctl,
		SYS_add_key,
		SYS_request_key,
		SYS_perf_event_open,
		SYS_io_uring_setup,
		SYS_userfaultfd,
		SYS_open_by_handle_at,
		SYS_mknodat,
		SYS_unshare,
		SYS_process_vm_writev,
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(denied); i++)
		if (in_child(asks_as_fetcher, denied[i]) != 0)
			fail_msg("system call %d", denied[i]);
}

static int fetcher_works(long arg)
{
	int fds[2];
	(void)arg;
	if (cof_seccomp_fetcher(NULL) < 0 || pipe2(fds, O_CLOEXEC) < 0 || write(fds[1], "x", 1) != 1)
		return 1;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return s >= 0 ? 0 : 1;
}

static void fetcher_can_fetch(void **state)
{
	(void)state;
	assert_int_equal(in_child(fetcher_works, 0), 0);
}

/* --- the unpacker --- */

static int asks_as_unpacker(long nr)
{
	if (cof_seccomp_unpacker(NULL) < 0)
		return 2;
	/* Under a sanitizer the answer is EPERM; else nothing answers any more. */
	errno = 0;
	return syscall(nr, -1, -1, -1, -1, -1, -1) < 0 && errno == EPERM ? 77 : 1;
}

static void t032_unpacker_may_not(void **state)
{
	static const int denied[] = {
		SYS_socket,	 SYS_connect,
		SYS_bind,	 SYS_execve,
		SYS_execveat,	 SYS_ptrace,
		SYS_mount,	 SYS_umount2,
		SYS_setns,	 SYS_unshare,
		SYS_chroot,	 SYS_pivot_root,
		SYS_bpf,	 SYS_keyctl,
		SYS_reboot,	 SYS_open_by_handle_at,
		SYS_kill,	 SYS_memfd_create,
		SYS_ioctl,	 SYS_io_uring_setup,
		SYS_pidfd_getfd, SYS_name_to_handle_at,
		SYS_prctl,	 SYS_capset,
		SYS_setuid,	 SYS_perf_event_open,
		SYS_userfaultfd, SYS_process_vm_readv,
	};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(denied); i++) {
		int r = in_child(asks_as_unpacker, denied[i]);
		if (r != 1000 + SIGSYS && r != 77)
			fail_msg("system call %d: %d", denied[i], r);
	}
}

static int unpacker_works(long arg)
{
	char dir[] = "/tmp/coffer-seccomp-XXXXXX", byte = 0;
	(void)arg;
	if (mkdtemp(dir) == NULL)
		return 3;
	int d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cof_seccomp_unpacker(NULL) < 0)
		return 2;
	int f = openat(d, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f < 0 || write(f, "x", 1) != 1 || pread(f, &byte, 1, 0) != 1 || symlinkat("f", d, "l") < 0 ||
	    mkdirat(d, "d", 0700) < 0 || fchownat(d, "l", 1, 1, AT_SYMLINK_NOFOLLOW) < 0 ||
	    linkat(d, "f", d, "h", 0) < 0 || unlinkat(d, "h", 0) < 0)
		return 1;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || munmap(p, 4096) < 0)
		return 1;
	return unlinkat(d, "f", 0) + unlinkat(d, "l", 0) + unlinkat(d, "d", AT_REMOVEDIR) +
	       unlinkat(AT_FDCWD, dir, AT_REMOVEDIR);
}

static void unpacker_can_unpack(void **state)
{
	(void)state;
	assert_int_equal(in_child(unpacker_works, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t084_fetcher_may_not),
		cmocka_unit_test(fetcher_can_fetch),
		cmocka_unit_test(t032_unpacker_may_not),
		cmocka_unit_test(unpacker_can_unpack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
