/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation key's public area and the key in it, which may come from a cache: what they are depends on the bytes
 * alone. Whether the key is believed is judged each time, and so is all that it signs.
 */
#pragma once

#include "attestation/verify/part.h"
#include "attestation/verify/public.h"

typedef struct cof_tpm_ak {
	cof_buf area;
	cof_tpm_public pub; /* borrows from area */
	EVP_PKEY *key;
} cof_tpm_ak;

/* cache: NULL: read anew. Object: cof_tpm_ak; NULL for what is none, with the failed check "ak-malformed". Fails for
 * memory alone. */
COF_WUR int cof_tpm_ak_find(cof_checks *c, cof_verify_cache *cache, cof_span area, cof_held **ret, cof_err *err);
/* For the next time. Of a quote that was accepted: anybody can make up areas, and each would push out a chain. Either
 * may be NULL. */
void cof_tpm_ak_keep(cof_verify_cache *cache, cof_held *h);
