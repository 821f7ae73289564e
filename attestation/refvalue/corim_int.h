/* SPDX-License-Identifier: Apache-2.0 */
/* CoRIM's inside, shared by the corim*.c files only. */
#pragma once

#include "attestation/refvalue/cbor.h"
#include "attestation/refvalue/cborwr.h"
#include "attestation/refvalue/corim.h"

/* spec: draft-ietf-rats-corim, 4 to 6: tags, and keys of the maps */
enum {
	COF_CORIM_TAG_TIME = 1,
	COF_CORIM_TAG_URI = 32,
	COF_CORIM_TAG_UUID = 37,
	COF_CORIM_TAG_OID = 111,
	COF_CORIM_TAG_RIM = 501,
	COF_CORIM_TAG_COMID = 506,
	COF_CORIM_TAG_SVN = 552,
	COF_CORIM_TAG_MIN_SVN = 553,
	COF_CORIM_TAG_BYTES = 560,
	COF_CORIM_TAG_MASKED = 563,
	COF_CORIM_TAG_RANGE = 564,

	COF_CORIM_SHA256 = 1, /* the digests' registry */
	COF_CORIM_SHA384 = 7,

	COF_CORIM_MKEY = 0, /* of a measurement */
	COF_CORIM_MVAL = 1,
	COF_CORIM_VERSION = 0, /* of its values */
	COF_CORIM_SVN = 1,
	COF_CORIM_DIGESTS = 2,
	COF_CORIM_FLAGS = 3,
	COF_CORIM_RAW = 4,
	COF_CORIM_OLD_MASK = 5,
	COF_CORIM_REGISTERS = 14,
	COF_CORIM_INT = 15,

	COF_CORIM_CLASS = 0, /* of an environment */
	COF_CORIM_INSTANCE = 1,

	COF_CORIM_CLASS_ID = 0, /* of a class */
	COF_CORIM_VENDOR = 1,
	COF_CORIM_MODEL = 2,
};

/* One profile: how an entry is spelt as [ environment, [ + measurement ] ]. */
typedef struct cof_corim_profile {
	const char *uri; /* NULL: an OID */
	cof_span oid;	 /* content octets */
	bool takes[COF_RIM_TEES];
	bool takes_instance;
	/* Reason "corim-unsupported" for a condition that the profile has no words for. */
	int (*write)(const cof_rim_entry *e, cof_wr *w, cof_err *err);
	/* environment is a map with a class and, where the profile takes it, perhaps an instance; measurements an array
	 * of measurements with values. Fills tee and values. */
	int (*read)(const cof_cbor *environment, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err);
} cof_corim_profile;

const cof_corim_profile *cof_corim_profile_snp(void);
const cof_corim_profile *cof_corim_profile_tdx(void);
const cof_corim_profile *cof_corim_profile_coffer(void);
/* The profile for a kind of entry; never NULL for a kind that there is. */
const cof_corim_profile *cof_corim_profile_of(cof_rim_tee tee);
/* By the profile member of a CoRIM; reason "corim-profile". */
COF_WUR int cof_corim_profile_find(const cof_cbor *v, const cof_corim_profile **ret, cof_err *err);

/* A validity that holds at now; ret: from (0: not said) and to. Reasons "corim-malformed", "corim-unsupported",
 * "corim-validity". */
COF_WUR int cof_corim_read_validity(const cof_cbor *v, const char *what, int64_t now, int64_t ret[2], cof_err *err);
/* What the protected header says of signer and dates; fills signer and not_after. The same reasons. */
COF_WUR int cof_corim_read_header(const cof_cbor *header, int64_t now, cof_corim *c, cof_err *err);

/* Reads one CoMID's bytes and adds its entries. */
COF_WUR int cof_corim_comid_read(cof_span bytes, const cof_corim_profile *p, cof_rim *to, cof_err *err);

/* ---- parts that the profiles share ---- */

COF_WUR int cof_corim_malformed(cof_err *err, const char *what);
COF_WUR int cof_corim_unsupported(cof_err *err, const char *what);
/* A map of these keys and no others. */
COF_WUR int cof_corim_only(const cof_cbor *map, const int64_t *keys, size_t n, const char *what, cof_err *err);

/* With tag 111: the content octets, or (as some drafts print it) the whole DER encoding. */
bool cof_corim_oid_is(const cof_cbor *v, cof_span oid);
bool cof_corim_text_is(const cof_cbor *v, const char *want);
/* [ algorithm, bytes ], by number or by name; the length is the algorithm's. */
COF_WUR int cof_corim_digest(const cof_cbor *v, int64_t alg, uint8_t *ret, cof_err *err);
/* A list with exactly one digest of this algorithm, and each of another one once: of these, evidence has none. */
COF_WUR int cof_corim_digests(const cof_cbor *v, int64_t alg, uint8_t *ret, cof_err *err);
/* A UUID of 16 bytes as text. */
void cof_corim_uuid(cof_span bytes, char ret[37]);

void cof_corim_put_oid(cof_wr *w, cof_span oid);
void cof_corim_put_digest(cof_wr *w, int64_t alg, cof_span bytes);
/* [ [ alg, bytes ] ] */
void cof_corim_put_digests(cof_wr *w, int64_t alg, cof_span bytes);
/* { 0: { 1: vendor, 2: model } } */
void cof_corim_put_class(cof_wr *w, const char *vendor, const char *model);

/* ---- conditions (corim_cond.c) ---- */

/* Which way round a raw value's bytes are, seen from the table's. */
typedef enum cof_corim_order { COF_CORIM_AS_IS, COF_CORIM_REVERSED } cof_corim_order;

/* A digest, as the only value of the field. */
COF_WUR int cof_corim_demand_digests(const cof_cbor *v, int64_t alg, cof_rim_field f, cof_rim_entry *e, cof_err *err);
/* 560(bytes), 563([value, mask]), or bare bytes where allow_bare; bits beside a mask do not count. old_mask: what old
 * files have in a member of its own, or NULL. */
typedef struct cof_corim_raw_in {
	const cof_cbor *value, *old_mask;
	cof_corim_order order;
	bool allow_bare;
} cof_corim_raw_in;
COF_WUR int cof_corim_demand_raw(const cof_corim_raw_in *in, cof_rim_field f, cof_rim_entry *e, cof_err *err);
/* A number or 552 (equal), 553 (at least). */
COF_WUR int cof_corim_demand_svn(const cof_cbor *v, cof_rim_field f, cof_rim_entry *e, cof_err *err);
/* A number, or 564([min, max]), either of which may be null. */
COF_WUR int cof_corim_demand_int(const cof_cbor *v, cof_rim_field f, cof_rim_entry *e, cof_err *err);

/* The value alone. Reason "corim-unsupported" for conditions that this code point has no form for. */
COF_WUR int cof_corim_put_cond_digests(cof_wr *w, int64_t alg, const cof_rim_cond *c, cof_err *err);
COF_WUR int cof_corim_put_cond_raw(cof_wr *w, cof_corim_order order, const cof_rim_cond *c, cof_err *err);
COF_WUR int cof_corim_put_cond_svn(cof_wr *w, const cof_rim_cond *c, cof_err *err);
COF_WUR int cof_corim_put_cond_int(cof_wr *w, const cof_rim_cond *c, cof_err *err);
