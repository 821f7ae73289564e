/* SPDX-License-Identifier: Apache-2.0 */
/* Results of coffer measure as reference values: CoRIM (one file for each kind of TEE) and RVPS. */
#pragma once

#include "attestation/refvalue/rim.h"
#include "runtime/cli/measure_result.h"

/* Adds a result under this name, with host data, policy and MRCONFIGID where the options gave them. */
COF_WUR int cof_measure_rim_add(cof_rim *rim, const cof_measure_result *r, const char *name, cof_err *err);
/* The same for one of the digests that depend on the number of CPUs. */
COF_WUR int cof_measure_rim_add_count(cof_rim *rim, const cof_measure_result *r, const char *name,
				      const cof_digest *digest, cof_err *err);

/*
 * Writes what --corim and --rvps ask for. A CoRIM has one profile: with several kinds of TEE each gets a file of its
 * own, its name before the ending ("guest.snp.corim"). --corim-key signs them, --corim-version and --corim-days say how
 * long and before which others they hold.
 */
COF_WUR int cof_measure_rim_write(const cof_measure_opts *o, cof_rim *rim, const char *id, cof_err *err);
