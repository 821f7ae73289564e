/* SPDX-License-Identifier: Apache-2.0 */
/* The TEE of machines without one: measured boot into a software TPM that the host runs. Measured, not confidential. */
#include <stdlib.h>
#include <unistd.h>

#include "common/file.h"
#include "runtime/vm/backend.h"
#include "runtime/vm/swtpm.h"

struct cof_tee_run {
	cof_swtpm swtpm;
};

static int probe(cof_err *err)
{
	static const char *const places[] = {"/usr/bin/swtpm", "/usr/local/bin/swtpm", "/bin/swtpm"};
	for (size_t i = 0; i < COF_COUNT(places); i++)
		if (access(places[i], X_OK) == 0)
			return 0;
	return cof_err_set(err, COF_E_UNAVAILABLE, "tee-unavailable", "tpm needs swtpm, which is not installed");
}

static void stop(cof_tee_run *run)
{
	if (run != NULL)
		cof_swtpm_release(&run->swtpm);
	free(run);
}

static int start(const cof_tee_ctx *ctx, cof_tee_run **ret, cof_err *err)
{
	COF_AUTO_FREE char *dir = NULL;
	COF_AUTO_FREE cof_tee_run *run = calloc(1, sizeof *run);
	if (run == NULL)
		return cof_err_oom(err);
	int r = cof_path(&dir, err, "%s/tpm", ctx->run_dir);
	if (r == 0)
		r = cof_mkdirs(dir, 0700, err);
	if (r == 0)
		r = cof_swtpm_start(&(cof_swtpm_opts){.dir = dir, .ca_dir = ctx->keep_dir, .bare = ctx->bare},
				    &run->swtpm, err);
	if (r == 0)
		*ret = cof_steal(&run);
	return r;
}

/* QEMU and swtpm alone hold the channel afterwards: swtpm ends when QEMU does. */
static int attach(cof_tee_run *run, cof_argv_in *in, cof_proc_fd *fds, size_t *n_fds, int *next, cof_err *err)
{
	(void)err;
	fds[(*n_fds)++] = (cof_proc_fd){run->swtpm.ctrl_fd, *next};
	in->tpm_fd = (*next)++;
	return 0;
}

static void attached(cof_tee_run *run)
{
	cof_fd_close(&run->swtpm.ctrl_fd);
}

static int helper_pidfd(const cof_tee_run *run)
{
	return run->swtpm.proc.pidfd;
}

const cof_tee cof_tee_tpm = {
	.name = "tpm",
	.summary = "measured boot into a software TPM run by the host: measured, not confidential",
	.probe = probe,
	.start = start,
	.attach = attach,
	.attached = attached,
	.helper_pidfd = helper_pidfd,
	.stop = stop,
};
