/* SPDX-License-Identifier: Apache-2.0 */
#include "image-decrypt/inflate.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "common/rd.h"
#include "common/secret.h"
#include "image-decrypt/gziphdr.h"

enum { OUT_LEN = 256 << 10, GZIP_MAGIC = 0x1f, ZSTD_MAGIC_LEN = 4 };

typedef enum phase { PHASE_START, PHASE_HEADER, PHASE_INSIDE, PHASE_BETWEEN, PHASE_PADDING } phase;

typedef struct codec {
	int (*begin)(cof_inflate *z, cof_err *err);
	int (*add)(cof_inflate *z, cof_span in, cof_err *err);
} codec;

struct cof_inflate {
	const codec *codec;
	phase phase;
	struct inflate_state *gzip;
	cof_gziphdr header;
	ZSTD_DStream *zstd;
	uint8_t magic[ZSTD_MAGIC_LEN]; /* of the next frame, as far as it came */
	size_t magic_len;
	uint64_t frames;
	cof_belt *to; /* or else: */
	cof_sink sink;
	void *arg;
	uint8_t *own;
	uint8_t *block; /* of the belt, or our own; NULL: none in hand */
	size_t used, block_len;
};

void cof_inflate_free(cof_inflate *z)
{
	if (z->gzip != NULL)
		cof_wipe(z->gzip, sizeof *z->gzip); /* plain text of an encrypted layer */
	if (z->own != NULL)
		cof_wipe(z->own, z->block_len);
	free(z->own);
	free(z->gzip);
	(void)ZSTD_freeDStream(z->zstd);
	free(z);
}

static int broken(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "layer-inflate", "%s", what);
}

/* There is room in the block in hand. */
static int need_room(cof_inflate *z, cof_err *err)
{
	if (z->to == NULL)
		z->block = z->own;
	return z->block != NULL ? 0 : cof_belt_room(z->to, &z->block, err);
}

/* So much more came out; a full block goes on its way. */
static int came_out(cof_inflate *z, size_t len, cof_err *err)
{
	z->used += len;
	return z->used < z->block_len ? 0 : cof_inflate_flush(z, err);
}

int cof_inflate_flush(cof_inflate *z, cof_err *err)
{
	cof_span out = {z->block, z->used};
	z->block = NULL;
	z->used = 0;
	if (out.len == 0)
		return 0;
	return z->to != NULL ? cof_belt_put(z->to, out.len, err) : z->sink(z->arg, out, err);
}

static int begin_none(cof_inflate *z, cof_err *err)
{
	(void)err;
	z->phase = PHASE_BETWEEN;
	return 0;
}

static int add_none(cof_inflate *z, cof_span in, cof_err *err)
{
	while (in.len > 0) {
		int r = need_room(z, err);
		if (r < 0)
			return r;
		size_t n = z->block_len - z->used < in.len ? z->block_len - z->used : in.len;
		memcpy(z->block + z->used, in.data, n);
		in = cof_span_of(in.data + n, in.len - n);
		if ((r = came_out(z, n, err)) < 0)
			return r;
	}
	return 0;
}

static int begin_gzip(cof_inflate *z, cof_err *err)
{
	z->gzip = malloc(sizeof *z->gzip);
	return z->gzip == NULL ? cof_err_oom(err) : 0;
}

/* Headers are read here: the library reads odd ones differently when they come in pieces. */
static int gzip_header(cof_inflate *z, cof_span *in, cof_err *err)
{
	bool done = false;
	if (z->phase != PHASE_HEADER)
		z->header = (cof_gziphdr){0};
	z->phase = PHASE_HEADER;
	int r = cof_gziphdr_add(&z->header, in, &done, err);
	if (r < 0 || !done)
		return r;
	isal_inflate_init(z->gzip);
	z->gzip->crc_flag = ISAL_GZIP_NO_HDR_VER;
	z->phase = PHASE_INSIDE;
	return 0;
}

#ifdef __x86_64__
/*
 * The library returns with the upper halves of vector registers in use. Until they are cleared, the SSE instructions of
 * others (SHA-256's among them) run with a penalty: an eighth of a layer's time on one CPU.
 */
__attribute__((target("avx"))) static void clear_upper(void)
{
	if (__builtin_cpu_supports("avx"))
		_mm256_zeroupper();
}
#else
static void clear_upper(void)
{
}
#endif

/* Runs the member until the input is used up or the member ended; *in moves on. */
static int gzip_run(cof_inflate *z, cof_span *in, cof_err *err)
{
	struct inflate_state *s = z->gzip;
	s->next_in = (uint8_t *)(uintptr_t)in->data;
	s->avail_in = (uint32_t)in->len;
	bool full = true;
	while (s->block_state != ISAL_BLOCK_FINISH && (s->avail_in > 0 || full)) {
		int r = need_room(z, err);
		if (r < 0)
			return r;
		size_t room = z->block_len - z->used;
		s->next_out = z->block + z->used;
		s->avail_out = (uint32_t)room;
		int done = isal_inflate(s);
		clear_upper();
		if (done < 0)
			return broken(err, "the gzip stream is damaged");
		full = s->avail_out == 0;
		if ((r = came_out(z, room - s->avail_out, err)) < 0)
			return r;
	}
	*in = cof_span_of(in->data + (in->len - s->avail_in), s->avail_in);
	if (s->block_state == ISAL_BLOCK_FINISH)
		z->phase = PHASE_BETWEEN;
	return 0;
}

