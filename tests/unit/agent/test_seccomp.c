/* SPDX-License-Identifier: Apache-2.0 */
/* The profile that crun loads for a workload. */
#include "agent/seccomp.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/socket.h>

#include "common/json.h"
#include "tests/unit/test.h"

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
		cmocka_unit_test(t084_workload_may_not),  cmocka_unit_test(t028_no_swap),
		cmocka_unit_test(t080_no_user_namespace), cmocka_unit_test(t084_one_architecture),
		cmocka_unit_test(names_are_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
