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
	COF_CORIM_TAG_BYTES = 560,

	COF_CORIM_SHA256 = 1, /* the digests' registry */
	COF_CORIM_SHA384 = 7,

	COF_CORIM_MKEY = 0, /* of a measurement */
	COF_CORIM_MVAL = 1,
	COF_CORIM_SVN = 1, /* of its values */
	COF_CORIM_DIGESTS = 2,
	COF_CORIM_RAW = 4,
	COF_CORIM_REGISTERS = 14,

	COF_CORIM_CLASS_ID = 0, /* of a class */
	COF_CORIM_VENDOR = 1,
	COF_CORIM_MODEL = 2,
};

/* One profile: how an entry is spelt as [ environment, [ + measurement ] ]. */
typedef struct cof_corim_profile {
	const char *uri; /* NULL: an OID */
	cof_span oid;	 /* content octets */
	bool takes[COF_RIM_TEES];
	void (*write)(const cof_rim_entry *e, cof_wr *w);
	/* class is the whole of the environment; measurements an array of measurements with values. Fills tee and
	 * values. */
	int (*read)(const cof_cbor *class, const cof_cbor *measurements, cof_rim_entry *e, cof_err *err);
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
/* A list of exactly one digest. */
COF_WUR int cof_corim_digests(const cof_cbor *v, int64_t alg, uint8_t *ret, cof_err *err);
/* 560(bytes), exactly this long; a masked value is not supported. */
COF_WUR int cof_corim_raw(const cof_cbor *v, uint8_t *ret, size_t len, cof_err *err);
/* A UUID of 16 bytes as text. */
void cof_corim_uuid(cof_span bytes, char ret[37]);

void cof_corim_put_oid(cof_wr *w, cof_span oid);
void cof_corim_put_digest(cof_wr *w, int64_t alg, cof_span bytes);
/* [ [ alg, bytes ] ] */
void cof_corim_put_digests(cof_wr *w, int64_t alg, cof_span bytes);
/* { 0: { 1: vendor, 2: model } } */
void cof_corim_put_class(cof_wr *w, const char *vendor, const char *model);
