/* SPDX-License-Identifier: Apache-2.0 */
/* Register values by bank, as a JSON object of objects: {"sha256": {"0": "hex", …}, …}. Hostile beside a quote. */
#pragma once

#include <jansson.h>

#include "attestation/verify/quote.h"

enum { COF_TPM_BANKS_TEXT_MAX = 64 << 10 };

typedef struct cof_tpm_banks {
	cof_tpm_bank list[COF_TPM_BANKS_MAX];
	size_t n;
} cof_tpm_banks;

/* "sha1", "sha256", "sha384", "sha512"; NULL for another number. */
const char *cof_tpm_bank_name(uint16_t alg);
bool cof_tpm_bank_by_name(const char *name, uint16_t *ret);

/*
 * Banks that are known, each with at least one register, numbers as TPMs have them and without zeros in front, values
 * of the bank's length. Reason "pcrs-malformed".
 */
COF_WUR int cof_tpm_banks_parse(cof_span text, cof_tpm_banks *ret, cof_err *err);
/* The same of an object that was parsed. */
COF_WUR int cof_tpm_banks_read(const json_t *o, cof_tpm_banks *ret, cof_err *err);
