/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/qtest.h"

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/test.h"

static char dir[] = "/tmp/coffer-test-XXXXXX";
static char sock[64];
static char unix_sock[80];

static int make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(sock, sizeof sock, "%s/q.sock", dir);
	(void)snprintf(unix_sock, sizeof unix_sock, "unix:%s", sock);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir); /* fails when a socket was left behind */
}

static long elapsed_ms(const struct timespec *from)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000;
}

static void assert_no_children(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void assert_read_fails(const char *const *argv, int timeout_ms, const char *reason)
{
	cof_qtest_acpi a = {0};
	const cof_qtest_opts o = {.argv = argv, .socket = sock, .timeout_ms = timeout_ms};
	assert_fails(cof_qtest_read_acpi(&o, &a, &err), reason);
	assert_null(a.tables.data);
	assert_int_equal(access(sock, F_OK), -1);
	assert_no_children();
}

static void a_program_that_is_not_there(void **state)
{
	(void)state;
	static const char *const argv[] = {"/nonexistent/qemu", NULL};
	assert_read_fails(argv, 1000, "exec-failed");
}

static void a_program_that_ends_says_why(void **state)
{
	(void)state;
	static const char *const argv[] = {"/bin/sh", "-c", "echo no such machine >&2", NULL};
	cof_qtest_acpi a = {0};
	cof_err err = {0};
	const cof_qtest_opts o = {.argv = argv, .socket = sock};
	assert_true(cof_qtest_read_acpi(&o, &a, &err) < 0);
	assert_string_equal(err.reason, "qtest-failed");
	assert_non_null(strstr(err.text, "no such machine"));
	assert_no_children();
}

static void a_program_that_hangs_is_cut(void **state)
{
	(void)state;
	static const char *const argv[] = {"/bin/sleep", "60", NULL};
	struct timespec from;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	assert_read_fails(argv, 200, "qtest-timeout");
	assert_true(elapsed_ms(&from) < 5000);
}

static void a_socket_path_that_is_too_long(void **state)
{
	(void)state;
	static const char *const argv[] = {"/bin/true", NULL};
	char path[300];
	cof_qtest_acpi a = {0};
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	const cof_qtest_opts o = {.argv = argv, .socket = path};
	assert_fails(cof_qtest_read_acpi(&o, &a, &err), "path-too-long");
}

/* --- a peer of our own, connected by a child, that speaks the protocol badly --- */

/* Runs in a forked child: connects, then answers every command with the text until the other side closes. */
static void bad_peer(const char *answer)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char byte;
	memcpy(a.sun_path, sock, strlen(sock) + 1);
	for (int i = 0; i < 500; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0) {
			if (answer == NULL)
				_exit(0);
			while (read(fd, &byte, 1) == 1) {
				if (byte == '\n' && send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
					_exit(0);
			}
			_exit(0);
		}
		if (fd >= 0)
			(void)close(fd);
		(void)usleep(2000);
	}
	_exit(1);
}

static void assert_answer_fails(const char *answer, int timeout_ms, const char *reason)
{
	static const char *const argv[] = {"/bin/sleep", "60", NULL};
	cof_qtest_acpi a = {0};
	const cof_qtest_opts o = {.argv = argv, .socket = sock, .timeout_ms = timeout_ms};
	pid_t pid = fork();
	if (pid == 0)
		bad_peer(answer);
	assert_fails(cof_qtest_read_acpi(&o, &a, &err), reason);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_no_children();
}

static void answers_that_are_none(void **state)
{
	(void)state;
	assert_answer_fails(NULL, 2000, "qtest-failed");
	assert_answer_fails("FAIL no\n", 2000, "qtest-failed");
	assert_answer_fails("\n", 2000, "qtest-failed");
	assert_answer_fails("OK\n", 2000, "qtest-failed");	      /* a read without its data */
	assert_answer_fails("OK 0x00\n", 2000, "qtest-failed");	      /* too short */
	assert_answer_fails("OK 0x00000000\n", 2000, "qtest-failed"); /* a directory of no files */
	assert_answer_fails("OK", 300, "qtest-timeout");
}

/* --- real QEMU --- */

static const char *qemu_path(void)
{
	static const char path[] = "/usr/bin/qemu-system-x86_64";
	if (access(path, X_OK) != 0)
		skip();
	return path;
}

