/* SPDX-License-Identifier: Apache-2.0 */
/* The directives of an IGVM file that put something into memory. */
#include "firmware/igvm_int.h"

enum {
	LARGE_PAGES = 512, /* 4 KiB pages of a 2 MiB one */
	REGISTERS_MAX = 1024,
	REGISTER_LEN = 32,
	FLAG_2MIB = 1,
	FLAG_UNMEASURED = 2,
	FLAG_SHARED = 4,
	FLAGS = 0x07,
	DATA_NORMAL = 0,
	DATA_TYPES = 4,
};

/* Data never lies in the headers: what is hashed as a page is nothing that steers the launch as well. */
static bool take_data(const cof_igvm *f, uint32_t offset, uint64_t len, cof_span *ret)
{
	cof_rd r = cof_rd_of(f->file);
	cof_rd_skip(&r, offset);
	*ret = cof_rd_bytes(&r, len);
	return offset >= f->data_at && cof_rd_ok(&r);
}

static int load(cof_igvm *f, const cof_igvm_load *l, cof_err *err)
{
	if (!cof_igvm_is_range(l->gpa, l->n_pages * COF_IGVM_PAGE))
		return cof_igvm_malformed(err, "a page's address");
	if (l->kind == COF_IGVM_CONTEXT) {
		f->stats.n_contexts++;
	} else {
		f->stats.n_pages += l->n_pages;
		f->stats.n_unmeasured += l->kind == COF_IGVM_UNMEASURED || l->kind == COF_IGVM_SHARED ? l->n_pages : 0;
	}
	if (f->stats.n_pages > COF_IGVM_PAGES_MAX)
		return cof_igvm_malformed(err, "too many pages");
	return f->sink != NULL ? f->sink(f->arg, l, err) : 0;
}

static enum cof_igvm_kind kind_of(uint16_t data_type, uint32_t flags)
{
	static const enum cof_igvm_kind kinds[] = {COF_IGVM_DATA, COF_IGVM_SECRETS, COF_IGVM_CPUID, COF_IGVM_CPUID};
	if ((flags & FLAG_SHARED) != 0)
		return COF_IGVM_SHARED;
	return data_type == DATA_NORMAL && (flags & FLAG_UNMEASURED) != 0 ? COF_IGVM_UNMEASURED : kinds[data_type];
}

int cof_igvm_read_page(cof_igvm *f, cof_rd *r, cof_err *err)
{
	cof_igvm_load l = {.gpa = cof_rd_u64le(r)};
	l.mask = cof_rd_u32le(r);
	uint32_t offset = cof_rd_u32le(r);
	uint32_t flags = cof_rd_u32le(r);
	uint16_t data_type = cof_rd_u16le(r);
	if (cof_rd_u16le(r) != 0 || (flags & ~(uint32_t)FLAGS) != 0 || data_type >= DATA_TYPES)
		return cof_igvm_malformed(err, "a page's flags or type");
	bool large = (flags & FLAG_2MIB) != 0;
	l.n_pages = large ? LARGE_PAGES : 1;
	l.kind = kind_of(data_type, flags);
	if (large && (data_type != DATA_NORMAL || l.gpa % (LARGE_PAGES * COF_IGVM_PAGE) != 0))
		return cof_igvm_malformed(err, "a page of 2 MiB");
	if (offset != 0 && !take_data(f, offset, l.n_pages * COF_IGVM_PAGE, &l.data))
		return cof_igvm_malformed(err, "a page's data");
	return load(f, &l, err);
}

static cof_igvm_area *find_area(cof_igvm *f, uint32_t index)
{
	for (size_t i = 0; i < f->n_areas; i++) {
		if (f->areas[i].index == index)
			return &f->areas[i];
	}
	return NULL;
}

int cof_igvm_read_area(cof_igvm *f, cof_rd *r, cof_err *err)
{
	cof_igvm_area a = {.size = cof_rd_u64le(r)};
	a.index = cof_rd_u32le(r);
	uint32_t offset = cof_rd_u32le(r);
	cof_span initial;
	if (f->n_areas == COF_IGVM_AREAS_MAX || find_area(f, a.index) != NULL)
		return cof_igvm_malformed(err, "a parameter area's number");
	if (!cof_igvm_is_page(a.size) || a.size / COF_IGVM_PAGE > COF_IGVM_PAGES_MAX ||
	    (offset != 0 && !take_data(f, offset, a.size, &initial)))
		return cof_igvm_malformed(err, "a parameter area's size");
	f->areas[f->n_areas++] = a;
	return 0;
}

int cof_igvm_read_parameter(cof_igvm *f, cof_rd *r, cof_err *err)
{
	const cof_igvm_area *a = find_area(f, cof_rd_u32le(r));
	uint32_t offset = cof_rd_u32le(r);
	return a != NULL && a->inserted == 0 && offset < a->size ? 0 : cof_igvm_malformed(err, "a parameter's place");
}

int cof_igvm_read_insert(cof_igvm *f, cof_rd *r, cof_err *err)
{
	cof_igvm_load l = {.kind = COF_IGVM_UNMEASURED, .gpa = cof_rd_u64le(r)};
	l.mask = cof_rd_u32le(r);
	cof_igvm_area *a = find_area(f, cof_rd_u32le(r));
	if (a == NULL || (a->inserted & l.mask) != 0)
		return cof_igvm_malformed(err, "a parameter area that is not there, or not any more");
	a->inserted |= l.mask;
	l.n_pages = a->size / COF_IGVM_PAGE;
	return load(f, &l, err);
}

/* source: igvm_defs, VbsVpContextHeader and VbsVpContextRegister */
static bool take_vsm_context(const cof_igvm *f, uint32_t offset, cof_span *ret)
{
	cof_span head;
	if (!take_data(f, offset, 4, &head))
		return false;
	cof_rd r = cof_rd_of(head);
	uint32_t count = cof_rd_u32le(&r);
	return count > 0 && count <= REGISTERS_MAX && take_data(f, offset, 4 + (uint64_t)count * REGISTER_LEN, ret);
}

int cof_igvm_read_context(cof_igvm *f, cof_rd *r, cof_err *err)
{
	cof_igvm_load l = {.kind = COF_IGVM_CONTEXT, .gpa = cof_rd_u64le(r), .n_pages = 1};
	l.mask = cof_rd_u32le(r);
	uint32_t offset = cof_rd_u32le(r);
	cof_rd_skip(r, 2); /* the processor's number */
	if (cof_rd_u16le(r) != 0 || cof_igvm_has_platform(f, l.mask, COF_IGVM_TDX))
		return cof_igvm_malformed(err, "a processor's state");
	bool vsm = cof_igvm_has_platform(f, l.mask, COF_IGVM_PLATFORM_VSM);
	if (vsm && __builtin_popcount(l.mask & f->platforms) != 1)
		return cof_igvm_malformed(err, "a processor's state of two kinds");
	l.n_pages = vsm ? 0 : 1;
	if (vsm ? !take_vsm_context(f, offset, &l.data) : !take_data(f, offset, COF_IGVM_PAGE, &l.data))
		return cof_igvm_malformed(err, "the data of a processor's state");
	return load(f, &l, err);
}
