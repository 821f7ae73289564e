/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/boot.h"

#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/file.h"

#define VIRTIO "/sys/bus/virtio/devices"

enum { CPUINFO_MAX = 4 << 20 }; /* some 4 KiB a processor */

typedef struct mount_entry {
	const char *source, *target, *type, *options;
	unsigned long flags;
	bool optional; /* a kernel without it still makes a guest */
} mount_entry;

static const mount_entry table[] = {
	{"proc", "/proc", "proc", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, false},
	{"sysfs", "/sys", "sysfs", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, false},
	{"devtmpfs", "/dev", "devtmpfs", "mode=0755", MS_NOSUID | MS_NOEXEC, false},
	{"devpts", "/dev/pts", "devpts", "gid=5,mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, false},
	{"shm", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NOEXEC | MS_NODEV, false},
	{"securityfs", "/sys/kernel/security", "securityfs", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, true},
	{"cgroup2", "/sys/fs/cgroup", "cgroup2", "", MS_NOSUID | MS_NOEXEC | MS_NODEV, false},
	/* Layers and rootfs live here: in guest memory. A workload needs device-free, not exec-free files. */
	{"run", "/run", "tmpfs", "mode=0755,size=80%", MS_NOSUID | MS_NODEV, false},
	{"tmp", "/tmp", "tmpfs", "mode=1777,size=16m", MS_NOSUID | MS_NODEV | MS_NOEXEC, false},
};

/* Only the module that brings it makes the folder. */
static const mount_entry configfs = {"configfs", "/sys/kernel/config", "configfs", "", MS_NOSUID | MS_NOEXEC | MS_NODEV,
				     true};

static int mount_one(const mount_entry *m, cof_err *err)
{
	int r = cof_mkdirs(m->target, 0755, err);
	if (r < 0)
		return m->optional ? 0 : r;
	/* The kernel may have mounted devtmpfs itself. */
	if (mount(m->source, m->target, m->type, m->flags, m->options) == 0 || errno == EBUSY || m->optional)
		return 0;
	return cof_err_sys(err, "mount-failed", "%s on %s", m->type, m->target);
}

int cof_boot_mounts(cof_err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(table); i++)
		r = mount_one(&table[i], err);
	return r;
}

int cof_boot_leave_initramfs(cof_err *err)
{
	static const char aside[] = "/.root";
	if (mkdir(aside, 0700) < 0 && errno != EEXIST)
		return cof_err_sys(err, "root-failed", "mkdir");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return cof_err_sys(err, "root-failed", "private mounts");
	if (mount("/", aside, NULL, MS_BIND, NULL) < 0)
		return cof_err_sys(err, "root-failed", "bind");
	if (chdir(aside) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return cof_err_sys(err, "root-failed", "moving the root");
	return 0;
}

/* --- modules --- */

static int load_module(const char *path, cof_err *err)
{
	COF_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cof_err_sys(err, "module-failed", "%s", path);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return cof_err_sys(err, "module-failed", "%s", path);
	return 0;
}

/* A device's "device" file says its type as "0x0013\n". */
static bool has_type(const char *entry, const char *type)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) text = {0};
	if (cof_path(&path, NULL, VIRTIO "/%s/device", entry) < 0 || cof_file_read(path, 64, &text, NULL) < 0)
		return false;
	size_t n = strlen(type);
	return strncmp(cof_buf_str(&text), type, n) == 0 && strcmp(cof_buf_str(&text) + n, "\n") == 0;
}

bool cof_boot_has_virtio(const char *type)
{
	bool found = false;
	DIR *d = opendir(VIRTIO);
	for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL && !found; e = readdir(d))
		found = e->d_name[0] != '.' && has_type(e->d_name, type);
	if (d != NULL)
		(void)closedir(d);
	return found;
}

static bool has_platform(const char *name)
{
	COF_AUTO_FREE char *path = NULL;
	return cof_path(&path, NULL, "/sys/bus/platform/devices/%s", name) == 0 && access(path, F_OK) == 0;
}

/* A word of the first processor's flags. */
static bool has_cpu_flag(const char *flag)
{
	COF_AUTO(cof_buf) text = {0};
	char *state = NULL;
	if (cof_file_read("/proc/cpuinfo", CPUINFO_MAX, &text, NULL) < 0 || text.len == 0)
		return false;
	char *line = strstr((char *)text.data, "\nflags");
	if (line == NULL)
		return false;
	line++;
	line[strcspn(line, "\n")] = '\0';
	for (char *w = strtok_r(line, " \t:", &state); w != NULL; w = strtok_r(NULL, " \t:", &state))
		if (strcmp(w, flag) == 0)
			return true;
	return false;
}

