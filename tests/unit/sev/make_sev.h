/* SPDX-License-Identifier: Apache-2.0 */
/* Small firmware images with SEV metadata. */
#pragma once

#include "firmware/sev/metadata.h"
#include "tests/unit/firmware/make_footer.h"

/* The descriptor lies this far before the end; offsets of its fields count from there. */
enum { DESCRIPTOR = 0x600, D_LEN = 4, D_VERSION = 8, D_COUNT = 12, D_SECTIONS = 16 };

/* What the AmdSev build of OVMF has, a little smaller. */
static const cof_sev_section usual_sections[] = {
	{0x800000, 0x3000, COF_SEV_SEC_MEM},	   {0x80a000, 0x1000, COF_SEV_SEC_MEM},
	{0x80d000, 0x1000, COF_SEV_SECRETS},	   {0x80e000, 0x1000, COF_SEV_CPUID},
	{0x80f000, 0x1000, COF_SEV_SVSM_CAA},	   {0x811000, 0x2000, COF_SEV_SEC_MEM},
	{0x810000, 0x1000, COF_SEV_KERNEL_HASHES},
};

typedef struct sev_image {
	size_t pages;
	const cof_sev_section *sections;
	size_t n;
	uint32_t reset_eip; /* 0: no record */
	uint32_t hash_gpa;  /* 0: no record */
	bool is_svsm;
	uint32_t svsm_entry;
} sev_image;

static const sev_image usual_image = {
	.pages = 4,
	.sections = usual_sections,
	.n = COF_COUNT(usual_sections),
	.reset_eip = 0x0080b004,
	.hash_gpa = 0x810c00,
};

static inline void put_descriptor(cof_buf *b, const cof_sev_section *sections, size_t n)
{
	size_t at = b->len - DESCRIPTOR;
	memcpy(b->data + at, "ASEV", 4);
	poke(b, at + D_LEN, 4, 16 + 12 * n);
	poke(b, at + D_VERSION, 4, 1);
	poke(b, at + D_COUNT, 4, n);
	for (size_t i = 0; i < n; i++) {
		poke(b, at + D_SECTIONS + 12 * i, 4, sections[i].gpa);
		poke(b, at + D_SECTIONS + 12 * i + 4, 4, sections[i].size);
		poke(b, at + D_SECTIONS + 12 * i + 8, 4, sections[i].type);
	}
}

static inline void make_sev_image(cof_buf *b, const sev_image *m)
{
	footer_record records[4];
	size_t n = 0;
	if (m->reset_eip != 0)
		records[n++] = (footer_record){cof_guid_sev_es_reset, {m->reset_eip}, 1};
	if (m->hash_gpa != 0)
		records[n++] = (footer_record){cof_guid_sev_hashes, {m->hash_gpa, 0x400}, 2};
	if (m->is_svsm)
		records[n++] = (footer_record){cof_guid_svsm_info, {m->svsm_entry}, 1};
	if (m->n > 0)
		records[n++] = (footer_record){cof_guid_sev_metadata, {DESCRIPTOR}, 1};
	make_image(b, m->pages * 4096);
	if (m->n > 0)
		put_descriptor(b, m->sections, m->n);
	put_footer(b, records, n);
}
