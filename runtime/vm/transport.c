/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/transport.h"

#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <sys/socket.h>

#include "runtime/vm/cid.h"

void cof_transport_release(cof_transport *t)
{
	if (t->name != NULL)
		cof_fd_close(&t->vhost_fd);
	*t = COF_TRANSPORT_SERIAL;
}

/* The machine's side is the device; ours is an ordinary socket, which a kernel may lack as well. */
static int take_vsock(const char *device, cof_transport *ret, cof_err *err)
{
	COF_AUTO(cof_transport) t = {.name = "vsock"};
	COF_AUTO_FD int ours = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	t.vhost_fd = open(device, O_RDWR | O_CLOEXEC);
	if (t.vhost_fd < 0 || ours < 0)
		return cof_err_set(err, COF_E_UNAVAILABLE, "vsock-unavailable",
				   "this host has no vsock for machines: %s",
				   t.vhost_fd < 0 ? device : "no such sockets");
	int r = cof_cid_choose(cof_cid_claim_vhost, &t.vhost_fd, &t.cid, err);
	if (r < 0)
		return r;
	*ret = t;
	t = COF_TRANSPORT_SERIAL;
	return 0;
}

int cof_transport_choose(const char *asked, const char *device, cof_transport *ret, cof_err *err)
{
	bool serial = strcmp(asked, "serial") == 0;
	bool any = strcmp(asked, "auto") == 0;
	if (!serial && !any && strcmp(asked, "vsock") != 0)
		return cof_err_set(err, COF_E_USAGE, "transport-unknown", "%.40s is none of auto, serial, vsock",
				   asked);
	cof_err why = {0};
	int r = serial ? 0 : take_vsock(device, ret, &why);
	if (r < 0 && !any)
		return cof_err_set(err, why.cls, why.reason, "%s", why.text);
	if (serial || r < 0)
		*ret = COF_TRANSPORT_SERIAL;
	return 0;
}

int cof_transport_dial(const cof_transport *t, cof_err *err)
{
	const struct sockaddr_vm addr = {.svm_family = AF_VSOCK, .svm_cid = t->cid, .svm_port = COF_TRANSPORT_PORT};
	COF_AUTO_FD int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return cof_err_sys(err, "socket-failed", "vsock");
	if (connect(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 && errno != EINPROGRESS)
		return cof_err_set(err, COF_E_UNAVAILABLE, "agent-silent", "vsock port %d of context %u: errno %d",
				   COF_TRANSPORT_PORT, t->cid, errno);
	return cof_steal_fd(&fd);
}
