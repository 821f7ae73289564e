/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/igvm_int.h"

#include <lzma.h>

enum {
	VERSION = 1,
	FIXED_LEN = 24,
	CRC_AT = 20,
	ALIGN = 8,
	VTL_MAX = 2,
	PLATFORM_VERSION = 1,
	RELOCATION_FLAGS = 0x07,
	MEMORY_FLAGS = 0x01,
};

#define MAGIC 0x4d564749u /* "IGVM" */
#define IGNORABLE 0x80000000u

enum { SECTION_PLATFORM, SECTION_INIT, SECTION_DIRECTIVE };

bool cof_igvm_looks_like(cof_span in)
{
	cof_rd r = cof_rd_of(in);
	return cof_rd_u32le(&r) == MAGIC && cof_rd_ok(&r);
}

int cof_igvm_malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "igvm-malformed", "IGVM file: %s", what);
}

bool cof_igvm_has_platform(const cof_igvm *f, uint32_t mask, uint8_t platform)
{
	for (size_t i = 0; i < f->stats.n_platforms; i++) {
		if (f->stats.platforms[i].platform == platform && (f->stats.platforms[i].mask & mask) != 0)
			return true;
	}
	return false;
}

/* --- platforms and initialization --- */

static int read_platform(cof_igvm *f, cof_rd *r, cof_err *err)
{
	uint32_t mask = cof_rd_u32le(r);
	uint8_t vtl = cof_rd_u8(r);
	uint8_t platform = cof_rd_u8(r);
	uint16_t version = cof_rd_u16le(r);
	uint64_t boundary = cof_rd_u64le(r);
	if (f->stats.n_platforms == COF_COUNT(f->stats.platforms) || platform > COF_IGVM_SEVES ||
	    version != PLATFORM_VERSION || vtl > VTL_MAX)
		return cof_igvm_malformed(err, "a platform that the format does not have");
	if (__builtin_popcount(mask) != 1 || (f->platforms & mask) != 0 ||
	    cof_igvm_has_platform(f, f->platforms, platform))
		return cof_igvm_malformed(err, "a platform's mask");
	f->platforms |= mask;
	f->stats.platforms[f->stats.n_platforms].platform = platform;
	f->stats.platforms[f->stats.n_platforms].mask = mask;
	f->stats.platforms[f->stats.n_platforms++].shared_boundary = boundary;
	return 0;
}

/* The policy of SNP, where a file has more than one. */
static int read_policy(cof_igvm *f, cof_rd *r, cof_err *err)
{
	uint64_t policy = cof_rd_u64le(r);
	uint32_t mask = cof_rd_u32le(r);
	if (cof_rd_u32le(r) != 0 || (f->policies & mask) != 0)
		return cof_igvm_malformed(err, "a guest policy");
	if (!f->stats.has_policy || cof_igvm_has_platform(f, mask, COF_IGVM_SNP))
		f->stats.policy = policy;
	f->stats.has_policy = true;
	f->policies |= mask;
	return 0;
}

static int read_relocatable(cof_igvm *f, cof_rd *r, cof_err *err)
{
	(void)f;
	cof_rd_skip(r, 4 + 2); /* mask, processor */
	uint8_t vtl = cof_rd_u8(r);
	uint8_t flags = cof_rd_u8(r);
	uint64_t align = cof_rd_u64le(r);
	uint64_t gpa = cof_rd_u64le(r);
	uint64_t size = cof_rd_u64le(r);
	uint64_t min = cof_rd_u64le(r);
	uint64_t max = cof_rd_u64le(r);
	if (vtl > VTL_MAX || (flags & ~RELOCATION_FLAGS) != 0 || align == 0 || !cof_igvm_is_page(align) ||
	    !cof_igvm_is_range(gpa, size) || gpa % align != 0 || min % align != 0 || max % align != 0)
		return cof_igvm_malformed(err, "a relocatable region");
	return 0;
}

