/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/metadata.h"

#include "common/rd.h"
#include "firmware/sev/hashes.h"

enum { PAGE = 4096, VERSION = 1, HEADER_LEN = 16, SECTION_LEN = 12 };

#define SIGNATURE 0x56455341u /* "ASEV" */
#define TOP (1ull << 32)      /* where an image ends */

typedef struct section_name {
	uint32_t type;
	const char *name;
} section_name;

static const section_name names[] = {
	{COF_SEV_SEC_MEM, "sec-mem"},
	{COF_SEV_SECRETS, "secrets"},
	{COF_SEV_CPUID, "cpuid"},
	{COF_SEV_SVSM_CAA, "svsm-caa"},
	{COF_SEV_KERNEL_HASHES, "kernel-hashes"},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "SEV metadata: %s", what);
}

const char *cof_sev_section_name(uint32_t type)
{
	for (size_t i = 0; i < COF_COUNT(names); i++) {
		if (names[i].type == type)
			return names[i].name;
	}
	return "unknown";
}

/* A footer record of exactly n numbers; zeros when the table has none. */
static int read_record(const cof_footer *f, const uint8_t guid[COF_GUID_LEN], size_t n, uint32_t *ret, bool *ret_has,
		       cof_err *err)
{
	cof_span data;
	*ret_has = cof_footer_find(f, guid, &data);
	if (!*ret_has)
		return 0;
	cof_rd r = cof_rd_of(data);
	for (size_t i = 0; i < n; i++)
		ret[i] = cof_rd_u32le(&r);
	return cof_rd_end(&r) ? 0 : malformed(err, "length of a footer record");
}

static int read_addresses(const cof_footer *f, cof_sev_metadata *m, cof_err *err)
{
	uint32_t hashes[2] = {0};
	bool has;
	int rc = read_record(f, cof_guid_sev_es_reset, 1, &m->reset_eip, &has, err);
	if (rc == 0)
		rc = read_record(f, cof_guid_sev_hashes, 2, hashes, &has, err);
	if (rc == 0)
		rc = read_record(f, cof_guid_svsm_info, 1, &m->svsm_entry, &m->is_svsm, err);
	m->hash_table_gpa = hashes[0];
	m->hash_table_size = hashes[1];
	return rc;
}

static cof_sev_section read_section(cof_rd *r)
{
	cof_sev_section s = {.gpa = cof_rd_u32le(r)};
	s.size = cof_rd_u32le(r);
	s.type = cof_rd_u32le(r);
	return s;
}

static int read_descriptor(cof_rd r, cof_sev_metadata *m, cof_err *err)
{
	uint32_t signature = cof_rd_u32le(&r);
	uint32_t len = cof_rd_u32le(&r);
	uint32_t version = cof_rd_u32le(&r);
	uint32_t n = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || signature != SIGNATURE)
		return malformed(err, "no descriptor where the footer says");
	if (version != VERSION)
		return malformed(err, "version of the descriptor");
	if (n > COF_SEV_SECTIONS_MAX || len != HEADER_LEN + n * SECTION_LEN)
		return malformed(err, "number of sections");
	for (uint32_t i = 0; i < n; i++)
		m->sections[m->n++] = read_section(&r);
	return cof_rd_ok(&r) ? 0 : malformed(err, "descriptor cut off");
}

/* The footer counts from the end of the image. */
static int read_sections(cof_span image, const cof_footer *f, cof_sev_metadata *m, cof_err *err)
{
	uint32_t distance = 0;
	bool has = false;
	int rc = read_record(f, cof_guid_sev_metadata, 1, &distance, &has, err);
	if (rc < 0 || !has)
		return rc;
	cof_rd r = cof_rd_of(image);
	return read_descriptor(cof_rd_of(cof_rd_tail(&r, distance)), m, err);
}

