/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/test.h"

#include "runtime/vm/argv.h"

static char name[] = "default", cpu[] = "max", machine[] = "q35", cmdline[] = "console=ttyS0 quiet";
static char code[] = "/g/code.fd", vars[] = "/g/vars.fd", kernel[] = "/g/vmlinuz", initrd[] = "/g/initrd";

static cof_manifest guest(void)
{
	return (cof_manifest){.firmware.path = code,
			      .vars.path = vars,
			      .kernel.path = kernel,
			      .initrd.path = initrd,
			      .cmdline = cmdline};
}

static const cof_profile profile = {.name = name, .memory_mib = 512, .vcpus = 1, .cpu = cpu, .machine = machine};

static cof_argv_in launch(const cof_manifest *g)
{
	return (cof_argv_in){.qemu = "/usr/bin/qemu-system-x86_64",
			     .guest = g,
			     .profile = &profile,
			     .vars = "/run/vars.fd",
			     .initdata_disk = "/run/initdata.img",
			     .ctl_fd = 3,
			     .io_fd = 4,
			     .qmp_fd = 5,
			     .console_fd = 6,
			     .tpm_fd = 7,
			     .vhost_fd = -1};
}

static bool has(const cof_argv *a, const char *text)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], text) == 0)
			return true;
	return false;
}

static bool has_pair(const cof_argv *a, const char *option, const char *value)
{
	for (size_t i = 0; i + 1 < a->n; i++)
		if (strcmp(a->v[i], option) == 0 && strcmp(a->v[i + 1], value) == 0)
			return true;
	return false;
}

static void launch_has_the_machine_of_the_profile(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &a, &err));
	assert_string_equal(a.v[0], "/usr/bin/qemu-system-x86_64");
	assert_null(a.v[a.n]);
	assert_true(has_pair(&a, "-machine", "q35,accel=tcg,pflash0=code,pflash1=vars"));
	assert_true(has_pair(&a, "-m", "512"));
	assert_true(has_pair(&a, "-append", cmdline));
	assert_true(has_pair(&a, "-fw_cfg", "name=opt/ovmf/X-PciMmio64Mb,string=0"));
	assert_true(has(&a, "-nodefaults") && has(&a, "-no-user-config") && has(&a, "-no-reboot"));
	assert_false(has(&a, "-S"));
	in.accel = COF_ACCEL_KVM;
	COF_AUTO(cof_argv) k = {0};
	assert_ok(cof_argv_build(&in, &k, &err));
	assert_true(has_pair(&k, "-machine", "q35,accel=kvm,pflash0=code,pflash1=vars"));
}

/* Every -device, -machine, -cpu, -m, -smp, -fw_cfg, -kernel, -initrd, -append of a vector, in order. */
static size_t measured_part(const cof_argv *a, const char **out)
{
	static const char *const options[] = {"-device", "-machine", "-cpu",	"-m",	  "-smp",
					      "-fw_cfg", "-kernel",  "-initrd", "-append"};
	size_t n = 0;
	for (size_t i = 0; i + 1 < a->n; i++)
		for (size_t o = 0; o < COF_COUNT(options); o++)
			if (strcmp(a->v[i], options[o]) == 0)
				out[n++] = a->v[i + 1];
	return n;
}

static void prediction_differs_in_back_ends_only(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) run = {0};
	COF_AUTO(cof_argv) predicted = {0};
	const char *a[COF_ARGV_MAX], *b[COF_ARGV_MAX];
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	cof_argv_in dry = {.qemu = in.qemu, .guest = &g, .profile = &profile, .qtest = "/q.sock", COF_ARGV_NO_FDS};
	dry.tpm_fd = 9;
	assert_ok(cof_argv_build(&in, &run, &err));
	assert_ok(cof_argv_build(&dry, &predicted, &err));
	size_t n = measured_part(&run, a);
	assert_int_equal(measured_part(&predicted, b), n);
	assert_true(n >= 14);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(a[i], b[i]);
	assert_true(has(&predicted, "-S") && has_pair(&predicted, "-qtest", "unix:/q.sock"));
}

