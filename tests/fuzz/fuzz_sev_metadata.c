/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the end of an image of two pages, so that small inputs are whole images; then it is measured. */
#include "firmware/sev/sev.h"

enum { IMAGE = 8192, MEASURED_MAX = 64 * 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static uint64_t total_size(const cof_sev_metadata *m)
{
	uint64_t total = 0;
	for (size_t i = 0; i < m->n; i++)
		total += m->sections[i].size;
	return total;
}

static void measure(const cof_sev_launch *in)
{
	uint8_t d[COF_SNP_DIGEST_LEN], each[3][COF_SNP_DIGEST_LEN];
	cof_err err;
	(void)!cof_sev_measure(in, d, &err);
	(void)!cof_seves_measure(in, 3, d, &err);
	int one = cof_snp_measure(in, 3, d, &err);
	int all = cof_snp_measure_upto(in, 3, each, &err);
	if (one != all || (one == 0 && memcmp(d, each[2], sizeof d) != 0))
		abort();
}

static void measure_image(cof_span image, const cof_sev_metadata *m)
{
	static const cof_sev_hashes hashes = {.kernel = {1}};
	cof_sev_launch in = {.firmware = image, .meta = m};
	for (in.vmm = cof_vmms; in.vmm->name != NULL; in.vmm++) {
		in.hashes = NULL;
		in.svsm = (cof_span){0};
		measure(&in);
		in.hashes = &hashes;
		measure(&in);
		in.hashes = NULL;
		in.svsm = image;
		measure(&in);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	COF_AUTO_FREE uint8_t *bytes = calloc(1, IMAGE);
	const cof_span image = {bytes, IMAGE};
	cof_sev_metadata m;
	cof_err err;
	if (bytes == NULL || len > IMAGE)
		return 0;
	if (len > 0)
		memcpy(bytes + IMAGE - len, data, len);
	if (cof_sev_metadata_parse(image, &m, &err) < 0)
		return 0;
	if (cof_sev_metadata_check(&m, &err) < 0)
		abort();
	for (size_t i = 0; i < m.n; i++)
		(void)cof_sev_section_name(m.sections[i].type);
	if (total_size(&m) <= MEASURED_MAX)
		measure_image(image, &m);
	return 0;
}
