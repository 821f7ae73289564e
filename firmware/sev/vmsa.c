/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/vmsa.h"

#include "common/wr.h"

/* Offsets of the segments. */
enum {
	ES = 0x000,
	CS = 0x010,
	SS = 0x020,
	DS = 0x030,
	FS = 0x040,
	GS = 0x050,
	GDTR = 0x060,
	LDTR = 0x070,
	IDTR = 0x080,
	TR = 0x090,
};

/* Offsets of the registers. */
enum {
	EFER = 0x0d0,
	CR4 = 0x148,
	CR0 = 0x158,
	DR7 = 0x160,
	DR6 = 0x168,
	RFLAGS = 0x170,
	RIP = 0x178,
	G_PAT = 0x268,
	RDX = 0x310,
	SEV_FEATURES = 0x3b0,
	XCR0 = 0x3e8,
	MXCSR = 0x408,
	FCW = 0x410,
};

static void put(uint8_t page[COF_VMSA_LEN], size_t at, size_t width, uint64_t value)
{
	cof_put_le(page + at, width, value);
}

typedef struct segment {
	uint16_t at;
	uint16_t selector;
	uint16_t attributes;
	uint32_t limit;
	uint64_t base;
} segment;

static void put_segments(uint8_t page[COF_VMSA_LEN], const segment *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put(page, s[i].at, 2, s[i].selector);
		put(page, s[i].at + 2u, 2, s[i].attributes);
		put(page, s[i].at + 4u, 4, s[i].limit);
		put(page, s[i].at + 8u, 8, s[i].base);
	}
}

/* What differs between the kinds of CPU; the rest is as after a reset, and with SVM on in EFER as the hardware wants.
 */
typedef struct registers {
	uint64_t cr0;
	uint64_t rip;
	uint64_t g_pat;
	uint64_t rdx;
	uint64_t sev_features;
	uint32_t mxcsr;
	uint16_t fcw;
} registers;

static void put_registers(uint8_t page[COF_VMSA_LEN], const registers *r)
{
	put(page, EFER, 8, 0x1000);
	put(page, CR4, 8, 0x40);
	put(page, CR0, 8, r->cr0);
	put(page, DR7, 8, 0x400);
	put(page, DR6, 8, 0xffff0ff0);
	put(page, RFLAGS, 8, 2);
	put(page, RIP, 8, r->rip);
	put(page, G_PAT, 8, r->g_pat);
	put(page, RDX, 8, r->rdx);
	put(page, SEV_FEATURES, 8, r->sev_features);
	put(page, XCR0, 8, 1);
	put(page, MXCSR, 4, r->mxcsr);
	put(page, FCW, 2, r->fcw);
}

void cof_vmsa_page(const cof_vmsa_in *in, uint8_t ret[COF_VMSA_LEN])
{
	const cof_vmm *v = in->vmm;
	const segment segments[] = {
		{ES, 0, 0x93, 0xffff, 0},  {CS, 0xf000, in->ap ? v->cs_ap : v->cs_bsp, 0xffff, in->eip & 0xffff0000},
		{SS, 0, v->ss, 0xffff, 0}, {DS, 0, 0x93, 0xffff, 0},
		{FS, 0, 0x93, 0xffff, 0},  {GS, 0, 0x93, 0xffff, 0},
		{GDTR, 0, 0, 0xffff, 0},   {LDTR, 0, 0x82, 0xffff, 0},
		{IDTR, 0, 0, 0xffff, 0},   {TR, 0, v->tr, 0xffff, 0},
	};
	const registers r = {
		.cr0 = 0x10,
		.rip = in->eip & 0xffff,
		.g_pat = v->g_pat,
		.rdx = v->rdx_is_signature ? in->vcpu_sig : v->rdx,
		.sev_features = in->guest_features,
		.mxcsr = in->zero_fpu ? 0 : v->mxcsr,
		.fcw = in->zero_fpu ? 0 : v->fcw,
	};
	memset(ret, 0, COF_VMSA_LEN);
	put_segments(ret, segments, COF_COUNT(segments));
	put_registers(ret, &r);
}

void cof_vmsa_svsm_page(uint64_t rip, uint32_t vcpu_sig, uint16_t fcw, uint8_t ret[COF_VMSA_LEN])
{
	static const segment segments[] = {
		{ES, 16, 0xc93, 0xffffffff, 0}, {CS, 8, 0xc9b, 0xffffffff, 0},	{SS, 16, 0xc93, 0xffffffff, 0},
		{DS, 16, 0xc93, 0xffffffff, 0}, {FS, 16, 0xc93, 0xffffffff, 0}, {GS, 0, 0x93, 0xffff, 0},
		{GDTR, 0, 0, 0xffff, 0},	{LDTR, 0, 0x82, 0xffff, 0},	{IDTR, 0, 0, 0xffff, 0},
		{TR, 0, 0x8b, 0xffff, 0},
	};
	const registers r = {
		.cr0 = 0x11,
		.rip = rip,
		.g_pat = 0x0007040600070406,
		.rdx = vcpu_sig,
		.sev_features = 1,
		.mxcsr = 0x1f80,
		.fcw = fcw,
	};
	memset(ret, 0, COF_VMSA_LEN);
	put_segments(ret, segments, COF_COUNT(segments));
	put_registers(ret, &r);
}