static int read_page_table(cof_igvm *f, cof_rd *r, cof_err *err)
{
	(void)f;
	cof_rd_skip(r, 4 + 2); /* mask, processor */
	uint8_t vtl = cof_rd_u8(r);
	uint8_t reserved = cof_rd_u8(r);
	uint64_t gpa = cof_rd_u64le(r);
	uint64_t size = cof_rd_u64le(r);
	uint64_t used = cof_rd_u64le(r);
	if (vtl > VTL_MAX || reserved != 0 || !cof_igvm_is_range(gpa, size) || !cof_igvm_is_page(used) || used > size)
		return cof_igvm_malformed(err, "a page table region");
	return 0;
}

/* --- directives that load nothing --- */

static int read_memory(cof_igvm *f, cof_rd *r, cof_err *err)
{
	(void)f;
	uint64_t gpa = cof_rd_u64le(r);
	cof_rd_skip(r, 4); /* mask */
	uint32_t size = cof_rd_u32le(r);
	uint32_t flags = cof_rd_u32le(r);
	if (cof_rd_u32le(r) != 0 || (flags & ~(uint32_t)MEMORY_FLAGS) != 0 || !cof_igvm_is_range(gpa, size))
		return cof_igvm_malformed(err, "required memory");
	return 0;
}

static int read_error_range(cof_igvm *f, cof_rd *r, cof_err *err)
{
	(void)f;
	uint64_t gpa = cof_rd_u64le(r);
	cof_rd_skip(r, 4); /* mask */
	return cof_igvm_is_range(gpa, cof_rd_u32le(r)) ? 0 : cof_igvm_malformed(err, "an error range");
}

/* Its signatures are checked where they count: by the processor, against the digest of the launch. */
static int read_idblock(cof_igvm *f, cof_rd *r, cof_err *err)
{
	uint32_t mask = cof_rd_u32le(r);
	uint8_t author = cof_rd_u8(r);
	if (author > 1 || !cof_rd_zeros(r, 3) || (f->idblocks & mask) != 0)
		return cof_igvm_malformed(err, "an ID block");
	(void)cof_rd_rest(r);
	f->idblocks |= mask;
	f->stats.has_idblock = true;
	return 0;
}

static int skip_body(cof_igvm *f, cof_rd *r, cof_err *err)
{
	(void)f;
	(void)err;
	(void)cof_rd_rest(r);
	return 0;
}

/* --- headers --- */

/* spec: igvm_defs, IgvmVariableHeaderType */
static const struct header_type {
	uint32_t type;
	uint32_t len;
	int (*read)(cof_igvm *f, cof_rd *r, cof_err *err);
} types[] = {
	{0x001, 16, read_platform},
	{0x101, 16, read_policy},
	{0x102, 48, read_relocatable},
	{0x103, 32, read_page_table},
	{0x301, 16, cof_igvm_read_area},
	{0x302, 24, cof_igvm_read_page},
	{0x303, 16, cof_igvm_read_insert},
	{0x304, 20, cof_igvm_read_context},
	{0x305, 24, read_memory},
	{0x307, 8, cof_igvm_read_parameter},
	{0x308, 8, cof_igvm_read_parameter},
	{0x309, 8, cof_igvm_read_parameter},
	{0x30a, 8, cof_igvm_read_parameter},
	{0x30b, 696, read_idblock},
	{0x30c, 8, cof_igvm_read_parameter},
	{0x30d, 16, read_error_range},
	{0x30e, 8, cof_igvm_read_parameter},
	{0x30f, 8, cof_igvm_read_parameter},
	{0x310, 8, cof_igvm_read_parameter},
	{0x311, 864, skip_body},
	{0x312, 8, cof_igvm_read_parameter},
	{0x313, 8, cof_igvm_read_parameter},
};

static const struct header_type *find_type(uint32_t type)
{
	for (size_t i = 0; i < COF_COUNT(types); i++) {
		if (types[i].type == type)
			return &types[i];
	}
	return NULL;
}

static int section_of(uint32_t type)
{
	return type <= 0x100 ? SECTION_PLATFORM : type <= 0x200 ? SECTION_INIT : SECTION_DIRECTIVE;
}

