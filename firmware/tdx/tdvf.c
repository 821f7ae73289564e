/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdvf.h"

#include <stdbool.h>

#include "common/rd.h"
#include "common/secret.h"

enum {
	HEADER_LEN = 16,
	RECORD_LEN = 32,
	VERSION = 1,
	PAGE = 4096,
	SECTIONS_MIN = 2,
	SHIM_POINTER_AT = 0x20, /* from the end of the image */
};

#define SIGNATURE 0x46564454u /* "TDVF" */
#define GPA_END (1ull << 52)  /* the module's widest guest address */

/*
 * e9eaf9f3-168e-44d5-a8eb-7f4d8738f6ae stands before a descriptor. td-shim's tools have written it in both byte
 * orders.
 */
static const uint8_t guid_descriptor[2][COF_GUID_LEN] = {
	{0xf3, 0xf9, 0xea, 0xe9, 0x8e, 0x16, 0xd5, 0x44, 0xa8, 0xeb, 0x7f, 0x4d, 0x87, 0x38, 0xf6, 0xae},
	{0xe9, 0xea, 0xf9, 0xf3, 0x16, 0x8e, 0x44, 0xd5, 0xa8, 0xeb, 0x7f, 0x4d, 0x87, 0x38, 0xf6, 0xae},
};

typedef enum needs {
	MAY,
	MUST,
	MUST_NOT,
} needs;

typedef struct type_rule {
	const char *name;
	needs raw;	/* bytes in the image */
	needs memory;	/* pages in the guest */
	bool shim;	/* only td-shim has such sections; QEMU refuses them */
	bool blank;	/* without bytes in the image its memory is zero, else the VMM writes something there */
	size_t at_most; /* sections of this type; 0: any number */
} type_rule;

/* spec: TDVF Design Guide 1.01, 11.2; td-shim specification, "TD-Shim metadata" (types 4 to 8) */
static const type_rule rules[] = {
	[COF_TDVF_BFV] = {"bfv", .raw = MUST, .memory = MUST},
	[COF_TDVF_CFV] = {"cfv", .raw = MUST, .memory = MUST},
	[COF_TDVF_TD_HOB] = {"td-hob", .raw = MUST_NOT, .memory = MUST, .at_most = 1},
	[COF_TDVF_TEMP_MEM] = {"temp-mem", .raw = MUST_NOT, .memory = MUST, .blank = true},
	[COF_TDVF_PERM_MEM] = {"perm-mem", .raw = MUST_NOT, .memory = MUST, .shim = true, .blank = true},
	[COF_TDVF_PAYLOAD] = {"payload", .memory = MUST, .shim = true, .at_most = 1},
	[COF_TDVF_PAYLOAD_PARAM] = {"payload-param", .memory = MUST, .shim = true, .at_most = 1},
	[COF_TDVF_TD_INFO] = {"td-info", .raw = MUST, .memory = MUST_NOT, .shim = true, .at_most = 1},
	[COF_TDVF_TD_PARAMS] = {"td-params", .shim = true, .at_most = 1},
};

static int malformed(cof_err *err, const char *what)
{
	return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "TDVF metadata: %s", what);
}

static int missing(cof_err *err)
{
	return cof_err_set(err, COF_E_POLICY, "tdvf-missing", "the firmware image is not made for TDX");
}

const char *cof_tdvf_section_name(uint32_t type)
{
	return type < COF_COUNT(rules) ? rules[type].name : "unknown";
}

cof_span cof_tdvf_data(cof_span image, const cof_tdvf_section *s)
{
	cof_rd r = cof_rd_of(image);
	cof_rd_skip(&r, s->data_offset);
	return cof_rd_bytes(&r, s->raw_size);
}

const cof_tdvf_section *cof_tdvf_cfv(const cof_tdvf *t)
{
	const cof_tdvf_section *found = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (t->sections[i].type != COF_TDVF_CFV)
			continue;
		if (found != NULL)
			return NULL;
		found = &t->sections[i];
	}
	return found;
}

/* --- where the descriptor lies --- */

