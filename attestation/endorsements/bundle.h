/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signed file with endorsements for sites without a network: COSE_Sign1, whose payload is deterministic CBOR,
 * {1: version, 2: seconds since the epoch, 3: [ endorsement ]} with the entries of entry.h. The owner's signature says
 * who packed it and nothing about its content: each endorsement is judged like one from the network.
 *
 * spec: RFC 9052; docs/endorsements.md
 */
#pragma once

#include <openssl/types.h>

#include "attestation/endorsements/entry.h"

enum { COF_BUNDLE_MAX = COF_CBOR_MAX, COF_BUNDLE_ENTRIES_MAX = 2048 };

typedef struct cof_bundle {
	int64_t created;
	cof_endorsement *e; /* chains before what they vouch for */
	size_t n;
} cof_bundle;

void cof_bundle_release(cof_bundle *b);
COF_DEFINE_AUTO(cof_bundle, cof_bundle_release)

/* Takes e over (zeroed then). Reason "bundle-too-large" (usage). */
COF_WUR int cof_bundle_add(cof_bundle *b, cof_endorsement *e, cof_err *err);

/* Appends. Reasons "bundle-too-large" (usage), "bundle-empty" (usage), those of cof_cose_sign. */
COF_WUR int cof_bundle_sign(cof_bundle *b, EVP_PKEY *key, cof_buf *ret, cof_err *err);
/* Nothing of it is read before its signature holds under this key. Reasons of cof_cose_verify; "bundle-malformed",
 * "bundle-version" (malformed). An endorsement that stands twice is refused. */
COF_WUR int cof_bundle_open(cof_span file, EVP_PKEY *key, cof_bundle *ret, cof_err *err);
