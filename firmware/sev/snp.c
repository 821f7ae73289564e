/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/launch.h"
#include "firmware/sev/snp_chain.h"

#define TOP (1ull << 32) /* where firmware ends */

typedef struct page_type_of {
	uint32_t section;
	enum cof_snp_page_type page;
} page_type_of;

static const page_type_of page_types[] = {
	{COF_SEV_SEC_MEM, COF_SNP_ZERO},  {COF_SEV_SECRETS, COF_SNP_SECRETS},	 {COF_SEV_CPUID, COF_SNP_CPUID},
	{COF_SEV_SVSM_CAA, COF_SNP_ZERO}, {COF_SEV_KERNEL_HASHES, COF_SNP_ZERO},
};

static int check_images(const cof_sev_launch *in, cof_err *err)
{
	bool svsm = in->svsm.len != 0;
	int rc = 0;
	/* Where an SVSM lies follows from the size of the image above it. */
	if (in->ovmf_hash == NULL || svsm)
		rc = cof_sev_launch_check_image(in->firmware, err);
	if (rc == 0 && svsm)
		rc = cof_sev_launch_check_image(in->svsm, err);
	if (rc == 0 && (in->ovmf_hash == NULL || svsm))
		rc = cof_sev_launch_check_meta(in, svsm ? in->svsm : in->firmware, err);
	return rc;
}

/* 0 without an SVSM. It ends where the variables begin, which lie below the firmware. */
static int svsm_address(const cof_sev_launch *in, uint64_t *ret, cof_err *err)
{
	uint64_t room = TOP - in->firmware.len;
	*ret = 0;
	if (in->svsm.len == 0)
		return 0;
	if (!in->meta->is_svsm)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "the SVSM does not say where it starts");
	if (in->svsm_vars_size % COF_SNP_PAGE != 0 || in->svsm_vars_size + (uint64_t)in->svsm.len >= room)
		return cof_err_set(err, COF_E_MALFORMED, "firmware-malformed", "size of the SVSM's variables");
	*ret = room - in->svsm_vars_size - in->svsm.len;
	return 0;
}

static int add_firmware(cof_snp_chain *c, cof_span firmware, cof_err *err)
{
	return cof_snp_chain_add_pages(c, firmware, TOP - firmware.len, err);
}

/* The images: given by their digest, or page by page. */
static int add_images(cof_snp_chain *c, const cof_sev_launch *in, uint64_t svsm_gpa, cof_err *err)
{
	int rc = in->ovmf_hash == NULL ? add_firmware(c, in->firmware, err) : 0;
	if (rc == 0 && svsm_gpa != 0)
		rc = cof_snp_chain_add_pages(c, in->svsm, svsm_gpa, err);
	return rc;
}

static int page_type_find(const cof_sev_launch *in, uint32_t section, enum cof_snp_page_type *ret, cof_err *err)
{
	for (size_t i = 0; i < COF_COUNT(page_types); i++) {
		if (page_types[i].section == section) {
			bool unmeasured = section == COF_SEV_SEC_MEM && in->vmm->sec_mem_unmeasured;
			*ret = unmeasured ? COF_SNP_UNMEASURED : page_types[i].page;
			return 0;
		}
	}
	/* Hypervisors differ in what they make of such a section, so there is nothing to predict. */
	return cof_err_set(err, COF_E_MALFORMED, "section-type-unknown", "SEV metadata has a section of type 0x%x",
			   (unsigned)section);
}

static int add_hashes(cof_snp_chain *c, const cof_sev_launch *in, const cof_sev_section *s, cof_err *err)
{
	uint8_t page[COF_SNP_PAGE] = {0};
	/* The check of the metadata saw to it that the table lies in this one page. */
	int rc = cof_sev_hash_table(in->hashes, page + (in->meta->hash_table_gpa - s->gpa), err);
	return rc < 0 ? rc : cof_snp_chain_add_pages(c, cof_span_of(page, sizeof page), s->gpa, err);
}

static int add_section(cof_snp_chain *c, const cof_sev_launch *in, const cof_sev_section *s, cof_err *err)
{
	enum cof_snp_page_type type = COF_SNP_ZERO;
	int rc = page_type_find(in, s->type, &type, err);
	if (rc == 0 && in->hashes != NULL && s == cof_sev_hashes_section(in->meta))
		return add_hashes(c, in, s, err);
	for (uint32_t at = 0; rc == 0 && at < s->size; at += COF_SNP_PAGE)
		rc = cof_snp_chain_add(c, type, (uint64_t)s->gpa + at, NULL, err);
	return rc;
}

