/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layer.h"

#include <poll.h>
#include <sched.h>

#include "image-decrypt/inflate.h"
#include "image-decrypt/ocicrypt.h"

enum {
	BLOCK = 512 << 10,
	PLAIN_BLOCKS = 4,
	TAR_BLOCKS = 12,
	PROGRESS_STEP = 1 << 20,
};

/* One layer on its way. */
typedef struct line {
	const cof_layer_job *job;
	const cof_media *media;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	cof_hasher *stored, *diff_id;
	cof_enc_stream *cipher;
	cof_inflate *inflate;
	cof_unpack *unpack;
	cof_crew *crew;
	cof_belt *plain, *tar; /* before inflate, and behind it */
	uint8_t *block;	       /* in hand, of the belt of plain bytes */
	cof_buf ahead;	       /* stored bytes that came before the key */
	size_t ahead_taken;
	uint64_t bytes, tar_bytes, told;
	uint64_t decrypt_ns, unpack_ns;
	/* What inflate or untar said first. It counts only when the stored bytes prove right. */
	int failed;
	cof_err why;
} line;

/* Writers before what they write into. */
static void line_release(line *l)
{
	if (l->tar != NULL)
		cof_belt_stop(l->tar);
	if (l->plain != NULL)
		cof_belt_free(l->plain);
	if (l->tar != NULL)
		cof_belt_free(l->tar);
	if (l->crew != NULL)
		cof_crew_free(l->crew);
	cof_hasher_free(l->stored);
	cof_hasher_free(l->diff_id);
	if (l->cipher != NULL)
		cof_enc_stream_free(l->cipher);
	if (l->inflate != NULL)
		cof_inflate_free(l->inflate);
	if (l->unpack != NULL)
		cof_unpack_free(l->unpack);
	cof_buf_release(&l->ahead);
}
COF_DEFINE_AUTO(line, line_release)

/* --- before the first byte --- */

static int check_job(line *l, cof_err *err)
{
	const cof_layer_job *job = l->job;
	l->media = cof_media_find(job->media_type);
	if (l->media == NULL || l->media->kind != COF_MEDIA_LAYER)
		return cof_err_set(err, COF_E_MALFORMED, "layer-type-unknown", "'%.100s' is no layer", job->media_type);
	if (!l->media->encrypted)
		return job->allow_plain
			       ? 0
			       : cof_err_set(err, COF_E_POLICY, "layer-not-encrypted", "the layer is not encrypted");
	if (job->enc_pubopts == NULL)
		return cof_err_set(err, COF_E_MALFORMED, "layer-pubopts-malformed", "public options: there are none");
	return cof_enc_public_parse(job->enc_pubopts, l->hmac, err);
}

static int on_tar_digest(void *arg, cof_span block, cof_err *err)
{
	line *l = arg;
	l->tar_bytes += block.len;
	return cof_hasher_add(l->diff_id, block, err);
}

static int on_tar(void *arg, cof_span block, cof_err *err)
{
	const line *l = arg;
	return cof_unpack_add(l->unpack, block, err);
}

static int on_plain(void *arg, cof_span block, cof_err *err)
{
	const line *l = arg;
	return cof_inflate_add(l->inflate, block, err);
}

/* What came out before a failure goes on, so that untar's say about it comes first, as it stands first. */
static int on_plain_end(void *arg, bool whole, cof_err *err)
{
	line *l = arg;
	int r = cof_inflate_flush(l->inflate, err);
	if (r == 0 && whole)
		r = cof_inflate_end(l->inflate, err);
	cof_belt_close(l->tar);
	return r;
}

/* With this thread, one for each CPU, as far as there are stages for them. */
static size_t helpers(const cof_layer_job *job)
{
	cpu_set_t set;
	size_t cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
	if (job->threads != 0 && job->threads < cpus)
		cpus = job->threads;
	return cpus <= COF_CREW_MAX ? cpus - 1 : COF_CREW_MAX;
}

static int set_up_belts(line *l, cof_err *err)
{
	const size_t threads = helpers(l->job);
	/* Alone, a block goes through all stages while the caches hold it. */
	const cof_belt_opts tar = {.blocks = threads > 0 ? TAR_BLOCKS : 1,
				   .block_len = BLOCK,
				   .readers = {{on_tar, NULL, l}, {on_tar_digest, NULL, l}},
				   .n_readers = 2};
	const cof_belt_opts plain = {.blocks = threads > 0 ? PLAIN_BLOCKS : 1,
				     .block_len = BLOCK,
				     .readers = {{on_plain, on_plain_end, l}},
				     .n_readers = 1};
	int r = cof_crew_new(&l->crew, threads, err);
	if (r == 0)
		r = cof_belt_new(&l->tar, l->crew, &tar, err);
	if (r == 0)
		r = cof_inflate_into(&l->inflate, l->media->comp, l->tar, err);
	if (r == 0)
		r = cof_belt_new(&l->plain, l->crew, &plain, err);
	return r < 0 ? r : cof_belt_room(l->plain, &l->block, err);
}

