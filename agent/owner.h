/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's files, from initdata: where the KBS is (aa.toml), how images are pulled (cdh.toml), and what
 * the host may ask for (policy.json). The host only carries them; their digest is measured before anything else.
 */
#pragma once

#include "agent/cdh.h"
#include "agent/policy.h"
#include "common/initdata.h"

typedef struct cof_owner {
	cof_buf toml; /* the document, every byte that the digest covers */
	cof_initdata initdata;
	const char *aa_toml; /* borrowed from initdata; NULL: no KBS, so nothing encrypted can run */
	cof_cdh cdh;
	cof_policy *policy;
} cof_owner;

void cof_owner_release(cof_owner *o);
COF_DEFINE_AUTO(cof_owner, cof_owner_release)

/* Reasons "initdata-missing" (no disk, or an empty one), "initdata-malformed", "policy-missing", "policy-unsupported"
 * (policy.rego alone), "policy-malformed". ret must be zeroed. disk is the raw disk's bytes. */
COF_WUR int cof_owner_parse(cof_span disk, cof_owner *ret, cof_err *err);
/* Finds the virtio-blk disk with serial "coffer-initdata" below sysfs (normally "/sys/block") and reads it. Reasons
 * "initdata-missing", "initdata-ambiguous" when there are two. */
COF_WUR int cof_owner_read_disk(const char *sysfs, const char *dev, cof_buf *ret, cof_err *err);
/* The same from a file (process-level guest). */
COF_WUR int cof_owner_read_file(const char *path, cof_buf *ret, cof_err *err);
