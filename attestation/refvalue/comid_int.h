/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a CoMID's records, shared by the comid*.c files only. */
#pragma once

#include "attestation/refvalue/comid.h"

COF_WUR int cof_comid_malformed(cof_err *err, const char *what);
bool cof_comid_is_text(const cof_cbor *v);
/* A map that is not empty, with these keys, and negative ones where they are allowed. */
bool cof_comid_only(const cof_cbor *map, const int64_t *keys, size_t n, bool allow_negative);
/* A list of at least min items, each of which passes. */
typedef bool (*cof_comid_is)(const cof_cbor *v);
bool cof_comid_list(const cof_cbor *v, size_t min, cof_comid_is is);

COF_WUR int cof_comid_environment(const cof_cbor *v, cof_err *err);
COF_WUR int cof_comid_measurements(const cof_cbor *v, size_t min, bool has_profile, cof_err *err);
/* [ + key ] */
bool cof_comid_keys(const cof_cbor *v);
