/* SPDX-License-Identifier: Apache-2.0 */
/* The variable store of OVMF: a firmware volume with one authenticated store in it. */
#include "common/rd.h"
#include "common/secret.h"
#include "firmware/ovmf.h"

enum { STORE_HEADER = 28, FORMATTED = 0x5a, HEALTHY = 0xfe };

/* aaf32c78-947b-439a-a180-2e144ec37792, authenticated variables */
static const uint8_t guid_store[16] = {0x78, 0x2c, 0xf3, 0xaa, 0x7b, 0x94, 0x9a, 0x43,
				       0xa1, 0x80, 0x2e, 0x14, 0x4e, 0xc3, 0x77, 0x92};

static int malformed(cof_err *err)
{
	return cof_err_set(err, COF_E_MALFORMED, "vars-malformed", "the variable store is not one of OVMF's");
}

/* Behind the volume's header: GUID, u32 size of the store, format, state. */
static int open_store(cof_span vars, cof_span *ret_variables, cof_err *err)
{
	cof_rd r = cof_rd_of(vars);
	cof_rd_skip(&r, 40);
	uint32_t signature = cof_rd_u32le(&r);
	cof_rd_skip(&r, 4);
	size_t header = cof_rd_u16le(&r);
	if (!cof_rd_ok(&r) || signature != 0x4856465f || header < 50)
		return malformed(err);
	cof_rd_skip(&r, header - 50);
	cof_span guid = cof_rd_bytes(&r, sizeof guid_store);
	size_t size = cof_rd_u32le(&r);
	uint8_t format = cof_rd_u8(&r);
	uint8_t state = cof_rd_u8(&r);
	cof_rd_skip(&r, 6);
	if (!cof_rd_ok(&r) || size < STORE_HEADER || format != FORMATTED || state != HEALTHY ||
	    !cof_ct_equal(guid, cof_span_of(guid_store, sizeof guid_store)))
		return malformed(err);
	*ret_variables = cof_rd_bytes(&r, size - STORE_HEADER);
	return cof_rd_ok(&r) ? 0 : malformed(err);
}

int cof_varstore_is_empty(cof_span vars, bool *ret, cof_err *err)
{
	cof_span variables = {0};
	int rc = open_store(vars, &variables, err);
	if (rc < 0)
		return rc;
	bool empty = true;
	for (size_t i = 0; empty && i < variables.len; i++)
		empty = variables.data[i] == 0xff;
	*ret = empty;
	return 0;
}

void cof_ovmf_split(cof_span image, cof_span *ret_vars, cof_span *ret_code)
{
	cof_span variables;
	cof_rd r = cof_rd_of(image);
	cof_rd_skip(&r, 32);
	uint64_t len = cof_rd_u64le(&r);
	cof_rd all = cof_rd_of(image);
	*ret_vars = (cof_span){0};
	*ret_code = image;
	if (!cof_rd_ok(&r) || len >= image.len || open_store(image, &variables, NULL) < 0)
		return;
	*ret_vars = cof_rd_bytes(&all, (size_t)len);
	*ret_code = cof_rd_rest(&all);
}
