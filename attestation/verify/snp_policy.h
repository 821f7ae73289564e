/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a relying party demands of an SNP guest: the words of docs/verifying.md, read strictly. An unknown word is the
 * caller's mistake: a demand that is not understood must not be taken for one that is met.
 */
#pragma once

#include <jansson.h>

#include "attestation/verify/snp_cert.h"

enum { COF_SNP_LIST_MAX = 65536 };

/* Bytes that a field must have. */
typedef struct cof_snp_bytes {
	bool set;
	uint8_t bytes[COF_SNP_REPORT_DATA_LEN]; /* zero-padded */
} cof_snp_bytes;

typedef struct cof_snp_floor {
	bool set;
	cof_snp_tcb of[COF_SNP_LINES]; /* a line without parts has no minimum: refused */
} cof_snp_floor;

typedef struct cof_snp_demands {
	uint32_t vmpl, min_guest_svn;
	bool allow_debug, allow_smt;
	bool require_single_socket, require_ciphertext_hiding, require_alias_check;
	bool require_committed_equals_current, require_crl, require_vendor_root;
	bool has_abi, has_mit, has_guest_svn;
	uint8_t abi_major, abi_minor;
	uint64_t min_launch_mit_vector;
	cof_snp_floor min_tcb, min_launch_tcb, min_committed_tcb;
	cof_snp_bytes report_data, measurement, host_data, id_key_digest, author_key_digest, family_id, image_id;
	/* Borrowed from the policy; NULL: not demanded. */
	const json_t *products, *csp_ids, *allow_chips, *deny_chips;
} cof_snp_demands;

/* policy NULL: the strict defaults. Reason "policy-word" (usage). The result borrows from policy. */
COF_WUR int cof_snp_demands_read(const json_t *policy, cof_snp_demands *ret, cof_err *err);
/* Appends checks of stage policy. vek NULL: its extensions could not be read. */
void cof_snp_demands_check(const cof_snp_demands *d, const cof_snp_report *r, cof_snp_line line, const cof_snp_vek *vek,
			   cof_checks *checks);
