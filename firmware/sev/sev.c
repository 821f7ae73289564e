/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/sev.h"

#include "firmware/sev/launch.h"

static int add_hashes(cof_hasher *h, const cof_sev_hashes *hashes, cof_err *err)
{
	uint8_t table[COF_SEV_HASH_TABLE_LEN];
	if (hashes == NULL)
		return 0;
	int rc = cof_sev_hash_table(hashes, table, err);
	return rc < 0 ? rc : cof_hasher_add(h, cof_span_of(table, sizeof table), err);
}

/* A running hash over what SEV and SEV-ES both measure. */
static int start(const cof_sev_launch *in, unsigned vcpus, cof_hasher **ret, cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int rc = cof_sev_launch_check(in, vcpus, err);
	if (rc == 0)
		rc = cof_sev_launch_check_image(in->firmware, err);
	if (rc == 0)
		rc = cof_sev_launch_check_meta(in, in->firmware, err);
	if (rc == 0)
		rc = cof_hasher_new(&h, COF_SHA256, err);
	if (rc == 0)
		rc = cof_hasher_add(h, in->firmware, err);
	if (rc == 0)
		rc = add_hashes(h, in->hashes, err);
	if (rc == 0)
		*ret = cof_steal(&h);
	return rc;
}

static int peek(const cof_hasher *h, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	cof_digest d;
	int rc = cof_hasher_peek(h, &d, err);
	if (rc == 0)
		memcpy(ret, d.bytes, COF_SHA256_LEN);
	return rc;
}

int cof_sev_measure(const cof_sev_launch *in, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int rc = start(in, 1, &h, err);
	return rc < 0 ? rc : peek(h, ret, err);
}

/* each may be NULL; else each[i] is the digest with i + 1 CPUs. */
static int add_vmsas(const cof_sev_launch *in, unsigned vcpus, cof_hasher *h, uint8_t (*each)[COF_SHA256_LEN],
		     cof_err *err)
{
	uint8_t page[COF_VMSA_LEN];
	int rc = 0;
	for (unsigned i = 0; rc == 0 && i < vcpus; i++) {
		/* All but the first are equal. */
		if (i < 2)
			cof_sev_launch_vmsa(in, i > 0, 0, in->zero_fpu, page);
		rc = cof_hasher_add(h, cof_span_of(page, sizeof page), err);
		if (rc == 0 && each != NULL)
			rc = peek(h, each[i], err);
	}
	return rc;
}

int cof_seves_measure(const cof_sev_launch *in, unsigned vcpus, uint8_t ret[COF_SHA256_LEN], cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int rc = start(in, vcpus, &h, err);
	if (rc == 0)
		rc = add_vmsas(in, vcpus, h, NULL, err);
	return rc < 0 ? rc : peek(h, ret, err);
}

int cof_seves_measure_upto(const cof_sev_launch *in, unsigned max_vcpus, uint8_t (*ret)[COF_SHA256_LEN], cof_err *err)
{
	COF_AUTO_PTR(cof_hasher) h = NULL;
	int rc = start(in, max_vcpus, &h, err);
	if (rc < 0)
		return rc;
	/* Beside the result, which is written all at once or not at all. */
	COF_AUTO_FREE uint8_t(*each)[COF_SHA256_LEN] = calloc(max_vcpus, sizeof *each);
	if (each == NULL)
		return cof_err_oom(err);
	rc = add_vmsas(in, max_vcpus, h, each, err);
	if (rc == 0)
		memcpy(ret, each, max_vcpus * sizeof *each);
	return rc;
}
