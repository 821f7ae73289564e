/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: JSON lines, each with its number, the time, the hash of the line before and its own hash, so that
 * a change, a gap or a swap shows. A decision's line is committed before its answer leaves. Cutting off the end
 * shows only to someone who kept an earlier head: cof_audit_check gives the head, so that an owner can keep it.
 */
#pragma once

#include "attestation/kbs/store.h"
#include "common/digest.h"
#include "common/json.h"

enum { COF_AUDIT_LINE_MAX = 16 << 10, COF_AUDIT_HASH_HEX = 64 };

/* What a line follows: zeroed at the beginning of a log. */
typedef struct cof_audit_head {
	uint64_t seq;			   /* of the last line, 0: none */
	char hash[COF_AUDIT_HASH_HEX + 1]; /* "" stands for 64 zeros */
} cof_audit_head;

/* Adds seq, time and prev before the members of details (an object of printable things), and hash behind them. */
COF_WUR int cof_audit_line(const cof_audit_head *head, int64_t now, const json_t *details, cof_buf *ret, cof_err *err);
/* Checks that line follows head, and moves head to it. Reason "audit-broken", the text says where. Hostile bytes. */
COF_WUR int cof_audit_check(cof_audit_head *head, cof_span line, cof_err *err);
/* Writes the next line in the caller's transaction. head moves; on a rollback the caller restores it. */
COF_WUR int cof_audit_append(cof_store *s, cof_audit_head *head, int64_t now, const json_t *details, cof_err *err);
/* Reads the whole log of a store. */
COF_WUR int cof_audit_load(cof_store *s, cof_audit_head *ret, cof_err *err);
