/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first look at hostile CBOR: one pass that allocates nothing, before a library makes objects of it. A nine-byte
 * head may announce 2^63 items, a map may name a key twice, and what two readers take differently is an attack.
 *
 * spec: RFC 8949, 3 (encoding), 4.2.1 (shortest heads, order of keys), 5.6 (keys are unique); RFC 3629 (UTF-8)
 */
#pragma once

#include "common/buf.h"

enum {
	COF_CBOR_MAX = 4 << 20,
	COF_CBOR_DEPTH_MAX = 32,
	COF_CBOR_ITEMS_MAX = 65536,
	COF_CBOR_KEYS_MAX = 256,    /* of all the maps that are open at one place */
	COF_CBOR_KEY_LEN_MAX = 256, /* encoded */
};

/*
 * Exactly one item: definite lengths, shortest heads, counts that the remaining bytes can hold, unique keys in every
 * map (compared as encoded), UTF-8, and of the simple values only false, true and null: no format here has floats.
 * What lies inside a byte string is not looked at. Reason "cbor-malformed".
 */
COF_WUR int cof_cbor_check(cof_span in, cof_err *err);
/* The same, but floats are let through: for claims, whose reader refuses a float where a whole number belongs and can
 * name the claim. */
COF_WUR int cof_cbor_check_floats(cof_span in, cof_err *err);
/* The same, without floats, and the keys of each map in the order of their bytes: what our own writers give. */
COF_WUR int cof_cbor_check_ordered(cof_span in, cof_err *err);
