/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's transport keys, between `coffer sev session` and `coffer sev secret`: 44 bytes, "COFSEV\0\1", the guest's
 * policy (little-endian), TEK and TIK of 16 bytes each. Secret: the file belongs to its owner alone.
 */
#pragma once

#include "attestation/verify/sev.h"
#include "common/secret.h"

enum { COF_SEV_KEYFILE_LEN = 8 + 4 + 2 * COF_SEV_TK_LEN };

typedef struct cof_sev_keyfile {
	uint32_t policy;
	cof_secret tk; /* TEK, then TIK */
} cof_sev_keyfile;

void cof_sev_keyfile_release(cof_sev_keyfile *k);
COF_DEFINE_AUTO(cof_sev_keyfile, cof_sev_keyfile_release)

/* Random keys. Reason "no-random" (io). */
COF_WUR int cof_sev_keyfile_new(uint32_t policy, cof_sev_keyfile *ret, cof_err *err);
cof_span cof_sev_keyfile_tek(const cof_sev_keyfile *k);
cof_span cof_sev_keyfile_tik(const cof_sev_keyfile *k);

/* Mode 0600. Reason "target-exists" (usage): keys of another session are not written over. */
COF_WUR int cof_sev_keyfile_write(const cof_sev_keyfile *k, const char *path, cof_err *err);
/* Reason "sev-keys-malformed" (usage): what is there is no such file; "sev-keys-exposed" (usage): others may read it.
 */
COF_WUR int cof_sev_keyfile_read(const char *path, cof_sev_keyfile *ret, cof_err *err);
COF_WUR int cof_sev_keyfile_parse(cof_span in, cof_sev_keyfile *ret, cof_err *err);
