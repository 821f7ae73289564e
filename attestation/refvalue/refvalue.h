/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reference values (coffer-reference-values/1, docs/formats.md): what a boot must measure. A set with gaps, with
 * members that this version does not know, or whose events do not replay to its registers is refused at the door.
 */
#pragma once

#include "common/json.h"
#include "firmware/tpm/pcr.h"

enum { COF_REFVALUE_NAME_MAX = 127, COF_REFVALUE_EVENTS_MAX = 256, COF_REFVALUE_FILE_MAX = 1 << 20 };

typedef struct cof_refvalue {
	char name[COF_REFVALUE_NAME_MAX + 1];
	cof_ref_event *events;
	size_t n;
	bool has[COF_PCRS];	   /* 0-7 and 9 always; 11-15 when the set names them */
	cof_digest pcrs[COF_PCRS]; /* SHA-256 */
} cof_refvalue;

void cof_refvalue_release(cof_refvalue *v);
COF_DEFINE_AUTO(cof_refvalue, cof_refvalue_release)

/* Reason "reference-malformed" (malformed): format, gaps, unknown members, or events that replay to other registers. */
COF_WUR int cof_refvalue_parse(const json_t *doc, cof_refvalue *ret, cof_err *err);
/* From text: for files and admin uploads. */
COF_WUR int cof_refvalue_read(cof_span text, cof_refvalue *ret, cof_err *err);
/* The document again, in the order of docs/formats.md; a new reference. */
COF_WUR int cof_refvalue_json(const cof_refvalue *v, json_t **ret, cof_err *err);

/* What a register must hold after this boot: its value here, or what it starts from where nothing is measured into it.
 * False for registers that no reference judges: 8 (initdata) and those that the guest extends or resets itself (10, 16,
 * 23). */
bool cof_refvalue_wants(const cof_refvalue *v, uint32_t pcr, uint8_t out[COF_SHA256_LEN]);
