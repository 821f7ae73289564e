/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the walls: what unpack_child.h's process does. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "common/json.h"
#include "common/lockdown.h"
#include "common/seccomp.h"
#include "common/wr.h"
#include "image-decrypt/layer.h"
#include "image-decrypt/unpack_child_int.h"
#include "image-decrypt/unpack_file.h"

enum { FILES_MAX = 512 };

/* CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, SETFCAP 31: what making files of others takes; MKNOD 27 for devices. */
static const uint64_t kept = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 31;
static const uint64_t kept_for_devices = 1u << 27;

/* --- shutting in --- */

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

/* Nothing of the parent's is left open but what is named. Its sanitizer may still speak, its terminal may not. */
static int drop_descriptors(int chan, int life, int root, cof_err *err)
{
	int keep[] = {chan, life, root};
	COF_AUTO_FD int null = open("/dev/null", O_RDWR | O_CLOEXEC);
#ifdef __SANITIZE_ADDRESS__
	const int last = STDOUT_FILENO;
#else
	const int last = STDERR_FILENO;
#endif
	for (int fd = 0; fd <= last; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return cof_err_sys(err, "lockdown-failed", "standard descriptors");
	qsort(keep, COF_COUNT(keep), sizeof keep[0], by_number);
	unsigned from = STDERR_FILENO + 1;
	for (size_t i = 0; i < COF_COUNT(keep); i++) {
		if ((unsigned)keep[i] > from)
			(void)syscall(SYS_close_range, from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	null = -EBADF; /* closed with the others */
	return syscall(SYS_close_range, from, ~0u, 0) < 0 ? cof_err_sys(err, "lockdown-failed", "descriptors") : 0;
}

/*
 * Two walls around the folder, a root of its own and Landlock, and one at least must stand: containers and owners who
 * are not root may not have both. A network namespace is the second wall there, the system call filter makes no socket.
 */
static int lock_folder(int root, cof_err *err)
{
	(void)!cof_lockdown_network(NULL);
	int r = cof_lockdown_files(root, NULL, 0, err);
	if (r == 0 && cof_lockdown_root(root, err) < 0)
		r = cof_lockdown_landlock() ? 0 : cof_err_wrap(err, "no Landlock either");
	return r;
}

static int lock(int chan, int life, const cof_unpack_opts *o, cof_err *err)
{
	bool root = geteuid() == 0;
	/* Gives the right to a network and a root of one's own, over oneself alone; where it may not be, the rest must
	 * do. */
	bool privileged = root || unshare(CLONE_NEWUSER) == 0;
	int r = drop_descriptors(chan, life, o->root_fd, err);
	if (r == 0)
		r = cof_lockdown_limits(FILES_MAX, err);
	if (r == 0)
		r = lock_folder(o->root_fd, err);
	if (r == 0 && privileged)
		r = cof_lockdown_caps(!root ? 0 : kept | (o->devices ? kept_for_devices : 0), err);
	if (r == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) /* forgotten when capabilities grow */
		r = cof_err_sys(err, "lockdown-failed", "a parent that dies");
	return r < 0 ? r : cof_seccomp_unpacker(err);
}

/* --- tasks --- */

static int digest_of(const json_t *doc, const char *key, cof_digest *ret, cof_err *err)
{
	const char *s = NULL;
	int r = cof_json_str(doc, key, &s, err);
	return r < 0 ? r : cof_digest_parse(s, ret, err);
}

/* The job's texts borrow from doc. */
static int read_task(const json_t *doc, cof_layer_job *job, cof_err *err)
{
	json_int_t size = 0;
	int r = cof_json_str(doc, "media_type", &job->media_type, err);
	if (r == 0)
		r = cof_json_opt_str(doc, "pubopts", &job->enc_pubopts, err);
	if (r == 0)
		r = digest_of(doc, "digest", &job->digest, err);
	if (r == 0)
		r = digest_of(doc, "diff_id", &job->diff_id, err);
	if (r == 0)
		r = cof_json_int(doc, "size", 0, INT64_MAX, &size, err);
	job->size = (uint64_t)size;
	return r;
}

static int send_numbers(int chan, const uint64_t *numbers, size_t n, const cof_unpack_file_result *file, cof_err *err)
{
	COF_AUTO(cof_buf) body = {0};
	cof_wr w = cof_wr_to(&body);
	for (size_t i = 0; i < n; i++)
		cof_wr_u64le(&w, numbers[i]);
	if (file != NULL) {
		cof_wr_bytes(&w, cof_digest_span(&file->stored));
		cof_wr_bytes(&w, cof_digest_span(&file->diff_id));
	}
	int r = cof_wr_done(&w, err);
	return r < 0 ? r : cof_chan_send(chan, COF_UNPACK_DONE, cof_buf_span(&body), NULL, 0, err);
}

/* A limit of 0 would be the default. */
static uint64_t rest(uint64_t limit, uint64_t used)
{
	return used < limit ? limit - used : 1;
}

static void use_up(cof_unpack_opts *left, uint64_t bytes, uint64_t entries)
{
	left->max_bytes = rest(left->max_bytes, bytes);
	left->max_entries = rest(left->max_entries, entries);
}

static int unpack_layer(int chan, const cof_msg *m, const json_t *doc, cof_unpack_opts *left, cof_err *err)
{
	cof_layer_result res = {0};
	cof_layer_job job = {.blob_fd = m->fds[0],
			     .key_fd = m->n_fds == 2 ? m->fds[1] : -EBADF,
			     .allow_plain = true,
			     .unpack = *left};
	int r = read_task(doc, &job, err);
	if (r == 0)
		r = cof_layer_unpack(&job, &res, err);
	if (r < 0)
		return r;
	use_up(left, res.tar_bytes, res.entries);
	const uint64_t numbers[] = {res.stored_bytes, res.tar_bytes, res.entries, res.decrypt_ms, res.unpack_ms};
	return send_numbers(chan, numbers, COF_COUNT(numbers), NULL, err);
}

static int unpack_file(int chan, const cof_msg *m, cof_unpack_opts *left, cof_err *err)
{
	cof_unpack_file_result res = {0};
	int r = cof_unpack_file(m->fds[0], left, &res, err);
	use_up(left, res.tar_bytes, res.entries);
	const uint64_t numbers[] = {res.stored_bytes, res.tar_bytes, res.entries, 0, 0};
	return r < 0 ? r : send_numbers(chan, numbers, COF_COUNT(numbers), &res, err);
}

static int answer(int chan, const cof_msg *m, cof_unpack_opts *left, cof_err *err)
{
	COF_AUTO_PTR(json_t) doc = NULL;
	if (m->type != COF_UNPACK_TASK || m->n_fds < 1 || m->n_fds > 2)
		return cof_err_set(err, COF_E_INTERNAL, "unpacker-malformed", "not a task");
	int r = cof_json_parse(cof_buf_span(&m->body), &doc, err);
	if (r < 0)
		return r;
	return json_object_size(doc) == 0 ? unpack_file(chan, m, left, err) : unpack_layer(chan, m, doc, left, err);
}

void cof_unpack_inside(int chan, int life, const cof_unpack_opts *opts)
{
	cof_unpack_opts left = *opts;
	cof_err err = {0};
	(void)umask(0);
	int r = lock(chan, life, opts, &err);
	while (r == 0) {
		COF_AUTO(cof_msg) m = {0};
		if (cof_chan_recv(chan, &m, NULL) < 0)
			_exit(0); /* the parent has no more */
		r = answer(chan, &m, &left, &err);
	}
	(void)!cof_chan_send_err(chan, COF_UNPACK_ERR, &err, NULL);
	_exit(1);
}
