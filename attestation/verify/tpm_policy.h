/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relying party demands of a TPM's quote: the words of docs/verifying.md, read strictly. An unknown word is the
 * caller's mistake: a demand that is not understood must not be taken for one that is met.
 */
#pragma once

#include "attestation/verify/tpm_banks.h"

enum {
	COF_TPM_NONCE_MAX = 64,
	COF_TPM_NAMES_MAX = 65536,
	/* PCRs 16 and 23: user space resets them, so that they hold whatever it likes. */
	COF_TPM_RESETTABLE_PCRS = 1 << 16 | 1 << 23,
};

typedef struct cof_tpm_demands {
	size_t nonce_len; /* 0: none is demanded */
	uint8_t nonce[COF_TPM_NONCE_MAX];
	bool trust_ak; /* the caller vouches for the AK */
	bool require_ek, require_ek_crl, require_activation, require_event_log, require_event_data, require_secure_boot;
	cof_tpm_selection required[COF_TPM_BANKS_MAX];
	size_t n_required;
	cof_tpm_banks values; /* registers that must hold exactly this */
	bool has_replay;      /* else every register that the log has events for, and 0 to 7 */
	uint32_t replay;      /* registers that the log must explain */
	bool has_boot;	      /* the boot that an earlier quote was of */
	uint32_t reset_count, restart_count;
	/* Borrowed from the policy; NULL: no such word. Names as in 16 of part 1: hash algorithm and digest, in hex. */
	const json_t *ak_names, *ek_names;
} cof_tpm_demands;

/* policy NULL: the defaults. others: words that the caller reads, NULL-ended, or NULL. Reason "policy-word" (usage). */
COF_WUR int cof_tpm_demands_read(const json_t *policy, const char *const *others, cof_tpm_demands *ret, cof_err *err);
/* Whether a list of names has this one. */
bool cof_tpm_name_is_listed(const json_t *names, cof_span name);
