/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/tdx/tdx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { HASHED_MAX = 256 << 10 };

static uint64_t memory_of(const cof_tdvf *t)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < t->n; i++) {
		if ((t->sections[i].attributes & COF_TDVF_AUG) == 0)
			sum += t->sections[i].memory_size;
	}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_span image = {data, len};
	COF_AUTO(cof_buf) hob = {0};
	uint8_t mrtd[COF_TDX_DIGEST_LEN];
	cof_tdvf t;
	cof_err err;
	if (cof_tdvf_parse(image, &t, &err) < 0)
		return 0;
	uint64_t memory = memory_of(&t);
	if (memory > COF_TDVF_MEMORY_MAX)
		abort();
	for (size_t i = 0; i < t.n; i++) {
		if (cof_tdvf_data(image, &t.sections[i]).len != t.sections[i].raw_size)
			abort();
	}
	if (cof_tdx_hob_list(&t, (uint64_t)512 << 20, &hob, &err) == 0 && hob.len % 8 != 0)
		abort();
	if (memory > HASHED_MAX)
		return 0;
	/* What was parsed can be measured: there is nothing left to fail. */
	if (cof_tdx_mrtd(image, &t, COF_MRTD_PAGE, mrtd, &err) < 0 ||
	    cof_tdx_mrtd(image, &t, COF_MRTD_SECTION, mrtd, &err) < 0)
		abort();
	return 0;
}
