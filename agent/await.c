/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/await.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "agent/watch.h"
#include "common/cleanup.h"
#include "common/clock.h"

/* spec: netlink(7) NETLINK_KOBJECT_UEVENT, group 1: the kernel's own messages. */
static int open_uevents(cof_err *err)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK, .nl_groups = 1};
	COF_AUTO_FD int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
		return cof_err_sys(err, "uevent-failed", "netlink");
	return cof_steal_fd(&fd);
}

/* What a message says does not matter: each is a reason to look again. */
static void drain(int fd)
{
	char ignored[4096];
	while (recv(fd, ignored, sizeof ignored, 0) > 0)
		;
}

int cof_await_device(cof_await_check check, void *arg, int timeout_ms, const char *what, cof_err *err)
{
	/* Listening begins before the first look, so that nothing is missed between the two. */
	COF_AUTO_FD int fd = open_uevents(err);
	if (fd < 0)
		return fd;
	int64_t until = cof_now_ms() + timeout_ms;
	while (!check(arg)) {
		int64_t left = until - cof_now_ms();
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (left <= 0)
			return cof_err_set(err, COF_E_IO, "device-missing", "%s did not appear in %d ms", what,
					   timeout_ms);
		if (poll(&p, 1, (int)left) > 0)
			drain(fd);
	}
	return 0;
}
