/* SPDX-License-Identifier: Apache-2.0 */
/* Real QEMU (TCG) and real swtpm, with an empty firmware: the processor finds nothing to do, the machine lives. */
#include "tests/unit/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/file.h"
#include "runtime/vm/vm.h"

static char top[64];
static char code[128], vars[128], empty[128];
static char name[] = "default", cpu[] = "qemu64", bad_cpu[] = "nosuchcpu", machine[] = "q35", cmdline[] = "quiet";
static cof_manifest guest;
static cof_profile profile = {.name = name, .memory_mib = 64, .vcpus = 1, .cpu = cpu, .machine = machine};
static cof_qemu qemu;

typedef struct seen {
	struct event_base *base;
	int deaths;
	cof_err why;
} seen;

static void on_died(void *arg, const cof_err *why)
{
	seen *s = arg;
	s->deaths++;
	s->why = *why;
	(void)event_base_loopbreak(s->base);
}

static void write_file(char path[128], const char *file, size_t len)
{
	COF_AUTO_FREE uint8_t *zeros = calloc(1, len + 1);
	(void)snprintf(path, 128, "%s/%s", top, file);
	assert_ok(cof_file_write(path, cof_span_of(zeros, len), 0600, &err));
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(top, sizeof top, "/tmp/coffer-vm-XXXXXX");
	if (mkdtemp(top) == NULL || setenv("XDG_RUNTIME_DIR", top, 1) != 0)
		return -1;
	write_file(code, "code.fd", 1 << 20);
	write_file(vars, "vars.fd", 256 << 10);
	write_file(empty, "initrd", 4096);
	guest = (cof_manifest){.firmware.path = code,
			       .vars.path = vars,
			       .kernel.path = empty,
			       .initrd.path = empty,
			       .cmdline = cmdline};
	profile.cpu = cpu;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return cof_rm_tree(top, NULL);
}

static cof_vm_opts options(seen *s)
{
	return (cof_vm_opts){
		.guest = &guest, .profile = &profile, .tee = &cof_tee_tpm, .qemu = &qemu, .died = on_died, .arg = s};
}

/* QEMU takes any file as a kernel for a machine whose processor never reads it, when it looks like one. */
static void fake_kernel(void)
{
	uint8_t head[4096] = {0};
	memcpy(head + 0x202, "HdrS", 4);
	head[0x206] = 0x0c;
	head[0x207] = 0x02;
	head[0x1f1] = 1;
	head[0x211] = 1;
	memset(head + 0x22c, 0xff, 3); /* where an initrd may end */
	head[0x22f] = 0x37;
	(void)snprintf(empty, sizeof empty, "%s/vmlinuz", top);
	assert_ok(cof_file_write(empty, cof_span_of(head, sizeof head), 0600, &err));
	guest.kernel.path = empty;
}

static cof_vm *start(seen *s, const cof_vm_opts *o)
{
	cof_vm *vm = NULL;
	s->base = event_base_new();
	assert_ok(cof_vm_start(&vm, s->base, o, &err));
	return vm;
}

static void run_loop(seen *s, int ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
	(void)event_base_loopexit(s->base, &tv);
	(void)event_base_dispatch(s->base);
}

/* The one child of ours whose program is called so. */
static pid_t child_named(const char *what)
{
	COF_AUTO(cof_buf) list = {0};
	char *rest = NULL;
	assert_ok(cof_file_read("/proc/thread-self/children", 4096, &list, &err));
	if (list.len == 0)
		return 0;
	for (char *p = strtok_r((char *)list.data, " ", &rest); p != NULL; p = strtok_r(NULL, " ", &rest)) {
		char path[64];
		COF_AUTO(cof_buf) comm = {0};
		(void)snprintf(path, sizeof path, "/proc/%s/comm", p);
		if (cof_file_read(path, 64, &comm, NULL) == 0 && strncmp(cof_buf_str(&comm), what, strlen(what)) == 0)
			return (pid_t)strtol(p, NULL, 10);
	}
	return 0;
}

