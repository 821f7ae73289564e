/* SPDX-License-Identifier: Apache-2.0 */
/* The TDX module's part of a fake machine: TDREPORTs with MRCONFIGID in them. */
#pragma once

#include "tests/unit/evidence/fake_tee.h"

typedef struct fake_td {
	uint8_t config_id[48];
	bool other_data; /* the report is over something else */
} fake_td;

/* spec: uapi/linux/tdx-guest.h: 64 bytes in, 1024 out, _IOWR('T', 1, both) */
static inline int fake_td_ioctl(fake_tee *f, unsigned long request, void *data)
{
	const fake_td *td = f->arg;
	uint8_t *in = data, *out = in + 64;
	assert_int_equal(request, 0xc4405401);
	memset(out, 0, 1024);
	out[0] = 0x81;
	memcpy(out + 128, in, 64);
	out[128] ^= td->other_data;
	memcpy(out + 576, td->config_id, 48);
	return 0;
}
