/* SPDX-License-Identifier: Apache-2.0 */
#include "common/seccomp.h"

#include <errno.h>
#include <seccomp.h>

#include "common/cleanup.h"

static const char *const unpacker_allowed[] = {
	/* bytes and memory */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "close", "lseek", "mmap", "munmap", "mremap",
	"mprotect", "brk", "madvise", "mlock", "copy_file_range", "splice", "fallocate", "ftruncate", "fsync",
	"fdatasync", "fadvise64", "sync_file_range",
	/* names beneath the staging folder */
	"openat", "openat2", "newfstatat", "fstat", "statx", "fstatfs", "mkdirat", "symlinkat", "linkat", "unlinkat",
	"mknodat", "renameat", "renameat2", "readlinkat", "getdents64", "fchmod", "fchmodat", "fchown", "fchownat",
	"utimensat", "umask", "faccessat", "faccessat2", "getcwd", "fsetxattr", "fgetxattr", "flistxattr",
	"fremovexattr", "setxattr", "lsetxattr", "getxattr", "lgetxattr",
	/* the channel, and being a process */
	"sendmsg", "recvmsg", "sendto", "recvfrom", "setsockopt", "poll", "ppoll", "pipe2", "fcntl", "dup", "dup3",
	"futex", "clone", "clone3", "exit", "exit_group", "set_robust_list", "rseq", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sigaltstack", "sched_yield", "sched_getaffinity", "clock_gettime", "clock_nanosleep",
	"gettimeofday", "nanosleep", "restart_syscall", "getpid", "gettid", "tgkill", "getrandom", "prlimit64",
	"getuid", "geteuid", "getgid", "getegid", "uname"};

static const char *const fetcher_denied[] = {"execve",
					     "execveat",
					     "ptrace",
					     "mount",
					     "umount2",
					     "move_mount",
					     "open_tree",
					     "fsopen",
					     "pivot_root",
					     "chroot",
					     "setns",
					     "unshare",
					     "init_module",
					     "finit_module",
					     "delete_module",
					     "bpf",
					     "kexec_load",
					     "kexec_file_load",
					     "reboot",
					     "process_vm_readv",
					     "process_vm_writev",
					     "pidfd_getfd",
					     "keyctl",
					     "add_key",
					     "request_key",
					     "perf_event_open",
					     "io_uring_setup",
					     "userfaultfd",
					     "swapon",
					     "swapoff",
					     "open_by_handle_at",
					     "mknodat",
					     "mknod"};

static int load(uint32_t otherwise, uint32_t action, const char *const *names, size_t n, cof_err *err)
{
	scmp_filter_ctx ctx = seccomp_init(otherwise);
	if (ctx == NULL)
		return cof_err_set(err, COF_E_INTERNAL, "seccomp-failed", "no filter");
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 1);
	for (size_t i = 0; r == 0 && i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);
		if (nr != __NR_SCMP_ERROR)
			r = seccomp_rule_add(ctx, action, nr, 0);
	}
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	if (r < 0)
		return cof_err_set(err, COF_E_IO, "seccomp-failed", "the kernel refused the filter (%d)", r);
	return 0;
}

/* A sanitizer's runtime makes calls of its own; there a refusal must do. */
#ifdef __SANITIZE_ADDRESS__
#define OTHERWISE SCMP_ACT_ERRNO(EPERM)
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

int cof_seccomp_unpacker(cof_err *err)
{
	return load(OTHERWISE, SCMP_ACT_ALLOW, unpacker_allowed, COF_COUNT(unpacker_allowed), err);
}

int cof_seccomp_fetcher(cof_err *err)
{
	return load(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), fetcher_denied, COF_COUNT(fetcher_denied), err);
}
