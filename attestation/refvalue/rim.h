/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of reference values (a reference integrity manifest) that every reader fills and every writer takes:
 * `coffer measure` makes it, CoRIM and RVPS are two of its spellings, and the key broker keeps its entries as
 * documents. An entry is one launch that may be trusted; entries are alternatives, the values in one entry hold
 * together. What the table has no place for is refused by a reader and never dropped.
 */
#pragma once

#include "attestation/refvalue/refvalue.h"
#include "common/digest.h"
#include "firmware/tee.h"

typedef enum cof_rim_tee {
	COF_RIM_SNP,
	COF_RIM_TDX,
	COF_RIM_TPM,
	COF_RIM_SEV,
	COF_RIM_SEVES,
	COF_RIM_TEES
} cof_rim_tee;

enum {
	COF_RIM_ID_MAX = 127,
	COF_RIM_NAME_MAX = COF_REFVALUE_NAME_MAX,
	COF_RIM_ENTRIES_MAX = 8192, /* 64 sizes of machine, a dozen of CPU types, some firmware */
	COF_RIM_RTMRS = 4,
};

typedef struct cof_rim_snp {
	uint8_t measurement[COF_SHA384_LEN];
	bool vlek; /* the report is signed by a provider's key, not by the chip's */
	bool has_policy, has_host_data, has_id_key_digest, has_author_key_digest, has_guest_svn;
	uint64_t policy;
	uint8_t host_data[COF_SHA256_LEN];
	uint8_t id_key_digest[COF_SHA384_LEN];
	uint8_t author_key_digest[COF_SHA384_LEN];
	uint32_t guest_svn;
} cof_rim_snp;

typedef struct cof_rim_tdx {
	uint8_t mrtd[COF_SHA384_LEN];
	bool has_rtmr[COF_RIM_RTMRS];
	uint8_t rtmr[COF_RIM_RTMRS][COF_SHA384_LEN];
	bool has_mrconfigid;
	uint8_t mrconfigid[COF_SHA384_LEN];
} cof_rim_tdx;

typedef struct cof_rim_entry {
	cof_rim_tee tee;
	char name[COF_RIM_NAME_MAX + 1]; /* printable: "0.1.0/default/vcpus-4/EPYC-Milan" */
	uint64_t version;		 /* of the entry of this name, growing; 0: not said */
	union {
		cof_rim_snp snp;
		cof_rim_tdx tdx;
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