static int set_up(line *l, cof_err *err)
{
	int r = check_job(l, err);
	if (r == 0)
		r = cof_hasher_new(&l->stored, l->job->digest.alg, err);
	if (r == 0)
		r = cof_hasher_new(&l->diff_id, l->job->diff_id.alg, err);
	if (r == 0)
		r = cof_unpack_new(&l->unpack, &l->job->unpack, err);
	return r < 0 ? r : set_up_belts(l, err);
}

/* --- reading --- */

static int bad_size(const line *l, cof_err *err)
{
	return cof_err_set(err, COF_E_CRYPTO, "layer-size-mismatch", "%s than the %llu bytes of its descriptor",
			   l->bytes > l->job->size ? "more" : "less", (unsigned long long)l->job->size);
}

static int tell(line *l, bool last, cof_err *err)
{
	if (l->job->progress == NULL || (!last && l->bytes - l->told < PROGRESS_STEP))
		return 0;
	l->told = l->bytes;
	return l->job->progress(l->job->progress_arg, l->bytes, l->job->size) < 0
		       ? cof_err_set(err, COF_E_IO, "cancelled", "stopped on request")
		       : 0;
}

/* *ret_n 0 is the end. A byte too many ends it at once: an endless stream must not keep us. */
static int read_stored(line *l, uint8_t *to, size_t room, size_t *ret_n, cof_err *err)
{
	ssize_t n;
	do
		n = read(l->job->blob_fd, to, room);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return cof_err_sys(err, "layer-read", "the stored bytes");
	l->bytes += (uint64_t)n;
	*ret_n = (size_t)n;
	return l->bytes > l->job->size ? bad_size(l, err) : tell(l, n == 0, err);
}

/* Takes stored bytes while the key is on its way, up to a limit; the sender then has to wait. */
static int wait_for_key(line *l, cof_err *err)
{
	struct pollfd fds[2] = {{.fd = l->job->key_fd, .events = POLLIN}, {.fd = l->job->blob_fd, .events = POLLIN}};
	const size_t most = l->job->ahead != 0 ? l->job->ahead : COF_LAYER_AHEAD;
	while (fds[0].revents == 0) {
		size_t n = 0;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return cof_err_sys(err, "layer-read", "waiting for the key");
		if (fds[0].revents != 0 || fds[1].revents == 0)
			continue;
		int r = read_stored(l, l->block, BLOCK, &n, err);
		if (r == 0)
			r = cof_buf_add(&l->ahead, l->block, n, err);
		if (r < 0)
			return r;
		if (n == 0 || l->ahead.len + BLOCK > most)
			fds[1].fd = -1;
	}
	return 0;
}

static int take_key(line *l, cof_err *err)
{
	COF_AUTO(cof_layer_key) key = {0};
	if (!l->media->encrypted)
		return 0;
	if (l->job->key_fd < 0)
		return cof_err_set(err, COF_E_POLICY, "layer-key-refused", "no key came for this layer");
	int r = wait_for_key(l, err);
	if (r == 0)
		r = cof_layer_key_read(l->job->key_fd, &key, err);
	return r < 0 ? r : cof_enc_stream_new(&l->cipher, &key, COF_ENC_DECRYPT, err);
}

static size_t take_ahead(line *l, uint8_t *to, size_t room)
{
	size_t left = l->ahead.len - l->ahead_taken;
	size_t n = left < room ? left : room;
	if (n > 0)
		memcpy(to, l->ahead.data + l->ahead_taken, n);
	l->ahead_taken += n;
	if (n == left) {
		cof_buf_release(&l->ahead);
		l->ahead_taken = 0;
	}
	return n;
}

/* Bytes that trickle in would wake this thread for each few of them: it reads when there is nothing else to do, or
 * something to read. */
static void help_meanwhile(line *l)
{
	struct pollfd stored = {.fd = l->job->blob_fd, .events = POLLIN};
	uint64_t from = cof_thread_ns();
	while (poll(&stored, 1, 0) == 0 && cof_crew_help(l->crew))
		;
	l->unpack_ns += cof_thread_ns() - from;
}