static void a_machine_without_acpi_files(void **state)
{
	(void)state;
	const char *const argv[] = {qemu_path(),   "-machine", "pc,accel=tcg,acpi=off",
				    "-nodefaults", "-display", "none",
				    "-S",	   "-qtest",   unix_sock,
				    "-qtest-log",  "none",     NULL};
	assert_read_fails(argv, 0, "qtest-failed");
}

static void read_machine(const char *memory, const char *device, cof_qtest_acpi *ret)
{
	const char *const argv[] = {
		qemu_path(), "-machine", "q35,accel=tcg", "-m",		memory, "-nodefaults", "-display", "none",
		"-S",	     "-qtest",	 unix_sock,	  "-qtest-log", "none", "-device",     device,	   NULL};
	const cof_qtest_opts o = {.argv = argv, .socket = sock};
	assert_ok(cof_qtest_read_acpi(&o, ret, &err));
}

/* T-16: the tables of one machine are always the same, and another machine's are others. */
static void t016_tables_belong_to_the_machine(void **state)
{
	(void)state;
	COF_AUTO(cof_qtest_acpi) a = {0};
	COF_AUTO(cof_qtest_acpi) again = {0};
	COF_AUTO(cof_qtest_acpi) other = {0};
	read_machine("512", "virtio-serial-pci", &a);
	read_machine("512", "virtio-serial-pci", &again);
	read_machine("1024", "virtio-serial-pci", &other);
	assert_int_equal(a.table_loader.len % 128, 0);
	assert_memory_equal(a.rsdp.data, "RSD PTR ", 8);
	assert_int_equal(a.tpm_log.len, 0); /* no TPM, no log */
	assert_int_equal(a.tables.len, again.tables.len);
	assert_memory_equal(a.tables.data, again.tables.data, a.tables.len);
	assert_true(a.tables.len != other.tables.len || memcmp(a.tables.data, other.tables.data, a.tables.len) != 0);
	assert_no_children();
}

/* T-16: a virtio device shows by its slot, not by its kind: so ports and vsock in one slot need one prediction. */
static void t016_tables_tell_slots_and_not_kinds(void **state)
{
	(void)state;
	static const char *const alike[] = {"virtio-balloon-pci,addr=0x1", "virtio-net-pci,addr=0x1,romfile=",
					    "virtio-balloon-pci,addr=0x1,disable-legacy=on"};
	COF_AUTO(cof_qtest_acpi) ports = {0};
	COF_AUTO(cof_qtest_acpi) elsewhere = {0};
	read_machine("512", "virtio-serial-pci,max_ports=3,addr=0x1", &ports);
	for (size_t i = 0; i < COF_COUNT(alike); i++) {
		COF_AUTO(cof_qtest_acpi) a = {0};
		read_machine("512", alike[i], &a);
		assert_span_equal(cof_buf_span(&a.tables), ports.tables.data, ports.tables.len);
		assert_span_equal(cof_buf_span(&a.rsdp), ports.rsdp.data, ports.rsdp.len);
		assert_span_equal(cof_buf_span(&a.table_loader), ports.table_loader.data, ports.table_loader.len);
	}
	read_machine("512", "virtio-serial-pci,max_ports=3,addr=0x5", &elsewhere);
	assert_true(elsewhere.tables.len != ports.tables.len ||
		    memcmp(elsewhere.tables.data, ports.tables.data, ports.tables.len) != 0);
	assert_no_children();
}

static void a_wrong_option_is_told(void **state)
{
	(void)state;
	const char *const argv[] = {qemu_path(), "-no-such-option", NULL};
	assert_read_fails(argv, 0, "qtest-failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_is_not_there),
		cmocka_unit_test(a_program_that_ends_says_why),
		cmocka_unit_test(a_program_that_hangs_is_cut),
		cmocka_unit_test(a_socket_path_that_is_too_long),
		cmocka_unit_test(answers_that_are_none),
		cmocka_unit_test(a_machine_without_acpi_files),
		cmocka_unit_test(a_wrong_option_is_told),
		cmocka_unit_test(t016_tables_belong_to_the_machine),
		cmocka_unit_test(t016_tables_tell_slots_and_not_kinds),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