/* What is measured of a machine with vsock was predicted for one with ports: they differ in what fills one slot. */
static void t016_transport_is_one_device_in_one_slot(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) serial = {0};
	COF_AUTO(cof_argv) vsock = {0};
	const char *a[COF_ARGV_MAX], *b[COF_ARGV_MAX];
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &serial, &err));
	in.cid = 0x40000003;
	in.vhost_fd = 8;
	assert_ok(cof_argv_build(&in, &vsock, &err));
	size_t n = measured_part(&serial, a), m = measured_part(&vsock, b), i = 0;
	while (i < n && strcmp(a[i], b[i]) == 0)
		i++;
	assert_true(i < n);
	assert_string_equal(a[i], "virtio-serial-pci,id=ports,max_ports=3,addr=0x1");
	assert_string_equal(b[i], "vhost-vsock-pci,guest-cid=1073741827,vhostfd=8,addr=0x1");
	/* The two ports are the serial device's own. */
	assert_non_null(strstr(a[i + 1], "virtserialport,bus=ports.0,"));
	assert_non_null(strstr(a[i + 2], "virtserialport,bus=ports.0,"));
	assert_int_equal(m, n - 2);
	for (i++; i < m; i++)
		assert_string_equal(a[i + 2], b[i]);
	for (i = 0; i < vsock.n; i++)
		assert_true(strstr(vsock.v[i], "coffer.ctl") == NULL && strstr(vsock.v[i], "serial-pci") == NULL);
}

static void vsock_needs_its_descriptor(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	in.cid = 3;
	assert_fails(cof_argv_build(&in, &a, &err), "no-vhost");
	assert_int_equal(a.n, 0);
}

static void t088_no_shared_file_system_can_be_made(void **state)
{
	(void)state;
	static const char *const never[] = {"virtfs",  "fsdev", "9p",	 "vhost-user", "virtiofs", "share=on",
					    "hostfwd", "smb=",	"tftp=", "vnc",	       "tcp:",	   "monitor"};
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &a, &err));
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < COF_COUNT(never); k++)
			assert_null(strstr(a.v[i], never[k]));
}

static void t090_no_host_block_device_but_initdata(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	size_t disks = 0;
	assert_ok(cof_argv_build(&in, &a, &err));
	for (size_t i = 0; i < a.n; i++) {
		assert_null(strstr(a.v[i], "host_device"));
		disks += strcmp(a.v[i], "-blockdev") == 0;
	}
	assert_int_equal(disks, 3); /* code, vars, initdata */
	assert_true(has_pair(&a, "-device", "virtio-blk-pci,drive=initdata,serial=coffer-initdata"));
}

/* A profile with a scratch disk: the file comes by descriptor, and the prediction has the same device. */
static void t090_a_scratch_disk_is_one_device_of_its_profile(void **state)
{
	(void)state;
	char more[] = "/g/initrd.scratch";
	COF_AUTO(cof_argv) run = {0};
	COF_AUTO(cof_argv) mac = {0};
	COF_AUTO(cof_argv) predicted = {0};
	const char *a[COF_ARGV_MAX], *b[COF_ARGV_MAX];
	cof_manifest g = guest();
	g.scratch_initrd.path = more;
	cof_profile p = profile;
	p.scratch = true;
	cof_argv_in in = launch(&g);
	in.profile = &p;
	in.scratch_fd = 9;
	cof_argv_in dry = {.qemu = in.qemu, .guest = &g, .profile = &p, .qtest = "/q.sock", COF_ARGV_NO_FDS};
	dry.tpm_fd = 9;
	assert_ok(cof_argv_build(&in, &run, &err));
	assert_ok(cof_argv_build(&dry, &predicted, &err));
	assert_true(has_pair(&run, "-initrd", more));
	assert_true(has_pair(&run, "-add-fd", "fd=9,set=1"));
	assert_true(has_pair(&run, "-device",
			     "virtio-blk-pci,drive=scratch,serial=coffer-scratch,werror=report,rerror=report"));
	assert_false(has(&predicted, "-add-fd"));
	size_t n = measured_part(&run, a);
	assert_int_equal(measured_part(&predicted, b), n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(a[i], b[i]);
	in.scratch_integrity = true;
	assert_ok(cof_argv_build(&in, &mac, &err));
	assert_true(has_pair(&mac, "-device",
			     "virtio-blk-pci,drive=scratch,serial=coffer-scratch-mac,werror=report,rerror=report"));
}

static void t093_qemu_is_sandboxed(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &a, &err));
	assert_true(
		has_pair(&a, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
}

static void t091_no_socket_in_the_file_system(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &a, &err));
	for (size_t i = 0; i < a.n; i++) {
		assert_null(strstr(a.v[i], "server="));
		assert_null(strstr(a.v[i], "path="));
		assert_null(strstr(a.v[i], "unix:"));
	}
}

