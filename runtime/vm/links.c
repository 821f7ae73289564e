/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/vm/links.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "common/cleanup.h"

void cof_links_none(cof_links *l)
{
	for (size_t i = 0; i < COF_LINKS; i++)
		l->at[i] = (cof_link){-EBADF, -EBADF};
}

void cof_links_release(cof_links *l)
{
	for (size_t i = 0; i < COF_LINKS; i++)
		cof_fd_close(&l->at[i].ours);
	cof_links_given(l);
}

void cof_links_given(cof_links *l)
{
	for (size_t i = 0; i < COF_LINKS; i++)
		cof_fd_close(&l->at[i].theirs);
}

int cof_links_make(cof_links *l, bool ports, cof_err *err)
{
	for (size_t i = ports ? COF_LINK_CTL : COF_LINK_QMP; i < COF_LINKS; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return cof_err_sys(err, "socket-failed", "socketpair");
		l->at[i] = (cof_link){pair[0], pair[1]};
		if (i != COF_LINK_QMP && fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
			return cof_err_sys(err, "socket-failed", "fcntl");
	}
	return 0;
}

size_t cof_links_give(const cof_links *l, int vhost_fd, cof_argv_in *in, cof_proc_fd *fds, int *next)
{
	const struct {
		int from;
		int *number;
	} all[] = {{l->at[COF_LINK_CTL].theirs, &in->ctl_fd},
		   {l->at[COF_LINK_IO].theirs, &in->io_fd},
		   {l->at[COF_LINK_QMP].theirs, &in->qmp_fd},
		   {l->at[COF_LINK_CONSOLE].theirs, &in->console_fd},
		   {vhost_fd, &in->vhost_fd}};
	size_t n = 0;
	for (size_t i = 0; i < COF_COUNT(all); i++) {
		if (all[i].from < 0)
			continue;
		fds[n++] = (cof_proc_fd){all[i].from, *next};
		*all[i].number = (*next)++;
	}
	fds[n++] = (cof_proc_fd){l->at[COF_LINK_LOG].theirs, STDERR_FILENO};
	return n;
}
