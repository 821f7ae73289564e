/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/unpack_file.h"

#include "common/rd.h"
#include "image-decrypt/inflate.h"

enum { CHUNK = 256 << 10, MAGIC_LEN = 4 };

typedef struct file {
	cof_hasher *stored, *tar;
	cof_inflate *inflate;
	cof_unpack *unpack;
	uint8_t *chunk;
	uint64_t stored_bytes, tar_bytes;
} file;

static void file_release(file *f)
{
	cof_hasher_free(f->stored);
	cof_hasher_free(f->tar);
	if (f->inflate != NULL)
		cof_inflate_free(f->inflate);
	if (f->unpack != NULL)
		cof_unpack_free(f->unpack);
	free(f->chunk);
}
COF_DEFINE_AUTO(file, file_release)

/* spec: RFC 1952 2.3.1; RFC 8878 3.1.1 and 3.1.2. Anything else is taken for tar, whose headers have a checksum. */
static cof_compression compression_of(cof_span in)
{
	cof_rd r = cof_rd_of(in);
	uint32_t magic = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r))
		return COF_COMP_NONE;
	if ((magic & 0xffff) == 0x8b1f)
		return COF_COMP_GZIP;
	return magic == 0xfd2fb528 || (magic & 0xfffffff0) == 0x184d2a50 ? COF_COMP_ZSTD : COF_COMP_NONE;
}

static int on_tar(void *arg, cof_span in, cof_err *err)
{
	file *f = arg;
	f->tar_bytes += in.len;
	int r = cof_hasher_add(f->tar, in, err);
	return r < 0 ? r : cof_unpack_add(f->unpack, in, err);
}

/* As many bytes as there are, at least MAGIC_LEN unless the end came; 0 is the end. */
static int fill(int fd, uint8_t *to, size_t *ret, cof_err *err)
{
	size_t have = 0;
	while (have < MAGIC_LEN) {
		ssize_t n = read(fd, to + have, CHUNK - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cof_err_sys(err, "layer-read", "the layer");
		if (n == 0)
			break;
		have += (size_t)n;
	}
	*ret = have;
	return 0;
}

static int add(file *f, cof_span in, cof_err *err)
{
	int r = 0;
	if (f->inflate == NULL)
		r = cof_inflate_new(&f->inflate, compression_of(in), on_tar, f, err);
	if (r == 0)
		r = cof_hasher_add(f->stored, in, err);
	f->stored_bytes += in.len;
	return r < 0 ? r : cof_inflate_add(f->inflate, in, err);
}

static int run(file *f, int fd, cof_err *err)
{
	for (;;) {
		size_t n = 0;
		int r = fill(fd, f->chunk, &n, err);
		if (r < 0)
			return r;
		if (n == 0)
			return f->inflate != NULL ? cof_inflate_end(f->inflate, err)
						  : cof_err_set(err, COF_E_MALFORMED, "tar-truncated", "an empty file");
		if ((r = add(f, cof_span_of(f->chunk, n), err)) < 0)
			return r;
	}
}

static int finish(file *f, cof_unpack_file_result *ret, cof_err *err)
{
	cof_unpack_result unpacked;
	int r = cof_unpack_end(f->unpack, &unpacked, err);
	if (r == 0)
		r = cof_hasher_end(f->stored, &ret->stored, err);
	if (r == 0)
		r = cof_hasher_end(f->tar, &ret->diff_id, err);
	if (r < 0)
		return r;
	ret->stored_bytes = f->stored_bytes;
	ret->tar_bytes = f->tar_bytes;
	ret->entries = unpacked.entries;
	return 0;
}

int cof_unpack_file(int fd, const cof_unpack_opts *opts, cof_unpack_file_result *ret, cof_err *err)
{
	COF_AUTO(file) f = {.chunk = malloc(CHUNK)};
	if (f.chunk == NULL)
		return cof_err_oom(err);
	int r = cof_hasher_new(&f.stored, COF_SHA256, err);
	if (r == 0)
		r = cof_hasher_new(&f.tar, COF_SHA256, err);
	if (r == 0)
		r = cof_unpack_new(&f.unpack, opts, err);
	if (r == 0)
		r = run(&f, fd, err);
	return r < 0 ? r : finish(&f, ret, err);
}
