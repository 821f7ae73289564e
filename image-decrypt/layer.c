/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/layer.h"

#include <poll.h>
#include <time.h>

#include "image-decrypt/inflate.h"
#include "image-decrypt/ocicrypt.h"

enum { CHUNK = 256 << 10, AHEAD_MAX = 8 << 20, PROGRESS_STEP = 1 << 20 };

/* One layer on its way. */
typedef struct line {
	const cof_layer_job *job;
	const cof_media *media;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	cof_hasher *stored, *tar;
	cof_enc_stream *cipher;
	cof_inflate *inflate;
	cof_unpack *unpack;
	uint8_t *chunk;
	cof_buf ahead; /* stored bytes that came before the key */
	uint64_t bytes, tar_bytes, told;
	uint64_t decrypt_ns, unpack_ns;
	/* What inflate or untar said first. It counts only when the stored bytes prove right. */
	int failed;
	cof_err why;
} line;

static void line_release(line *l)
{
	cof_hasher_free(l->stored);
	cof_hasher_free(l->tar);
	if (l->cipher != NULL)
		cof_enc_stream_free(l->cipher);
	if (l->inflate != NULL)
		cof_inflate_free(l->inflate);
	if (l->unpack != NULL)
		cof_unpack_free(l->unpack);
	if (l->chunk != NULL)
		cof_wipe(l->chunk, CHUNK);
	free(l->chunk);
	cof_buf_wipe(&l->ahead);
	cof_buf_release(&l->ahead);
}
COF_DEFINE_AUTO(line, line_release)

static uint64_t now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

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

static int on_tar(void *arg, cof_span chunk, cof_err *err)
{
	line *l = arg;
	int r = cof_hasher_add(l->tar, chunk, err);
	l->tar_bytes += chunk.len;
	return r < 0 ? r : cof_unpack_add(l->unpack, chunk, err);
}

static int set_up(line *l, cof_err *err)
{
	int r = check_job(l, err);
	if (r == 0)
		r = cof_hasher_new(&l->stored, l->job->digest.alg, err);
	if (r == 0)
		r = cof_hasher_new(&l->tar, l->job->diff_id.alg, err);
	if (r == 0)
		r = cof_unpack_new(&l->unpack, &l->job->unpack, err);
	if (r == 0)
		r = cof_inflate_new(&l->inflate, l->media->comp, on_tar, l, err);
	l->chunk = r < 0 ? NULL : malloc(CHUNK);
	if (r == 0 && l->chunk == NULL)
		r = cof_err_oom(err);
	return r;
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
static int read_stored(line *l, size_t *ret_n, cof_err *err)
{
	ssize_t n;
	do
		n = read(l->job->blob_fd, l->chunk, CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return cof_err_sys(err, "layer-read", "the stored bytes");
	l->bytes += (uint64_t)n;
	*ret_n = (size_t)n;
	return l->bytes > l->job->size ? bad_size(l, err) : tell(l, n == 0, err);
}

/* Inflate and untar; their failures wait until the stored bytes are judged. Ours and the machine's do not. */
static int forward(line *l, cof_span plain, cof_err *err)
{
	uint64_t from = now_ns();
	cof_err why = {0};
	int r = cof_inflate_add(l->inflate, plain, &why);
	l->unpack_ns += now_ns() - from;
	if (r == 0)
		return 0;
	if (why.cls != COF_E_MALFORMED && why.cls != COF_E_POLICY) {
		if (err != NULL)
			*err = why;
		return r;
	}
	l->failed = r;
	l->why = why;
	return 0;
}

/* The chunk is decrypted where it lies. */
static int process(line *l, uint8_t *bytes, size_t n, cof_err *err)
{
	uint64_t from = now_ns();
	cof_span in = {bytes, n};
	int r = cof_hasher_add(l->stored, in, err);
	if (r == 0 && l->cipher != NULL)
		r = cof_enc_stream_add(l->cipher, in, bytes, err);
	l->decrypt_ns += now_ns() - from;
	return r < 0 || l->failed < 0 ? r : forward(l, in, err);
}

/* Takes stored bytes while the key is on its way, up to a limit; the sender then has to wait. */
static int wait_for_key(line *l, cof_err *err)
{
	struct pollfd fds[2] = {{.fd = l->job->key_fd, .events = POLLIN}, {.fd = l->job->blob_fd, .events = POLLIN}};
	while (fds[0].revents == 0) {
		size_t n = 0;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return cof_err_sys(err, "layer-read", "waiting for the key");
		if (fds[0].revents != 0 || fds[1].revents == 0)
			continue;
		int r = read_stored(l, &n, err);
		if (r == 0)
			r = cof_buf_add(&l->ahead, l->chunk, n, err);
		if (r < 0)
			return r;
		if (n == 0 || l->ahead.len + CHUNK > AHEAD_MAX)
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
	if (r == 0)
		r = cof_enc_stream_new(&l->cipher, &key, COF_ENC_DECRYPT, err);
	for (size_t at = 0; r == 0 && at < l->ahead.len; at += CHUNK) {
		size_t n = l->ahead.len - at < CHUNK ? l->ahead.len - at : CHUNK;
		r = process(l, l->ahead.data + at, n, err);
	}
	cof_buf_wipe(&l->ahead);
	cof_buf_release(&l->ahead);
	return r;
}

static int run(line *l, cof_err *err)
{
	for (;;) {
		size_t n = 0;
		int r = read_stored(l, &n, err);
		if (r < 0 || n == 0)
			return r;
		if ((r = process(l, l->chunk, n, err)) < 0)
			return r;
	}
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
	int r = cof_inflate_end(l->inflate, err);
	if (r == 0)
		r = cof_unpack_end(l->unpack, ret, err);
	if (r == 0)
		r = cof_hasher_end(l->tar, &found, err);
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
		.unpack_ms = l.unpack_ns / 1000000,
		.root_opaque = unpacked.root_opaque,
	};
	return 0;
}
