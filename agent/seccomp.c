/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/seccomp.h"

#include <errno.h>
#include <linux/sched.h>
#include <sys/socket.h>

#include "common/cleanup.h"

/* Loading code into the kernel, watching others, and the subsystems that most kernel exploits came through. */
static const char *const workload_denied[] = {"add_key",
					      "bpf",
					      "create_module",
					      "delete_module",
					      "finit_module",
					      "fsconfig",
					      "fsmount",
					      "fsopen",
					      "fspick",
					      "get_kernel_syms",
					      "init_module",
					      "io_uring_enter",
					      "io_uring_register",
					      "io_uring_setup",
					      "ioperm",
					      "iopl",
					      "kexec_file_load",
					      "kexec_load",
					      "keyctl",
					      "lookup_dcookie",
					      "mount",
					      "mount_setattr",
					      "move_mount",
					      "name_to_handle_at",
					      "nfsservctl",
					      "open_by_handle_at",
					      "open_tree",
					      "perf_event_open",
					      "pivot_root",
					      "process_vm_readv",
					      "process_vm_writev",
					      "query_module",
					      "quotactl",
					      "reboot",
					      "request_key",
					      "setns",
					      "swapoff",
					      "swapon",
					      "syslog",
					      "umount2",
					      "userfaultfd",
					      "uselib",
					      "vmsplice"};

/* Families whose sockets reach the host (vsock) or the kernel's rarely used corners. */
static const int families_denied[] = {AF_VSOCK, AF_ALG, AF_PACKET, AF_TIPC, AF_RDS, AF_XDP};

static json_t *rule(const char *name, int error, json_t *args)
{
	return json_pack("{s:[s], s:s, s:i, s:o}", "names", name, "action", "SCMP_ACT_ERRNO", "errnoRet", error, "args",
			 args);
}

static json_t *denied_names(void)
{
	json_t *names = json_array();
	for (size_t i = 0; i < COF_COUNT(workload_denied); i++)
		(void)json_array_append_new(names, json_string(workload_denied[i]));
	return json_pack("{s:o, s:s, s:i}", "names", names, "action", "SCMP_ACT_ERRNO", "errnoRet", EPERM);
}

static json_t *new_user_namespace(const char *call)
{
	return rule(call, EPERM,
		    json_pack("[{s:i, s:I, s:I, s:s}]", "index", 0, "value", (json_int_t)CLONE_NEWUSER, "valueTwo",
			      (json_int_t)CLONE_NEWUSER, "op", "SCMP_CMP_MASKED_EQ"));
}

json_t *cof_seccomp_profile(void)
{
	json_t *calls = json_array();
	(void)json_array_append_new(calls, denied_names());
	for (size_t i = 0; i < COF_COUNT(families_denied); i++)
		(void)json_array_append_new(calls, rule("socket", EAFNOSUPPORT,
							json_pack("[{s:i, s:i, s:s}]", "index", 0, "value",
								  families_denied[i], "op", "SCMP_CMP_EQ")));
	(void)json_array_append_new(calls, new_user_namespace("clone"));
	(void)json_array_append_new(calls, new_user_namespace("unshare"));
	/* Its flags lie in memory where no filter can see them; libc falls back to clone on ENOSYS. */
	(void)json_array_append_new(calls, rule("clone3", ENOSYS, json_array()));
	/* One architecture: the 32-bit entries, which would pass by the socket rules, end the process. */
	return json_pack("{s:s, s:[s], s:o}", "defaultAction", "SCMP_ACT_ALLOW", "architectures", "SCMP_ARCH_X86_64",
			 "syscalls", calls);
}
