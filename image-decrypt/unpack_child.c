/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/unpack_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "common/json.h"
#include "common/rd.h"
#include "image-decrypt/unpack_child_int.h"

enum { PIPE_LEN = 1 << 20 };

struct cof_unpack_child {
	pid_t pid;
	int chan;
	cof_digest digest, diff_id; /* of the task in hand */
	bool file;
};

int cof_unpack_child_start(cof_unpack_child **ret, const cof_unpack_opts *opts, int life, cof_err *err)
{
	int pair[2];
	COF_AUTO_PTR(cof_unpack_child) c = calloc(1, sizeof *c);
	if (c == NULL)
		return cof_err_oom(err);
	c->chan = -EBADF;
	int r = cof_chan_pair(pair, err);
	if (r < 0)
		return r;
	c->chan = pair[0];
	COF_AUTO_FD int theirs = pair[1];
	(void)signal(SIGPIPE, SIG_IGN);
	c->pid = fork();
	if (c->pid == 0) {
		cof_fd_close(&c->chan);
		cof_unpack_inside(theirs, life, opts);
	}
	if (c->pid < 0)
		return cof_err_sys(err, "fork-failed", "a process that unpacks");
	*ret = cof_steal(&c);
	return 0;
}

static int reap(cof_unpack_child *c)
{
	int status = 0;
	while (c->pid > 0 && waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	c->pid = -1;
	return status;
}

void cof_unpack_child_free(cof_unpack_child *c)
{
	cof_fd_close(&c->chan);
	if (c->pid > 0)
		(void)kill(c->pid, SIGKILL);
	(void)reap(c);
	free(c);
}

/* --- a task --- */

static int encode(const cof_unpack_task *t, cof_buf *ret, cof_err *err)
{
	char digest[COF_DIGEST_STR_MAX], diff_id[COF_DIGEST_STR_MAX];
	if (t->media_type == NULL)
		return cof_buf_add_str(ret, "{}", err);
	cof_digest_str(&t->digest, digest);
	cof_digest_str(&t->diff_id, diff_id);
	COF_AUTO_PTR(json_t)
	doc = json_pack("{s:s, s:s*, s:s, s:s, s:I}", "media_type", t->media_type, "pubopts", t->enc_pubopts, "digest",
			digest, "diff_id", diff_id, "size", (json_int_t)t->size);
	return doc != NULL ? cof_json_dump(doc, ret, err) : cof_err_oom(err);
}

static int make_pipe(int *ret_read, int *ret_write, cof_err *err)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0)
		return cof_err_sys(err, "pipe-failed", "a pipe");
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

int cof_unpack_child_begin(cof_unpack_child *c, const cof_unpack_task *task, int *ret_blob, cof_err *err)
{
	COF_AUTO_FD int blob_read = -EBADF, blob_write = -EBADF, key_read = -EBADF, key_write = -EBADF;
	COF_AUTO(cof_buf) text = {0};
	int r = encode(task, &text, err);
	if (r == 0)
		r = make_pipe(&blob_read, &blob_write, err);
	if (r == 0 && task->key != NULL)
		r = make_pipe(&key_read, &key_write, err);
	if (r == 0 && task->key != NULL)
		r = cof_layer_key_write(key_write, task->key, err);
	if (r < 0)
		return r;
	(void)fcntl(blob_write, F_SETPIPE_SZ, PIPE_LEN); /* fewer turns; refused where pipes are dear */
	const int fds[] = {blob_read, key_read};
	c->digest = task->digest;
	c->diff_id = task->diff_id;
	c->file = task->media_type == NULL;
	if (cof_chan_send(c->chan, COF_UNPACK_TASK, cof_buf_span(&text), fds, task->key != NULL ? 2 : 1, NULL) < 0)
		return cof_unpack_child_end(c, NULL, err); /* it may have said why it could not begin */
	*ret_blob = cof_steal_fd(&blob_write);
	return 0;
}

/* --- an answer --- */

/* It is not asked why; it may not be there to be asked. */
static int died(cof_unpack_child *c, cof_err *err)
{
	int status = reap(c);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-died",
				   "the process that unpacks was killed, as happens when memory runs out");
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-died",
				   "the process that unpacks asked for a system call that it may not make");
	if (WIFSIGNALED(status))
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-died", "the process that unpacks ended by SIG%s",
				   sigabbrev_np(WTERMSIG(status)));
	return cof_err_set(err, COF_E_INTERNAL, "unpacker-died", "the process that unpacks ended without an answer");
}

static int read_answer(const cof_unpack_child *c, cof_span in, cof_unpack_answer *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	cof_unpack_answer a = {.digest = c->digest, .diff_id = c->diff_id};
	uint64_t *const numbers[] = {&a.stored_bytes, &a.tar_bytes, &a.entries, &a.decrypt_ms, &a.unpack_ms};
	for (size_t i = 0; i < COF_COUNT(numbers); i++)
		*numbers[i] = cof_rd_u64le(&r);
	if (c->file) {
		a.digest.alg = a.diff_id.alg = COF_SHA256;
		cof_rd_copy(&r, a.digest.bytes, COF_SHA256_LEN);
		cof_rd_copy(&r, a.diff_id.bytes, COF_SHA256_LEN);
	}
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-malformed",
				   "the process that unpacks gave no answer");
	*ret = a;
	return 0;
}

int cof_unpack_child_end(cof_unpack_child *c, cof_unpack_answer *ret, cof_err *err)
{
	COF_AUTO(cof_msg) m = {0};
	cof_err why = {0};
	if (cof_chan_recv(c->chan, &m, &why) < 0)
		return died(c, err);
	if (m.type == COF_UNPACK_DONE && ret != NULL)
		return read_answer(c, cof_buf_span(&m.body), ret, err);
	if (m.type != COF_UNPACK_ERR)
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-malformed", "an answer of type %u", m.type);
	cof_chan_parse_err(cof_buf_span(&m.body), &why);
	return cof_err_set(err, why.cls, why.reason, "%s", why.text);
}