static int zeros_only(cof_span in, cof_err *err)
{
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] != 0)
			return cof_err_set(err, COF_E_MALFORMED, "layer-trailing-bytes",
					   "bytes behind the end of the gzip stream");
	return 0;
}

static int add_gzip(cof_inflate *z, cof_span in, cof_err *err)
{
	while (in.len > 0) {
		if (z->phase == PHASE_BETWEEN && in.data[0] != GZIP_MAGIC)
			z->phase = PHASE_PADDING;
		if (z->phase == PHASE_PADDING)
			return zeros_only(in, err);
		int r = z->phase == PHASE_INSIDE ? gzip_run(z, &in, err) : gzip_header(z, &in, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int begin_zstd(cof_inflate *z, cof_err *err)
{
	z->zstd = ZSTD_createDStream();
	if (z->zstd == NULL)
		return cof_err_oom(err);
	return ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, COF_INFLATE_WINDOW_LOG_MAX))
		       ? broken(err, "no such zstd window")
		       : 0;
}

/* spec: RFC 8878 3.1.1 and 3.1.2. The library may know older formats as well: nobody checks those any more. */
static bool zstd_magic_ok(const uint8_t m[ZSTD_MAGIC_LEN])
{
	cof_rd r = cof_rd_of(cof_span_of(m, ZSTD_MAGIC_LEN));
	uint32_t magic = cof_rd_u32le(&r);
	return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* Runs the frame until the input is used up or the frame ended; *in moves on. A result of 0 is the end of a frame. */
static int zstd_run(cof_inflate *z, cof_span *in, cof_err *err)
{
	ZSTD_inBuffer from = {in->data, in->len, 0};
	bool full = true;
	while (z->phase == PHASE_INSIDE && (from.pos < from.size || full)) {
		int r = need_room(z, err);
		if (r < 0)
			return r;
		ZSTD_outBuffer to = {z->block, z->block_len, z->used};
		size_t left = ZSTD_decompressStream(z->zstd, &to, &from);
		if (ZSTD_isError(left))
			return broken(err, "the zstd stream is damaged or asks for too much memory");
		if (left == 0)
			z->phase = PHASE_BETWEEN;
		full = to.pos == to.size;
		if ((r = came_out(z, to.pos - z->used, err)) < 0)
			return r;
	}
	*in = cof_span_of(in->data + from.pos, in->len - from.pos);
	return 0;
}

/* The first bytes of a frame are looked at before the library sees them. */
static int zstd_begin_frame(cof_inflate *z, cof_span *in, cof_err *err)
{
	while (z->magic_len < ZSTD_MAGIC_LEN && in->len > 0) {
		z->magic[z->magic_len++] = in->data[0];
		*in = cof_span_of(in->data + 1, in->len - 1);
	}
	if (z->magic_len < ZSTD_MAGIC_LEN)
		return 0;
	if (!zstd_magic_ok(z->magic))
		return z->frames == 0 ? broken(err, "this is not zstd")
				      : cof_err_set(err, COF_E_MALFORMED, "layer-trailing-bytes",
						    "bytes behind the end of the zstd frames");
	cof_span magic = {z->magic, ZSTD_MAGIC_LEN};
	z->magic_len = 0;
	z->frames++;
	z->phase = PHASE_INSIDE;
	return zstd_run(z, &magic, err);
}

static int add_zstd(cof_inflate *z, cof_span in, cof_err *err)
{
	while (in.len > 0) {
		int r = z->phase == PHASE_INSIDE ? zstd_run(z, &in, err) : zstd_begin_frame(z, &in, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const codec codecs[] = {
	[COF_COMP_NONE] = {begin_none, add_none},
	[COF_COMP_GZIP] = {begin_gzip, add_gzip},
	[COF_COMP_ZSTD] = {begin_zstd, add_zstd},
};

static int make(cof_inflate **ret, cof_compression comp, cof_inflate from, cof_err *err)
{
	COF_AUTO_PTR(cof_inflate) z = calloc(1, sizeof *z);
	if (z == NULL)
		return cof_err_oom(err);
	*z = from;
	z->codec = &codecs[comp];
	z->own = z->to == NULL ? malloc(z->block_len) : NULL;
	if (z->to == NULL && z->own == NULL)
		return cof_err_oom(err);
	int r = z->codec->begin(z, err);
	if (r < 0)
		return r;
	*ret = cof_steal(&z);
	return 0;
}

int cof_inflate_new(cof_inflate **ret, cof_compression comp, cof_sink sink, void *arg, cof_err *err)
{
	return make(ret, comp, (cof_inflate){.sink = sink, .arg = arg, .block_len = OUT_LEN}, err);
}

int cof_inflate_into(cof_inflate **ret, cof_compression comp, cof_belt *to, cof_err *err)
{
	return make(ret, comp, (cof_inflate){.to = to, .block_len = cof_belt_block_len(to)}, err);
}

int cof_inflate_add(cof_inflate *z, cof_span in, cof_err *err)
{
	if (in.len > UINT32_MAX)
		return cof_err_set(err, COF_E_USAGE, "too-large", "too many bytes at once");
	int r = z->codec->add(z, in, err);
	int given = z->to == NULL ? cof_inflate_flush(z, r < 0 ? NULL : err) : 0;
	return r < 0 ? r : given;
}

int cof_inflate_end(const cof_inflate *z, cof_err *err)
{
	bool clean = (z->phase == PHASE_BETWEEN && z->magic_len == 0) || z->phase == PHASE_PADDING;
	return clean ? 0 : broken(err, "the stream was cut off");
}
