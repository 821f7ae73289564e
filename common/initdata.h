/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CoCo initdata: a TOML document that the owner writes and whose digest is bound to the launch, and the small raw
 * disk in which the host delivers it. Both are hostile bytes until the digest has been compared with the hardware.
 *
 * spec: kata-containers initdata: "initdata", u64le length of the gzip stream, gzip(TOML), zeros to 512
 */
#pragma once

#include "common/digest.h"
#include "common/json.h"

enum {
	COF_INITDATA_MAX = 1 << 20,		  /* TOML text */
	COF_INITDATA_DISK_MAX = (1 << 20) + 4096, /* packed; a stream that does not shrink still fits */
	COF_INITDATA_ENTRIES_MAX = 64,
};

typedef struct cof_initdata {
	cof_hash alg;
	cof_digest digest; /* of every byte of the document, by alg */
	json_t *data;	   /* object: name to string */
} cof_initdata;

void cof_initdata_release(cof_initdata *d);
COF_DEFINE_AUTO(cof_initdata, cof_initdata_release)

/* Reason "initdata-malformed" (malformed), or "initdata-too-large". Unknown names in [data] are kept, unknown names
 * beside version, algorithm and data are refused; version must be 0.1.0. */
COF_WUR int cof_initdata_parse(cof_span toml, cof_initdata *ret, cof_err *err);
/* The text of an entry ("aa.toml", "cdh.toml", "policy.json"), borrowed; NULL when absent. */
const char *cof_initdata_entry(const cof_initdata *d, const char *name);
enum { COF_INITDATA_HOST_DATA = 32, COF_INITDATA_PCR = 32, COF_INITDATA_MRCONFIGID = 48 };

/*
 * A document's digest as a platform's field of width bytes holds it: cut to the width, or padded with zeros. Compare
 * whole fields: whoever leaves the padding out takes a longer digest for a shorter one (T-03). An all-zero digest is
 * refused (reason "initdata-malformed"): a field of zeros means that nothing was bound.
 */
COF_WUR int cof_initdata_field(const cof_digest *d, size_t width, uint8_t *out, cof_err *err);

/* A disk whose size is a multiple of 512. */
COF_WUR int cof_initdata_pack(cof_span toml, cof_buf *ret_disk, cof_err *err);
/* disk may hold more (a whole device); what follows the stream is not looked at. Reason "initdata-absent" when the
 * magic is not there, "initdata-malformed", "initdata-too-large". */
COF_WUR int cof_initdata_unpack(cof_span disk, cof_buf *ret_toml, cof_err *err);