static int check_section(const cof_sev_metadata *m, const cof_sev_section *s, cof_err *err)
{
	bool one_page = s->type == COF_SEV_SECRETS || s->type == COF_SEV_CPUID || s->type == COF_SEV_KERNEL_HASHES;
	if (s->gpa % PAGE != 0 || s->size % PAGE != 0)
		return malformed(err, "a section that is not page-aligned");
	/* Hypervisors and measuring tools disagree about larger ones: one page, or as many as the size says. */
	if (one_page && s->size > PAGE)
		return malformed(err, "secrets, CPUID values or kernel hashes of more than one page");
	if (s->size > 0 && (uint64_t)s->gpa + s->size > TOP - m->image_size)
		return malformed(err, "a section that reaches into the image or beyond 4 GiB");
	return 0;
}

static bool overlap(const cof_sev_section *a, const cof_sev_section *b)
{
	return a->size > 0 && b->size > 0 && a->gpa < (uint64_t)b->gpa + b->size && b->gpa < (uint64_t)a->gpa + a->size;
}

const cof_sev_section *cof_sev_hashes_section(const cof_sev_metadata *m)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->sections[i].type == COF_SEV_KERNEL_HASHES && m->sections[i].size > 0)
			return &m->sections[i];
	}
	return NULL;
}

static int check_sections(const cof_sev_metadata *m, cof_err *err)
{
	uint64_t total = 0;
	if (m->n > COF_SEV_SECTIONS_MAX)
		return malformed(err, "number of sections");
	for (size_t i = 0; i < m->n; i++) {
		const cof_sev_section *s = &m->sections[i];
		int rc = check_section(m, s, err);
		if (rc < 0)
			return rc;
		total += s->size;
		for (size_t k = 0; k < i; k++) {
			if (overlap(s, &m->sections[k]))
				return malformed(err, "sections that overlap");
		}
		if (s->type == COF_SEV_KERNEL_HASHES && s->size > 0 && s != cof_sev_hashes_section(m))
			return malformed(err, "two sections for kernel hashes");
	}
	/* Each page is one step of the measurement: the image must not choose how long that takes. */
	return total <= COF_SEV_SECTION_SIZE_MAX ? 0 : malformed(err, "sections that are too large");
}

static int check_hash_area(const cof_sev_metadata *m, cof_err *err)
{
	const cof_sev_section *s = cof_sev_hashes_section(m);
	uint64_t end = (uint64_t)m->hash_table_gpa + m->hash_table_size;
	if (m->hash_table_gpa == 0)
		return 0;
	if (m->hash_table_size < COF_SEV_HASH_TABLE_LEN || end > TOP)
		return malformed(err, "the area for kernel hashes");
	if (s != NULL && (m->hash_table_gpa < s->gpa || end > (uint64_t)s->gpa + s->size))
		return malformed(err, "an area for kernel hashes that is not in the section for them");
	return 0;
}

int cof_sev_metadata_check(const cof_sev_metadata *m, cof_err *err)
{
	if (m->image_size > COF_FIRMWARE_MAX || m->image_size % PAGE != 0)
		return malformed(err, "size of the image");
	if (m->is_svsm && m->svsm_entry >= m->image_size)
		return malformed(err, "an SVSM entry point outside the image");
	int rc = check_sections(m, err);
	return rc < 0 ? rc : check_hash_area(m, err);
}

int cof_sev_metadata_parse(cof_span image, cof_sev_metadata *ret, cof_err *err)
{
	cof_sev_metadata m = {.image_size = image.len};
	cof_footer f = {0};
	if (image.len > COF_FIRMWARE_MAX)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-too-large", "firmware image of more than %d MiB",
				   COF_FIRMWARE_MAX >> 20);
	if (image.len == 0)
		return malformed(err, "an empty image");
	int rc = cof_footer_parse(image, &f, err);
	if (rc == 0)
		rc = read_addresses(&f, &m, err);
	if (rc == 0)
		rc = read_sections(image, &f, &m, err);
	if (rc == 0)
		rc = cof_sev_metadata_check(&m, err);
	if (rc == 0)
		*ret = m;
	return rc;
}