/* Property: whatever a path is, the vector differs from the plain one in that one argument. */
static void t089_a_path_changes_one_argument_only(void **state)
{
	(void)state;
	static const char *const paths[] = {"/a,readonly=off", "/a,,b", ",",	   "-device",	     "/a b", "--",
					    "/a=b,file=/etc",  "/ünï",	"/a\"b'c", "nbd:localhost:1"};
	COF_AUTO(cof_argv) plain = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	assert_ok(cof_argv_build(&in, &plain, &err));
	for (size_t p = 0; p < COF_COUNT(paths); p++) {
		COF_AUTO(cof_argv) a = {0};
		size_t differ = 0;
		in.initdata_disk = paths[p];
		assert_ok(cof_argv_build(&in, &a, &err));
		assert_int_equal(a.n, plain.n);
		for (size_t i = 0; i < a.n; i++)
			differ += strcmp(a.v[i], plain.v[i]) != 0;
		assert_int_equal(differ, 1);
	}
}

static void t089_commas_are_doubled(void **state)
{
	(void)state;
	COF_AUTO_FREE char *out = NULL;
	COF_AUTO_FREE char *none = NULL;
	assert_ok(cof_argv_escape("/a,b,,c", &out, &err));
	assert_string_equal(out, "/a,,b,,,,c");
	assert_ok(cof_argv_escape("", &none, &err));
	assert_string_equal(none, "");
}

static void t089_control_characters_are_refused(void **state)
{
	(void)state;
	for (int c = 1; c < 0x80; c = c == 0x1f ? 0x7f : c + 1) {
		char path[] = {'/', (char)c, 'x', 0};
		char *out = NULL;
		assert_fails(cof_argv_escape(path, &out, &err), "bad-path");
		assert_null(out);
	}
}

static void a_machine_without_tpm_is_refused(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	cof_manifest g = guest();
	cof_argv_in in = launch(&g);
	in.tpm_fd = -1;
	assert_fails(cof_argv_build(&in, &a, &err), "no-tpm");
	assert_int_equal(a.n, 0);
}

static void the_vector_has_an_end(void **state)
{
	(void)state;
	COF_AUTO(cof_argv) a = {0};
	for (int i = 0; i < COF_ARGV_MAX - 1; i++)
		assert_ok(cof_argv_add(&a, &err, "%d", i));
	assert_fails(cof_argv_add(&a, &err, "one more"), "argv-too-long");
	assert_null(a.v[COF_ARGV_MAX - 1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(launch_has_the_machine_of_the_profile),
		cmocka_unit_test(prediction_differs_in_back_ends_only),
		cmocka_unit_test(t016_transport_is_one_device_in_one_slot),
		cmocka_unit_test(vsock_needs_its_descriptor),
		cmocka_unit_test(t088_no_shared_file_system_can_be_made),
		cmocka_unit_test(t090_no_host_block_device_but_initdata),
		cmocka_unit_test(t090_a_scratch_disk_is_one_device_of_its_profile),
		cmocka_unit_test(t093_qemu_is_sandboxed),
		cmocka_unit_test(t091_no_socket_in_the_file_system),
		cmocka_unit_test(t089_a_path_changes_one_argument_only),
		cmocka_unit_test(t089_commas_are_doubled),
		cmocka_unit_test(t089_control_characters_are_refused),
		cmocka_unit_test(a_machine_without_tpm_is_refused),
		cmocka_unit_test(the_vector_has_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
