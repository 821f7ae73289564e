/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The init of a machine in which the attester meets Linux's own configfs-tsm, with the provider of kernel/tsm-sim. Each
 * case is one line on the console: "tsm NAME REASON LEFT", REASON "ok" where it went well, LEFT the report objects that
 * were left behind; and "tsm-json" with the evidence.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "attestation/evidence/attester.h"
#include "attestation/evidence/tsm.h"

static int intruders;

/* Another process, which writes into our object before it is read. */
static int open_beside(void *arg, const char *path, int flags)
{
	static const uint8_t theirs[64] = {9};
	size_t n = strlen(path), end = strlen("/outblob");
	if (intruders > 0 && n > end && strcmp(path + n - end, "/outblob") == 0) {
		char beside[512];
		(void)snprintf(beside, sizeof beside, "%.*s/inblob", (int)(n - end), path);
		intruders--;
		(void)!cof_sys_write_once(&cof_sys_kernel, beside, cof_span_of(theirs, sizeof theirs));
	}
	return cof_sys_kernel.open(arg, path, flags);
}

static cof_sys disturbed(void)
{
	cof_sys s = cof_sys_kernel;
	s.open = open_beside;
	return s;
}

static int left(void)
{
	int n = 0;
	DIR *d = opendir(COF_TSM_FOLDER);
	for (struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d))
		n += e->d_name[0] != '.';
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void say(const char *name, int r, const cof_err *err)
{
	(void)printf("tsm %s %s %d\n", name, r < 0 ? err->reason : "ok", left());
}

/* A report over asked, which must be in it. */
static void report(const char *name)
{
	static const uint8_t asked[COF_TSM_INBLOB_LEN] = {1, 2, 3};
	const cof_sys sys = disturbed();
	const cof_tsm t = {&sys, COF_TSM_FOLDER, "sev_guest", 1184};
	COF_AUTO(cof_tsm_answer) a = {0};
	cof_err err = {0};
	int r = cof_tsm_get(&t, asked, &a, &err);
	if (r == 0 && (a.outblob.len != 1184 || memcmp(a.outblob.data + 0x50, asked, sizeof asked) != 0))
		r = cof_err_set(&err, COF_E_INTERNAL, "other-report", "not ours");
	say(name, r, &err);
}

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		(void)printf("tsm load-%s %s 0\n", path, strerror(errno));
	(void)close(fd);
}

static void fail_with(const char *number)
{
	(void)!cof_sys_write_once(&cof_sys_kernel, "/sys/module/tsm_sim/parameters/fail", cof_span_str(number));
}

static void all_reports(void)
{
	report("absent");
	load("/configfs.ko");
	load("/tsm.ko");
	(void)mount("configfs", "/sys/kernel/config", "configfs", 0, "");
	report("no-provider");
	load("/tsm_sim.ko");
	report("good");
	intruders = 2;
	report("two-intruders");
	intruders = 1000;
	report("always-an-intruder");
	intruders = 0;
	fail_with("16");
	report("busy");
	fail_with("6");
	report("no-device");
	fail_with("110");
	report("timeout");
	fail_with("0");
	report("good-again");
	(void)mkdir(COF_TSM_FOLDER "/coffer-0123", 0700);
	say("one-left", 0, NULL);
	cof_tsm_sweep(&cof_sys_kernel, COF_TSM_FOLDER);
	say("swept", 0, NULL);
}

static void show_evidence(const cof_attester_backend *b, cof_attester *a)
{
	static const uint8_t data[48] = {0x77};
	COF_AUTO_PTR(json_t) e = NULL;
	cof_err err = {0};
	int r = b->evidence(a, cof_span_of(data, sizeof data), &e, &err);
	COF_AUTO_FREE char *text = e != NULL ? json_dumps(e, JSON_COMPACT) : NULL;
	say("evidence", r, &err);
	if (text != NULL)
		(void)printf("tsm-json %s\n", text);
	/* The provider goes while the attester is open. */
	(void)syscall(SYS_delete_module, "tsm_sim", 0);
	json_t *none = NULL;
	r = b->evidence(a, cof_span_of(data, sizeof data), &none, &err);
	say("unloaded", r, &err);
}

static void attest(void)
{
	const cof_attester_backend *b = NULL;
	cof_attester *a = NULL;
	cof_digest d = {.alg = COF_SHA256};
	cof_err err = {0};
	memset(d.bytes, 0x33, 32);
	int r = cof_attester_detect(&(cof_attester_opts){.tcti = "device:/dev/tpmrm0"}, &b, &err);
	say(r < 0 ? "detect" : b->tee, r, &err);
	if (r == 0)
		r = b->open(&a, &(cof_attester_opts){0}, &err);
	if (r < 0)
		return;
	r = b->bind_initdata(a, &d, &err);
	say("bind", r, &err);
	d.bytes[7] ^= 1;
	r = b->bind_initdata(a, &d, &err);
	say("bind-other", r, &err);
	show_evidence(b, a);
	b->free(a);
}

int main(void)
{
	(void)mkdir("/sys", 0755);
	(void)mkdir("/dev", 0755);
	(void)mount("sysfs", "/sys", "sysfs", 0, "");
	(void)mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	all_reports();
	attest();
	(void)printf("tsm end ok 0\n");
	(void)reboot(RB_POWER_OFF);
	return 1;
}