/* In the order of the metadata, except that some hypervisors keep the CPUID pages for the end. */
static int add_sections(cof_snp_chain *c, const cof_sev_launch *in, cof_err *err)
{
	const cof_sev_metadata *m = in->meta;
	int rc = 0;
	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; rc == 0 && i < m->n; i++) {
			bool is_last = in->vmm->cpuid_last && m->sections[i].type == COF_SEV_CPUID;
			if (is_last == (last == 1))
				rc = add_section(c, in, &m->sections[i], err);
		}
	}
	return rc;
}

static void make_vmsa(const cof_sev_launch *in, uint64_t svsm_gpa, bool ap, uint8_t ret[COF_VMSA_LEN])
{
	if (svsm_gpa != 0)
		cof_vmsa_svsm_page(svsm_gpa + in->meta->svsm_entry, in->vcpu_sig, in->svsm_fcw, ret);
	else
		cof_sev_launch_vmsa(in, ap, in->guest_features, false, ret);
}

/* each may be NULL; else each[i] is the digest with i + 1 CPUs. */
static int add_vmsas(cof_snp_chain *c, const cof_sev_launch *in, uint64_t svsm_gpa, unsigned vcpus,
		     uint8_t (*each)[COF_SNP_DIGEST_LEN], cof_err *err)
{
	uint64_t gpa = in->vmsa_gpa != 0 ? in->vmsa_gpa : COF_SNP_VMSA_GPA;
	uint8_t page[COF_VMSA_LEN], contents[COF_SHA384_LEN];
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < vcpus; i++) {
		/* All but the first are equal. */
		if (i < 2) {
			make_vmsa(in, svsm_gpa, i > 0, page);
			rc = cof_snp_chain_hash(c, cof_span_of(page, sizeof page), contents, err);
		}
		if (rc == 0)
			rc = cof_snp_chain_add(c, COF_SNP_VMSA, gpa, contents, err);
		if (rc == 0 && each != NULL)
			cof_snp_chain_digest(c, each[i]);
	}
	return rc;
}

static int check(const cof_sev_launch *in, unsigned vcpus, cof_err *err)
{
	int rc = cof_sev_launch_check(in, vcpus, err);
	if (rc == 0)
		rc = check_images(in, err);
	/* QEMU refuses such an image: what would be computed could never be launched. */
	if (rc == 0 && in->meta->n == 0)
		return cof_err_set(err, COF_E_POLICY, "sev-metadata-missing", "the firmware is not made for SEV-SNP");
	if (rc == 0 && in->hashes != NULL && cof_sev_hashes_section(in->meta) == NULL)
		return cof_err_set(err, COF_E_POLICY, "kernel-hashes-unsupported",
				   "the firmware has no section for kernel hashes");
	return rc;
}

static int measure(const cof_sev_launch *in, unsigned vcpus, uint8_t (*each)[COF_SNP_DIGEST_LEN],
		   uint8_t ret[COF_SNP_DIGEST_LEN], cof_err *err)
{
	COF_AUTO(cof_snp_chain) c = {0};
	uint64_t svsm_gpa = 0;
	int rc = check(in, vcpus, err);
	if (rc == 0)
		rc = svsm_address(in, &svsm_gpa, err);
	if (rc == 0)
		rc = cof_snp_chain_open(&c, in->ovmf_hash, err);
	if (rc == 0)
		rc = add_images(&c, in, svsm_gpa, err);
	if (rc == 0)
		rc = add_sections(&c, in, err);
	if (rc == 0)
		rc = add_vmsas(&c, in, svsm_gpa, vcpus, each, err);
	if (rc == 0)
		cof_snp_chain_digest(&c, ret);
	return rc;
}

int cof_snp_measure(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SNP_DIGEST_LEN], cof_err *err)
{
	return measure(in, vcpus, NULL, ret, err);
}

int cof_snp_measure_upto(const cof_sev_launch *in, unsigned max_vcpus, uint8_t (*ret)[COF_SNP_DIGEST_LEN], cof_err *err)
{
	uint8_t last[COF_SNP_DIGEST_LEN];
	/* Beside the result, which is written all at once or not at all. */
	COF_AUTO_FREE uint8_t(*each)[COF_SNP_DIGEST_LEN] = calloc(COF_SEV_VCPUS_MAX, sizeof *each);
	if (each == NULL)
		return cof_err_oom(err);
	int rc = measure(in, max_vcpus, each, last, err);
	if (rc == 0)
		memcpy(ret, each, max_vcpus * sizeof *each);
	return rc;
}

int cof_snp_ovmf_hash(cof_span firmware, uint8_t ret[COF_SNP_DIGEST_LEN], cof_err *err)
{
	COF_AUTO(cof_snp_chain) c = {0};
	int rc = cof_sev_launch_check_image(firmware, err);
	if (rc == 0)
		rc = cof_snp_chain_open(&c, NULL, err);
	if (rc == 0)
		rc = add_firmware(&c, firmware, err);
	if (rc == 0)
		cof_snp_chain_digest(&c, ret);
	return rc;
}
