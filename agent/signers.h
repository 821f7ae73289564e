/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's signature policy and the keys that it names, on their way from the keeper, which gets them from the key
 * broker, to the fetcher, which judges by them. A stream, big-endian:
 *
 *	u32 length, policy (containers-policy.json), then for each key u16 length, its name, u32 length, its bytes
 */
#pragma once

#include "image-decrypt/sigpolicy.h"

enum { COF_SIGNERS_KEYS_MAX = 64 };

typedef struct cof_signers {
	cof_buf policy;
	struct {
		char *name; /* the "kbs:///…" of the policy */
		cof_buf key;
	} keys[COF_SIGNERS_KEYS_MAX];
	size_t n;
} cof_signers;

void cof_signers_release(cof_signers *s);
COF_DEFINE_AUTO(cof_signers, cof_signers_release)

/* Reason "policy-too-large" (malformed) for more keys than there is room for. */
COF_WUR int cof_signers_add(cof_signers *s, const char *name, cof_span key, cof_err *err);
bool cof_signers_has(const cof_signers *s, const char *name);
COF_WUR int cof_signers_encode(const cof_signers *s, cof_buf *ret, cof_err *err);
/* Reason "peer-malformed". ret must be zeroed. */
COF_WUR int cof_signers_parse(cof_span in, cof_signers *ret, cof_err *err);
/* A cof_sig_key_reader; arg is a cof_signers. Reason "signature-key" (policy) for a name that is not there: the guest
 * has no files of the owner's. */
COF_WUR int cof_signers_read_key(void *arg, const char *name, cof_buf *ret, cof_err *err);
