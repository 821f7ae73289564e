/* SPDX-License-Identifier: Apache-2.0 */
#include "attestation/kbs/sandbox.h"

#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/cleanup.h"

/* A sanitizer's runtime maps terabytes and needs calls of its own: there only the limits that it bears apply. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

typedef struct limit {
	__rlimit_resource_t what;
	rlim_t value;
} limit;

static const limit verifier_limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_CPU, 10},
	{RLIMIT_FSIZE, 0},
#if !SANITIZED
	{RLIMIT_AS, 512 << 20},
#endif
};

static const limit front_limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_FSIZE, 0},
};

static const int verifier_calls[] = {
	SCMP_SYS(read),		  SCMP_SYS(write),	  SCMP_SYS(close),	 SCMP_SYS(exit),
	SCMP_SYS(exit_group),	  SCMP_SYS(brk),	  SCMP_SYS(mmap),	 SCMP_SYS(munmap),
	SCMP_SYS(mremap),	  SCMP_SYS(mprotect),	  SCMP_SYS(madvise),	 SCMP_SYS(mlock),
	SCMP_SYS(munlock),	  SCMP_SYS(futex),	  SCMP_SYS(getrandom),	 SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),	  SCMP_SYS(time),	  SCMP_SYS(getpid),	 SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield), SCMP_SYS(poll),
	SCMP_SYS(fstat),	  SCMP_SYS(newfstatat),	  SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
};

static const int front_refused[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(openat2),
	SCMP_SYS(creat),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(rename),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(socket),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(bpf),
	SCMP_SYS(keyctl),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(kill),
	SCMP_SYS(tkill),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(userfaultfd),
};

static int set_limits(const limit *l, size_t n, cof_err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct rlimit r = {l[i].value, l[i].value};
		if (setrlimit(l[i].what, &r) < 0)
			return cof_err_sys(err, "sandbox-failed", "limit %d", (int)l[i].what);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return cof_err_sys(err, "sandbox-failed", "no new privileges");
	return 0;
}

static int load_filter(uint32_t otherwise, uint32_t listed, const int *calls, size_t n, cof_err *err)
{
	scmp_filter_ctx f = seccomp_init(otherwise);
	if (f == NULL)
		return cof_err_oom(err);
	int rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = seccomp_rule_add(f, listed, calls[i], 0);
	if (rc == 0)
		rc = seccomp_load(f);
	seccomp_release(f);
	return rc == 0 ? 0 : cof_err_set(err, COF_E_IO, "sandbox-failed", "seccomp: %s", strerror(-rc));
}

int cof_sandbox_verifier(cof_err *err)
{
	int rc = set_limits(verifier_limits, COF_COUNT(verifier_limits), err);
	if (rc < 0 || SANITIZED)
		return rc;
	return load_filter(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ALLOW, verifier_calls, COF_COUNT(verifier_calls), err);
}

int cof_sandbox_front(cof_err *err)
{
	int rc = set_limits(front_limits, COF_COUNT(front_limits), err);
	if (rc < 0 || SANITIZED)
		return rc;
	return load_filter(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), front_refused, COF_COUNT(front_refused), err);
}
