/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event logs as far as their collector must read and write them: where the firmware's log ends in the area that holds
 * it, and records of the guest's own behind it. Nothing is judged.
 *
 * spec: TCG PC Client Platform Firmware Profile 1.05, 10 (crypto-agile log); CoCo attestation agent event log (AAEL):
 * EV_EVENT_TAG, tag 0x4141454c around "DOMAIN OPERATION CONTENT", the digest over the whole tagged event
 */
#pragma once

#include "common/digest.h"

enum {
	COF_CCLOG_MAX = 1 << 20,
	COF_CCLOG_WORD_MAX = 128, /* domain, operation */
	COF_CCLOG_CONTENT_MAX = 4096,
};

/* The log without the padding (all 00 or all ff) behind its last record; borrows. Reason "eventlog-malformed". */
COF_WUR int cof_cclog_parse(cof_span area, cof_span *ret, cof_err *err);

/* What is measured after boot, in the attestation agent's words. */
typedef struct cof_runtime_event {
	const char *domain, *operation, *content;
	int register_index; /* as PCRs are numbered; -1: the TEE's own choice */
} cof_runtime_event;

/*
 * One record with a digest of bank, which is also given alone. mr_index: as the log numbers registers. Reason
 * "runtime-event" (usage): domain and operation are 1 to 128 visible characters, content up to 4096 without control
 * characters.
 */
COF_WUR int cof_cclog_record(const cof_runtime_event *e, uint32_t mr_index, cof_hash bank, cof_digest *ret_digest,
			     cof_buf *ret, cof_err *err);
