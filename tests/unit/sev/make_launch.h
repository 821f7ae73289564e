/* SPDX-License-Identifier: Apache-2.0 */
/* A launch of the usual small image, complete; tests change what they are about. */
#pragma once

#include "tests/unit/sev/make_sev.h"
#include "tests/unit/sev/plain.h"

typedef struct rig {
	cof_buf image, svsm_image;
	cof_sev_metadata meta;
	cof_sev_hashes hashes;
	cof_sev_launch in;
} rig;

static inline void rig_release(rig *r)
{
	cof_buf_release(&r->image);
	cof_buf_release(&r->svsm_image);
}
COF_DEFINE_AUTO(rig, rig_release)

static inline const cof_vmm *vmm_named(const char *name)
{
	const cof_vmm *v = NULL;
	assert_ok(cof_vmm_find(name, &v, &err));
	return v;
}

/* In place: the launch points into the rig. */
static inline void rig_make(rig *r, const sev_image *image)
{
	make_sev_image(&r->image, image);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&r->image), &r->meta, &err));
	assert_ok(cof_sha256(cof_span_str("a kernel"), r->hashes.kernel, &err));
	assert_ok(cof_sha256(cof_span_str("an initrd"), r->hashes.initrd, &err));
	assert_ok(cof_sev_cmdline_hash("console=ttyS0", r->hashes.cmdline, &err));
	r->in = (cof_sev_launch){
		.firmware = cof_buf_span(&r->image),
		.meta = &r->meta,
		.hashes = &r->hashes,
		.vmm = vmm_named("qemu"),
		.vcpu_sig = 0x00a00f11,
		.guest_features = 1,
	};
}

static inline void rig_usual(rig *r)
{
	rig_make(r, &usual_image);
}

static const cof_sev_section svsm_sections[] = {
	{0x1000, 0x2000, COF_SEV_SEC_MEM}, {0x3000, 0x1000, COF_SEV_SECRETS}, {0x4000, 0x1000, COF_SEV_CPUID}};

/* The usual image above an SVSM of two pages and variables of two pages. */
static inline void rig_svsm(rig *r)
{
	static const sev_image svsm = {
		.pages = 2, .sections = svsm_sections, .n = 3, .is_svsm = true, .svsm_entry = 0x123};
	rig_usual(r);
	make_sev_image(&r->svsm_image, &svsm);
	assert_ok(cof_sev_metadata_parse(cof_buf_span(&r->svsm_image), &r->meta, &err));
	r->in.svsm = cof_buf_span(&r->svsm_image);
	r->in.svsm_vars_size = 0x2000;
	r->in.hashes = NULL;
}
