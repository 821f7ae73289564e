/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading checked CBOR: libcbor makes the objects, and these getters take only what is of the right type. Everything
 * borrows from the loaded item. A getter is false, and a look-up NULL, for NULL, so that a chain needs one check.
 */
#pragma once

#include <stdbool.h>

#include "attestation/refvalue/cborcheck.h"

typedef struct cbor_item_t cof_cbor;

void cof_cbor_free(cof_cbor *v);
COF_DEFINE_AUTO_PTR(cof_cbor, cof_cbor_free)

/* cof_cbor_check, then the objects. Reason "cbor-malformed". Tags 6 to 20 at any place are refused too: no format
 * here has one inside, and libcbor before 0.11 cannot read them. */
COF_WUR int cof_cbor_load(cof_span in, cof_cbor **ret, cof_err *err);
/* The same after cof_cbor_check_floats; no getter gives a float. */
COF_WUR int cof_cbor_load_floats(cof_span in, cof_cbor **ret, cof_err *err);

bool cof_cbor_is_null(const cof_cbor *v);
bool cof_cbor_bool(const cof_cbor *v, bool *ret);
bool cof_cbor_uint(const cof_cbor *v, uint64_t max, uint64_t *ret);
/* Of either sign, where it fits. */
bool cof_cbor_int(const cof_cbor *v, int64_t *ret);
bool cof_cbor_bytes(const cof_cbor *v, cof_span *ret);
bool cof_cbor_text(const cof_cbor *v, cof_span *ret);
/* What the tag is around; NULL when v has another tag or none. */
const cof_cbor *cof_cbor_untag(const cof_cbor *v, uint64_t tag);

bool cof_cbor_array(const cof_cbor *v, size_t *ret_n);
const cof_cbor *cof_cbor_at(const cof_cbor *array, size_t i);

bool cof_cbor_map(const cof_cbor *v, size_t *ret_n);
/* By position, for maps whose keys are not known before. */
const cof_cbor *cof_cbor_key(const cof_cbor *map, size_t i);
const cof_cbor *cof_cbor_value(const cof_cbor *map, size_t i);
const cof_cbor *cof_cbor_get(const cof_cbor *map, int64_t key);
/* A map with no other keys than these: what a reader does not know must not be lost silently. */
bool cof_cbor_only(const cof_cbor *map, const int64_t *keys, size_t n);
