/* SPDX-License-Identifier: Apache-2.0 */
/* What PID 1 does, in a child with namespaces of its own, on a root of its own. */
#include "agent/boot.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "tests/unit/agent/rig.h"

static char dir[] = "/tmp/coffer-boot-XXXXXX";

#define MUST(x)                                                                                                        \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			return __LINE__;                                                                               \
	} while (0)

/* The line where what found something else than it should, by a pipe because exit codes are short; 0: all well. */
static int in_child(int (*what)(void))
{
	int fds[2], line = -1;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		line = what();
		_exit(write(fds[1], &line, sizeof line) == (ssize_t)sizeof line ? 0 : 1);
	}
	(void)close(fds[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)!read(fds[0], &line, sizeof line);
	(void)close(fds[0]);
	return line;
}

/* A mount namespace whose root is an empty tmpfs. */
static int enter(void)
{
	MUST(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0);
	MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	MUST(mount("root", dir, "tmpfs", 0, "") == 0);
	MUST(chroot(dir) == 0 && chdir("/") == 0);
	return 0;
}

/* A mount of its own, with all of these flags. */
static bool is_mounted(const char *path, unsigned long flags)
{
	struct statvfs at;
	struct stat here, above;
	char parent[64];
	(void)snprintf(parent, sizeof parent, "%s/..", path);
	return statvfs(path, &at) == 0 && stat(path, &here) == 0 && stat(parent, &above) == 0 &&
	       here.st_dev != above.st_dev && (at.f_flag & flags) == flags;
}

/* T-80: nothing that a guest mounts for itself lets devices or set-user-ids in where files can be made. */
static int mounts(void)
{
	enum { QUIET = ST_NOSUID | ST_NODEV };
	int r = enter();
	MUST(r == 0);
	MUST(cof_boot_mounts(NULL) == 0);
	MUST(access("/proc/self/status", F_OK) == 0);
	MUST(is_mounted("/proc", QUIET | ST_NOEXEC));
	MUST(is_mounted("/sys", QUIET | ST_NOEXEC));
	MUST(is_mounted("/dev", ST_NOSUID | ST_NOEXEC));
	MUST(is_mounted("/run", QUIET) && is_mounted("/tmp", QUIET | ST_NOEXEC));
	MUST(is_mounted("/dev/shm", QUIET | ST_NOEXEC));
	/* Twice is no harm: the kernel may have been first with one of them. */
	MUST(cof_boot_mounts(NULL) == 0);
	return 0;
}

static void t080_mounts(void **state)
{
	(void)state;
	assert_int_equal(in_child(mounts), 0);
}

