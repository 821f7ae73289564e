/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing CBOR on the builder: shortest heads by construction, keys in the order of their bytes by the caller's care
 * (cof_cbor_check_ordered says whether it was taken). Non-negative keys come before negative ones, texts after both.
 *
 * spec: RFC 8949, 4.2.1 (core deterministic encoding)
 */
#pragma once

#include "common/wr.h"

void cof_cbor_put_uint(cof_wr *w, uint64_t v);
void cof_cbor_put_int(cof_wr *w, int64_t v);
void cof_cbor_put_bytes(cof_wr *w, cof_span s);
void cof_cbor_put_text(cof_wr *w, const char *s);
/* Heads: n items, n pairs, or one item follow. */
void cof_cbor_put_array(cof_wr *w, uint64_t n);
void cof_cbor_put_map(cof_wr *w, uint64_t n);
void cof_cbor_put_tag(cof_wr *w, uint64_t tag);
void cof_cbor_put_null(cof_wr *w);
void cof_cbor_put_bool(cof_wr *w, bool b);
