/* SPDX-License-Identifier: Apache-2.0 */
/* An ID block and, behind it, its authentication block. */
#include "common/ossl.h"
#include "common/rd.h"
#include "firmware/sev/idkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What parses is written back to the same bytes. */
static void check_block(cof_span in)
{
	uint8_t bytes[COF_IDBLOCK_LEN];
	cof_idblock b;
	cof_err err;
	if (cof_idblock_parse(in, &b, &err) < 0)
		return;
	cof_idblock_bytes(&b, bytes);
	if (memcmp(bytes, in.data, sizeof bytes) != 0)
		abort();
}

static void check_key(cof_span in)
{
	COF_AUTO_PTR(cof_ossl_key) key = NULL;
	uint8_t bytes[COF_IDKEY_LEN];
	cof_err err;
	if (cof_idkey_parse(in, &key, &err) < 0)
		return;
	if (cof_idkey_bytes(key, bytes, &err) < 0 || memcmp(bytes, in.data, sizeof bytes) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	cof_rd r = cof_rd_of((cof_span){data, len});
	cof_span block = cof_rd_bytes(&r, COF_IDBLOCK_LEN);
	cof_idauth a;
	cof_err err;
	check_block((cof_span){data, len});
	check_key((cof_span){data, len});
	if (!cof_rd_ok(&r))
		return 0;
	check_block(block);
	(void)!cof_idauth_verify(block.data, cof_rd_rest(&r), &a, &err);
	return 0;
}
