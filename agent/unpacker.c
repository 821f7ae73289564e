/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unpacker: one process for one layer. Stored bytes and the layer's key come in by pipes, files go out beneath one
 * directory; there is nothing else that it could reach when the first hostile byte is looked at.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/roles.h"
#include "common/lockdown.h"
#include "common/seccomp.h"
#include "common/secret.h"
#include "image-decrypt/layer.h"

/* All unpackers of a pull together stay within what a small guest can spare. */
enum { FILES_MAX = 512, WIDE_AHEAD = 4 << 20, AHEAD = 1 << 20 };

/* CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, MKNOD 27 (whiteouts), SETFCAP 31: what making files of others takes. */
static const uint64_t kept = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 27 | 1u << 31;

typedef struct task {
	cof_layer_job job;
	json_t *doc; /* owner of the job's texts */
	size_t index;
	int chan, layers;
	int lowers[COF_UNPACK_LOWERS_MAX];
} task;

static int digest_of(const json_t *doc, const char *key, cof_digest *ret, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_str(doc, key, &s, err);
	return r < 0 ? r : cof_digest_parse(s, ret, err);
}

static int parse_task(const cof_msg *m, task *t, cof_err *err)
{
	json_int_t index = 0, size = 0;
	bool wide = false;
	cof_layer_job *job = &t->job;
	int r = cof_json_parse(cof_buf_span(&m->body), &t->doc, err);
	if (r == 0)
		r = cof_json_int(t->doc, "index", 0, COF_LAYERS_MAX - 1, &index, err);
	if (r == 0)
		r = cof_json_bool(t->doc, "wide", &wide, err);
	if (r == 0)
		r = cof_json_int(t->doc, "size", 0, INT64_MAX, &size, err);
	if (r == 0)
		r = cof_json_str(t->doc, "media_type", &job->media_type, err);
	if (r == 0 && !json_is_null(json_object_get(t->doc, "pubopts")))
		r = cof_json_str(t->doc, "pubopts", &job->enc_pubopts, err);
	if (r == 0)
		r = digest_of(t->doc, "digest", &job->digest, err);
	if (r == 0)
		r = digest_of(t->doc, "diff_id", &job->diff_id, err);
	t->index = (size_t)index;
	job->size = (uint64_t)size;
	job->threads = wide ? 0 : 1;
	job->ahead = wide ? WIDE_AHEAD : AHEAD;
	return r;
}

static int open_folder(int layers, const char *format, size_t index, cof_err *err)
{
	char name[32];
	(void)snprintf(name, sizeof name, "%s%zu", format, index);
	int fd = openat(layers, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? cof_err_sys(err, "unpack-io", "layer folder %s", name) : fd;
}

/* Its own staging folder "s7". */
static int open_staging(task *t, cof_err *err)
{
	t->job.unpack.root_fd = open_folder(t->layers, "s", t->index, err);
	return t->job.unpack.root_fd < 0 ? t->job.unpack.root_fd : 0;
}

/*
 * The layers below, "6" … "0", topmost first. They are unpacked at the same time, so they have their names only when
 * init says so, which is waited for as late as can be.
 */
static int open_lowers(void *arg, cof_err *err)
{
	task *t = arg;
	COF_AUTO(cof_msg) m = {0};
	int r = cof_chan_recv(t->chan, &m, err);
	if (r < 0)
		return r;
	if (m.type != COF_UNPACKER_LOWERS)
		return cof_err_set(err, COF_E_USAGE, "unpacker-malformed", "not the word about the layers below");
	for (size_t i = 0; i < t->index; i++) {
		t->lowers[i] = open_folder(t->layers, "", t->index - 1 - i, err);
		if (t->lowers[i] < 0)
			return t->lowers[i];
	}
	return 0;
}

/* Of the layers' folder it may read everything: the names below it do not exist yet. */
static int lock(const task *t, cof_err *err)
{
	int r = cof_lockdown_network(err);
	if (r == 0)
		r = cof_lockdown_limits(FILES_MAX, err);
	if (r == 0)
		r = cof_lockdown_files(t->job.unpack.root_fd, &t->layers, 1, err);
	if (r == 0)
		r = cof_lockdown_root(t->job.unpack.root_fd, err);
	if (r == 0)
		r = cof_lockdown_caps(kept, err);
	return r < 0 ? r : cof_seccomp_unpacker(err);
}

static int send_report(int chan, const cof_layer_result *res, cof_err *err)
{
	char body[160];
	int n = snprintf(body, sizeof body, "{\"decrypt_ms\":%llu,\"unpack_ms\":%llu,\"root_opaque\":%s}",
			 (unsigned long long)res->decrypt_ms, (unsigned long long)res->unpack_ms,
			 res->root_opaque ? "true" : "false");
	return cof_chan_send(chan, COF_ROLE_DONE, cof_span_of(body, (size_t)n), NULL, 0, err);
}

static int work(int chan, cof_msg *m, task *t, cof_err *err)
{
	cof_layer_result res = {0};
	if (m->type != COF_UNPACKER_JOB || m->n_fds < 2 || m->n_fds > 3)
		return cof_err_set(err, COF_E_USAGE, "unpacker-malformed", "not a job");
	int r = parse_task(m, t, err);
	t->chan = chan;
	t->layers = m->fds[1];
	if (r == 0)
		r = open_staging(t, err);
	if (r < 0)
		return r;
	t->job.blob_fd = m->fds[0];
	t->job.key_fd = m->n_fds == 3 ? m->fds[2] : -EBADF;
	t->job.allow_plain = t->job.enc_pubopts == NULL;
	t->job.unpack.form = COF_UNPACK_OVERLAY;
	t->job.unpack.lower_fds = t->lowers;
	t->job.unpack.n_lowers = t->index;
	t->job.unpack.lowers = open_lowers;
	t->job.unpack.lowers_arg = t;
	r = lock(t, err);
	if (r == 0)
		r = cof_layer_unpack(&t->job, &res, err);
	return r < 0 ? r : send_report(chan, &res, err);
}

int cof_unpacker_main(int chan_fd)
{
	task t = {0};
	cof_err err = {0};
	COF_AUTO(cof_msg) m = {0};
	cof_secret_process_init();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)umask(0);
	int r = cof_chan_recv(chan_fd, &m, &err);
	if (r == 0)
		r = work(chan_fd, &m, &t, &err);
	if (r < 0)
		(void)!cof_chan_send_err(chan_fd, COF_ROLE_ERR, &err, NULL);
	json_decref(t.doc);
	return r < 0 ? 1 : 0;
}