typedef struct place {
	cof_rd at; /* from the descriptor to the end of the image */
	bool shim;
} place;

static int find_by_footer(cof_span image, cof_span distance, place *ret, cof_err *err)
{
	cof_rd d = cof_rd_of(distance);
	cof_rd r = cof_rd_of(image);
	size_t from_end = cof_rd_u32le(&d);
	if (!cof_rd_end(&d) || from_end > image.len)
		return malformed(err, "distance of the descriptor");
	cof_rd_skip(&r, image.len - from_end);
	*ret = (place){.at = r};
	return 0;
}

/* Any image that is no OVMF has some number there: only the GUID makes it a pointer. */
static int find_by_pointer(cof_span image, place *ret, cof_err *err)
{
	cof_rd end = cof_rd_of(image);
	cof_rd pointer = cof_rd_of(cof_rd_tail(&end, SHIM_POINTER_AT));
	cof_rd r = cof_rd_of(image);
	size_t at = cof_rd_u32le(&pointer);
	if (!cof_rd_ok(&pointer) || at < COF_GUID_LEN)
		return missing(err);
	cof_rd_skip(&r, at - COF_GUID_LEN);
	cof_span guid = cof_rd_bytes(&r, COF_GUID_LEN);
	for (size_t i = 0; i < COF_COUNT(guid_descriptor); i++) {
		if (!cof_ct_equal(guid, cof_span_of(guid_descriptor[i], COF_GUID_LEN)))
			continue;
		*ret = (place){.at = r, .shim = true};
		return 0;
	}
	return missing(err);
}

static int find_descriptor(cof_span image, place *ret, cof_err *err)
{
	cof_footer footer;
	cof_span distance;
	int rc = cof_footer_parse(image, &footer, err);
	if (rc < 0)
		return rc;
	if (!footer.present)
		return find_by_pointer(image, ret, err);
	if (!cof_footer_find(&footer, cof_guid_tdx_metadata, &distance))
		return missing(err);
	return find_by_footer(image, distance, ret, err);
}

/* --- what it says --- */

static int read_sections(cof_rd r, cof_tdvf *t, cof_err *err)
{
	uint32_t signature = cof_rd_u32le(&r);
	uint32_t length = cof_rd_u32le(&r);
	uint32_t version = cof_rd_u32le(&r);
	uint32_t n = cof_rd_u32le(&r);
	if (!cof_rd_ok(&r) || signature != SIGNATURE || version != VERSION)
		return malformed(err, "signature or version");
	if (n < SECTIONS_MIN || n > COF_TDVF_SECTIONS_MAX || length != HEADER_LEN + RECORD_LEN * n)
		return malformed(err, "number of sections");
	for (t->n = 0; t->n < n; t->n++) {
		cof_tdvf_section *s = &t->sections[t->n];
		s->data_offset = cof_rd_u32le(&r);
		s->raw_size = cof_rd_u32le(&r);
		s->memory_address = cof_rd_u64le(&r);
		s->memory_size = cof_rd_u64le(&r);
		s->type = cof_rd_u32le(&r);
		s->attributes = cof_rd_u32le(&r);
	}
	return cof_rd_ok(&r) ? 0 : malformed(err, "cut off");
}

static bool agrees(needs n, bool has)
{
	return n == MAY || (n == MUST) == has;
}

static int check_type(const cof_tdvf_section *s, bool shim, cof_err *err)
{
	if (s->type >= COF_COUNT(rules) || (rules[s->type].shim && !shim))
		return malformed(err, "a type of section that is not known");
	if (!agrees(rules[s->type].raw, s->raw_size > 0) || !agrees(rules[s->type].memory, s->memory_size > 0))
		return malformed(err, "sizes that do not go with the type of section");
	return 0;
}

static int check_range(const cof_tdvf_section *s, uint64_t image_size, cof_err *err)
{
	uint64_t end;
	if (s->data_offset > image_size || s->raw_size > image_size - s->data_offset)
		return malformed(err, "a section lies outside the image");
	if (s->memory_size > 0 && s->memory_size < s->raw_size)
		return malformed(err, "a section is larger than its memory");
	if (s->memory_address % PAGE != 0 || s->memory_size % PAGE != 0 ||
	    __builtin_add_overflow(s->memory_address, s->memory_size, &end) || end > GPA_END)
		return malformed(err, "a section's memory");
	return 0;
}