/* A known header that is marked as one to be ignored would be measured by one loader and not by another. */
static int read_known(cof_igvm *f, uint32_t type, cof_rd *body, cof_err *err)
{
	const struct header_type *t = find_type(type & ~IGNORABLE);
	if (t == NULL && (type & IGNORABLE) != 0)
		return 0;
	if (t == NULL || (type & IGNORABLE) != 0 || body->left != t->len)
		return cof_err_set(err, COF_E_MALFORMED, "igvm-malformed", "IGVM file: header 0x%x of %zu bytes", type,
				   body->left);
	if (section_of(type) < f->section)
		return cof_igvm_malformed(err, "headers out of order");
	f->section = section_of(type);
	int rc = t->read(f, body, err);
	return rc < 0 || cof_rd_end(body) ? rc : cof_igvm_malformed(err, "a header's length");
}

static int read_header(cof_igvm *f, cof_rd *r, cof_err *err)
{
	uint32_t type = cof_rd_u32le(r);
	size_t len = cof_rd_u32le(r);
	cof_rd body = cof_rd_sub(r, len);
	if (!cof_rd_zeros(r, (ALIGN - len % ALIGN) % ALIGN))
		return cof_igvm_malformed(err, "a header is cut off, or its padding is not zero");
	if (++f->stats.n_headers > COF_IGVM_HEADERS_MAX)
		return cof_igvm_malformed(err, "too many headers");
	return read_known(f, type, &body, err);
}

/* spec: the checksum covers both kinds of headers, with its own field as zeros */
static uint32_t checksum(cof_span fixed, cof_span headers)
{
	static const uint8_t zeros[FIXED_LEN - CRC_AT] = {0};
	uint32_t crc = lzma_crc32(fixed.data, fixed.len, 0);
	crc = lzma_crc32(zeros, sizeof zeros, crc);
	return lzma_crc32(headers.data, headers.len, crc);
}

static int read_fixed(cof_igvm *f, cof_rd *ret_headers, cof_err *err)
{
	cof_rd r = cof_rd_of(f->file), again = r;
	uint32_t magic = cof_rd_u32le(&r);
	f->stats.version = cof_rd_u32le(&r);
	size_t at = cof_rd_u32le(&r);
	size_t len = cof_rd_u32le(&r);
	size_t total = cof_rd_u32le(&r);
	uint32_t crc = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || magic != MAGIC || f->stats.version != VERSION)
		return cof_igvm_malformed(err, "no header of version 1");
	if (total != f->file.len)
		return cof_igvm_malformed(err, "another length than its header says");
	if (at < FIXED_LEN || at % ALIGN != 0 || len % ALIGN != 0 || !cof_rd_zeros(&r, at - FIXED_LEN))
		return cof_igvm_malformed(err, "the place of the headers");
	cof_span headers = cof_rd_bytes(&r, len);
	if (!cof_rd_ok(&r) || checksum(cof_rd_bytes(&again, CRC_AT), headers) != crc)
		return cof_igvm_malformed(err, "the checksum does not match");
	f->data_at = at + len;
	*ret_headers = cof_rd_of(headers);
	return 0;
}

int cof_igvm_walk(cof_span in, cof_igvm_sink sink, void *arg, cof_igvm_stats *ret, cof_err *err)
{
	cof_igvm f = {.file = in, .sink = sink, .arg = arg};
	cof_rd r;
	if (in.len > COF_IGVM_MAX)
		return cof_igvm_malformed(err, "too large");
	int rc = read_fixed(&f, &r, err);
	while (rc == 0 && r.left > 0)
		rc = read_header(&f, &r, err);
	if (rc == 0 && f.stats.n_platforms == 0)
		return cof_igvm_malformed(err, "it is for no platform");
	if (rc == 0)
		*ret = f.stats;
	return rc;
}

int cof_igvm_parse(cof_span in, cof_igvm_stats *ret, cof_err *err)
{
	return cof_igvm_walk(in, NULL, NULL, ret, err);
}
