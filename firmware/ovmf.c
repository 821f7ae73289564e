/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ovmf.h"

#include <lzma.h>

#include "common/rd.h"
#include "common/secret.h"

enum {
	FV_HEADER_MIN = 56,
	FV_LENGTH_AT = 32,
	FV_SIGNATURE_AT = 40,
	FV_HEADER_LEN_AT = 48,
	FV_EXT_AT = 52,
	FILE_HEADER = 24,
	FILE_VOLUME_IMAGE = 0x0b,
	FILE_LARGE = 0x01,
	SECTION_GUIDED = 0x02,
	SECTION_VOLUME = 0x17,
	GUID_LEN = 16,
	LZMA_HEADER = 13,
	LZMA_MEMORY_MAX = 128 << 20,
	PARTS_MAX = 4096, /* files of a volume, sections of a file */
};

#define FV_SIGNATURE 0x4856465fu /* "_FVH" */

/* GUIDs as they lie in memory. */
static const uint8_t guid_lzma[GUID_LEN] = {0x98, 0x58, 0x4e, 0xee, 0x14, 0x39, 0x59, 0x42,
					    0x9d, 0x6e, 0xdc, 0x7b, 0xd7, 0x94, 0x03, 0xcf};
static const uint8_t guid_peifv[GUID_LEN] = {0x9b, 0x07, 0x38, 0x69, 0x03, 0xb5, 0x3d, 0x4e,
					     0x9d, 0x24, 0xb2, 0x83, 0x37, 0xa2, 0x58, 0x06};
static const uint8_t guid_dxefv[GUID_LEN] = {0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f,
					     0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1};

void cof_ovmf_release(cof_ovmf *o)
{
	cof_buf_release(&o->stream);
	*o = (cof_ovmf){0};
}

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "firmware image: %s", what);
}

static bool is_guid(cof_span s, const uint8_t guid[GUID_LEN])
{
	return cof_ct_equal(s, cof_span_of(guid, GUID_LEN));
}

static uint32_t u24le(cof_rd *r)
{
	uint32_t low = cof_rd_u16le(r);
	return low | (uint32_t)cof_rd_u8(r) << 16;
}

/* Takes padding so that the next part starts at a multiple of align from base. */
static void align_to(cof_rd *r, const uint8_t *base, size_t align)
{
	if (!cof_rd_ok(r))
		return;
	size_t over = (size_t)(r->at - base) % align;
	size_t pad = over == 0 ? 0 : align - over;
	cof_rd_skip(r, pad < r->left ? pad : r->left);
}

typedef struct volume {
	cof_span all;
	cof_span files; /* behind the headers */
	cof_span name;	/* GUID of the extended header; empty without one */
} volume;

/* A volume at the start of in; all is cut to the length in its header. */
static bool parse_volume(cof_span in, volume *ret)
{
	cof_rd r = cof_rd_of(in);
	cof_rd_skip(&r, FV_LENGTH_AT);
	uint64_t len = cof_rd_u64le(&r);
	uint32_t signature = cof_rd_u32le(&r);
	cof_rd_skip(&r, FV_HEADER_LEN_AT - FV_SIGNATURE_AT - 4);
	size_t body = cof_rd_u16le(&r);
	cof_rd_skip(&r, FV_EXT_AT - FV_HEADER_LEN_AT - 2);
	size_t ext = cof_rd_u16le(&r);
	if (!cof_rd_ok(&r) || signature != FV_SIGNATURE || len < FV_HEADER_MIN || len > in.len || body > len)
		return false;
	volume v = {.all = {in.data, (size_t)len}};
	if (ext != 0) {
		cof_rd e = cof_rd_of(v.all);
		cof_rd_skip(&e, ext);
		v.name = cof_rd_bytes(&e, GUID_LEN);
		body = ext + cof_rd_u32le(&e);
		if (!cof_rd_ok(&e))
			return false;
	}
	cof_rd files = cof_rd_of(v.all);
	cof_rd_skip(&files, body);
	align_to(&files, in.data, 8);
	v.files = cof_rd_rest(&files);
	if (!cof_rd_ok(&files))
		return false;
	*ret = v;
	return true;
}

typedef struct part {
	uint8_t type;
	cof_span body;
} part;

/* The next file of a volume; false at its end or where the rest makes no sense. */
static bool next_file(cof_rd *r, const uint8_t *base, part *ret)
{
	align_to(r, base, 8);
	cof_rd h = *r;
	cof_rd_skip(&h, 18);
	part p = {.type = cof_rd_u8(&h)};
	uint8_t attributes = cof_rd_u8(&h);
	uint64_t len = u24le(&h);
	size_t header = FILE_HEADER;
	(void)cof_rd_u8(&h);
	if ((attributes & FILE_LARGE) != 0 && p.type != 0xff) {
		len = cof_rd_u64le(&h);
		header += 8;
	}
	if (!cof_rd_ok(&h) || p.type == 0xff || len < header || len > r->left)
		return false;
	cof_rd file = cof_rd_sub(r, (size_t)len);
	cof_rd_skip(&file, header);
	p.body = cof_rd_rest(&file);
	*ret = p;
	return true;
}

