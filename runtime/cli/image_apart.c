/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image_apart.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "common/chan.h"
#include "common/lockdown.h"
#include "common/seccomp.h"
#include "image-decrypt/staging.h"

enum { APART_DONE = 1 /* JSON */, APART_ERR = 2 /* cof_chan_send_err */ };

/* DAC_READ_SEARCH 2: keys may belong to others than root. */
static const uint64_t kept = 1u << 2;

int cof_cli_apart_lock(cof_err *err)
{
	static const char *const spools[] = {"/var/tmp", "/tmp"}; /* image-decrypt/spool.h */
	int r = cof_lockdown_writes(spools, COF_COUNT(spools), err);
	if (r == 0 && geteuid() == 0)
		r = cof_lockdown_caps(kept, err);
	return r < 0 ? r : cof_seccomp_fetcher(err);
}

/* --- in the other process --- */

__attribute__((noreturn)) static void apart(int chan, pid_t parent, const cof_staging *s, cof_cli_apart_work work,
					    void *arg)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	COF_AUTO(cof_buf) text = {0};
	cof_err err = {0};
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(1);
	int r = work(arg, cof_staging_root(s), cof_staging_life(s), &doc, &err);
	if (r == 0)
		r = cof_json_dump(doc, &text, &err);
	if (r == 0)
		r = cof_chan_send(chan, APART_DONE, cof_buf_span(&text), NULL, 0, &err);
	else
		r = cof_chan_send_err(chan, APART_ERR, &err, NULL);
	(void)fflush(NULL);
	_exit(r < 0 ? 1 : 0);
}

/* --- here --- */

static int take_answer(int chan, json_t **ret, cof_err *err)
{
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	if (cof_chan_recv(chan, &m, &why) < 0)
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-died",
				   "the process that fetches ended without an answer");
	if (m.type == APART_DONE)
		return cof_json_parse(cof_buf_span(&m.body), ret, err);
	cof_chan_parse_err(cof_buf_span(&m.body), &why);
	return cof_err_set(err, why.cls, why.reason, "%s", why.text);
}

int cof_cli_image_apart(const char *target, cof_cli_apart_work work, void *arg, json_t **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_staging) s = NULL;
	int pair[2];
	int r = cof_staging_new(&s, target, err);
	if (r == 0)
		r = cof_chan_pair(pair, err);
	if (r < 0)
		return r;
	COF_AUTO_FD int ours = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	pid_t parent = getpid();
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		return cof_err_sys(err, "fork-failed", "a process that fetches");
	if (pid == 0) {
		cof_fd_close(&ours);
		apart(theirs, parent, s, work, arg);
	}
	cof_fd_close(&theirs);
	r = take_answer(ours, ret, err);
	/* Its own children end with it, or before. */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : cof_staging_publish(s, err);
}
