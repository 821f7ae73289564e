/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/encblob.h"

#include "image-decrypt/inflate.h"

enum { CHUNK = 256 << 10 };

#define TAR_MAX ((uint64_t)64 << 30) /* as much as is unpacked */

typedef struct pass {
	const cof_enc_job *job;
	cof_enc_stream *cipher;
	cof_hasher *out; /* over what comes out */
	cof_hasher *tar; /* over what the plain bytes inflate to */
	uint64_t tar_bytes;
	cof_inflate *inflate;
	cof_err why; /* what inflate said first: it counts only when the bytes prove right */
	uint8_t *chunk;
	cof_blob_new *file;
	cof_enc_blob blob;
} pass;

static void pass_release(pass *p)
{
	if (p->cipher != NULL)
		cof_enc_stream_free(p->cipher);
	cof_hasher_free(p->out);
	cof_hasher_free(p->tar);
	if (p->inflate != NULL)
		cof_inflate_free(p->inflate);
	if (p->chunk != NULL)
		cof_wipe(p->chunk, CHUNK);
	free(p->chunk);
	if (p->file != NULL)
		cof_blob_free(p->file);
	*p = (pass){0};
}
COF_DEFINE_AUTO(pass, pass_release)

static bool decrypts(const pass *p)
{
	return p->cipher != NULL && p->job->dir == COF_ENC_DECRYPT;
}

static int on_tar(void *arg, cof_span chunk, cof_err *err)
{
	pass *p = arg;
	p->tar_bytes += chunk.len;
	if (p->tar_bytes > TAR_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "layer-too-large", "more than 64 GiB of tar");
	return cof_hasher_add(p->tar, chunk, err);
}

static int begin(pass *p, cof_err *err)
{
	const cof_desc *d = p->job->desc;
	p->chunk = malloc(CHUNK);
	if (p->chunk == NULL)
		return cof_err_oom(err);
	int r = cof_hasher_new(&p->out, COF_SHA256, err);
	if (r == 0 && p->job->key != NULL)
		r = cof_enc_stream_new(&p->cipher, p->job->key, p->job->dir, err);
	if (r == 0 && (decrypts(p) || !d->media->encrypted)) {
		r = cof_hasher_new(&p->tar, p->job->diff_id->alg, err);
		if (r == 0)
			r = cof_inflate_new(&p->inflate, d->media->comp, on_tar, p, err);
	}
	if (r == 0 && p->job->to != NULL)
		r = cof_blob_begin(p->job->to, &p->file, err);
	return r;
}

static void inflate(pass *p, cof_span plain)
{
	if (p->inflate != NULL && p->why.cls == COF_OK)
		(void)!cof_inflate_add(p->inflate, plain, &p->why);
}

static int put(pass *p, cof_span out, cof_err *err)
{
	int r = cof_hasher_add(p->out, out, err);
	p->blob.size += out.len;
	if (r == 0 && p->file != NULL)
		r = cof_blob_add(p->file, out, err);
	if (r == 0 && p->job->progress != NULL)
		p->job->progress(p->job->progress_arg, p->blob.size);
	return r;
}

static int step(pass *p, cof_span in, cof_err *err)
{
	cof_span out = in;
	if (p->cipher != NULL) {
		int r = cof_enc_stream_add(p->cipher, in, p->chunk, err);
		if (r < 0)
			return r;
		out.data = p->chunk;
	}
	inflate(p, decrypts(p) ? out : in);
	return put(p, out, err);
}

static int on_chunk(void *arg, cof_span chunk, cof_err *err)
{
	pass *p = arg;
	int r = 0;
	for (size_t at = 0; r == 0 && at < chunk.len; at += CHUNK)
		r = step(p, cof_span_of(chunk.data + at, chunk.len - at < CHUNK ? chunk.len - at : CHUNK), err);
	return r;
}

static int check_mac(pass *p, cof_err *err)
{
	uint8_t want[COF_ENC_HMAC_LEN];
	const char *pubopts = cof_desc_annotation(p->job->desc, COF_ENC_ANNOTATION_PUBOPTS);
	int r = cof_enc_public_parse(pubopts != NULL ? pubopts : "", want, err);
	return r < 0 ? r : cof_enc_stream_check(p->cipher, want, err);
}

static int check_diff_id(pass *p, cof_err *err)
{
	cof_digest found;
	if (p->why.cls == COF_OK)
		(void)!cof_inflate_end(p->inflate, &p->why);
	if (p->why.cls != COF_OK)
		return cof_err_set(err, p->why.cls, p->why.reason, "%s", p->why.text);
	int r = cof_hasher_end(p->tar, &found, err);
	if (r == 0 && !cof_digest_equal(&found, p->job->diff_id))
		return cof_err_set(err, COF_E_CRYPTO, "layer-diffid-mismatch",
				   "the layer's tar is not the one that the image config names");
	return r;
}

static int end(pass *p, cof_err *err)
{
	int r = 0;
	if (p->cipher != NULL)
		r = decrypts(p) ? check_mac(p, err) : cof_enc_stream_end(p->cipher, p->blob.hmac, err);
	if (r == 0 && p->inflate != NULL)
		r = check_diff_id(p, err);
	if (r == 0)
		r = cof_hasher_end(p->out, &p->blob.digest, err);
	return r < 0 || p->file == NULL ? r : cof_blob_end(p->file, &p->blob.digest, err);
}

int cof_enc_blob_make(const cof_enc_job *job, cof_enc_blob *ret, cof_err *err)
{
	COF_AUTO(pass) p = {.job = job};
	int r = begin(&p, err);
	if (r == 0)
		r = cof_image_stream(job->from, job->desc, on_chunk, &p, err);
	if (r == 0)
		r = end(&p, err);
	if (r == 0)
		*ret = p.blob;
	return r;
}
