/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/vsock.h"

#include <linux/vm_sockets.h>

#include "agent/boot.h"
#include "agent/dispatch.h"

enum { BACKLOG = 4 };

/* spec: virtio 1.2, 5.10.1 "Device ID": 19, socket device */
#define VIRTIO_SOCKET "0x0013"

typedef struct connection {
	cof_vsock *v;
	cof_ttrpc *rpc; /* NULL: free */
	bool control;
} connection;

struct cof_vsock {
	struct event_base *base;
	cof_vsock_opts opts;
	int fd;
	struct event *arrive;
	connection connections[COF_VSOCK_CONNECTIONS_MAX];
};

bool cof_vsock_there(void)
{
	return cof_boot_has_virtio(VIRTIO_SOCKET);
}

/* T-48: containers, by the loopback or the guest's own address, and other machines are no host. */
bool cof_vsock_is_host(const struct sockaddr_storage *from, socklen_t len)
{
	struct sockaddr_vm addr;
	if (len != sizeof addr || from->ss_family != AF_VSOCK)
		return false;
	memcpy(&addr, from, sizeof addr);
	return addr.svm_cid == VMADDR_CID_HOST;
}

/* --- connections --- */

static bool another_controls(const connection *c)
{
	for (size_t i = 0; i < COF_COUNT(c->v->connections); i++)
		if (&c->v->connections[i] != c && c->v->connections[i].control)
			return true;
	return false;
}

/* A method that nobody knows is no claim to control either. */
static bool controls(const char *service, const char *method)
{
	const cof_method *m = cof_dispatch_find(service, method);
	return m != NULL && (m->flags & COF_METHOD_IO) == 0;
}

static void on_serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	connection *c = arg;
	bool streams = another_controls(c);
	if (!streams && controls(service, method))
		c->control = true;
	c->v->opts.serve(c->v->opts.arg, streams, call, service, method, payload);
}

static void on_closed(void *arg, const cof_err *why)
{
	connection *c = arg;
	bool control = c->control;
	(void)why;
	c->control = false;
	cof_ttrpc_free(cof_steal(&c->rpc));
	(void)event_add(c->v->arrive, NULL);
	c->v->opts.closed(c->v->opts.arg, control);
}

static connection *free_place(cof_vsock *v)
{
	for (size_t i = 0; i < COF_COUNT(v->connections); i++)
		if (v->connections[i].rpc == NULL)
			return &v->connections[i];
	return NULL;
}

/* Without a free place nobody is taken off the queue: a host that connects anew may be faster than the news that its
 * connection before has ended. */
static void on_arrive(evutil_socket_t fd, short what, void *arg)
{
	cof_vsock *v = arg;
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof from;
	connection *c = free_place(v);
	(void)what;
	if (c == NULL) {
		(void)event_del(v->arrive);
		return;
	}
	COF_AUTO_FD int peer = accept4(fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (peer < 0 || (!v->opts.any_peer && !cof_vsock_is_host(&from, len)))
		return;
	c->v = v;
	const cof_ttrpc_opts opts = {.hello = COF_HELLO_NONE, .serve = on_serve, .closed = on_closed, .arg = c};
	if (cof_ttrpc_new(&c->rpc, v->base, peer, &opts, NULL) == 0)
		(void)cof_steal_fd(&peer);
}

/* --- the listener --- */

int cof_vsock_listen(cof_err *err)
{
	const struct sockaddr_vm addr = {.svm_family = AF_VSOCK, .svm_port = COF_VSOCK_PORT, .svm_cid = VMADDR_CID_ANY};
	COF_AUTO_FD int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, BACKLOG) < 0)
		return cof_err_sys(err, "listen-failed", "vsock port %d", COF_VSOCK_PORT);
	return cof_steal_fd(&fd);
}

int cof_vsock_new(cof_vsock **ret, struct event_base *base, int listener, const cof_vsock_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_vsock) v = calloc(1, sizeof *v);
	if (v == NULL)
		return cof_err_oom(err);
	v->base = base;
	v->opts = *opts;
	v->fd = -EBADF;
	v->arrive = event_new(base, listener, EV_READ | EV_PERSIST, on_arrive, v);
	if (v->arrive == NULL || event_add(v->arrive, NULL) < 0)
		return cof_err_oom(err);
	v->fd = listener;
	*ret = cof_steal(&v);
	return 0;
}

void cof_vsock_free(cof_vsock *v)
{
	for (size_t i = 0; i < COF_COUNT(v->connections); i++)
		cof_ttrpc_free(v->connections[i].rpc);
	if (v->arrive != NULL)
		event_free(v->arrive);
	cof_fd_close(&v->fd);
	free(v);
}
