/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "common/scratch.h"

const char *cof_accel_name(cof_accel a)
{
	return a == COF_ACCEL_KVM ? "kvm" : "tcg";
}

void cof_argv_release(cof_argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->v[i]);
	*a = (cof_argv){0};
}

int cof_argv_add(cof_argv *a, cof_err *err, const char *fmt, ...)
{
	char *arg = NULL;
	if (a->n + 1 >= COF_ARGV_MAX)
		return cof_err_set(err, COF_E_INTERNAL, "argv-too-long", "more than %d arguments", COF_ARGV_MAX);
	va_list ap;
	va_start(ap, fmt);
	int n = vasprintf(&arg, fmt, ap);
	va_end(ap);
	if (n < 0)
		return cof_err_oom(err);
	a->v[a->n++] = arg;
	return 0;
}

/* The longest value that is all commas still fits. */
int cof_argv_escape(const char *value, char **ret, cof_err *err)
{
	size_t len = strlen(value);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return cof_err_set(err, COF_E_USAGE, "bad-path", "control characters in a path");
	char *out = malloc(2 * len + 1);
	if (out == NULL)
		return cof_err_oom(err);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		if (value[i] == ',')
			out[n++] = ',';
		out[n++] = value[i];
	}
	out[n] = 0;
	*ret = out;
	return 0;
}

/* Adds "-name" and "<before><escaped value>". */
static int add_path(cof_argv *a, const char *name, const char *before, const char *path, cof_err *err)
{
	COF_AUTO_FREE char *safe = NULL;
	int r = cof_argv_escape(path, &safe, err);
	if (r == 0)
		r = cof_argv_add(a, err, "-%s", name);
	return r < 0 ? r : cof_argv_add(a, err, "%s%s", before, safe);
}

static int add_all(cof_argv *a, const char *const *words, cof_err *err)
{
	int r = 0;
	for (; r == 0 && *words != NULL; words++)
		r = cof_argv_add(a, err, "%s", *words);
	return r;
}

/* --- the machine itself: the same in launch and prediction --- */

static int add_machine(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	/* X-PciMmio64Mb: a fixed PCI layout, without which the firmware's ACPI tables depend on the host. */
	static const char *const fixed[] = {"-no-user-config",
					    "-nodefaults",
					    "-display",
					    "none",
					    "-no-reboot",
					    "-fw_cfg",
					    "name=opt/ovmf/X-PciMmio64Mb,string=0",
					    NULL};
	const cof_profile *p = in->profile;
	int r = cof_argv_add(a, err, "%s", in->qemu);
	if (r == 0)
		r = cof_argv_add(a, err, "-machine");
	if (r == 0)
		r = cof_argv_add(a, err, "%s,accel=%s,pflash0=code,pflash1=vars", p->machine,
				 cof_accel_name(in->accel));
	if (r == 0)
		r = cof_argv_add(a, err, "-cpu");
	if (r == 0)
		r = cof_argv_add(a, err, "%s", p->cpu);
	if (r == 0)
		r = cof_argv_add(a, err, "-m");
	if (r == 0)
		r = cof_argv_add(a, err, "%u", p->memory_mib);
	if (r == 0)
		r = cof_argv_add(a, err, "-smp");
	if (r == 0)
		r = cof_argv_add(a, err, "%u", p->vcpus);
	return r < 0 ? r : add_all(a, fixed, err);
}

/* A process that a guest took over may start nothing and change no privilege. */
static int add_sandbox(cof_argv *a, cof_err *err)
{
	static const char *const words[] = {
		"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny", NULL};
	return add_all(a, words, err);
}

static int add_flash(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char code[] = "driver=file,node-name=code,read-only=on,filename=";
	static const char vars[] = "driver=file,node-name=vars,filename=";
	static const char vars_kept[] = "driver=file,node-name=vars,read-only=on,filename=";
	int r = add_path(a, "blockdev", code, in->guest->firmware.path, err);
	if (r < 0)
		return r;
	return in->vars != NULL ? add_path(a, "blockdev", vars, in->vars, err)
				: add_path(a, "blockdev", vars_kept, in->guest->vars.path, err);
}

/* These values are whole arguments, in which QEMU gives no character a meaning. */
static int add_kernel(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	const cof_manifest *g = in->guest;
	const char *const pairs[][2] = {{"-kernel", g->kernel.path},
					{"-initrd", cof_manifest_initrd(g, in->profile)->path},
					{"-append", g->cmdline}};
	int r = 0;
	for (size_t i = 0; r == 0 && i < COF_COUNT(pairs); i++) {
		r = cof_argv_add(a, err, "%s", pairs[i][0]);
		if (r == 0)
			r = cof_argv_add(a, err, "%s", pairs[i][1]);
	}
	return r;
}

/* --- devices, each with a peer or with none --- */

static int add_chardev(cof_argv *a, const char *id, int fd, cof_err *err)
{
	int r = cof_argv_add(a, err, "-chardev");
	if (r < 0)
		return r;
	return fd >= 0 ? cof_argv_add(a, err, "socket,id=%s,fd=%d", id, fd) : cof_argv_add(a, err, "null,id=%s", id);
}

static int add_tpm(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const words[] = {"-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
					    NULL};
	if (in->tpm_fd < 0)
		return cof_err_set(err, COF_E_INTERNAL, "no-tpm", "every machine has a TPM");
	int r = add_chardev(a, "tpm", in->tpm_fd, err);
	return r < 0 ? r : add_all(a, words, err);
}

