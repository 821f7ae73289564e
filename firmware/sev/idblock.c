/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/sev/idblock.h"

#include "common/rd.h"
#include "common/wr.h"

enum {
	VERSION = 1,
	FAMILY_AT = 0x30,
	IMAGE_AT = 0x40,
	VERSION_AT = 0x50,
	SVN_AT = 0x54,
	POLICY_AT = 0x58,
};

int cof_idblock_parse(cof_span in, cof_idblock *ret, cof_err *err)
{
	cof_idblock b = {0};
	cof_rd r = cof_rd_of(in);
	cof_rd_copy(&r, b.measurement, sizeof b.measurement);
	cof_rd_copy(&r, b.family_id, sizeof b.family_id);
	cof_rd_copy(&r, b.image_id, sizeof b.image_id);
	uint32_t version = cof_rd_u32le(&r);
	b.guest_svn = cof_rd_u32le(&r);
	b.policy = cof_rd_u64le(&r);
	if (!cof_rd_end(&r))
		return cof_err_set(err, COF_E_MALFORMED, "idblock-malformed", "an ID block of %zu bytes", in.len);
	if (version != VERSION)
		return cof_err_set(err, COF_E_MALFORMED, "idblock-malformed", "an ID block of version %u", version);
	*ret = b;
	return 0;
}

void cof_idblock_bytes(const cof_idblock *b, uint8_t ret[COF_IDBLOCK_LEN])
{
	memcpy(ret, b->measurement, sizeof b->measurement);
	memcpy(ret + FAMILY_AT, b->family_id, sizeof b->family_id);
	memcpy(ret + IMAGE_AT, b->image_id, sizeof b->image_id);
	cof_put_le(ret + VERSION_AT, 4, VERSION);
	cof_put_le(ret + SVN_AT, 4, b->guest_svn);
	cof_put_le(ret + POLICY_AT, 8, b->policy);
}
