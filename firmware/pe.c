/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/pe.h"

#include "common/rd.h"

enum {
	PE32 = 0x10b,
	PE32_PLUS = 0x20b,
	COFF_LEN = 20,
	SECTION_LEN = 40,
	CHECKSUM_AT = 64,
	HEADERS_SIZE_AT = 60,
	DIRECTORY_LEN = 8,
	SECURITY_DIRECTORY = 4,
};

typedef struct pe_section {
	size_t at;
	size_t len;
} pe_section;

typedef struct pe_image {
	cof_span file;
	size_t optional_at;
	size_t headers_len;
	size_t security_at; /* 0: the image has no such directory */
	size_t certificate_len;
	size_t n_sections;
	pe_section sections[COF_PE_SECTIONS_MAX];
} pe_image;

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "kernel-malformed", "PE image: %s", what);
}

/* A cursor at an offset into the file; failed when that lies outside. */
static cof_rd at(cof_span file, size_t offset)
{
	cof_rd r = cof_rd_of(file);
	cof_rd_skip(&r, offset);
	return r;
}

static uint16_t u16_at(cof_rd r, size_t offset)
{
	cof_rd_skip(&r, offset);
	return cof_rd_u16le(&r);
}

static uint32_t u32_at(cof_rd r, size_t offset)
{
	cof_rd_skip(&r, offset);
	return cof_rd_u32le(&r);
}

static int read_directories(cof_rd optional, size_t count_at, pe_image *pe, cof_err *err)
{
	size_t entry = count_at + 4 + SECURITY_DIRECTORY * DIRECTORY_LEN;
	if (u32_at(optional, count_at) <= SECURITY_DIRECTORY)
		return 0;
	if (optional.left < entry + DIRECTORY_LEN || pe->optional_at + entry + DIRECTORY_LEN > pe->headers_len)
		return malformed(err, "data directories");
	pe->security_at = pe->optional_at + entry;
	pe->certificate_len = u32_at(optional, entry + 4);
	return 0;
}

static int read_optional(cof_rd *r, size_t len, pe_image *pe, cof_err *err)
{
	cof_rd optional = cof_rd_sub(r, len);
	uint16_t magic = u16_at(optional, 0);
	if (!cof_rd_ok(&optional) || (magic != PE32 && magic != PE32_PLUS))
		return malformed(err, "optional header");
	size_t count_at = magic == PE32 ? 92 : 108;
	pe->headers_len = u32_at(optional, HEADERS_SIZE_AT);
	if (optional.left < count_at + 4 || pe->headers_len > pe->file.len ||
	    pe->headers_len < pe->optional_at + CHECKSUM_AT + 4)
		return malformed(err, "size of headers");
	return read_directories(optional, count_at, pe, err);
}

static int read_sections(cof_rd *r, size_t count, pe_image *pe, cof_err *err)
{
	for (size_t i = 0; i < count; i++) {
		cof_rd s = cof_rd_sub(r, SECTION_LEN);
		pe_section sec = {.len = u32_at(s, 16), .at = u32_at(s, 20)};
		if (!cof_rd_ok(&s))
			return malformed(err, "section table");
		if (sec.len == 0)
			continue;
		if (sec.at > pe->file.len || sec.len > pe->file.len - sec.at)
			return malformed(err, "a section lies outside the file");
		pe->sections[pe->n_sections++] = sec;
	}
	return 0;
}

static int parse(cof_span file, pe_image *pe, cof_err *err)
{
	cof_rd dos = at(file, 0);
	uint16_t mz = u16_at(dos, 0);
	size_t pe_at = u32_at(dos, 0x3c);
	cof_rd r = at(file, pe_at);
	uint32_t signature = cof_rd_u32le(&r);
	cof_rd coff = cof_rd_sub(&r, COFF_LEN);
	size_t sections = u16_at(coff, 2);
	size_t optional_len = u16_at(coff, 16);
	if (!cof_rd_ok(&coff) || mz != 0x5a4d || signature != 0x4550)
		return malformed(err, "no PE header");
	if (sections > COF_PE_SECTIONS_MAX)
		return malformed(err, "too many sections");
	pe->optional_at = pe_at + 4 + COFF_LEN;
	int rc = read_optional(&r, optional_len, pe, err);
	return rc < 0 ? rc : read_sections(&r, sections, pe, err);
}

static int by_offset(const void *a, const void *b)
{
	const pe_section *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static int add_range(cof_hasher *h, cof_span file, size_t from, size_t to, cof_err *err)
{
	cof_rd r = at(file, from);
	cof_span s = cof_rd_bytes(&r, to - from);
	if (from > to || !cof_rd_ok(&r))
		return malformed(err, "overlapping parts");
	return cof_hasher_add(h, s, err);
}

/* The headers without the checksum and the security directory's entry: signing changes both. */
static int add_headers(cof_hasher *h, const pe_image *pe, cof_err *err)
{
	size_t checksum = pe->optional_at + CHECKSUM_AT;
	size_t after = checksum + 4;
	int rc = add_range(h, pe->file, 0, checksum, err);
	if (rc == 0 && pe->security_at != 0) {
		rc = add_range(h, pe->file, after, pe->security_at, err);
		after = pe->security_at + DIRECTORY_LEN;
	}
	return rc < 0 ? rc : add_range(h, pe->file, after, pe->headers_len, err);
}

/* What follows the last section, less the certificates at the very end. */
static int add_trailer(cof_hasher *h, const pe_image *pe, cof_err *err)
{
	size_t hashed = pe->headers_len;
	for (size_t i = 0; i < pe->n_sections; i++)
		hashed += pe->sections[i].len;
	if (hashed > pe->file.len)
		return malformed(err, "overlapping sections");
	if (hashed == pe->file.len)
		return 0;
	if (pe->certificate_len > pe->file.len - hashed)
		return malformed(err, "certificate table");
	return add_range(h, pe->file, hashed, pe->file.len - pe->certificate_len, err);
}

int cof_pe_digest(cof_span image, cof_hash alg, cof_digest *ret, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	pe_image pe = {.file = image};
	if (image.len > COF_PE_MAX)
		return malformed(err, "too large");
	int rc = parse(image, &pe, err);
	if (rc == 0)
		rc = cof_hasher_new(&h, alg, err);
	if (rc == 0)
		rc = add_headers(h, &pe, err);
	qsort(pe.sections, pe.n_sections, sizeof pe.sections[0], by_offset);
	for (size_t i = 0; rc == 0 && i < pe.n_sections; i++)
		rc = add_range(h, image, pe.sections[i].at, pe.sections[i].at + pe.sections[i].len, err);
	if (rc == 0)
		rc = add_trailer(h, &pe, err);
	if (rc == 0)
		rc = cof_hasher_end(h, ret, err);
	return rc;
}