/* Ports and vsock name one PCI slot, so that they cannot come to lie in different ones. */
static int add_ports(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const words[] = {"-device", "virtio-serial-pci,id=ports,max_ports=3,addr=0x1",
					    "-device", "virtserialport,bus=ports.0,nr=1,chardev=ctl,name=coffer.ctl",
					    "-device", "virtserialport,bus=ports.0,nr=2,chardev=io,name=coffer.io",
					    NULL};
	int r = add_chardev(a, "ctl", in->ctl_fd, err);
	if (r == 0)
		r = add_chardev(a, "io", in->io_fd, err);
	return r < 0 ? r : add_all(a, words, err);
}

static int add_vsock(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	if (in->vhost_fd < 0)
		return cof_err_set(err, COF_E_INTERNAL, "no-vhost", "a vsock device without its descriptor");
	int r = cof_argv_add(a, err, "-device");
	return r < 0 ? r
		     : cof_argv_add(a, err, "vhost-vsock-pci,guest-cid=%u,vhostfd=%d,addr=0x1", in->cid, in->vhost_fd);
}

/* The guest's 10.0.2.2 is the host's loopback. It is given no resolver: names come from its hosts table. romfile= keeps
 * the network boot ROM out of PCR 2. */
static int add_network(cof_argv *a, cof_err *err)
{
	static const char *const words[] = {"-netdev", "user,id=net0,ipv6=off,net=10.0.2.0/24,host=10.0.2.2",
					    "-device", "virtio-net-pci,netdev=net0,mac=52:54:00:c0:ff:e0,romfile=",
					    "-object", "rng-random,id=rng0,filename=/dev/urandom",
					    "-device", "virtio-rng-pci,rng=rng0",
					    NULL};
	return add_all(a, words, err);
}

static int add_initdata(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char file[] = "driver=raw,node-name=initdata,read-only=on,file.driver=file,file.filename=";
	static const char *const device[] = {"-device", "virtio-blk-pci,drive=initdata,serial=coffer-initdata", NULL};
	static const char *const nothing[] = {"-blockdev", "driver=null-co,node-name=initdata,read-only=on,size=4096",
					      NULL};
	int r = in->initdata_disk != NULL ? add_path(a, "blockdev", file, in->initdata_disk, err)
					  : add_all(a, nothing, err);
	return r < 0 ? r : add_all(a, device, err);
}

/* The file has no name any more: QEMU gets it by descriptor. Nothing of it outlives the guest, so nobody flushes; a
 * host without room for it is an I/O error for the guest and not a pause without end. */
static int add_scratch(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const file[] = {
		"-blockdev",
		"driver=raw,node-name=scratch,cache.no-flush=on,file.driver=file,file.filename=/dev/fdset/1", NULL};
	static const char *const nothing[] = {"-blockdev", "driver=null-co,node-name=scratch,size=4096", NULL};
	if (!in->profile->scratch)
		return 0;
	int r = in->scratch_fd >= 0 ? cof_argv_add(a, err, "-add-fd") : 0;
	if (r == 0 && in->scratch_fd >= 0)
		r = cof_argv_add(a, err, "fd=%d,set=1", in->scratch_fd);
	if (r == 0)
		r = add_all(a, in->scratch_fd >= 0 ? file : nothing, err);
	if (r == 0)
		r = cof_argv_add(a, err, "-device");
	return r < 0 ? r
		     : cof_argv_add(a, err, "virtio-blk-pci,drive=scratch,serial=%s,werror=report,rerror=report",
				    in->scratch_integrity ? COF_SCRATCH_SERIAL_INTEGRITY : COF_SCRATCH_SERIAL);
}

static int add_console(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const words[] = {"-serial", "chardev:console", NULL};
	int r = add_chardev(a, "console", in->console_fd, err);
	return r < 0 ? r : add_all(a, words, err);
}

/* --- what looks at the machine from outside --- */

static int add_monitor(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const words[] = {"-mon", "chardev=qmp,mode=control", NULL};
	if (in->qmp_fd < 0)
		return 0;
	int r = add_chardev(a, "qmp", in->qmp_fd, err);
	return r < 0 ? r : add_all(a, words, err);
}

static int add_qtest(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	static const char *const words[] = {"-S", "-qtest-log", "none", NULL};
	if (in->qtest == NULL)
		return 0;
	int r = add_path(a, "qtest", "unix:", in->qtest, err);
	return r < 0 ? r : add_all(a, words, err);
}

static int add_devices(cof_argv *a, const cof_argv_in *in, cof_err *err)
{
	int r = add_console(a, in, err);
	if (r == 0)
		r = add_tpm(a, in, err);
	if (r == 0)
		r = in->cid != 0 ? add_vsock(a, in, err) : add_ports(a, in, err);
	if (r == 0)
		r = add_network(a, err);
	if (r == 0)
		r = add_initdata(a, in, err);
	return r < 0 ? r : add_scratch(a, in, err);
}

int cof_argv_build(const cof_argv_in *in, cof_argv *ret, cof_err *err)
{
	COF_AUTO(cof_argv) a = {0};
	int r = add_machine(&a, in, err);
	if (r == 0)
		r = add_sandbox(&a, err);
	if (r == 0)
		r = add_flash(&a, in, err);
	if (r == 0)
		r = add_kernel(&a, in, err);
	if (r == 0)
		r = add_devices(&a, in, err);
	if (r == 0)
		r = add_monitor(&a, in, err);
	if (r == 0)
		r = add_qtest(&a, in, err);
	if (r < 0)
		return r;
	*ret = a;
	a = (cof_argv){0};
	return 0;
}