static int leaves(void)
{
	int r = enter();
	MUST(r == 0);
	MUST(close(open("/before", O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == 0);
	MUST(cof_boot_leave_initramfs(NULL) == 0);
	MUST(access("/before", F_OK) == 0);
	char here[64];
	MUST(getcwd(here, sizeof here) != NULL && strcmp(here, "/") == 0);
	/* What it is for: a container's root can be pivoted into. */
	MUST(mkdir("/new", 0700) == 0 && mount("n", "/new", "tmpfs", 0, "") == 0 && mkdir("/new/old", 0700) == 0);
	MUST(syscall(SYS_pivot_root, "/new", "/new/old") == 0 && access("/old/before", F_OK) == 0);
	return 0;
}

static void root_becomes_a_mount(void **state)
{
	(void)state;
	assert_int_equal(in_child(leaves), 0);
}

/* --- modules --- */

static int put(const char *name, const char *text)
{
	return cof_file_write(name, cof_span_str(text), 0600, NULL);
}

static int modules(void)
{
	int r = enter();
	MUST(r == 0);
	cof_err err = {0};
	MUST(cof_boot_modules("/absent", &err) == 0 && err.cls == COF_OK);
	MUST(put("/list", "") == 0 && cof_boot_modules("/list", NULL) == 0);
	MUST(put("/list", "# none\n\n#/etc/passwd\n") == 0 && cof_boot_modules("/list", NULL) == 0);
	MUST(put("/list", "/no/such/module.ko") == 0 && cof_boot_modules("/list", &err) < 0);
	MUST(cof_err_is(&err, "module-failed") && strstr(err.text, "/no/such/module.ko") != NULL);
	/* A file that is no module; and the ones behind it are not tried. */
	MUST(put("/fake.ko", "not a module") == 0 && put("/list", "# a\n/fake.ko\n/other.ko\n") == 0);
	err = (cof_err){0};
	MUST(cof_boot_modules("/list", &err) < 0 && strstr(err.text, "/fake.ko") != NULL);
	return 0;
}

static void modules_by_list_only(void **state)
{
	(void)state;
	assert_int_equal(in_child(modules), 0);
}

/* A module for a device counts only where the device is: the fake one is no module, so that trying it shows. */
static int modules_for_devices(void)
{
	int r = enter();
	MUST(r == 0);
	cof_err err = {0};
	MUST(put("/fake.ko", "not a module") == 0 && put("/list", "/fake.ko virtio:0x0013\n") == 0);
	MUST(!cof_boot_has_virtio("0x0013") && cof_boot_modules("/list", NULL) == 0);
	MUST(cof_mkdirs("/sys/bus/virtio/devices/virtio0", 0700, NULL) == 0);
	MUST(!cof_boot_has_virtio("0x0013") && cof_boot_modules("/list", NULL) == 0); /* says no type */
	MUST(put("/sys/bus/virtio/devices/virtio0/device", "0x00130\n") == 0);
	MUST(!cof_boot_has_virtio("0x0013") && !cof_boot_has_virtio("0x001") && !cof_boot_has_virtio(""));
	MUST(put("/sys/bus/virtio/devices/virtio0/device", "0x0001\n") == 0 && cof_boot_modules("/list", NULL) == 0);
	MUST(cof_mkdirs("/sys/bus/virtio/devices/virtio1", 0700, NULL) == 0);
	MUST(put("/sys/bus/virtio/devices/virtio1/device", "0x0013\n") == 0 && cof_boot_has_virtio("0x0013"));
	MUST(cof_boot_modules("/list", &err) < 0 && strstr(err.text, "/fake.ko") != NULL);
	/* A condition that this agent does not know is an error and neither yes nor no. */
	MUST(put("/list", "/fake.ko pci:0x0013\n") == 0 && cof_boot_modules("/list", &err) < 0);
	MUST(put("/list", "/fake.ko \n") == 0 && cof_boot_modules("/list", &err) < 0);
	MUST(cof_err_is(&err, "module-failed") && err.cls == COF_E_MALFORMED);
	return 0;
}

/* The same for the processors' drivers: by a device, and by a flag that is the whole word. */
static int modules_for_processors(void)
{
	int r = enter();
	MUST(r == 0);
	cof_err err = {0};
	MUST(put("/fake.ko", "not a module") == 0 && put("/list", "/fake.ko platform:sev-guest\n") == 0);
	MUST(cof_boot_modules("/list", NULL) == 0);
	MUST(cof_mkdirs("/sys/bus/platform/devices/sev-guest2", 0700, NULL) == 0 &&
	     cof_boot_modules("/list", NULL) == 0);
	MUST(cof_mkdirs("/sys/bus/platform/devices/sev-guest", 0700, NULL) == 0 && cof_boot_modules("/list", NULL) < 0);
	MUST(put("/list", "/fake.ko cpu:tdx_guest\n") == 0);
	MUST(cof_boot_modules("/list", NULL) == 0); /* no /proc */
	MUST(mkdir("/proc", 0700) == 0 && put("/proc/cpuinfo", "") == 0 && cof_boot_modules("/list", NULL) == 0);
	MUST(put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tdx_guest2 xtdx_guest\nbugs\t\t: tdx_guest\n") == 0);
	MUST(cof_boot_modules("/list", NULL) == 0);
	MUST(put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu\n\nprocessor\t: 1\nflags\t\t: tdx_guest\n") == 0);
	MUST(cof_boot_modules("/list", NULL) == 0); /* the first one speaks for all */
	MUST(put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tdx_guest\nbugs\t\t:\n") == 0);
	MUST(cof_boot_modules("/list", &err) < 0 && strstr(err.text, "/fake.ko") != NULL);
	MUST(put("/proc/cpuinfo", "processor\t: 0\nflags\t\t: tdx_guest") == 0 && cof_boot_modules("/list", NULL) < 0);
	return 0;
}

static void t084_modules_for_processors(void **state)
{
	(void)state;
	assert_int_equal(in_child(modules_for_processors), 0);
}

static void t084_modules_for_devices_that_are_there(void **state)
{
	(void)state;
	assert_int_equal(in_child(modules_for_devices), 0);
}

static int long_list(void)
{
	COF_AUTO(cof_buf) text = {0};
	int r = enter();
	MUST(r == 0);
	while (text.len < 70 << 10)
		MUST(cof_buf_add_str(&text, "# more and more\n", NULL) == 0);
	MUST(cof_file_write("/list", cof_buf_span(&text), 0600, NULL) == 0);
	MUST(cof_boot_modules("/list", NULL) < 0);
	return 0;
}

static void t085_a_list_beyond_its_limit(void **state)
{
	(void)state;
	assert_int_equal(in_child(long_list), 0);
}

/* --- settings --- */

/* Without a /proc there is nothing to set, and that is no failure; what is the process's own is set all the same. */
static int settles(void)
{
	struct rlimit core = {1, 1};
	int r = enter();
	MUST(r == 0);
	MUST(cof_boot_settle(NULL) == 0);
	MUST(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
	MUST(umask(0) == 022);
	return 0;
}

/* T-26: no core file ever has the guest's memory in it. */
static void t026_no_core(void **state)
{
	(void)state;
	assert_int_equal(in_child(settles), 0);
}

/* --- the last words --- */

static int says(void)
{
	char text[1024] = "", long_text[COF_ERR_TEXT_MAX];
	int r = enter();
	MUST(r == 0);
	MUST(mkdir("/dev", 0700) == 0);
	int fds[2];
	MUST(pipe2(fds, O_CLOEXEC) == 0 && dup2(fds[1], STDERR_FILENO) == STDERR_FILENO);
	cof_boot_say("policy-missing", "initdata has no policy.json");
	MUST(read(fds[0], text, sizeof text - 1) > 0);
	MUST(strcmp(text, "\ncoffer-agent: policy-missing: initdata has no policy.json\n") == 0);
	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	cof_boot_say("a-reason-of-some-length-that-still-is-one-word", long_text);
	ssize_t n = read(fds[0], text, sizeof text - 1);
	MUST(n > (ssize_t)sizeof long_text && n < (ssize_t)sizeof text);
	return 0;
}

static void last_words(void **state)
{
	(void)state;
	assert_int_equal(in_child(says), 0);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t080_mounts),
		cmocka_unit_test(root_becomes_a_mount),
		cmocka_unit_test(modules_by_list_only),
		cmocka_unit_test(t084_modules_for_devices_that_are_there),
		cmocka_unit_test(t084_modules_for_processors),
		cmocka_unit_test(t085_a_list_beyond_its_limit),
		cmocka_unit_test(t026_no_core),
		cmocka_unit_test(last_words),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
