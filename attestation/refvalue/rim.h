/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of reference values (a reference integrity manifest) that every reader fills and every writer takes:
 * `coffer measure` makes it, CoRIM and RVPS are two of its spellings, the key broker keeps its entries as documents,
 * and appraisal.h compares it with evidence. An entry is one launch that may be trusted; entries are alternatives, the
 * conditions in one entry hold together. What the table has no place for is refused by a reader and never dropped.
 *
 * The base is this table and not the CoMID that comid.h walks: the questions of an appraisal (is this TCB high enough
 * in this product's layout) are about fields of a report, whatever file they came from, and JSON and RVPS ask them too.
 */
#pragma once

#include "attestation/refvalue/refvalue.h"
#include "attestation/refvalue/rimfield.h"
#include "common/digest.h"
#include "firmware/tee.h"

enum {
	COF_RIM_ID_MAX = 127,
	COF_RIM_NAME_MAX = COF_REFVALUE_NAME_MAX,
	COF_RIM_ENTRIES_MAX = 8192, /* 64 sizes of machine, a dozen of CPU types, some firmware */
	COF_RIM_VALUES_MAX = 8192,  /* of one condition: as many launches as entries */
};

typedef enum cof_rim_op {
	COF_RIM_IS,	  /* one of the values */
	COF_RIM_MASKED,	  /* two values: equal to the first in every bit of the second */
	COF_RIM_AT_LEAST, /* one value */
	COF_RIM_RANGE	  /* two values: from, to */
} cof_rim_op;

/* What must hold of one field. */
typedef struct cof_rim_cond {
	cof_rim_field field;
	cof_rim_op op;
	size_t n;	 /* values, of the field's length each */
	uint8_t *values; /* owned */
} cof_rim_cond;

/* A launch of snp or tdx. */
typedef struct cof_rim_launch {
	bool vlek; /* snp: the report is signed by a provider's key, not by the chip's */
	cof_rim_cond *conds;
	size_t n;
} cof_rim_launch;

typedef struct cof_rim_entry {
	cof_rim_tee tee;
	char name[COF_RIM_NAME_MAX + 1]; /* printable: "0.1.0/default/vcpus-4/EPYC-Milan" */
	uint64_t version;		 /* of the entry of this name, growing; 0: not said */
	union {
		cof_rim_launch launch;		/* snp, tdx */
		cof_refvalue tpm;		/* SHA-256 bank; its name is the entry's */
		uint8_t digest[COF_SHA256_LEN]; /* sev and seves: the launch digest */
	};
} cof_rim_entry;

typedef struct cof_rim {
	char id[COF_RIM_ID_MAX + 1];
	int64_t not_before; /* seconds since the epoch; 0: not said */
	int64_t not_after;
	cof_rim_entry *entries;
	size_t n;
	size_t room;
} cof_rim;

void cof_rim_entry_release(cof_rim_entry *e);
COF_DEFINE_AUTO(cof_rim_entry, cof_rim_entry_release)
void cof_rim_release(cof_rim *r);
COF_DEFINE_AUTO(cof_rim, cof_rim_release)

/* "snp", "tdx", "tpm", "sev", "seves". */
const char *cof_rim_tee_name(cof_rim_tee tee);
bool cof_rim_tee_by_name(const char *name, cof_rim_tee *ret);

/*
 * Adds a condition; the n values are copied. Reason "rim-malformed": the field has a condition, belongs to another TEE,
 * or does not have this form; a value of another length or number of bits; bits beside the mask, or no bit in it; a
 * range that is empty.
 */
COF_WUR int cof_rim_demand(cof_rim_entry *e, cof_rim_field f, cof_rim_op op, cof_span values, cof_err *err);
/* The same for a number. */
COF_WUR int cof_rim_demand_number(cof_rim_entry *e, cof_rim_field f, cof_rim_op op, uint64_t from, uint64_t to,
				  cof_err *err);
/* The condition on a field; NULL: the entry says nothing of it. */
const cof_rim_cond *cof_rim_cond_on(const cof_rim_entry *e, cof_rim_field f);
/* The i-th value of a condition, and as number where its field is one. */
cof_span cof_rim_value(const cof_rim_cond *c, size_t i);
uint64_t cof_rim_value_number(const cof_rim_cond *c, size_t i);
/* It does not say which guest was launched, so that any would do. */
bool cof_rim_entry_is_open(const cof_rim_entry *e);

/* A name or id: 1 to 127 printable ASCII characters. */
bool cof_rim_name_ok(cof_span s);
/* Reason "rim-malformed". */
COF_WUR int cof_rim_set_id(cof_rim *r, cof_span id, cof_err *err);
COF_WUR int cof_rim_entry_name(cof_rim_entry *e, cof_span name, cof_err *err);
/* Moves the entry in: e is empty afterwards. Reason "rim-malformed" for its name, or when the table is full. */
COF_WUR int cof_rim_add(cof_rim *r, cof_rim_entry *e, cof_err *err);
/*
 * The entry of a prediction (firmware/tee.h), which leaves out what that does not know: RTMRs of a TDX guest. For tpm
 * every predicted register must be known, and no event open: reason "prediction-incomplete" (usage).
 */
COF_WUR int cof_rim_entry_measured(const cof_measurement *m, const char *name, cof_rim_entry *ret, cof_err *err);
/* How many entries are of this kind. */
size_t cof_rim_count(const cof_rim *r, cof_rim_tee tee);
/* Names, unique within a kind; times in order; tpm entries by the rules of their document. Reasons "rim-malformed",
 * "reference-malformed". */
COF_WUR int cof_rim_check(const cof_rim *r, cof_err *err);

/* An entry as document: coffer-reference-values/1 for tpm, /2 for the others (docs/formats.md). A new reference. */
COF_WUR int cof_rim_entry_json(const cof_rim_entry *e, json_t **ret, cof_err *err);
/* Strict: unknown members, other spellings and the other kind's format are refused. Reason "reference-malformed". The
 * document holds no version. */
COF_WUR int cof_rim_entry_parse(const json_t *doc, cof_rim_entry *ret, cof_err *err);