static bool next_section(cof_rd *r, const uint8_t *base, part *ret)
{
	align_to(r, base, 4);
	cof_rd h = *r;
	uint32_t len = u24le(&h);
	part p = {.type = cof_rd_u8(&h)};
	size_t header = 4;
	if (len == 0xffffff) {
		len = cof_rd_u32le(&h);
		header = 8;
	}
	if (!cof_rd_ok(&h) || len < header || len > r->left)
		return false;
	cof_rd section = cof_rd_sub(r, len);
	cof_rd_skip(&section, header);
	p.body = cof_rd_rest(&section);
	*ret = p;
	return true;
}

/* spec: UEFI PI 1.8 vol. 3, 3.2.5.7: the data offset counts from the section's header */
static bool lzma_of_section(const part *s, cof_span *ret)
{
	cof_rd r = cof_rd_of(s->body);
	cof_span guid = cof_rd_bytes(&r, GUID_LEN);
	size_t offset = cof_rd_u16le(&r);
	if (s->type != SECTION_GUIDED || !cof_rd_ok(&r) || !is_guid(guid, guid_lzma))
		return false;
	cof_rd data = cof_rd_of(s->body);
	cof_rd_skip(&data, offset < 4 ? s->body.len + 1 : offset - 4);
	*ret = cof_rd_rest(&data);
	return cof_rd_ok(&data);
}

static bool lzma_of_file(const part *file, cof_span *ret)
{
	cof_rd r = cof_rd_of(file->body);
	part s;
	for (size_t i = 0; i < PARTS_MAX && next_section(&r, file->body.data, &s); i++) {
		if (lzma_of_section(&s, ret))
			return true;
	}
	return false;
}

static bool lzma_of_volume(const volume *v, cof_span *ret)
{
	cof_rd r = cof_rd_of(v->files);
	part f;
	for (size_t i = 0; i < PARTS_MAX && next_file(&r, v->all.data, &f); i++) {
		if (f.type == FILE_VOLUME_IMAGE && lzma_of_file(&f, ret))
			return true;
	}
	return false;
}

/* Volumes lie one behind the other from the start of the image. */
static int find_lzma(cof_span image, cof_span *ret, cof_err *err)
{
	cof_rd r = cof_rd_of(image);
	volume v;
	while (r.left > 0 && parse_volume((cof_span){r.at, r.left}, &v)) {
		if (lzma_of_volume(&v, ret))
			return 0;
		cof_rd_skip(&r, v.all.len);
	}
	return malformed(err, "no compressed volume");
}

static int inflate(cof_span in, cof_buf *out, cof_err *err)
{
	cof_rd r = cof_rd_of(in);
	cof_rd_skip(&r, 5);
	uint64_t size = cof_rd_u64le(&r);
	if (!cof_rd_ok(&r) || size == 0 || size > COF_OVMF_STREAM_MAX)
		return malformed(err, "size of the compressed volume");
	int rc = cof_buf_reserve(out, (size_t)size, err);
	if (rc < 0)
		return rc;
	lzma_stream s = LZMA_STREAM_INIT;
	if (lzma_alone_decoder(&s, LZMA_MEMORY_MAX) != LZMA_OK)
		return cof_err_oom(err);
	s.next_in = in.data;
	s.avail_in = in.len;
	s.next_out = out->data;
	s.avail_out = (size_t)size;
	lzma_ret end = lzma_code(&s, LZMA_FINISH);
	lzma_end(&s);
	if ((end != LZMA_STREAM_END && end != LZMA_OK) || s.avail_out != 0)
		return malformed(err, "compressed volume does not unpack");
	out->len = (size_t)size;
	return 0;
}

static int take_volume(cof_span *slot, const volume *v, cof_err *err)
{
	if (slot->len != 0)
		return malformed(err, "two volumes of one name");
	*slot = v->all;
	return 0;
}

static int find_volumes(cof_ovmf *o, cof_err *err)
{
	cof_rd r = cof_rd_of(cof_buf_span(&o->stream));
	part s;
	volume v;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < PARTS_MAX && next_section(&r, o->stream.data, &s); i++) {
		if (s.type != SECTION_VOLUME || !parse_volume(s.body, &v))
			continue;
		if (is_guid(v.name, guid_peifv))
			rc = take_volume(&o->peifv, &v, err);
		else if (is_guid(v.name, guid_dxefv))
			rc = take_volume(&o->dxefv, &v, err);
	}
	if (rc == 0 && (o->peifv.len == 0 || o->dxefv.len == 0))
		return malformed(err, "PEIFV or DXEFV is missing");
	return rc;
}

int cof_ovmf_open(cof_span image, cof_ovmf *ret, cof_err *err)
{
	COF_AUTO(cof_ovmf) o = {.stream = cof_buf_capped(COF_OVMF_STREAM_MAX)};
	cof_span packed = {0};
	if (image.len > COF_OVMF_IMAGE_MAX)
		return malformed(err, "too large");
	int rc = find_lzma(image, &packed, err);
	if (rc == 0)
		rc = inflate(packed, &o.stream, err);
	if (rc == 0)
		rc = find_volumes(&o, err);
	if (rc < 0)
		return rc;
	*ret = o;
	o = (cof_ovmf){0};
	return 0;
}
