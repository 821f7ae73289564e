/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/links.h"

#include <fcntl.h>

#include "common/cleanup.h"
#include "tests/unit/test.h"

static void made(cof_links *l, bool ports)
{
	cof_links_none(l);
	assert_ok(cof_links_make(l, ports, &err));
}

static bool is_open(int fd)
{
	return fd >= 0 && fcntl(fd, F_GETFD) != -1;
}

/* Every number in the arguments is a row of the table, and none is there twice. */
static void assert_table(const cof_proc_fd *fds, size_t n, const int *numbers, size_t n_numbers, int next)
{
	for (size_t i = 0; i < n_numbers; i++) {
		size_t found = 0;
		for (size_t k = 0; k < n; k++)
			found += fds[k].to == numbers[i] && is_open(fds[k].from);
		assert_int_equal(found, 1);
		assert_true(numbers[i] >= 3 && numbers[i] < next);
	}
}

static void ports_are_given_with_their_numbers(void **state)
{
	cof_links l;
	cof_proc_fd fds[COF_LINKS + 1];
	cof_argv_in in = {COF_ARGV_NO_FDS};
	int next = 3;
	(void)state;
	made(&l, true);
	size_t n = cof_links_give(&l, -1, &in, fds, &next);
	const int numbers[] = {in.ctl_fd, in.io_fd, in.qmp_fd, in.console_fd};
	assert_int_equal(n, COF_COUNT(numbers) + 1);
	assert_table(fds, n, numbers, COF_COUNT(numbers), next);
	assert_int_equal(fds[n - 1].to, STDERR_FILENO);
	assert_int_equal(next, 7);
	assert_int_equal(in.vhost_fd, -1);
	cof_links_release(&l);
}

static void vsock_comes_in_the_place_of_the_ports(void **state)
{
	cof_links l;
	cof_proc_fd fds[COF_LINKS + 1];
	cof_argv_in in = {COF_ARGV_NO_FDS};
	int next = 3;
	COF_AUTO_FD int vhost = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)state;
	made(&l, false);
	assert_true(l.at[COF_LINK_CTL].ours < 0 && l.at[COF_LINK_IO].theirs < 0);
	size_t n = cof_links_give(&l, vhost, &in, fds, &next);
	const int numbers[] = {in.qmp_fd, in.console_fd, in.vhost_fd};
	assert_int_equal(n, COF_COUNT(numbers) + 1);
	assert_table(fds, n, numbers, COF_COUNT(numbers), next);
	assert_true(in.ctl_fd == -1 && in.io_fd == -1);
	cof_links_release(&l);
	assert_true(is_open(vhost)); /* stays its owner's */
}

static void t094_both_ends_are_closed(void **state)
{
	cof_links l, before;
	(void)state;
	made(&l, true);
	before = l;
	cof_links_given(&l);
	for (size_t i = 0; i < COF_LINKS; i++)
		assert_true(is_open(before.at[i].ours) && !is_open(before.at[i].theirs));
	cof_links_release(&l);
	for (size_t i = 0; i < COF_LINKS; i++)
		assert_false(is_open(before.at[i].ours));
	cof_links_release(&l); /* again: nothing happens */
}

static void our_ends_do_not_block(void **state)
{
	cof_links l;
	(void)state;
	made(&l, true);
	for (size_t i = 0; i < COF_LINKS; i++) {
		assert_int_equal((fcntl(l.at[i].ours, F_GETFL) & O_NONBLOCK) != 0, i != COF_LINK_QMP);
		assert_int_equal(fcntl(l.at[i].ours, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	}
	cof_links_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_given_with_their_numbers),
		cmocka_unit_test(vsock_comes_in_the_place_of_the_ports),
		cmocka_unit_test(t094_both_ends_are_closed),
		cmocka_unit_test(our_ends_do_not_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
