/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spec.h"

#include <sys/resource.h>

#include "agent/seccomp.h"
#include "common/json.h"

enum { FILES_HARD = 65536, FILES_SOFT = 1024 };

/* What container engines grant by default, without MKNOD and NET_RAW: no device node, no packet of its own making. */
static const char *const capabilities[] = {
	"CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",	   "CAP_FOWNER",     "CAP_SETGID", "CAP_SETUID",
	"CAP_SETFCAP", "CAP_SETPCAP",	   "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL",   "CAP_AUDIT_WRITE",
};

/* The guest's network namespace is the container's (one container's VM). */
static const char *const namespaces[] = {"pid", "mount", "ipc", "uts", "cgroup"};

static const char *const masked_paths[] = {
	"/proc/acpi",	       "/proc/asound",	       "/proc/kcore",	    "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list",     "/proc/scsi",	    "/proc/sched_debug",
	"/sys/firmware",       "/sys/kernel/security", "/sys/kernel/debug",
};

static const char *const readonly_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

typedef struct mount_entry {
	const char *destination, *type, *source, *options; /* options separated by commas */
} mount_entry;

static const mount_entry mounts[] = {
	{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
	{"/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"},
};

static const char *const files[] = {"hosts", "hostname", "resolv.conf"};

static json_t *string_list(const char *const *at, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(at[i]));
	return list;
}

static json_t *word_list(const cof_words *w)
{
	json_t *list = json_array();
	for (size_t i = 0; i < w->n; i++)
		(void)json_array_append_new(list, json_string(w->at[i]));
	return list;
}

static json_t *option_list(const char *options)
{
	json_t *list = json_array();
	while (*options != '\0') {
		size_t n = strcspn(options, ",");
		(void)json_array_append_new(list, json_stringn(options, n));
		options += n + (options[n] == ',');
	}
	return list;
}

static json_t *user_of(const cof_user *u)
{
	json_t *groups = json_array();
	for (size_t i = 0; i < u->n_groups; i++)
		(void)json_array_append_new(groups, json_integer(u->groups[i]));
	return json_pack("{s:I, s:I, s:o}", "uid", (json_int_t)u->uid, "gid", (json_int_t)u->gid, "additionalGids",
			 groups);
}

/* Root keeps the default set; others start with none. The inheritable and ambient sets stay empty. */
static json_t *capabilities_of(const cof_user *u)
{
	json_t *bounding = string_list(capabilities, COF_COUNT(capabilities));
	json_t *permitted = u->uid == 0 ? json_copy(bounding) : json_array();
	json_t *effective = json_copy(permitted);
	return json_pack("{s:o, s:o, s:o, s:[], s:[]}", "bounding", bounding, "permitted", permitted, "effective",
			 effective, "inheritable", "ambient");
}

/* Never more than our own: raising it is a privilege that the container has not. */
static json_int_t files_limit(void)
{
	struct rlimit own = {0};
	if (getrlimit(RLIMIT_NOFILE, &own) < 0 || own.rlim_max > FILES_HARD)
		return FILES_HARD;
	return (json_int_t)own.rlim_max;
}

static json_t *process_of(const cof_spec_in *in, json_t *args)
{
	json_int_t hard = files_limit();
	json_int_t soft = hard < FILES_SOFT ? hard : FILES_SOFT;
	return json_pack("{s:b, s:o, s:o, s:o, s:s, s:o, s:b, s:i, s:[{s:s, s:I, s:I}]}", "terminal", 0, "user",
			 user_of(&in->run->user), "args", args, "env", word_list(&in->run->env), "cwd", in->run->cwd,
			 "capabilities", capabilities_of(&in->run->user), "noNewPrivileges", 1, "oomScoreAdj", 0,
			 "rlimits", "type", "RLIMIT_NOFILE", "hard", hard, "soft", soft);
}

static json_t *bind_file(const char *dir, const char *name)
{
	return json_pack("{s:o, s:s, s:o, s:o}", "destination", json_sprintf("/etc/%s", name), "type", "bind", "source",
			 json_sprintf("%s/%s", dir, name), "options", option_list("rbind,ro,nosuid,nodev,noexec"));
}

static json_t *mounts_of(const cof_spec_in *in)
{
	json_t *list = json_array();
	for (size_t i = 0; i < COF_COUNT(mounts); i++)
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s, s:s, s:o}", "destination", mounts[i].destination,
						      "type", mounts[i].type, "source", mounts[i].source, "options",
						      option_list(mounts[i].options)));
	for (size_t i = 0; in->files != NULL && i < COF_COUNT(files); i++)
		(void)json_array_append_new(list, bind_file(in->files, files[i]));
	return list;
}

static json_t *resources_of(const cof_spec_in *in)
{
	int64_t pids = in->pids > 0 && in->pids < COF_SPEC_PIDS_MAX ? in->pids : COF_SPEC_PIDS_MAX;
	json_t *r = json_pack("{s:[{s:b, s:s}], s:{s:I}}", "devices", "allow", 0, "access", "rwm", "pids", "limit",
			      (json_int_t)pids);
	if (r != NULL && in->memory > 0)
		(void)json_object_set_new(r, "memory", json_pack("{s:I}", "limit", (json_int_t)in->memory));
	return r;
}

static json_t *linux_of(const cof_spec_in *in, json_t *seccomp)
{
	json_t *ns = json_array();
	for (size_t i = 0; i < COF_COUNT(namespaces); i++)
		(void)json_array_append_new(ns, json_pack("{s:s}", "type", namespaces[i]));
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "namespaces", ns, "cgroupsPath", in->cgroup, "resources",
			 resources_of(in), "maskedPaths", string_list(masked_paths, COF_COUNT(masked_paths)),
			 "readonlyPaths", string_list(readonly_paths, COF_COUNT(readonly_paths)), "seccomp", seccomp);
}

static int dump(json_t *doc, cof_buf *ret, cof_err *err)
{
	COF_AUTO_PTR(json_t) owned = doc;
	if (doc == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "spec-failed", "a value of the container is no valid text");
	return cof_json_dump(doc, ret, err);
}

int cof_spec_build(const cof_spec_in *in, cof_buf *ret, cof_err *err)
{
	const char *hostname = in->hostname[0] != '\0' ? in->hostname : in->id;
	json_t *doc = json_pack("{s:s, s:o, s:{s:s, s:b}, s:s%, s:o, s:o, s:O*}", "ociVersion", "1.0.2", "process",
				process_of(in, word_list(&in->run->args)), "root", "path", in->rootfs, "readonly", 0,
				"hostname", hostname, strnlen(hostname, 63), "mounts", mounts_of(in), "linux",
				linux_of(in, cof_seccomp_profile()), "annotations", in->annotations);
	return dump(doc, ret, err);
}

int cof_spec_exec(const cof_spec_in *in, char *const *argv, size_t n, cof_buf *ret, cof_err *err)
{
	json_t *args = json_array();
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(args, json_string(argv[i]));
	return dump(process_of(in, args), ret, err);
}
