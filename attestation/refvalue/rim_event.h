/* SPDX-License-Identifier: Apache-2.0 */
/* The one place here that knows how a reference event keeps its register and digest. */
#pragma once

#include "firmware/tpm/pcr.h"

static inline uint32_t cof_rim_event_register(const cof_ref_event *e)
{
	return e->pcr;
}

/* SHA-256, the bank that is judged. */
static inline cof_span cof_rim_event_digest(const cof_ref_event *e)
{
	return cof_span_of(e->digest, COF_SHA256_LEN);
}

static inline void cof_rim_event_set(cof_ref_event *e, uint32_t reg, const uint8_t digest[COF_SHA256_LEN])
{
	e->pcr = reg;
	memcpy(e->digest, digest, COF_SHA256_LEN);
}