typedef struct condition {
	const char *prefix;
	bool (*holds)(const char *what);
} condition;

static const condition conditions[] = {
	{"virtio:", cof_boot_has_virtio}, {"platform:", has_platform}, {"cpu:", has_cpu_flag}};

/* "PATH" or "PATH CONDITION". */
static int load_line(char *line, cof_err *err)
{
	char *when = strchr(line, ' ');
	if (when == NULL)
		return load_module(line, err);
	*when++ = '\0';
	for (size_t i = 0; i < COF_COUNT(conditions); i++) {
		size_t n = strlen(conditions[i].prefix);
		if (strncmp(when, conditions[i].prefix, n) == 0)
			return conditions[i].holds(when + n) ? load_module(line, err) : 0;
	}
	return cof_err_set(err, COF_E_MALFORMED, "module-failed", "%s: for a device that is none", line);
}

int cof_boot_modules(const char *list, cof_err *err)
{
	COF_AUTO(cof_buf) text = cof_buf_capped(64 << 10);
	cof_err why = {0};
	int r = cof_file_read(list, 64 << 10, &text, &why);
	if (r < 0 && cof_err_is(&why, "no-such-file"))
		return 0;
	if (r < 0)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	if (text.len == 0)
		return 0;
	char *state = NULL;
	for (char *l = strtok_r((char *)text.data, "\n", &state); r == 0 && l != NULL; l = strtok_r(NULL, "\n", &state))
		if (l[0] != '#')
			r = load_line(l, err);
	return r;
}

/* --- the rest --- */

static int write_setting(const char *path, const char *value)
{
	COF_AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value) ? 0 : -1;
}

typedef struct setting {
	const char *path, *value;
} setting;

/* The console is ours to write and nobody's to command; a kernel oops must not leave a half-alive guest. */
static const setting settings[] = {
	{"/proc/sys/kernel/sysrq", "0"},
	{"/proc/sys/kernel/panic", "-1"},
	{"/proc/sys/kernel/panic_on_oops", "1"},
	{"/proc/sys/kernel/core_pattern", "|/bin/false"},
	{"/proc/sys/kernel/kptr_restrict", "2"},
	{"/proc/sys/kernel/dmesg_restrict", "1"},
	{"/proc/sys/kernel/unprivileged_bpf_disabled", "1"},
	{"/proc/sys/vm/overcommit_memory", "1"},
	{"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
	{"/proc/self/oom_score_adj", "-1000"},
};

static int loopback_up(cof_err *err)
{
	COF_AUTO_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {.ifr_name = "lo"};
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &req) < 0)
		return cof_err_sys(err, "loopback-failed", "lo");
	req.ifr_flags = (short)(req.ifr_flags | IFF_UP | IFF_RUNNING);
	if (ioctl(fd, SIOCSIFFLAGS, &req) < 0)
		return cof_err_sys(err, "loopback-failed", "lo");
	return 0;
}

int cof_boot_settle(cof_err *err)
{
	/* A setting that this kernel has not is no reason to stop: each only narrows. */
	for (size_t i = 0; i < COF_COUNT(settings); i++)
		(void)write_setting(settings[i].path, settings[i].value);
	(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0});
	(void)umask(022);
	int r = mount_one(&configfs, err);
	return r < 0 ? r : loopback_up(err);
}

void cof_boot_say(const char *reason, const char *text)
{
	char line[COF_ERR_TEXT_MAX + 96];
	int n = snprintf(line, sizeof line, "\ncoffer-agent: %s: %s\n", reason, text);
	COF_AUTO_FD int fd = open("/dev/console", O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (n > 0) {
		ssize_t ignored = write(fd >= 0 ? fd : STDERR_FILENO, line, strnlen(line, sizeof line));
		(void)ignored;
	}
}

void cof_boot_power_off(void)
{
	/* Nothing is written back first: what lies in memory, or on the scratch disk, ends here. */
	(void)reboot(RB_POWER_OFF);
	/* Without ACPI the kernel may come back; PID 1 must not end. */
	(void)reboot((int)RB_HALT_SYSTEM);
	for (;;)
		(void)pause();
}
