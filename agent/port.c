/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/port.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/file.h"

struct cof_port {
	struct event_base *base;
	cof_port_opts opts;
	int fd;		      /* the listener, or the port itself, open for the life of the guest */
	struct event *arrive; /* a host came */
	cof_ttrpc *connection;
	struct event *again; /* frees an ended connection outside its own call back */
};

/* --- finding --- */

static bool has_name(const char *sysfs, const char *entry, const char *name)
{
	COF_AUTO_FREE char *path = NULL;
	COF_AUTO(cof_buf) text = {0};
	if (cof_path(&path, NULL, "%s/%s/name", sysfs, entry) < 0 || cof_file_read(path, 256, &text, NULL) < 0)
		return false;
	size_t n = strlen(name);
	const char *have = cof_buf_str(&text);
	return strncmp(have, name, n) == 0 && (have[n] == '\0' || strcmp(have + n, "\n") == 0);
}

int cof_port_find(const char *sysfs, const char *name, char **ret, cof_err *err)
{
	int r = cof_err_set(err, COF_E_IO, "no-port", "no virtio port is called %s", name);
	DIR *d = opendir(sysfs);
	if (d == NULL)
		return r;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		if (e->d_name[0] != '.' && has_name(sysfs, e->d_name, name)) {
			r = cof_path(ret, err, "/dev/%s", e->d_name);
			break;
		}
	}
	(void)closedir(d);
	return r;
}

/* --- connections --- */

static void watch_arrival(cof_port *p)
{
	(void)event_add(p->arrive, NULL);
}

static void on_closed(void *arg, const cof_err *why)
{
	cof_port *p = arg;
	(void)why;
	p->opts.closed(p->opts.arg);
	event_active(p->again, EV_TIMEOUT, 0);
}

static void on_serve(void *arg, cof_ttrpc_call *call, const char *service, const char *method, cof_span payload)
{
	cof_port *p = arg;
	p->opts.serve(p->opts.arg, call, service, method, payload);
}

static void on_ready(void *arg)
{
	cof_port *p = arg;
	/* A hello in mid-life means another client: whatever the one before waited for is void. */
	p->opts.closed(p->opts.arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	cof_port *p = arg;
	(void)fd;
	(void)what;
	cof_ttrpc_free(p->connection);
	p->connection = NULL;
	watch_arrival(p);
}

static void begin(cof_port *p, int fd)
{
	COF_AUTO_FD int owned = fd;
	cof_ttrpc_opts opts = {.hello = COF_HELLO_ANSWER,
			       .frame_max = COF_TTRPC_SERIAL_CHUNK,
			       .serve = on_serve,
			       .ready = on_ready,
			       .closed = on_closed,
			       .arg = p};
	if (cof_ttrpc_new(&p->connection, p->base, owned, &opts, NULL) == 0)
		(void)cof_steal_fd(&owned);
	else
		watch_arrival(p);
}

static void on_arrive(evutil_socket_t fd, short what, void *arg)
{
	cof_port *p = arg;
	(void)what;
	if (p->connection != NULL)
		return;
	if (p->opts.unix_socket) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer >= 0)
			begin(p, peer);
		else
			watch_arrival(p);
		return;
	}
	/* A port without a host polls as hung up; the wait for its coming is edge-triggered, so that it costs nothing.
	 */
	struct pollfd state = {.fd = fd, .events = POLLIN | POLLOUT};
	if (poll(&state, 1, 0) < 0 || (state.revents & POLLHUP) != 0)
		return;
	(void)event_del(p->arrive);
	begin(p, fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

int cof_port_listen(const char *path, cof_err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof addr.sun_path)
		return cof_err_set(err, COF_E_USAGE, "path-too-long", "%s", path);
	memcpy(addr.sun_path, path, strlen(path));
	COF_AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4) < 0)
		return cof_err_sys(err, "listen-failed", "%s", path);
	return cof_steal_fd(&fd);
}

static int open_port(const char *name, cof_err *err)
{
	COF_AUTO_FREE char *path = NULL;
	int r = cof_port_find("/sys/class/virtio-ports", name, &path, err);
	if (r < 0)
		return r;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? cof_err_sys(err, "no-port", "%s", path) : fd;
}

int cof_port_open(cof_port **ret, struct event_base *base, const cof_port_opts *opts, cof_err *err)
{
	COF_AUTO_PTR(cof_port) p = calloc(1, sizeof *p);
	if (p == NULL)
		return cof_err_oom(err);
	p->base = base;
	p->opts = *opts;
	p->fd = opts->unix_socket ? cof_port_listen(opts->name, err) : open_port(opts->name, err);
	if (p->fd < 0)
		return p->fd;
	short what = opts->unix_socket ? EV_READ : (short)(EV_READ | EV_WRITE | EV_ET | EV_PERSIST);
	p->arrive = event_new(base, p->fd, what, on_arrive, p);
	p->again = event_new(base, -1, 0, on_again, p);
	if (p->arrive == NULL || p->again == NULL)
		return cof_err_oom(err);
	watch_arrival(p);
	*ret = cof_steal(&p);
	return 0;
}

void cof_port_free(cof_port *p)
{
	if (p->connection != NULL)
		cof_ttrpc_free(p->connection);
	if (p->arrive != NULL)
		event_free(p->arrive);
	if (p->again != NULL)
		event_free(p->again);
	if (p->fd >= 0)
		cof_fd_close(&p->fd);
	free(p);
}
