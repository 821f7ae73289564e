/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's certificate table as the evidence's cert_chain. The host is not believed: what it hands in is bytes inside
 * of its own table, each once; whether they are certificates, the verifier sees.
 *
 * spec: GHCB 56421, SNP extended guest request (GUIDs lie as their text reads); KBS protocol, evidence of TEE "snp"
 */
#pragma once

#include "common/json.h"

enum { COF_CERTTABLE_MAX = 64 << 10, COF_CERTTABLE_ENTRIES_MAX = 32 };

/*
 * [{"cert_type":"VCEK","data":[48,…]},…] in the table's order, a new reference; JSON null for a table without
 * anything that a verifier knows: hosts often have no certificates. Entries of other kinds are left out. Reason
 * "certificate-table" (malformed): cut, without its last entry, too many entries, an entry outside of the table, in its
 * list, over another one's bytes, or twice.
 */
COF_WUR int cof_certtable_parse(cof_span in, json_t **ret, cof_err *err);
