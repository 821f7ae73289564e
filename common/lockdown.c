/* SPDX-License-Identifier: Apache-2.0 */
#include "common/lockdown.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "common/cleanup.h"

int cof_lockdown_caps(uint64_t mask, cof_err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	for (unsigned i = 0; i < 64; i++)
		if ((mask >> i & 1) == 0 && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EINVAL)
			return cof_err_sys(err, "lockdown-failed", "bounding set");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(mask >> (32 * i));
		data[i].effective = data[i].permitted;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return cof_err_sys(err, "lockdown-failed", "capabilities");
	return 0;
}

/* Rights that each version of the interface added; a kernel refuses bits that it does not know. */
static const uint64_t landlock_rights[] = {
	[1] = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	[2] = 1ull << 13, /* link and rename across folders */
	[3] = 1ull << 14, /* truncate */
};

static uint64_t rights_of(long version)
{
	uint64_t rights = 0;
	for (size_t v = 1; v < COF_COUNT(landlock_rights) && (long)v <= version; v++)
		rights |= landlock_rights[v];
	return rights;
}

static long landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool cof_lockdown_landlock(void)
{
	return landlock_version() >= 1;
}

static int allow_beneath(int rules, int dirfd, uint64_t rights, cof_err *err)
{
	struct landlock_path_beneath_attr beneath = {.allowed_access = rights, .parent_fd = dirfd};
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return cof_err_sys(err, "lockdown-failed", "landlock rule");
	return 0;
}

static int restrict_self(int rules, cof_err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return cof_err_sys(err, "lockdown-failed", "landlock");
	return 0;
}

int cof_lockdown_files(int dirfd, const int *readable, size_t n, cof_err *err)
{
	static const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	long version = landlock_version();
	if (version < 1)
		return 0;
	uint64_t rights = rights_of(version);
	struct landlock_ruleset_attr attr = {.handled_access_fs = rights};
	COF_AUTO_FD int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (rules < 0)
		return cof_err_sys(err, "lockdown-failed", "landlock ruleset");
	int r = allow_beneath(rules, dirfd, rights & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = allow_beneath(rules, readable[i], reading, err);
	return r < 0 ? r : restrict_self(rules, err);
}

int cof_lockdown_writes(const char *const *folders, size_t n, cof_err *err)
{
	static const uint64_t reading =
		LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	long version = landlock_version();
	if (version < 1)
		return 0;
	uint64_t rights = rights_of(version) & ~reading;
	struct landlock_ruleset_attr attr = {.handled_access_fs = rights};
	COF_AUTO_FD int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
	if (rules < 0)
		return cof_err_sys(err, "lockdown-failed", "landlock ruleset");
	for (size_t i = 0; i < n; i++) {
		COF_AUTO_FD int dir = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		int r = dir < 0 ? 0 : allow_beneath(rules, dir, rights, err);
		if (r < 0)
			return r;
	}
	return restrict_self(rules, err);
}

int cof_lockdown_root(int dirfd, cof_err *err)
{
	if (fchdir(dirfd) < 0 || chroot(".") < 0)
		return cof_err_sys(err, "lockdown-failed", "chroot");
	return 0;
}

int cof_lockdown_network(cof_err *err)
{
	return unshare(CLONE_NEWNET) < 0 ? cof_err_sys(err, "lockdown-failed", "network namespace") : 0;
}

int cof_lockdown_limits(unsigned long files, cof_err *err)
{
	const struct rlimit few = {files, files};
	const struct rlimit none = {0, 0};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &few) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return cof_err_sys(err, "lockdown-failed", "limits");
	return 0;
}