/*
 * What the TDX module cannot do (measure a page that is not there), and what would leave code or the VMM's own bytes
 * in or out of MRTD without anyone noticing (T-17).
 */
static int check_attributes(const cof_tdvf_section *s, cof_err *err)
{
	bool extend = (s->attributes & COF_TDVF_EXTEND) != 0, aug = (s->attributes & COF_TDVF_AUG) != 0;
	if ((s->attributes & ~(uint32_t)(COF_TDVF_EXTEND | COF_TDVF_AUG)) != 0 || (extend && aug))
		return malformed(err, "attributes");
	if (s->type == COF_TDVF_BFV && !extend)
		return malformed(err, "code that is not measured");
	if (extend && (s->memory_size == 0 || (s->raw_size == 0 && !rules[s->type].blank)))
		return malformed(err, "measured bytes that are not in the image");
	return 0;
}

static bool ranges_overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
	return a_len > 0 && b_len > 0 && a < b + b_len && b < a + a_len;
}

/* Two sections must not share guest pages, nor bytes of the image that are loaded (td-info's are not). */
static bool sections_overlap(const cof_tdvf_section *a, const cof_tdvf_section *b)
{
	bool loaded = a->memory_size > 0 && b->memory_size > 0;
	return ranges_overlap(a->memory_address, a->memory_size, b->memory_address, b->memory_size) ||
	       (loaded && ranges_overlap(a->data_offset, a->raw_size, b->data_offset, b->raw_size));
}

static int check_against(const cof_tdvf *t, size_t i, cof_err *err)
{
	size_t same = 0;
	for (size_t k = 0; k <= i; k++) {
		same += t->sections[k].type == t->sections[i].type;
		if (k < i && sections_overlap(&t->sections[k], &t->sections[i]))
			return malformed(err, "sections overlap");
	}
	size_t limit = rules[t->sections[i].type].at_most;
	return limit != 0 && same > limit ? malformed(err, "two sections of one type") : 0;
}

static int check_whole(const cof_tdvf *t, cof_err *err)
{
	uint64_t added = 0;
	bool code = false;
	for (size_t i = 0; i < t->n; i++) {
		const cof_tdvf_section *s = &t->sections[i];
		code |= s->type == COF_TDVF_BFV;
		uint64_t size = (s->attributes & COF_TDVF_AUG) != 0 ? 0 : s->memory_size;
		if (__builtin_add_overflow(added, size, &added) || added > COF_TDVF_MEMORY_MAX)
			return malformed(err, "more memory than a firmware needs");
	}
	return code ? 0 : malformed(err, "no code");
}

int cof_tdvf_check(const cof_tdvf *t, uint64_t image_size, bool shim, cof_err *err)
{
	int rc = t->n < SECTIONS_MIN || t->n > COF_TDVF_SECTIONS_MAX ? malformed(err, "number of sections") : 0;
	for (size_t i = 0; rc == 0 && i < t->n; i++) {
		rc = check_type(&t->sections[i], shim, err);
		if (rc == 0)
			rc = check_range(&t->sections[i], image_size, err);
		if (rc == 0)
			rc = check_attributes(&t->sections[i], err);
		if (rc == 0)
			rc = check_against(t, i, err);
	}
	return rc < 0 ? rc : check_whole(t, err);
}

int cof_tdvf_parse(cof_span image, cof_tdvf *ret, cof_err *err)
{
	cof_tdvf t = {0};
	place p = {0};
	if (image.len > COF_TDVF_MEMORY_MAX)
		return malformed(err, "too large");
	int rc = find_descriptor(image, &p, err);
	if (rc == 0)
		rc = read_sections(p.at, &t, err);
	if (rc == 0)
		rc = cof_tdvf_check(&t, image.len, p.shim, err);
	if (rc == 0)
		*ret = t;
	return rc;
}
