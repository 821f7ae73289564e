/* SPDX-License-Identifier: Apache-2.0 */
/* The filters at work: each case is a child that asks for what it must not have. */
#include "agent/seccomp.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/json.h"
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

/* --- the workload's profile, which crun loads --- */

static bool has_word(const json_t *list, const char *word)
{
	size_t i = 0;
	json_t *v = NULL;
	json_array_foreach (list, i, v)
		if (strcmp(json_string_value(v), word) == 0)
			return true;
	return false;
}

/* The rule for a call: the one with this first argument, when value is not negative. NULL: allowed. */
static const json_t *rule_for(const json_t *profile, const char *call, json_int_t value)
{
	size_t i = 0;
	json_t *r = NULL;
	json_array_foreach (json_object_get(profile, "syscalls"), i, r) {
		const json_t *arg = json_array_get(json_object_get(r, "args"), 0);
		if (has_word(json_object_get(r, "names"), call) &&
		    (value < 0 || json_integer_value(json_object_get(arg, "value")) == value))
			return r;
	}
	return NULL;
}

static void assert_refused(const json_t *profile, const char *call, json_int_t value, int error)
{
	const json_t *r = rule_for(profile, call, value);
	if (r == NULL)
		fail_msg("%s(%d) is allowed", call, (int)value);
	assert_string_equal(json_string_value(json_object_get(r, "action")), "SCMP_ACT_ERRNO");
	assert_int_equal(json_integer_value(json_object_get(r, "errnoRet")), error);
}

/* The doors that kernel exploits came through, and the families that reach the host. */
static void t084_workload_may_not(void **state)
{
	static const char *const calls[] = {"bpf",	   "io_uring_setup",	"io_uring_enter",   "userfaultfd",
					    "keyctl",	   "add_key",		"request_key",	    "perf_event_open",
					    "init_module", "finit_module",	"kexec_load",	    "kexec_file_load",
					    "mount",	   "umount2",		"pivot_root",	    "setns",
					    "move_mount",  "open_tree",		"fsopen",	    "open_by_handle_at",
					    "reboot",	   "process_vm_writev", "process_vm_readv", "syslog"};
	static const int families[] = {AF_VSOCK, AF_ALG, AF_PACKET, AF_TIPC, AF_RDS, AF_XDP};
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	assert_non_null(p);
	for (size_t i = 0; i < COF_COUNT(calls); i++)
		assert_refused(p, calls[i], -1, EPERM);
	for (size_t i = 0; i < COF_COUNT(families); i++)
		assert_refused(p, "socket", families[i], EAFNOSUPPORT);
	assert_null(rule_for(p, "socket", AF_INET));
	assert_null(rule_for(p, "socket", AF_UNIX));
}

/* T-28: no swap from inside either. T-80: no user namespace, by any of the calls that make one. */
static void t028_no_swap(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	assert_refused(p, "swapon", -1, EPERM);
	assert_refused(p, "swapoff", -1, EPERM);
}

static void t080_no_user_namespace(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	static const char *const calls[] = {"clone", "unshare"};
	for (size_t i = 0; i < COF_COUNT(calls); i++) {
		assert_refused(p, calls[i], CLONE_NEWUSER, EPERM);
		const json_t *arg = json_array_get(json_object_get(rule_for(p, calls[i], -1), "args"), 0);
		/* Masked: other flags beside it change nothing. */
		assert_string_equal(json_string_value(json_object_get(arg, "op")), "SCMP_CMP_MASKED_EQ");
		assert_int_equal(json_integer_value(json_object_get(arg, "valueTwo")), CLONE_NEWUSER);
	}
	assert_refused(p, "clone3", -1, ENOSYS);
	assert_int_equal(json_array_size(json_object_get(rule_for(p, "clone3", -1), "args")), 0);
}

/* The other entries of the kernel would pass by a filter that knows one numbering. */
static void t084_one_architecture(void **state)
{
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	const json_t *archs = json_object_get(p, "architectures");
	assert_int_equal(json_array_size(archs), 1);
	assert_string_equal(json_string_value(json_array_get(archs, 0)), "SCMP_ARCH_X86_64");
}

/* A misspelt name would be skipped without a word. */
static void names_are_known(void **state)
{
	static const char *const gone[] = {"create_module", "get_kernel_syms", "nfsservctl",
					   "query_module",  "uselib",	       "lookup_dcookie"};
	size_t i = 0, k = 0, n = 0;
	json_t *r = NULL, *name = NULL;
	(void)state;
	COF_AUTO_PTR(json_t) p = cof_seccomp_profile();
	json_array_foreach (json_object_get(p, "syscalls"), i, r) {
		json_array_foreach (json_object_get(r, "names"), k, name) {
			bool old = false;
			n++;
			for (size_t g = 0; g < COF_COUNT(gone); g++)
				old = old || strcmp(gone[g], json_string_value(name)) == 0;
			if (!old && seccomp_syscall_resolve_name(json_string_value(name)) == __NR_SCMP_ERROR)
				fail_msg("%s is no system call", json_string_value(name));
		}
	}
	assert_true(n > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t084_fetcher_may_not),	  cmocka_unit_test(fetcher_can_fetch),
		cmocka_unit_test(t032_unpacker_may_not),  cmocka_unit_test(unpacker_can_unpack),
		cmocka_unit_test(t084_workload_may_not),  cmocka_unit_test(t028_no_swap),
		cmocka_unit_test(t080_no_user_namespace), cmocka_unit_test(t084_one_architecture),
		cmocka_unit_test(names_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
