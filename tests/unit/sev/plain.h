/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launch digests worked out again in the plainest way: every page and every structure is written out as a list of its
 * fields and hashed by itself. Shares no code with what it checks but the hash and the profile's numbers.
 */
#pragma once

#include "common/digest.h"
#include "common/wr.h"
#include "firmware/sev/sev.h"
#include "tests/unit/test.h"

static inline void plain_hash(cof_hash alg, const cof_buf *b, uint8_t *out)
{
	cof_digest d;
	assert_ok(cof_digest_of(alg, cof_buf_span(b), &d, &err));
	memcpy(out, d.bytes, cof_hash_len(alg));
}

static inline void plain_link(uint8_t ld[48], uint8_t type, uint64_t gpa, const uint8_t *page)
{
	COF_AUTO(cof_buf) b = {0};
	cof_wr w = cof_wr_to(&b);
	cof_wr_bytes(&w, cof_span_of(ld, 48));
	if (page != NULL) {
		cof_digest d;
		assert_ok(cof_digest_of(COF_SHA384, cof_span_of(page, 4096), &d, &err));
		cof_wr_bytes(&w, cof_digest_span(&d));
	} else {
		cof_wr_zeros(&w, 48);
	}
	cof_wr_u16le(&w, 0x70);
	cof_wr_u8(&w, type);
	cof_wr_u8(&w, 0); /* imi_page */
	cof_wr_u8(&w, 0);
	cof_wr_u8(&w, 0); /* VMPL 1 to 3 */
	cof_wr_u8(&w, 0);
	cof_wr_u8(&w, 0);
	cof_wr_u64le(&w, gpa);
	assert_int_equal(b.len, 0x70);
	plain_hash(COF_SHA384, &b, ld);
}

static inline void plain_segment(cof_wr *w, uint16_t selector, uint16_t attributes, uint32_t limit, uint64_t base)
{
	cof_wr_u16le(w, selector);
	cof_wr_u16le(w, attributes);
	cof_wr_u32le(w, limit);
	cof_wr_u64le(w, base);
}

/* Zeros up to an offset. */
static inline void plain_upto(cof_wr *w, size_t at)
{
	assert_true(w->to->len <= at);
	cof_wr_zeros(w, at - w->to->len);
}

static inline void plain_tail(cof_wr *w, uint64_t cr0, uint64_t rip, uint64_t g_pat, uint64_t rdx, uint64_t features,
			      uint32_t mxcsr, uint16_t fcw)
{
	plain_upto(w, 0x0d0);
	cof_wr_u64le(w, 0x1000); /* efer */
	plain_upto(w, 0x148);
	cof_wr_u64le(w, 0x40); /* cr4 */
	plain_upto(w, 0x158);
	cof_wr_u64le(w, cr0);
	cof_wr_u64le(w, 0x400);	     /* dr7 */
	cof_wr_u64le(w, 0xffff0ff0); /* dr6 */
	cof_wr_u64le(w, 2);	     /* rflags */
	cof_wr_u64le(w, rip);
	plain_upto(w, 0x268);
	cof_wr_u64le(w, g_pat);
	plain_upto(w, 0x310);
	cof_wr_u64le(w, rdx);
	plain_upto(w, 0x3b0);
	cof_wr_u64le(w, features);
	plain_upto(w, 0x3e8);
	cof_wr_u64le(w, 1); /* xcr0 */
	plain_upto(w, 0x408);
	cof_wr_u32le(w, mxcsr);
	plain_upto(w, 0x410);
	cof_wr_u16le(w, fcw);
	plain_upto(w, 4096);
}

static inline void plain_vmsa(const cof_sev_launch *in, bool ap, uint64_t features, bool zero_fpu, cof_buf *ret)
{
	const cof_vmm *v = in->vmm;
	uint32_t eip = ap ? in->meta->reset_eip : 0xfffffff0;
	cof_wr w = cof_wr_to(ret);
	plain_segment(&w, 0, 0x93, 0xffff, 0);
	plain_segment(&w, 0xf000, ap ? v->cs_ap : v->cs_bsp, 0xffff, eip - eip % 0x10000);
	plain_segment(&w, 0, v->ss, 0xffff, 0);
	for (int i = 0; i < 3; i++)
		plain_segment(&w, 0, 0x93, 0xffff, 0);
	plain_segment(&w, 0, 0, 0xffff, 0);
	plain_segment(&w, 0, 0x82, 0xffff, 0);
	plain_segment(&w, 0, 0, 0xffff, 0);
	plain_segment(&w, 0, v->tr, 0xffff, 0);
	plain_tail(&w, 0x10, eip % 0x10000, v->g_pat, v->rdx_is_signature ? in->vcpu_sig : v->rdx, features,
		   zero_fpu ? 0 : v->mxcsr, zero_fpu ? 0 : v->fcw);
	assert_false(w.failed);
}

static inline void plain_svsm_vmsa(uint64_t rip, uint32_t sig, uint16_t fcw, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	plain_segment(&w, 16, 0xc93, 0xffffffff, 0);
	plain_segment(&w, 8, 0xc9b, 0xffffffff, 0);
	for (int i = 0; i < 3; i++)
		plain_segment(&w, 16, 0xc93, 0xffffffff, 0);
	plain_segment(&w, 0, 0x93, 0xffff, 0);
	plain_segment(&w, 0, 0, 0xffff, 0);
	plain_segment(&w, 0, 0x82, 0xffff, 0);
	plain_segment(&w, 0, 0, 0xffff, 0);
	plain_segment(&w, 0, 0x8b, 0xffff, 0);
	plain_tail(&w, 0x11, rip, 0x0007040600070406, sig, 1, 0x1f80, fcw);
	assert_false(w.failed);
}