/* A whole block, or at the end what is left: pipes and networks give less at a time. */
static int fill_block(line *l, size_t *ret_n, cof_err *err)
{
	size_t have = take_ahead(l, l->block, BLOCK);
	size_t n = 1;
	while (have < BLOCK && n > 0) {
		help_meanwhile(l);
		int r = read_stored(l, l->block + have, BLOCK - have, &n, err);
		if (r < 0)
			return r;
		have += n;
	}
	*ret_n = have;
	return 0;
}

/* --- on its way --- */

/* The block is decrypted where it lies. */
static int judge_and_decrypt(line *l, size_t n, cof_err *err)
{
	uint64_t from = cof_thread_ns();
	cof_span in = {l->block, n};
	int r = cof_hasher_add(l->stored, in, err);
	if (r == 0 && l->cipher != NULL)
		r = cof_enc_stream_add(l->cipher, in, l->block, err);
	l->decrypt_ns += cof_thread_ns() - from;
	return r;
}

/*
 * Waits for inflate and untar. Their failures wait on until the stored bytes are judged, except for ours and the
 * machine's. Untar has seen only what inflate gave before it failed, so its failure is the first.
 */
static int settle(line *l, cof_err *err)
{
	cof_err inflate = {0}, untar = {0};
	int inflated = cof_belt_join(l->plain, &inflate);
	int untarred = cof_belt_join(l->tar, &untar);
	l->failed = untarred < 0 ? untarred : inflated;
	l->why = untarred < 0 ? untar : inflate;
	if (l->failed == 0 || l->why.cls == COF_E_MALFORMED || l->why.cls == COF_E_POLICY)
		return 0;
	if (err != NULL)
		*err = l->why;
	return l->failed;
}

/* When nobody takes it any more, the block in hand stays in hand: what is left of the stored bytes is only judged. */
static int forward(line *l, size_t n, cof_err *err)
{
	if (l->failed < 0)
		return 0;
	uint64_t from = cof_thread_ns();
	bool taken = cof_belt_put(l->plain, n, NULL) == 0 && cof_belt_room(l->plain, &l->block, NULL) == 0;
	l->unpack_ns += cof_thread_ns() - from;
	return taken ? 0 : settle(l, err);
}

static int run(line *l, cof_err *err)
{
	size_t n = BLOCK;
	int r = 0;
	while (r == 0 && n == BLOCK) {
		r = fill_block(l, &n, err);
		if (r == 0)
			r = judge_and_decrypt(l, n, err);
		if (r == 0)
			r = forward(l, n, err);
	}
	cof_belt_close(l->plain);
	return r < 0 ? r : settle(l, err);
}

/* --- after the last byte --- */

static int check_stored(line *l, cof_err *err)
{
	cof_digest found;
	if (l->bytes != l->job->size)
		return bad_size(l, err);
	int r = cof_hasher_end(l->stored, &found, err);
	if (r < 0)
		return r;
	if (!cof_digest_equal(&found, &l->job->digest))
		return cof_err_set(err, COF_E_CRYPTO, "layer-digest-mismatch",
				   "the stored bytes are not the manifest's");
	return l->cipher == NULL ? 0 : cof_enc_stream_check(l->cipher, l->hmac, err);
}

static int check_tar(line *l, cof_unpack_result *ret, cof_err *err)
{
	cof_digest found;
	if (l->failed < 0) {
		if (err != NULL)
			*err = l->why;
		return l->failed;
	}
	int r = cof_unpack_end(l->unpack, ret, err);
	if (r == 0)
		r = cof_hasher_end(l->diff_id, &found, err);
	if (r < 0)
		return r;
	return cof_digest_equal(&found, &l->job->diff_id)
		       ? 0
		       : cof_err_set(err, COF_E_CRYPTO, "layer-diffid-mismatch", "the archive is not the config's");
}

int cof_layer_unpack(const cof_layer_job *job, cof_layer_result *ret, cof_err *err)
{
	COF_AUTO(line) l = {.job = job};
	cof_unpack_result unpacked = {0};
	int r = set_up(&l, err);
	if (r == 0)
		r = take_key(&l, err);
	if (r == 0)
		r = run(&l, err);
	if (r == 0)
		r = check_stored(&l, err);
	if (r == 0)
		r = check_tar(&l, &unpacked, err);
	if (r < 0)
		return r;
	*ret = (cof_layer_result){
		.stored_bytes = l.bytes,
		.tar_bytes = l.tar_bytes,
		.entries = unpacked.entries,
		.decrypt_ms = l.decrypt_ns / 1000000,
		.unpack_ms = (l.unpack_ns + cof_crew_ns(l.crew)) / 1000000,
		.root_opaque = unpacked.root_opaque,
	};
	return 0;
}
