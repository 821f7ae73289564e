/* SPDX-License-Identifier: Apache-2.0 */
/* Makes layers as a registry would hold them, and unpacks them, for tests. */
#pragma once

#include <isa-l/igzip_lib.h>
#include <sys/mman.h>

#include "image-decrypt/layer.h"
#include "image-decrypt/ocicrypt.h"
#include "tests/unit/image/mktar.h"
#include "tests/unit/image/scratch.h"

#define GZIP_ENC "application/vnd.oci.image.layer.v1.tar+gzip+encrypted"
#define GZIP "application/vnd.oci.image.layer.v1.tar+gzip"

/* A layer as a registry would hold it. */
typedef struct stored {
	cof_buf blob;
	cof_buf pubopts;
	cof_layer_key key;
	cof_digest digest, diff_id;
} stored;

static inline void stored_release(stored *s)
{
	cof_buf_release(&s->blob);
	cof_buf_release(&s->pubopts);
	cof_layer_key_release(&s->key);
}
COF_DEFINE_AUTO(stored, stored_release)

/* Another member behind what ret holds. */
static inline void gzip(const cof_buf *in, cof_buf *ret)
{
	struct isal_zstream *z = malloc(sizeof *z);
	assert_non_null(z);
	isal_deflate_init(z);
	assert_ok(cof_buf_reserve(ret, in->len + 1024, &err));
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->next_in = in->data;
	z->avail_in = (uint32_t)in->len;
	z->next_out = ret->data + ret->len;
	z->avail_out = (uint32_t)(in->len + 1024);
	assert_int_equal(isal_deflate(z), COMP_OK);
	ret->len += z->total_out;
	free(z);
}

static inline void seal(const cof_buf *plain, stored *ret)
{
	COF_AUTO_PTR(cof_enc_stream) enc = NULL;
	uint8_t hmac[COF_ENC_HMAC_LEN];
	assert_ok(cof_enc_key_new(&ret->key, &err));
	assert_ok(cof_buf_add(&ret->blob, plain->data, plain->len, &err));
	assert_ok(cof_enc_stream_new(&enc, &ret->key, COF_ENC_ENCRYPT, &err));
	assert_ok(cof_enc_stream_add(enc, cof_buf_span(&ret->blob), ret->blob.data, &err));
	assert_ok(cof_enc_stream_end(enc, hmac, &err));
	assert_ok(cof_enc_public_make(hmac, &ret->pubopts, &err));
}

/* The archive as an encrypted gzip layer. */
static inline void make_layer_of(const cof_buf *tar, stored *ret)
{
	COF_AUTO(cof_buf) gz = {0};
	gzip(tar, &gz);
	seal(&gz, ret);
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(tar), &ret->diff_id, &err));
	assert_ok(cof_digest_of(COF_SHA256, cof_buf_span(&ret->blob), &ret->digest, &err));
}

static inline void make_layer(stored *ret)
{
	COF_AUTO(cof_buf) tar = {0};
	tar_dir(&tar, "etc");
	tar_file(&tar, "etc/secret", "the secret");
	tar_link(&tar, '2', "etc/link", "secret");
	tar_end(&tar);
	make_layer_of(&tar, ret);
}

static inline cof_layer_job job_of(const stored *l, const scratch *s)
{
	return (cof_layer_job){.media_type = GZIP_ENC,
			       .digest = l->digest,
			       .size = l->blob.len,
			       .diff_id = l->diff_id,
			       .enc_pubopts = cof_buf_str(&l->pubopts),
			       .unpack = {.root_fd = s->fd}};
}

static inline int file_of(cof_span bytes)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(cof_fd_write_all(fd, bytes, &err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* key NULL: none comes. */
static inline int run(cof_layer_job job, cof_span blob, const cof_layer_key *key, cof_layer_result *ret, cof_err *err)
{
	int pipe_fds[2];
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	COF_AUTO_FD int key_in = pipe_fds[0];
	int r = key == NULL ? 0 : cof_layer_key_write(pipe_fds[1], key, err);
	assert_int_equal(r, 0);
	(void)close(pipe_fds[1]);
	COF_AUTO_FD int stored_fd = file_of(blob);
	job.blob_fd = stored_fd;
	job.key_fd = key_in;
	return cof_layer_unpack(&job, ret, err);
}
