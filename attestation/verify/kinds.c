/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds: what `coffer verify` can judge. */
#include "attestation/verify/kinds.h"

#include "attestation/refvalue/kinds.h"
#include "attestation/token/kinds.h"

#define ROLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_ROLES ((const char *const[]){NULL})

const cof_kind cof_kinds[] = {
	{"cose-sign1", "COSE_Sign1: who signed which bytes", ROLES("cose", "key"), ROLES("detached_payload"),
	 cof_kind_cose_sign1},
	{"ear-jwt", "attestation result as JWT", ROLES("token", "key"), NO_ROLES, cof_kind_ear_jwt},
	{"ear-cwt", "attestation result as CWT", ROLES("token", "key"), ROLES("detached_payload"), cof_kind_ear_cwt},
	{"eat-cwt", "entity attestation token as CWT", ROLES("token", "key"), ROLES("detached_payload"),
	 cof_kind_eat_cwt},
	{"ear-claims", "claims of an attestation result, JSON or CBOR, unsigned: decoded only", ROLES("claims"),
	 NO_ROLES, cof_kind_ear_claims},
	{"corim", "reference values, signed or (decoded only) not", ROLES("corim"), ROLES("key"), cof_kind_corim},
	{"comid", "a module of reference values: decoded only", ROLES("comid"), NO_ROLES, cof_kind_comid},
	{"concise-evidence", "an attester's claims in CoMID's form: decoded only", ROLES("ce"), NO_ROLES,
	 cof_kind_concise_evidence},
	{.name = NULL},
};
