/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what a vendor is said to have published was: judged when it comes from the network or out of a bundle,
 * before it may be kept, by the verifier's own checks. Pure.
 */
#pragma once

#include "attestation/endorsements/entry.h"

typedef struct cof_judge_in {
	/* SNP_CRL, SNP_VCEK: the SNP_CHAIN above it. TDX_ROOT_CRL: any other of Intel's, whose chain has the root. */
	const cof_endorsement *above;
	/* A root that was named by hand, DER (TDX: or PEM). Empty: the pinned keys of AMD and Intel count alone. */
	cof_span root;
	int64_t now;
} cof_judge_in;

/*
 * Sets issued, expires and number from the content. Refused with the name of the first failed check of
 * docs/verifying.md (policy), or "endorsement-root" (the chain's root is neither the vendor's nor the named one),
 * "endorsement-other" (it is about another chip, TCB, platform or authority than asked), "endorsement-above" (what it
 * is judged by is not there).
 */
COF_WUR int cof_endorse_judge(cof_endorsement *e, const cof_judge_in *in, cof_err *err);
