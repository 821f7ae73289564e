/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes as they are, and once more with length and checksum made right, so that what lies behind is reached. */
#include "firmware/igvm.h"

#include <lzma.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FIXED = 24, PAGES_MAX = 2048 };

static void read_file(cof_span file)
{
	cof_igvm_measure_in in = {.file = file};
	uint8_t digest[COF_SHA384_LEN];
	cof_igvm_stats s;
	cof_err err;
	if (cof_igvm_parse(file, &s, &err) < 0 || s.n_pages > PAGES_MAX)
		return;
	(void)!cof_igvm_snp_measure(&in, digest, &err);
	in.zero_pages = true;
	(void)!cof_igvm_snp_measure(&in, digest, &err);
}

static void put32(uint8_t *to, uint32_t v)
{
	for (size_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	read_file((cof_span){data, len});
	if (len < FIXED)
		return 0;
	COF_AUTO_FREE uint8_t *copy = malloc(len);
	if (copy == NULL)
		abort();
	memcpy(copy, data, len);
	size_t headers = (size_t)(copy[12] | copy[13] << 8);
	headers = headers < len - FIXED ? headers : len - FIXED;
	put32(copy + 8, FIXED);
	put32(copy + 12, (uint32_t)headers);
	put32(copy + 16, (uint32_t)len);
	put32(copy + 20, 0);
	put32(copy + 20, lzma_crc32(copy, FIXED + headers, 0));
	read_file((cof_span){copy, len});
	return 0;
}