static size_t runs_left(void)
{
	char path[128];
	size_t n = 0;
	(void)snprintf(path, sizeof path, "%s/coffer", top);
	DIR *d = opendir(path);
	for (struct dirent *e = d != NULL ? readdir(d) : NULL; e != NULL; e = readdir(d))
		n += strncmp(e->d_name, "run-", 4) == 0;
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void stop(seen *s, cof_vm *vm)
{
	cof_vm_free(vm);
	event_base_free(s->base);
	assert_int_equal(child_named("qemu"), 0);
	assert_int_equal(child_named("swtpm"), 0);
	assert_int_equal(runs_left(), 0);
}

static void t094_a_machine_leaves_nothing_behind(void **state)
{
	(void)state;
	seen s = {0};
	fake_kernel();
	cof_vm_opts o = options(&s);
	cof_vm *vm = start(&s, &o);
	assert_int_equal(runs_left(), 1);
	assert_true(child_named("qemu") > 0 && child_named("swtpm") > 0);
	COF_AUTO_FD int ctl = cof_vm_take_ctl(vm);
	assert_true(ctl >= 0);
	assert_true(cof_vm_take_ctl(vm) < 0);
	run_loop(&s, 200);
	assert_int_equal(s.deaths, 0);
	cof_vm_stop(vm, 0);
	cof_vm_stop(vm, 0); /* again: nothing happens */
	stop(&s, vm);
}

static void a_killed_qemu_is_told(void **state)
{
	(void)state;
	seen s = {0};
	fake_kernel();
	cof_vm_opts o = options(&s);
	cof_vm *vm = start(&s, &o);
	assert_int_equal(kill(child_named("qemu"), SIGKILL), 0);
	run_loop(&s, 5000);
	assert_int_equal(s.deaths, 1);
	assert_string_equal(s.why.reason, "qemu-died");
	stop(&s, vm);
}

static void a_killed_tpm_is_told(void **state)
{
	(void)state;
	seen s = {0};
	fake_kernel();
	cof_vm_opts o = options(&s);
	cof_vm *vm = start(&s, &o);
	assert_int_equal(kill(child_named("swtpm"), SIGKILL), 0);
	run_loop(&s, 5000);
	assert_int_equal(s.deaths, 1);
	assert_string_equal(s.why.reason, "tpm-died");
	stop(&s, vm);
}

static void qemu_that_does_not_start_says_why(void **state)
{
	(void)state;
	seen s = {0};
	cof_vm *vm = NULL;
	cof_err e = {0};
	fake_kernel();
	profile.cpu = bad_cpu;
	cof_vm_opts o = options(&s);
	s.base = event_base_new();
	assert_true(cof_vm_start(&vm, s.base, &o, &e) < 0);
	assert_string_equal(e.reason, "qemu-died");
	assert_non_null(strstr(e.text, "nosuchcpu"));
	assert_null(vm);
	event_base_free(s.base);
	assert_int_equal(child_named("qemu"), 0);
	assert_int_equal(child_named("swtpm"), 0);
	assert_int_equal(runs_left(), 0);
}

static void broken_initdata_starts_nothing(void **state)
{
	(void)state;
	seen s = {0};
	cof_vm *vm = NULL;
	fake_kernel();
	cof_vm_opts o = options(&s);
	o.initdata = cof_span_str("version = \"9\"\n");
	s.base = event_base_new();
	assert_fails(cof_vm_start(&vm, s.base, &o, &err), "initdata-malformed");
	event_base_free(s.base);
	assert_int_equal(runs_left(), 0);
}

/* kill -9 of us: no code of ours runs, and still nothing stays. */
static void t094_our_own_death_takes_all_along(void **state)
{
	(void)state;
	seen s = {0};
	int up[2];
	pid_t pids[2] = {0};
	fake_kernel();
	assert_int_equal(pipe2(up, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		cof_vm_opts o = options(&s);
		cof_vm *vm = NULL;
		if (cof_vm_start(&vm, event_base_new(), &o, NULL) < 0)
			_exit(1);
		pids[0] = child_named("qemu");
		pids[1] = child_named("swtpm");
		if (write(up[1], pids, sizeof pids) != (ssize_t)sizeof pids)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_ok(cof_fd_read_exact(up[0], pids, sizeof pids, &err));
	assert_true(pids[0] > 0 && pids[1] > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (int i = 0; i < 2; i++) {
		char path[64];
		COF_AUTO(cof_buf) stat = {0};
		for (int tries = 0; tries < 200; tries++) {
			stat.len = 0;
			(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
			if (cof_file_read(path, 1024, &stat, NULL) < 0 || strstr(cof_buf_str(&stat), ") Z ") != NULL)
				break;
			(void)usleep(10000);
			assert_true(tries < 199);
		}
	}
	assert_int_equal(runs_left(), 1);
	cof_vm_opts o = options(&s);
	cof_vm *vm = start(&s, &o); /* the next run sweeps */
	assert_int_equal(runs_left(), 1);
	stop(&s, vm);
	cof_fd_close(&up[0]);
	cof_fd_close(&up[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(t094_a_machine_leaves_nothing_behind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_qemu_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_killed_tpm_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(qemu_that_does_not_start_says_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(broken_initdata_starts_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(t094_our_own_death_takes_all_along, set_up, tear_down),
	};
	if (cof_probe_qemu(&qemu, NULL) < 0 || cof_tee_tpm.probe(NULL) < 0) {
		print_message("skipped: QEMU and swtpm are not installed\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
