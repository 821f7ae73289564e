/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to be init: PID 1 of a machine, and a process that plays it. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <time.h>

#include "agent/await.h"
#include "agent/boot.h"
#include "agent/port.h"
#include "agent/run.h"
#include "agent/vsock.h"
#include "attestation/evidence/attester.h"
#include "common/file.h"
#include "common/log.h"

enum { DEVICES_MS = 10 * 1000 };

static bool ports_there(void)
{
	COF_AUTO_FREE char *ctl = NULL;
	COF_AUTO_FREE char *io = NULL;
	return cof_port_find("/sys/class/virtio-ports", "coffer.ctl", &ctl, NULL) == 0 &&
	       cof_port_find("/sys/class/virtio-ports", "coffer.io", &io, NULL) == 0 && access(ctl, F_OK) == 0 &&
	       access(io, F_OK) == 0;
}

/* Ports beside a vsock device are served too, but not waited for: a host with vsock may have none. */
static bool host_there(void *arg)
{
	cof_run_opts *o = arg;
	o->serial = ports_there();
	o->vsock = cof_vsock_there();
	return o->serial || o->vsock;
}

/* The processor's own drivers were loaded before anybody waits: a TPM that comes up first is not taken for them. */
static bool tee_there(void *arg)
{
	const cof_run_opts *o = arg;
	const cof_attester_backend *b = NULL;
	return cof_attester_detect(&(cof_attester_opts){.tcti = o->tcti}, &b, NULL) == 0;
}

/* Standard streams to the console: the initramfs may have had no node for it. */
static void open_console(void)
{
	COF_AUTO_FD int fd = open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	for (int std = 0; fd >= 0 && std <= STDERR_FILENO; std++)
		(void)dup2(fd, std);
}

static int boot(cof_run_opts *o, cof_err *err)
{
	int r = cof_boot_leave_initramfs(err);
	if (r == 0)
		r = cof_boot_mounts(err);
	if (r < 0)
		return r;
	open_console();
	r = cof_boot_modules("/etc/coffer/modules", err);
	if (r == 0)
		r = cof_boot_settle(err);
	return r < 0 ? r : cof_await_device(host_there, o, DEVICES_MS, "vsock, or ports coffer.ctl and coffer.io", err);
}

void cof_init_main(void)
{
	struct timespec now;
	cof_err err = {0};
	cof_err no_tee = {0};
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	cof_run_opts opts = {.tcti = "device:/dev/tpmrm0",
			     .eventlog = "/sys/kernel/security/tpm0/binary_bios_measurements",
			     .crun = "/usr/bin/crun",
			     .cgroups = "/sys/fs/cgroup",
			     .rest_port = 8006,
			     .started_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
	cof_log_init("coffer-agent", STDERR_FILENO, COF_LOG_INFO);
	int r = boot(&opts, &err);
	if (r == 0 && cof_await_device(tee_there, &opts, DEVICES_MS, "SEV-SNP, TDX, or a TPM", &no_tee) < 0)
		opts.refused = &no_tee;
	if (r == 0)
		r = cof_agent_run(&opts, &err);
	if (r < 0 && opts.refused == NULL)
		cof_boot_say(err.reason, err.text);
	cof_boot_power_off();
}

/* Mounts of this guest stay its own, and end with it. */
static int enclose(const cof_run_opts *opts, cof_err *err)
{
	COF_AUTO_FREE char *run = NULL;
	int r = cof_path(&run, err, "%s/run", opts->folder);
	if (r == 0)
		r = cof_mkdirs(run, 0755, err);
	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("run", run, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		return cof_err_sys(err, "mount-failed", "a mount namespace for the process-level guest");
	return 0;
}

int cof_process_guest_main(const cof_run_opts *opts)
{
	cof_err err = {0};
	cof_log_init("coffer-agent", STDERR_FILENO, COF_LOG_INFO);
	int r = enclose(opts, &err);
	if (r == 0)
		r = cof_agent_run(opts, &err);
	if (r < 0)
		cof_log_err(COF_LOG_ERROR, "agent", "ended", &err);
	return r < 0 ? 1 : 0;
}
