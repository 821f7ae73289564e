/* SPDX-License-Identifier: Apache-2.0 */
/* An ID block with its authentication block, and what both say. */
#pragma once

#include "firmware/sev/idblock.h"

typedef struct cof_idblocks {
	uint8_t block[COF_IDBLOCK_LEN];
	uint8_t auth[COF_IDAUTH_LEN];
	cof_idblock fields;
	cof_idauth keys;
} cof_idblocks;

/* A member a line, or one JSON object. Returns the exit code. */
int cof_idblocks_print(const cof_idblocks *b, bool json);
