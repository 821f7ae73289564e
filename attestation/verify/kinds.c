/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds: what `coffer verify` can judge. */
#include "attestation/verify/kinds.h"

const cof_kind cof_kinds[] = {
	{.name = NULL},
};
