/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/transport.h"

#include <dirent.h>
#include <fcntl.h>

#include "tests/unit/test.h"

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;
	while (d != NULL && readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n;
}

static void assert_serial(const char *asked, const char *device)
{
	cof_transport t = {0};
	assert_ok(cof_transport_choose(asked, device, &t, &err));
	assert_string_equal(t.name, "serial");
	assert_int_equal(t.cid, 0);
	assert_true(t.vhost_fd < 0);
	cof_transport_release(&t);
}

/* A path that is not there, and a device that is another: neither is vsock, and both leave nothing open. */
static const char *const none[] = {"/nonexistent/vhost-vsock", "/dev/null", "/proc/self/environ", "/"};

static void auto_is_serial_where_there_is_no_vsock(void **state)
{
	int before = open_fds();
	(void)state;
	for (size_t i = 0; i < COF_COUNT(none); i++)
		assert_serial("auto", none[i]);
	assert_int_equal(open_fds(), before);
}

static void serial_asks_for_no_device(void **state)
{
	(void)state;
	assert_serial("serial", "/nonexistent/vhost-vsock");
	assert_serial("serial", COF_VHOST_VSOCK);
}

/* Asked for and not there: no other transport in its place. */
static void vsock_that_is_not_there_is_refused(void **state)
{
	int before = open_fds();
	(void)state;
	for (size_t i = 0; i < COF_COUNT(none); i++) {
		cof_transport t = {.name = "untouched"};
		cof_err e = {0};
		assert_true(cof_transport_choose("vsock", none[i], &t, &e) < 0);
		assert_string_equal(e.reason, "vsock-unavailable");
		assert_int_equal(e.cls, COF_E_UNAVAILABLE);
		assert_string_equal(t.name, "untouched");
	}
	assert_int_equal(open_fds(), before);
}

static void other_words_are_usage(void **state)
{
	static const char *const words[] = {"", "Auto", "vsock ", "virtio-serial", "tcp", "serial,vsock"};
	(void)state;
	for (size_t i = 0; i < COF_COUNT(words); i++) {
		cof_transport t = {0};
		cof_err e = {0};
		assert_true(cof_transport_choose(words[i], "/dev/null", &t, &e) < 0);
		assert_string_equal(e.reason, "transport-unknown");
		assert_int_equal(e.cls, COF_E_USAGE);
	}
}

/* Where this host has it: an id that is ours alone, given back when the descriptor is closed. */
static void vsock_of_this_host(void **state)
{
	cof_transport one = {0}, two = {0};
	(void)state;
	if (access(COF_VHOST_VSOCK, R_OK | W_OK) != 0)
		skip();
	assert_ok(cof_transport_choose("auto", COF_VHOST_VSOCK, &one, &err));
	assert_ok(cof_transport_choose("vsock", COF_VHOST_VSOCK, &two, &err));
	assert_string_equal(one.name, "vsock");
	assert_true(one.vhost_fd >= 0 && one.cid > 2 && one.cid != two.cid);
	cof_transport_release(&one);
	cof_transport_release(&two);
	assert_int_equal(one.cid, 0);
}

static void release_is_safe_at_any_time(void **state)
{
	cof_transport zeroed = {0};
	cof_transport serial = COF_TRANSPORT_SERIAL;
	(void)state;
	cof_transport_release(&zeroed); /* and does not close descriptor 0 */
	assert_int_not_equal(fcntl(0, F_GETFD), -1);
	cof_transport_release(&serial);
	cof_transport_release(&serial);
	assert_string_equal(serial.name, "serial");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_is_serial_where_there_is_no_vsock),
		cmocka_unit_test(serial_asks_for_no_device),
		cmocka_unit_test(vsock_that_is_not_there_is_refused),
		cmocka_unit_test(other_words_are_usage),
		cmocka_unit_test(vsock_of_this_host),
		cmocka_unit_test(release_is_safe_at_any_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
