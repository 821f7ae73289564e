/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launch document (coffer-launch/1, docs/formats.md): what a verifier has to know of firmware, kernel, initrd and
 * command line to predict measurements, instead of the files themselves. Pure: the caller reads files.
 *
 * Plain SEV and SEV-ES hash the firmware's bytes in one go with what follows, so they need the image itself.
 */
#pragma once

#include "common/json.h"
#include "firmware/sev/metadata.h"
#include "firmware/tdx/tdx.h"

enum { COF_LAUNCH_DOCUMENT_MAX = 256 << 10, COF_LAUNCH_CMDLINE_MAX = 64 << 10 };

/* A file that the machine is started with, known by its digests. */
typedef struct cof_launch_file {
	bool given;
	uint64_t size; /* 0: not known */
	uint8_t sha256[COF_SHA256_LEN];
	bool has_sha384;
	uint8_t sha384[COF_SHA384_LEN];
} cof_launch_file;

typedef struct cof_launch_sev {
	bool given;
	cof_err why; /* not given: the image's metadata that makes no sense, if that is the reason */
	uint8_t ovmf_hash[COF_SHA384_LEN]; /* SNP: the digest after the firmware's pages */
	cof_sev_metadata meta;
} cof_launch_sev;

typedef struct cof_launch_tdx {
	bool given;
	cof_err why;
	uint8_t mrtd[2][COF_SHA384_LEN]; /* by cof_mrtd_order */
	uint8_t cfv[COF_SHA384_LEN];	 /* of the variable store as it lies in the image */
	bool vars_empty;		 /* it holds no variable, so that those events are known too */
	cof_tdvf tdvf;
} cof_launch_tdx;

typedef struct cof_launch_document {
	uint64_t firmware_size;
	uint8_t firmware_sha256[COF_SHA256_LEN];
	unsigned release; /* edk2-stable tag, 202505; 0: not known */
	cof_launch_sev sev;
	cof_launch_tdx tdx;
	cof_launch_file kernel;
	bool has_authenticode;
	uint8_t authenticode[COF_SHA384_LEN]; /* of the kernel as the file has it */
	cof_launch_file initrd;
	char *cmdline; /* NULL: none, or known by its digest alone */
	bool has_cmdline_sha256;
	uint8_t cmdline_sha256[COF_SHA256_LEN]; /* with its NUL, as SEV's hash table has it */
} cof_launch_document;

void cof_launch_document_release(cof_launch_document *d);
COF_DEFINE_AUTO(cof_launch_document, cof_launch_document_release)

/* What of an image is worth its time; COF_PART_TDX is the order of pages alone, COF_PART_TDX_SECTION the other one. */
enum cof_launch_part {
	COF_PART_DIGEST = 1,
	COF_PART_SEV = 2,
	COF_PART_TDX = 4,
	COF_PART_TDX_SECTION = 8,
	COF_PARTS_ALL = 15,
};

/*
 * Fills the firmware's members from its image; metadata always, digests as parts asks. Metadata that the image lacks or
 * that is wrong leaves that TEE not given, and the other one is none the worse: a code image without its variables has
 * TDX metadata that point outside. Reasons: "firmware-too-large", and those of hashing.
 */
COF_WUR int cof_launch_firmware(cof_span image, unsigned parts, cof_launch_document *ret, cof_err *err);

/* Reason "launch-document-malformed". */
COF_WUR int cof_launch_document_parse(cof_span json, cof_launch_document *ret, cof_err *err);
COF_WUR int cof_launch_document_json(const cof_launch_document *d, json_t **ret, cof_err *err);

/* The edk2 release of an image that coffer knows by its digest; 0 for others. */
unsigned cof_firmware_release(const uint8_t sha256[COF_SHA256_LEN]);