static inline void plain_entry(cof_wr *w, const char *guid, const uint8_t hash[32])
{
	cof_wr_bytes(w, cof_span_of(guid, 16));
	cof_wr_u16le(w, 50);
	cof_wr_bytes(w, cof_span_of(hash, 32));
}

static inline void plain_table(const cof_sev_hashes *h, cof_buf *ret)
{
	cof_wr w = cof_wr_to(ret);
	size_t before = ret->len;
	cof_wr_bytes(&w, cof_span_of("\x06\xd6\x38\x94\x22\x4f\xc9\x4c\xb4\x79\xa7\x93\xd4\x11\xfd\x21", 16));
	cof_wr_u16le(&w, 168);
	plain_entry(&w, "\xd8\x2d\xd0\x97\x20\xbd\x94\x4c\xaa\x78\xe7\x71\x4d\x36\xab\x2a", h->cmdline);
	plain_entry(&w, "\x31\xf7\xba\x44\x2f\x3a\xd7\x4b\x9a\xf1\x41\xe2\x91\x69\x78\x1d", h->initrd);
	plain_entry(&w, "\x37\x94\xe7\x4d\xd2\xab\x7f\x42\xb8\x35\xd5\xb1\x72\xd2\x04\x5b", h->kernel);
	cof_wr_u64le(&w, 0);
	assert_int_equal(ret->len - before, 176);
}

static inline void plain_pages(uint8_t ld[48], cof_span image, uint64_t gpa)
{
	for (size_t at = 0; at < image.len; at += 4096)
		plain_link(ld, 1, gpa + at, image.data + at);
}

static inline void plain_hash_page(uint8_t ld[48], const cof_sev_launch *in, uint32_t gpa)
{
	COF_AUTO(cof_buf) page = {0};
	cof_wr w = cof_wr_to(&page);
	plain_upto(&w, in->meta->hash_table_gpa % 4096);
	plain_table(in->hashes, &page);
	plain_upto(&w, 4096);
	plain_link(ld, 1, gpa, page.data);
}

static inline void plain_section(uint8_t ld[48], const cof_sev_launch *in, cof_sev_section s)
{
	uint8_t type = s.type == 2 ? 5 : s.type == 3 ? 6 : s.type == 1 && in->vmm->sec_mem_unmeasured ? 4 : 3;
	if (s.type == 0x10 && in->hashes != NULL) {
		plain_hash_page(ld, in, s.gpa);
		return;
	}
	for (uint32_t at = 0; at < s.size; at += 4096)
		plain_link(ld, type, s.gpa + at, NULL);
}

/* The digest before the save areas, in ld from its start value on. */
static inline void plain_sections(uint8_t ld[48], const cof_sev_launch *in)
{
	const cof_sev_metadata *m = in->meta;
	for (size_t i = 0; i < m->n; i++) {
		if (m->sections[i].type != 3 || !in->vmm->cpuid_last)
			plain_section(ld, in, m->sections[i]);
	}
	for (size_t i = 0; i < m->n; i++) {
		if (m->sections[i].type == 3 && in->vmm->cpuid_last)
			plain_section(ld, in, m->sections[i]);
	}
}

static inline void plain_snp_images(const cof_sev_launch *in, uint8_t ld[48])
{
	memset(ld, 0, 48);
	if (in->ovmf_hash != NULL)
		memcpy(ld, in->ovmf_hash, 48);
	else
		plain_pages(ld, in->firmware, 0x100000000 - in->firmware.len);
	if (in->svsm.len > 0)
		plain_pages(ld, in->svsm, 0x100000000 - in->firmware.len - in->svsm_vars_size - in->svsm.len);
}

static inline void plain_snp(const cof_sev_launch *in, unsigned vcpus, uint8_t ld[48])
{
	plain_snp_images(in, ld);
	plain_sections(ld, in);
	for (unsigned i = 0; i < vcpus; i++) {
		COF_AUTO(cof_buf) page = {0};
		uint64_t svsm = 0x100000000 - in->firmware.len - in->svsm_vars_size - in->svsm.len;
		if (in->svsm.len > 0)
			plain_svsm_vmsa(svsm + in->meta->svsm_entry, in->vcpu_sig, in->svsm_fcw, &page);
		else
			plain_vmsa(in, i > 0, in->guest_features, false, &page);
		plain_link(ld, 2, in->vmsa_gpa != 0 ? in->vmsa_gpa : 0xfffffffff000, page.data);
	}
}

/* SEV without CPUs, SEV-ES with. */
static inline void plain_sev(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[32])
{
	COF_AUTO(cof_buf) b = {0};
	assert_ok(cof_buf_add(&b, in->firmware.data, in->firmware.len, &err));
	if (in->hashes != NULL)
		plain_table(in->hashes, &b);
	for (unsigned i = 0; i < vcpus; i++) {
		COF_AUTO(cof_buf) page = {0};
		plain_vmsa(in, i > 0, 0, in->zero_fpu, &page);
		assert_ok(cof_buf_add(&b, page.data, page.len, &err));
	}
	plain_hash(COF_SHA256, &b, ret);
}
